"""Figures of a series beyond the headline metrics: its shape, best and worst periods, and a benchmark beside it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from research.report.facts.series import (
    Missing,
    possible,
    rolling_correlation,
    rolling_sharpe,
    worst_drawdowns,
)
from research.statistics.description import (
    AgainstBenchmark,
    against_benchmark,
    excess_kurtosis,
    rolling_beta,
    rolling_volatility,
    skewness,
    sortino_ratio,
    win_rate,
)
from research.statistics.metrics import measure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from research.report.facts.series import Series
    from research.statistics.metrics import Metric
    from research.statistics.samples import FloatArray

PERIODS = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}
"""Periods whose best and worst are told, with the form of their names."""


@dataclass(frozen=True, slots=True)
class Extreme:
    """A period with its return, a fraction."""

    period: str
    value: float


@dataclass(frozen=True, slots=True)
class PeriodReturns:
    """Returns of a series by day, month or year.

    Attributes:
        win_rate: Share with a gain among those with a gain or a loss; None if there are none.
    """

    best: Extreme
    worst: Extreme
    win_rate: float | None


@dataclass(frozen=True, slots=True)
class SeriesFigures:
    """Figures of one series over its sessions.

    Attributes:
        metrics: The headline metrics, null where not defined.
        total: Return over all sessions, a fraction.
        sortino: Annual Sortino ratio; None without a loss.
        kurtosis: In excess of the normal distribution's.
        longest_drawdown: Calendar days of the longest drawdown.
        periods: By day, month and year.
        against: The series against the benchmark; None for the benchmark itself, and without one.
    """

    name: str
    metrics: Mapping[Metric, float]
    total: float
    sortino: float | None
    skewness: float | None
    kurtosis: float | None
    longest_drawdown: int
    periods: Mapping[str, PeriodReturns]
    against: AgainstBenchmark | None


@dataclass(frozen=True, slots=True, eq=False)
class YearlyReturns:
    """Returns by calendar year, one value a series and year; null where a series has no session."""

    years: tuple[int, ...]
    series: Mapping[str, tuple[float | None, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Rolling:
    """Figures of a series over the trailing year, one a session; null before it is full.

    Attributes:
        against: The benchmark of correlation and beta; empty, and they None, without one.
    """

    of: str
    against: str
    sessions: pd.DatetimeIndex
    sharpe: FloatArray
    volatility: FloatArray
    correlation: FloatArray | None
    beta: FloatArray | None


def figures_of(series: Sequence[Series], benchmark: Series | None) -> tuple[SeriesFigures | Missing, ...]:
    """Describe series that have the same sessions as the benchmark."""
    return tuple(possible(partial(_figures, each, benchmark)) for each in series)


def yearly_returns(series: Sequence[Series]) -> YearlyReturns:
    """Compound each series to calendar years."""
    table = pd.DataFrame({each.name: _compounded(each, "year") for each in series})
    return YearlyReturns(
        tuple(int(str(year)) for year in table.index),
        {str(name): tuple(None if np.isnan(x) else float(x) for x in column) for name, column in table.items()},
    )


def rolling_figures(series: Series, benchmark: Series | None) -> Rolling:
    """Roll the figures of a series over its sessions, which the benchmark has as well."""
    sharpe, volatility = rolling_sharpe(series), rolling_volatility(series.returns)
    if benchmark is None:
        return Rolling(series.name, "", series.sessions, sharpe, volatility, None, None)
    beside = benchmark.between(series.sessions[0], series.sessions[-1])
    correlation, beta = rolling_correlation(series, beside), rolling_beta(series.returns, beside.returns)
    return Rolling(series.name, benchmark.name, series.sessions, sharpe, volatility, correlation, beta)


def _figures(series: Series, benchmark: Series | None) -> SeriesFigures:
    returns = series.returns
    is_benchmark = benchmark is None or benchmark.name == series.name
    return SeriesFigures(
        name=series.name,
        metrics={metric: float(values[0]) for metric, values in measure(returns[None, :]).items()},
        total=series.total,
        sortino=sortino_ratio(returns),
        skewness=skewness(returns),
        kurtosis=excess_kurtosis(returns),
        longest_drawdown=max((fall.days for fall in worst_drawdowns(series, len(returns))), default=0),
        periods={period: _period(series, period) for period in PERIODS},
        against=None if is_benchmark or benchmark is None else against_benchmark(returns, benchmark.returns),
    )


def _period(series: Series, period: str) -> PeriodReturns:
    found = _compounded(series, period)
    best, worst = int(found.argmax()), int(found.argmin())
    return PeriodReturns(
        Extreme(str(found.index[best]), float(found.iloc[best])),
        Extreme(str(found.index[worst]), float(found.iloc[worst])),
        win_rate(found.to_numpy()),
    )


def _compounded(series: Series, period: str) -> pd.Series[float]:
    """Returns by day, month or year, under its name."""
    names = series.sessions.strftime(PERIODS[period])
    return pd.Series(1 + series.returns).groupby(np.asarray(names)).prod() - 1
