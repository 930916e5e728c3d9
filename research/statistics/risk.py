"""Losses to expect of a book: value at risk and expected shortfall four ways, their test, and drawdowns.

Losses are positive fractions of equity. A book's history is its weights of today times the assets' past returns; a
strategy's is what it earned.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from research.statistics.bootstrap import Draws, resampled
from research.statistics.metrics import max_drawdown, varies
from research.statistics.samples import SHORTEST_HISTORY, FloatArray, SampleError, checked_level, one_series

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

LEVELS = (0.95, 0.99)
HORIZONS = (1, 10)
SIMULATED = 100_000
RARE = 1e-9
"""Rounding of a level."""
STANDARD_NORMAL = NormalDist()


class TailMethod(StrEnum):
    """Origin of the distribution of losses."""

    HISTORICAL = "historical"
    """The past itself; over several sessions, every run of them (they overlap, so they are fewer than they look)."""
    NORMAL = "normal"
    """The normal distribution with the sample's mean and deviation, which has too few crashes."""
    CORNISH_FISHER = "cornish_fisher"
    """The normal quantile corrected for skewness and kurtosis (Cornish and Fisher 1937; Maillard 2012)."""
    MONTE_CARLO = "monte_carlo"
    """Sessions drawn from Student's t with the sample's mean, deviation and kurtosis, compounded."""


@dataclass(frozen=True, slots=True)
class Horizon:
    """Sessions over which a loss is counted, and the probability with which it is not exceeded."""

    level: float = 0.95
    sessions: int = 1


@dataclass(frozen=True, slots=True)
class TailRisk:
    """A loss that is exceeded with probability 1 - level, and the mean of the losses beyond.

    Attributes:
        value_at_risk: Positive fraction of equity; negative where even that quantile is a gain. None where the
            expansion of Cornish and Fisher is no distribution (Maillard 2012: skewness or kurtosis too large), and
            where the past is too short to hold a loss so rare: fewer runs than 1 / (1 - level).
        expected_shortfall: The mean loss in the worst 1 - level of cases (CVaR); None likewise.
    """

    method: TailMethod
    horizon: Horizon
    value_at_risk: float | None
    expected_shortfall: float | None


@dataclass(frozen=True, slots=True)
class KupiecTest:
    """Comparison of a value at risk with the losses that exceeded it.

    Attributes:
        statistic: Likelihood ratio, χ² with one degree of freedom if the level is right.
        p_value: Small where it is wrong, in either direction.
    """

    level: float
    sessions: int
    exceedances: int
    statistic: float
    p_value: float

    @property
    def expected(self) -> float:
        """Exceedances to expect."""
        return (1 - self.level) * self.sessions


@dataclass(frozen=True, slots=True, eq=False)
class DrawdownDistribution:
    """Maximum drawdowns of resampled histories.

    Attributes:
        sessions: Length of each history.
        depths: Their maximum drawdowns, fractions zero or negative, deepest first.
    """

    sessions: int
    draws: Draws
    depths: FloatArray

    def depth(self, probability: float) -> float:
        """Return the drawdown that is exceeded with `probability`."""
        return float(np.quantile(self.depths, probability))

    def probability_beyond(self, depth: float) -> float:
        """Return the probability of a drawdown at least as deep as `depth` (negative)."""
        return float((self.depths <= depth).mean())


def tail_risks(returns: ArrayLike, seed: int = 0) -> tuple[TailRisk, ...]:
    """Return the tail risk by every method, at 95 and 99%, over 1 and 10 sessions."""
    return tuple(
        tail_risk(returns, method, Horizon(level, sessions), seed)
        for sessions in HORIZONS
        for level in LEVELS
        for method in TailMethod
    )


def tail_risk(returns: ArrayLike, method: TailMethod, horizon: Horizon, seed: int = 0) -> TailRisk:
    """Return value at risk and expected shortfall of one series of returns by one method.

    Quantiles of samples are the smallest loss not exceeded with the level's probability, shortfalls after Rockafellar
    and Uryasev (2002): both exact for a finite sample. No method sees a loss unlike those of its history.

    Raises:
        SampleError: Fewer than 30 sessions, or a horizon that cannot be.
    """
    row = one_series(returns, at_least=max(SHORTEST_HISTORY, horizon.sessions + 1))
    if horizon.sessions < 1:
        raise SampleError(f"{horizon} cannot be: choose one session or more.")
    checked_level(horizon.level)
    if method in {TailMethod.HISTORICAL, TailMethod.MONTE_CARLO}:
        past = method is TailMethod.HISTORICAL
        return _sampled(method, horizon, _runs(row, horizon.sessions) if past else _simulated(row, horizon, seed))
    return _expanded(method, horizon, row)


def kupiec_test(sessions: int, exceedances: int, level: float) -> KupiecTest:
    """Test a value at risk by how often it was exceeded (proportion of failures).

    Kupiec (1995), Techniques for Verifying the Accuracy of Risk Measurement Models, Journal of Derivatives 3(2). It has
    little power in a year of data and does not see exceedances that come in clusters.

    Raises:
        SampleError: No session, more exceedances than sessions, or a level that cannot be.
    """
    from scipy.special import xlogy  # noqa: PLC0415 - scipy takes a second, and most who import this test nothing
    from scipy.stats import chi2  # noqa: PLC0415 - as above

    checked_level(level)
    if not 0 <= exceedances <= sessions or not sessions:
        raise SampleError(f"{exceedances} exceedances in {sessions} sessions cannot be: count both over the same.")
    rate, share = 1 - level, exceedances / sessions
    kept = sessions - exceedances
    statistic = 2 * float(
        xlogy(kept, 1 - share) + xlogy(exceedances, share) - xlogy(kept, 1 - rate) - xlogy(exceedances, rate)
    )
    return KupiecTest(level, sessions, exceedances, max(statistic, 0.0), float(chi2.sf(statistic, 1)))


def backtest_value_at_risk(
    returns: ArrayLike, method: TailMethod, level: float = 0.95, window: int = 500
) -> KupiecTest:
    """Test a method on one history: each session's loss against the value at risk of the `window` sessions before it.

    Sessions for which the method gives none are not counted.

    Raises:
        SampleError: No session after the first window, or none with a value at risk.
    """
    row = one_series(returns, at_least=window + 1)
    horizon = Horizon(level)
    pairs = [
        (risk.value_at_risk, -row[session])
        for session in range(window, len(row))
        if (risk := tail_risk(row[session - window : session], method, horizon)).value_at_risk is not None
    ]
    if not pairs:
        raise SampleError(f"{method} gives no value at risk in any window of {window} sessions: test another method.")
    return kupiec_test(len(pairs), sum(bool(loss > limit) for limit, loss in pairs), level)


def drawdown_distribution(returns: ArrayLike, draws: Draws, sessions: int | None = None) -> DrawdownDistribution:
    """Return the maximum drawdowns of resampled histories of `sessions` sessions (default: as long as this one).

    By the stationary bootstrap, so declines last no longer than blocks make them: deep slow ones are too rare here.

    Raises:
        SampleError: Fewer than 30 sessions, or draws that cannot be.
    """
    row = one_series(returns, at_least=SHORTEST_HISTORY)
    length = len(row) if sessions is None else sessions
    depths = [max_drawdown(row[positions]) for positions in resampled(len(row), draws, length)]
    return DrawdownDistribution(length, draws, np.sort(np.concatenate(depths)))


def _runs(row: FloatArray, sessions: int) -> FloatArray:
    """Compounded return of every run of so many sessions."""
    logarithms = np.append(0, np.cumsum(np.log1p(row)))
    runs: FloatArray = np.expm1(logarithms[sessions:] - logarithms[:-sessions])
    return runs


def _simulated(row: FloatArray, horizon: Horizon, seed: int) -> FloatArray:
    random = np.random.default_rng(seed)
    shape = (SIMULATED, horizon.sessions)
    _, kurtosis = _skewness_and_excess(row)
    if kurtosis > 0:
        freedom = 4 + 6 / kurtosis
        scaled = random.standard_t(freedom, shape) * math.sqrt((freedom - 2) / freedom)
    else:
        scaled = random.standard_normal(shape)
    compounded: FloatArray = np.prod(1 + row.mean() + row.std(ddof=1) * scaled, axis=1) - 1
    return compounded


def _sampled(method: TailMethod, horizon: Horizon, outcomes: FloatArray) -> TailRisk:
    losses = -outcomes
    if len(losses) * (1 - horizon.level) < 1 - RARE:
        return TailRisk(method, horizon, None, None)
    value_at_risk = float(np.quantile(losses, horizon.level, method="inverted_cdf"))
    beyond = float(np.maximum(losses - value_at_risk, 0).mean())
    return TailRisk(method, horizon, value_at_risk, value_at_risk + beyond / (1 - horizon.level))


def _expanded(method: TailMethod, horizon: Horizon, row: FloatArray) -> TailRisk:
    skewness, kurtosis = _skewness_and_excess(row) if method is TailMethod.CORNISH_FISHER else (0.0, 0.0)
    skewness, kurtosis = skewness / math.sqrt(horizon.sessions), kurtosis / horizon.sessions
    if not _is_distribution(skewness, kurtosis):
        return TailRisk(method, horizon, None, None)
    mean = float(row.mean()) * horizon.sessions
    deviation = float(row.std(ddof=1)) * math.sqrt(horizon.sessions)
    tail = 1 - horizon.level
    z = STANDARD_NORMAL.inv_cdf(tail)
    density = STANDARD_NORMAL.pdf(z) / tail
    # The expansion is linear in the powers of z, so its mean over the tail takes their means over the tail.
    first, second = -density, 1 - z * density
    powers = (z, z**2, z**3), (first, second, 2 * first - z**2 * density)
    value_at_risk, shortfall = (-mean - deviation * _expansion(power, skewness, kurtosis) for power in powers)
    return TailRisk(method, horizon, value_at_risk, shortfall)


def _expansion(powers: tuple[float, float, float], skewness: float, kurtosis: float) -> float:
    """Cornish and Fisher's quantile in deviations, from the first three powers of the normal quantile."""
    z, squared, cubed = powers
    return z + (squared - 1) * skewness / 6 + (cubed - 3 * z) * kurtosis / 24 - (2 * cubed - 5 * z) * skewness**2 / 36


def _is_distribution(skewness: float, kurtosis: float) -> bool:
    """Return True where the expansion rises everywhere: its derivative a·z² + b·z + c has no root."""
    a, b = kurtosis / 8 - skewness**2 / 6, skewness / 3
    c = 1 - kurtosis / 8 + 5 * skewness**2 / 36
    return c > 0 and a >= 0 and b**2 <= 4 * a * c


def _skewness_and_excess(row: FloatArray) -> tuple[float, float]:
    deviation = row.std()
    if not varies(row.mean(), deviation):
        return 0.0, 0.0
    scaled = (row - row.mean()) / deviation
    return float((scaled**3).mean()), float((scaled**4).mean()) - 3
