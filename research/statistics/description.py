"""Description of one series of returns beyond the headline metrics, alone and against a benchmark.

Returns are fractions per session, oldest first, of one series; a figure that is not defined is None.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import kurtosis, skew

from research.statistics.metrics import NO_SPREAD, annualised, varies
from research.statistics.samples import SESSIONS_A_YEAR, FloatArray, one_series

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FEWEST_FOR_SKEW, FEWEST_FOR_KURTOSIS = 3, 4


@dataclass(frozen=True, slots=True)
class AgainstBenchmark:
    """Regression of a series on a benchmark over the same sessions, at a riskless rate of 0.

    Attributes:
        alpha: Jensen's, a year: the mean return that beta does not explain, times 252, a fraction.
        beta: Covariance with the benchmark over the benchmark's variance.
        correlation: Pearson's, from -1 to 1; None where the series does not vary.
    """

    alpha: float
    beta: float
    correlation: float | None


def sortino_ratio(returns: ArrayLike) -> float | None:
    """Annual Sortino ratio: mean·√252 over the root of the mean squared loss, at a target of 0; None without a loss.

    Sessions without a loss count as zeros: Sortino and Price (1994), Performance Measurement in a Downside Risk
    Framework, Journal of Investing 3(3).

    Raises:
        SampleError: No series of possible returns with two sessions or more.
    """
    row = one_series(returns)
    downside = math.sqrt(float((np.minimum(row, 0) ** 2).mean()))
    return annualised(float(row.mean())) / downside if downside > 0 else None


def omega_ratio(returns: ArrayLike, threshold: float = 0.0) -> float | None:
    """Omega ratio: what was earned above a return per session over what was missed below it; None if nothing was.

    Keating and Shadwick (2002), A Universal Performance Measure, Journal of Performance Measurement 6(3). At a
    threshold of 0 it is the profit factor of the sessions.

    Raises:
        SampleError: No series of possible returns with two sessions or more.
    """
    above = one_series(returns) - threshold
    missed = -float(np.minimum(above, 0).sum())
    return float(np.maximum(above, 0).sum()) / missed if missed > 0 else None


def skewness(returns: ArrayLike) -> float | None:
    """Skewness with the correction for small samples (G1 of Joanes and Gill, 1998); None where nothing varies.

    Raises:
        SampleError: No series of possible returns with two sessions or more.
    """
    row = one_series(returns)
    is_defined = len(row) >= FEWEST_FOR_SKEW and bool(varies(row.mean(), row.std(ddof=1)))
    return float(skew(row, bias=False)) if is_defined else None


def excess_kurtosis(returns: ArrayLike) -> float | None:
    """Kurtosis less the normal distribution's 3, corrected for small samples (G2 of Joanes and Gill, 1998).

    None where nothing varies.

    Raises:
        SampleError: No series of possible returns with two sessions or more.
    """
    row = one_series(returns)
    is_defined = len(row) >= FEWEST_FOR_KURTOSIS and bool(varies(row.mean(), row.std(ddof=1)))
    return float(kurtosis(row, bias=False)) if is_defined else None


def win_rate(returns: ArrayLike) -> float | None:
    """Share of the periods with a gain among those with a gain or a loss; None if there are none."""
    row = np.asarray(returns, dtype=np.float64)
    moved = int(np.count_nonzero(row))
    return float((row > 0).sum() / moved) if moved else None


def against_benchmark(returns: ArrayLike, benchmark: ArrayLike) -> AgainstBenchmark | None:
    """Regress a series on a benchmark; None where the benchmark does not vary.

    Jensen (1968), The Performance of Mutual Funds in the Period 1945-1964, Journal of Finance 23(2).

    Raises:
        SampleError: No two series of possible returns with two sessions or more.
    """
    row, other = one_series(returns), one_series(benchmark)
    if not varies(other.mean(), other.std(ddof=1)):
        return None
    (own, common), (_, variance) = np.cov(row, other)
    beta = float(common / variance)
    correlation = float(common / math.sqrt(own * variance)) if varies(row.mean(), math.sqrt(own)) else None
    return AgainstBenchmark(float(row.mean() - beta * other.mean()) * SESSIONS_A_YEAR, beta, correlation)


def rolling_volatility(returns: FloatArray, window: int = SESSIONS_A_YEAR) -> FloatArray:
    """Annual volatility of the trailing window, one a session; NaN before it is full."""
    rolled: FloatArray = annualised(pd.Series(returns).rolling(window).std().to_numpy())
    return rolled


def rolling_beta(returns: FloatArray, benchmark: FloatArray, window: int = SESSIONS_A_YEAR) -> FloatArray:
    """Beta to a benchmark over the trailing window, one a session; NaN before it is full or without spread."""
    own, other = pd.Series(returns), pd.Series(benchmark)
    variance = other.rolling(window).var()
    spread: FloatArray = (own.rolling(window).cov(other) / variance.where(variance > NO_SPREAD**2)).to_numpy()
    return spread
