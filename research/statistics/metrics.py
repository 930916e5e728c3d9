"""Formulas of the metrics, each once: what the backtest computes in SQL, for any number of return series at once.

Returns are fractions per session, oldest first; arrays of many series are series by sessions.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from research.statistics.samples import SESSIONS_A_YEAR, FloatArray, many_series

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Number = TypeVar("Number", float, FloatArray)

NO_SPREAD = 1e-12
"""A deviation up to this fraction of the mean is what rounding leaves of none."""


class Metric(StrEnum):
    """A headline metric; the values are the warehouse's column names."""

    CAGR = "cagr"
    SHARPE = "sharpe"
    CALMAR = "calmar"
    MAX_DRAWDOWN = "max_drawdown"
    PROFIT_FACTOR = "profit_factor"
    VOLATILITY = "volatility_annual"


def measure(returns: ArrayLike) -> dict[Metric, FloatArray]:
    """Measure each row of returns (series by sessions, fractions per session); one value a series.

    Volatility and Sharpe take the sample deviation (n - 1) and √252, at a riskless rate of 0; the drawdown is a
    fraction, zero or negative, of the running maximum including the start; CAGR = growth^(252/n) - 1, Calmar = CAGR /
    |drawdown|, profit factor = gains / losses. NaN where a metric is not defined: no spread has no Sharpe, no drawdown
    no Calmar, no loss no profit factor.

    Raises:
        SampleError: No matrix of possible returns with two sessions or more.
    """
    rows = many_series(returns)
    growth, below = _growth_and_drawdown(rows)
    depth = below.min(axis=1)
    deviation = rows.std(axis=1, ddof=1)
    gains, losses = np.maximum(rows, 0).sum(axis=1), -np.minimum(rows, 0).sum(axis=1)
    cagr = growth ** (SESSIONS_A_YEAR / rows.shape[1]) - 1
    return {
        Metric.CAGR: cagr,
        Metric.SHARPE: sharpe_of(rows.mean(axis=1), deviation),
        Metric.CALMAR: _ratio(cagr, -depth, depth < 0),
        Metric.MAX_DRAWDOWN: depth,
        Metric.PROFIT_FACTOR: _ratio(gains, losses, losses > 0),
        Metric.VOLATILITY: annualised(deviation),
    }


def sharpe_ratio(returns: ArrayLike) -> FloatArray:
    """Annual Sharpe ratio of each row (series by sessions); NaN where nothing varies."""
    return measure(returns)[Metric.SHARPE]


def sharpe_of(mean: ArrayLike, deviation: ArrayLike, sessions: int = SESSIONS_A_YEAR) -> FloatArray:
    """Sharpe ratios from means and sample deviations (n - 1) of returns per session, arrays of one shape.

    Args:
        mean: Of the returns, at a riskless rate of 0.
        deviation: Of the returns; NaN where there is none.
        sessions: Sessions of the period that the ratio is for; 1 for the ratio per session.

    Returns:
        mean·√sessions / deviation; NaN where nothing varies.
    """
    above, spread = np.asarray(mean, dtype=np.float64), np.asarray(deviation, dtype=np.float64)
    return _ratio(above * np.sqrt(sessions), spread, varies(above, spread))


def varies(mean: ArrayLike, deviation: ArrayLike) -> NDArray[np.bool_]:
    """Tell series that vary from those whose deviation is rounding; arrays of one shape."""
    is_more: NDArray[np.bool_] = np.asarray(deviation) > NO_SPREAD * np.abs(mean)
    return is_more


def annualised(per_session: Number) -> Number:
    """Scale a deviation, or a Sharpe ratio, per session to a year: times √252."""
    return per_session * math.sqrt(SESSIONS_A_YEAR)


def growth(returns: FloatArray) -> FloatArray:
    """Growth of 1 invested before the first session, at each close; sessions run along the last axis."""
    grown: FloatArray = np.cumprod(1 + returns, axis=-1, dtype=np.float64)
    return grown


def total_return(returns: FloatArray) -> float:
    """Compounded return of one series, a fraction; 0 of no session."""
    return float(np.prod(1 + returns) - 1)


def drawdown(returns: FloatArray) -> FloatArray:
    """Fall below the highest growth so far, the start included: fractions, zero or negative, in the returns' shape."""
    return _growth_and_drawdown(returns)[1]


def max_drawdown(returns: ArrayLike) -> FloatArray:
    """Deepest drawdown of each row (series by sessions): fractions, zero or negative."""
    depth: FloatArray = drawdown(many_series(returns)).min(axis=1)
    return depth


def _growth_and_drawdown(returns: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Growth at the last close, and the drawdown at each."""
    equity = growth(returns)
    last = equity[..., -1].copy() if equity.shape[-1] else np.ones(equity.shape[:-1])
    peak = np.maximum.accumulate(equity, axis=-1)
    np.maximum(peak, 1, out=peak)
    equity /= peak
    equity -= 1
    return last, equity


def _ratio(dividend: FloatArray, divisor: FloatArray, is_defined: NDArray[np.bool_]) -> FloatArray:
    ratio = np.full(np.shape(dividend), np.nan)
    np.divide(dividend, divisor, out=ratio, where=is_defined)
    return ratio
