"""The headline metrics of many return series at once, by the definitions of the backtest."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from research.statistics.samples import SESSIONS_A_YEAR, FloatArray, many_series

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

NO_SPREAD = 1e-12
"""A deviation below this fraction of the mean is what rounding leaves of none."""


class Metric(StrEnum):
    """A headline metric; the values are the warehouse's column names."""

    CAGR = "cagr"
    SHARPE = "sharpe"
    CALMAR = "calmar"
    MAX_DRAWDOWN = "max_drawdown"
    PROFIT_FACTOR = "profit_factor"
    VOLATILITY = "volatility_annual"


def measure(returns: ArrayLike) -> dict[Metric, FloatArray]:
    """Measure each row of returns (series by sessions, fractions per session).

    Volatility and Sharpe take the sample deviation (n - 1) and √252, at a riskless rate of 0; the drawdown is a
    fraction, zero or negative, of the running maximum including the start; CAGR = growth^(252/n) - 1, Calmar = CAGR /
    |drawdown|, profit factor = gains / losses. NaN where a metric is not defined: no spread has no Sharpe, no drawdown
    no Calmar, no loss no profit factor.

    Raises:
        SampleError: No matrix of possible returns with two sessions or more.
    """
    rows = many_series(returns)
    sessions = rows.shape[1]
    growth, depth = _growth_and_depth(rows)
    mean = rows.mean(axis=1)
    deviation = rows.std(axis=1, ddof=1)
    gains, losses = np.maximum(rows, 0).sum(axis=1), -np.minimum(rows, 0).sum(axis=1)
    cagr = growth ** (SESSIONS_A_YEAR / sessions) - 1
    return {
        Metric.CAGR: cagr,
        Metric.SHARPE: _ratio(mean * np.sqrt(SESSIONS_A_YEAR), deviation, deviation > NO_SPREAD * np.abs(mean)),
        Metric.CALMAR: _ratio(cagr, -depth, depth < 0),
        Metric.MAX_DRAWDOWN: depth,
        Metric.PROFIT_FACTOR: _ratio(gains, losses, losses > 0),
        Metric.VOLATILITY: deviation * np.sqrt(SESSIONS_A_YEAR),
    }


def sharpe_ratio(returns: ArrayLike) -> FloatArray:
    """Annualised Sharpe ratio of each row; NaN where nothing varies."""
    return measure(returns)[Metric.SHARPE]


def max_drawdown(returns: ArrayLike) -> FloatArray:
    """Deepest fall of each row from its running maximum, the start included: a fraction, zero or negative."""
    return _growth_and_depth(many_series(returns))[1]


def _growth_and_depth(rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Final equity of 1 invested before the first session, and the maximum drawdown on the way."""
    equity = rows + 1
    np.cumprod(equity, axis=1, out=equity)
    growth = equity[:, -1].copy()
    peak = np.maximum.accumulate(equity, axis=1)
    np.maximum(peak, 1, out=peak)
    equity /= peak
    return growth, equity.min(axis=1) - 1


def _ratio(dividend: FloatArray, divisor: FloatArray, is_defined: NDArray[np.bool_]) -> FloatArray:
    ratio = np.full(len(dividend), np.nan)
    np.divide(dividend, divisor, out=ratio, where=is_defined)
    return ratio
