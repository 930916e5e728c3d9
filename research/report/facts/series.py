"""A series of returns with its sessions, and its measures: intervals, drawdowns, rolling figures."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd

from research.statistics.block_length import optimal_block_length
from research.statistics.bootstrap import Draws, Interval, bootstrap, resampled
from research.statistics.metrics import annualised, drawdown, growth, sharpe_of, sharpe_ratio, total_return
from research.statistics.samples import SESSIONS_A_YEAR, FloatArray, SampleError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from research.statistics.bootstrap import Bootstrap
    from research.statistics.metrics import Metric

T = TypeVar("T")

DRAWS, SEED = 2_000, 1
LEVEL = 0.95
WORST = 5
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
YEAR = "Year"
"""Column of the year's total."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Reason why something cannot be measured."""

    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Returns by session, fractions, oldest first.

    Attributes:
        caveat: What a reader must know before believing it.
    """

    name: str
    caveat: str
    sessions: pd.DatetimeIndex
    returns: FloatArray

    @property
    def growth(self) -> FloatArray:
        """Growth of 1 invested before the first session, at each close."""
        return growth(self.returns)

    @property
    def drawdown(self) -> FloatArray:
        """Distance below the highest growth so far, the start included; fractions, zero or negative."""
        return drawdown(self.returns)

    @property
    def total(self) -> float:
        """Return over all sessions, a fraction."""
        return total_return(self.returns)

    def between(self, first: pd.Timestamp, last: pd.Timestamp) -> Series:
        """Return the sessions from `first` to `last`, both included."""
        inside = np.asarray((self.sessions >= first) & (self.sessions <= last))
        return Series(self.name, self.caveat, self.sessions[inside], self.returns[inside])


@dataclass(frozen=True, slots=True)
class MeasuredSeries:
    """Headline metrics of a series, each with its interval."""

    name: str
    caveat: str
    first: date
    last: date
    sessions: int
    block_length: float
    metrics: Mapping[Metric, Interval]


@dataclass(frozen=True, slots=True)
class Difference:
    """Sharpe ratio of one series less another's, with the interval of drawn common histories."""

    of: str
    against: str
    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Drawdown:
    """A fall from the highest equity so far.

    Attributes:
        start: The close it fell from.
        recovery: The first close as high again; None where there is none yet.
        depth: At the trough: a fraction, negative.
        days: Calendar days from start to recovery, or to the last session.
    """

    start: date
    trough: date
    recovery: date | None
    depth: float
    days: int


def series_of(name: str, caveat: str, frame: pd.DataFrame) -> Series:
    """Make a series of rows with session_date and net_return."""
    return Series(name, caveat, pd.DatetimeIndex(frame["session_date"]), frame["net_return"].to_numpy(dtype=float))


def possible(statistic: Callable[[], T]) -> T | Missing:
    """Return the statistic, or the reason why the sample cannot carry it."""
    try:
        return statistic()
    except SampleError as error:
        return Missing(str(error))


def resampling(series: Series) -> Bootstrap:
    """Resample a series 2,000 times, in blocks of the length that suits it.

    Raises:
        SampleError: The series is too short, or does not vary.
    """
    return bootstrap(series.returns, Draws(optimal_block_length(series.returns), DRAWS, SEED), LEVEL)


def measured(series: Series, drawn: Bootstrap) -> MeasuredSeries:
    """Measure a series that was resampled."""
    first, last = series.sessions[0].date(), series.sessions[-1].date()
    length, metrics = drawn.draws.block_length, drawn.intervals
    return MeasuredSeries(series.name, series.caveat, first, last, len(series.returns), length, metrics)


def sharpe_differences(series: Sequence[Series]) -> tuple[Difference, ...]:
    """Compare the first series' Sharpe ratio with each other's over the same sessions.

    All are drawn together, so that what they share cancels.

    Raises:
        SampleError: The series are too short, or do not vary.
    """
    rows = np.array([each.returns for each in series])
    draws = Draws(max(optimal_block_length(row) for row in rows), DRAWS, SEED)
    drawn = [np.array([_sharpe(row[at]) for row in rows]) for at in resampled(rows.shape[1], draws)]
    first, *others = np.concatenate(drawn, axis=1)
    own, *estimates = sharpe_ratio(rows).tolist()
    ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    return tuple(
        Difference(series[0].name, other.name, own - estimate, *np.nanquantile(first - values, ends).tolist())
        for other, estimate, values in zip(series[1:], estimates, others, strict=True)
    )


def _sharpe(rows: FloatArray) -> FloatArray:
    """Sharpe ratio of each history, and of nothing else, which takes a tenth of the time of all metrics."""
    return sharpe_of(rows.mean(axis=1), rows.std(axis=1, ddof=1))


def worst_drawdowns(series: Series, count: int = WORST) -> tuple[Drawdown, ...]:
    """Return the deepest falls, none inside another, deepest first."""
    depth = np.append(0.0, series.drawdown)
    # Before its first session a series stands where it starts.
    days = series.sessions.insert(0, series.sessions[0])
    at_peak = np.flatnonzero(depth >= 0)
    falls = []
    for peak, after in pairwise([*at_peak.tolist(), len(depth)]):
        if after - peak > 1:
            trough = peak + int(depth[peak:after].argmin())
            end = days[min(after, len(depth) - 1)]
            recovery = end.date() if after < len(depth) else None
            elapsed = (end - days[peak]).days
            falls.append(Drawdown(days[peak].date(), days[trough].date(), recovery, float(depth[trough]), elapsed))
    return tuple(sorted(falls, key=lambda fall: fall.depth)[:count])


def rolling_sharpe(series: Series, window: int = SESSIONS_A_YEAR) -> FloatArray:
    """Return the annual Sharpe ratio of the trailing window, one a session; null before it is full."""
    rolling = pd.Series(series.returns).rolling(window)
    return annualised(sharpe_of(rolling.mean(), rolling.std(), 1))


def rolling_correlation(one: Series, other: Series, window: int = SESSIONS_A_YEAR) -> FloatArray:
    """Return the correlation of the trailing window, one a session; null before it is full or without spread."""
    correlation = pd.Series(one.returns).rolling(window).corr(pd.Series(other.returns))
    bounded: FloatArray = correlation.where(np.isfinite(correlation)).to_numpy()
    return bounded


def monthly_returns(series: Series) -> pd.DataFrame:
    """Compound returns to calendar months and years.

    Returns:
        One row a year: year, Jan to Dec and Year, fractions; a month without a session is null.
    """
    days = series.sessions
    growth_of = pd.DataFrame({"year": days.year, "month": days.month, "growth": 1 + series.returns})
    table = growth_of.pivot_table(index="year", columns="month", values="growth", aggfunc="prod")
    table = table.reindex(columns=range(1, 13)).set_axis(list(MONTHS), axis="columns")
    table = table.assign(**{YEAR: growth_of.groupby("year")["growth"].prod()}) - 1
    return table.rename_axis("year").reset_index()
