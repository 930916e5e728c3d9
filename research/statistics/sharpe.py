"""Reliability of a Sharpe ratio: probabilistic and deflated Sharpe ratio, minimum track record length.

Sharpe ratios are per session unless a name says annual (times √252). All of it takes sessions as independent: returns
that follow each other (autocorrelation) make every number here too sure of itself (Lo 2002).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from research.statistics.metrics import annualised, sharpe_of, varies
from research.statistics.samples import SESSIONS_A_YEAR, SampleError, many_series, one_series

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class SharpeSample:
    """Sharpe ratio of a track record, with the shape of its returns.

    Attributes:
        sharpe: Mean over sample deviation (n - 1), per session, at a riskless rate of 0.
        skewness: Third standardised moment of the returns; 0 for normal ones.
        kurtosis: Fourth standardised moment, not the excess; 3 for normal ones.
    """

    sessions: int
    sharpe: float
    skewness: float = 0.0
    kurtosis: float = 3.0

    @property
    def years(self) -> float:
        """Length of the record, in years of 252 sessions."""
        return self.sessions / SESSIONS_A_YEAR

    @property
    def annual(self) -> float:
        """The Sharpe ratio, annualised."""
        return annualised(self.sharpe)

    @property
    def dispersion(self) -> float:
        """Variance of the estimated Sharpe ratio times (sessions - 1), after Mertens (2002).

        Raises:
            SampleError: No distribution has such a skewness and kurtosis.
        """
        value = 1 - self.skewness * self.sharpe + (self.kurtosis - 1) / 4 * self.sharpe**2
        if value <= 0:
            raise SampleError(
                f"No returns have skewness {self.skewness:.3g} with kurtosis {self.kurtosis:.3g} (not the excess): "
                "pass both of the same sample."
            )
        return value


@dataclass(frozen=True, slots=True)
class ProbabilisticSharpe:
    """Probability that the true Sharpe ratio exceeds `benchmark` (per session)."""

    sample: SharpeSample
    benchmark: float
    probability: float


@dataclass(frozen=True, slots=True)
class MinimumTrackRecord:
    """Length of record that a Sharpe ratio needs to exceed `benchmark` with `confidence`.

    Attributes:
        sessions: None where the Sharpe ratio is not above the benchmark: no length would do.
    """

    sample: SharpeSample
    benchmark: float
    confidence: float
    sessions: float | None

    @property
    def years(self) -> float | None:
        """The same in years of 252 sessions."""
        return None if self.sessions is None else self.sessions / SESSIONS_A_YEAR

    @property
    def is_long_enough(self) -> bool:
        """True where the sample is as long as that."""
        return self.sessions is not None and self.sample.sessions >= self.sessions


@dataclass(frozen=True, slots=True)
class Trials:
    """Strategies that were tried before one was chosen.

    Attributes:
        recorded: Number of trials.
        effective: Number of independent trials that are as many chances for luck.
        average_correlation: Mean correlation over all pairs of trials.
        sharpe_variance: Variance (n - 1) of the trials' Sharpe ratios, per session.
    """

    recorded: int
    effective: float
    average_correlation: float
    sharpe_variance: float


@dataclass(frozen=True, slots=True)
class DeflatedSharpe:
    """Probability that the true Sharpe ratio exceeds what the luckiest of `trials` worthless ones would show.

    Attributes:
        benchmark: That expected maximum, per session.
    """

    sample: SharpeSample
    trials: float
    sharpe_variance: float
    benchmark: float
    probability: float


def sharpe_sample(returns: ArrayLike) -> SharpeSample:
    """Measure one series of returns; moments are the population's, the deviation of the Sharpe ratio n - 1.

    Raises:
        SampleError: Fewer than 4 sessions, or nothing that varies.
    """
    row = one_series(returns, at_least=4)
    mean, deviation = float(row.mean()), float(row.std(ddof=1))
    if not varies(mean, deviation):
        raise SampleError("These returns do not vary, so they have no Sharpe ratio: choose sessions with trades.")
    scaled = (row - mean) / row.std()
    sharpe = float(sharpe_of(mean, deviation, 1))
    return SharpeSample(len(row), sharpe, float((scaled**3).mean()), float((scaled**4).mean()))


def probabilistic_sharpe(sample: SharpeSample, benchmark: float = 0.0) -> ProbabilisticSharpe:
    """Return the probability that the true Sharpe ratio exceeds `benchmark` (per session).

    PSR = Φ((SR - SR*)·√(n - 1) / √(1 - skew·SR + (kurt - 1)/4·SR²)): Bailey and López de Prado (2012), The Sharpe Ratio
    Efficient Frontier, Journal of Risk 15(2). It knows nothing of how many strategies were tried before this one.
    """
    error = math.sqrt(sample.dispersion / (sample.sessions - 1))
    return ProbabilisticSharpe(sample, benchmark, float(norm.cdf((sample.sharpe - benchmark) / error)))


def minimum_track_record(
    sample: SharpeSample, benchmark: float = 0.0, confidence: float = CONFIDENCE
) -> MinimumTrackRecord:
    """Return how many sessions it takes to tell the Sharpe ratio from `benchmark` (per session) with `confidence`.

    MinTRL = 1 + (1 - skew·SR + (kurt - 1)/4·SR²)·(z / (SR - SR*))²: Bailey and López de Prado (2012). It supposes
    that the Sharpe ratio measured is the true one, which for the best of many trials it is not.
    """
    if sample.sharpe <= benchmark:
        return MinimumTrackRecord(sample, benchmark, confidence, None)
    ratio = float(norm.ppf(confidence)) / (sample.sharpe - benchmark)
    return MinimumTrackRecord(sample, benchmark, confidence, 1 + sample.dispersion * ratio * ratio)


def effective_trials(recorded: int, average_correlation: float) -> float:
    """Return the number of independent trials that `recorded` correlated ones amount to.

    N = r + (1 - r)·M with the average correlation r, from 1 (all the same) to M (uncorrelated): Bailey and López de
    Prado (2014), appendix A.3. One average stands for the whole matrix, so a grid of two unlike families counts for
    more trials than it is.
    """
    correlation = min(max(average_correlation, 0.0), 1.0)
    return correlation + (1 - correlation) * recorded


def measure_trials(returns: ArrayLike) -> Trials:
    """Measure the trials (series by sessions) that a choice was made from; those that never varied are left out.

    Raises:
        SampleError: Fewer than two trials with returns that vary.
    """
    rows = many_series(returns)
    deviation = rows.std(axis=1, ddof=1)
    is_alive = varies(rows.mean(axis=1), deviation)
    rows, deviation = rows[is_alive], deviation[is_alive]
    recorded = len(rows)
    if recorded < 2:  # noqa: PLR2004 - a variance takes two
        raise SampleError(f"{recorded} trials with returns that vary cannot be compared: record two or more.")
    mean = rows.mean(axis=1)
    scaled = (rows - mean[:, None]) / (deviation * math.sqrt(rows.shape[1] - 1))[:, None]
    # The sum over all pairs is the square of the sum: no matrix of trials by trials is needed.
    average = float(((scaled.sum(axis=0) ** 2).sum() - recorded) / (recorded * (recorded - 1)))
    return Trials(
        recorded, effective_trials(recorded, average), average, float(sharpe_of(mean, deviation, 1).var(ddof=1))
    )


def expected_maximum_sharpe(trials: float, sharpe_variance: float) -> float:
    """Return the Sharpe ratio to expect of the best of so many independent trials without any skill.

    √V·((1 - g)·Φ⁻¹(1 - 1/N) + g·Φ⁻¹(1 - 1/(N·e))), g Euler's constant: Bailey and López de Prado (2014), The Deflated
    Sharpe Ratio, Journal of Portfolio Management 40(5), equation 1. An approximation for many trials: of one trial
    nothing is expected, and below about five it is rough.
    """
    if trials <= 1:
        return 0.0
    first, second = norm.ppf(1 - 1 / trials), norm.ppf(1 - 1 / (trials * math.e))
    quantile = float((1 - np.euler_gamma) * first + np.euler_gamma * second)
    return math.sqrt(sharpe_variance) * max(quantile, 0.0)


def deflated_sharpe(sample: SharpeSample, trials: float, sharpe_variance: float) -> DeflatedSharpe:
    """Return the probability that a chosen Sharpe ratio is more than the luck of `trials` independent trials.

    The probabilistic Sharpe ratio against the expected maximum of the trials: Bailey and López de Prado (2014),
    equation 2. The variance is that of the trials' Sharpe ratios (per session). Correlation among trials makes it
    smaller already: with the recorded number of trials the answer errs on the strict side, with the effective number
    correlation counts twice and it is slightly too kind. Trials that nobody recorded make both too kind.
    """
    benchmark = expected_maximum_sharpe(trials, sharpe_variance)
    return DeflatedSharpe(
        sample, trials, sharpe_variance, benchmark, probabilistic_sharpe(sample, benchmark).probability
    )
