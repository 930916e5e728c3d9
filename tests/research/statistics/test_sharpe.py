"""Probabilistic and deflated Sharpe ratio against the numbers of the papers, and against simulated luck."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kurtosis, skew

from research.statistics.metrics import annualised
from research.statistics.sharpe import (
    SharpeSample,
    deflated_sharpe,
    effective_trials,
    expected_maximum_sharpe,
    measure_trials,
    minimum_track_record,
    probabilistic_sharpe,
    sharpe_sample,
)

SAMPLES = st.builds(
    SharpeSample,
    sessions=st.integers(10, 5_000),
    sharpe=st.floats(-0.3, 0.3),
    skewness=st.floats(-2, 2),
    kurtosis=st.floats(6, 20),
)


@pytest.mark.parametrize(("skewness", "kurtosis", "expected"), [(0.0, 3.0, 0.982), (-2.448, 10.164, 0.913)])
def test_the_paper_s_fund_is_as_sure(skewness: float, kurtosis: float, expected: float) -> None:
    """Bailey and López de Prado (2012), numerical example: 24 months, SR 0.458; skewness takes 0.982 to 0.913."""
    found = probabilistic_sharpe(SharpeSample(24, 0.458, skewness, kurtosis))
    assert found.probability == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize(
    ("periods", "skewness", "kurtosis", "years"),
    [(252, 0.0, 3.0, 2.73), (52, 0.0, 3.0, 2.83), (12, 0.0, 3.0, 3.24), (12, -0.72, 5.78, 4.99)],
)
def test_the_paper_s_track_record_is_as_long(periods: int, skewness: float, kurtosis: float, years: float) -> None:
    """Bailey and López de Prado (2012), minimum track record length: an annual SR of 2 against 1, 95%."""
    sample = SharpeSample(periods, 2 / math.sqrt(periods), skewness, kurtosis)
    found = minimum_track_record(sample, 1 / math.sqrt(periods))
    assert found.sessions is not None
    assert found.sessions / periods == pytest.approx(years, abs=5e-3)
    assert not found.is_long_enough


@pytest.mark.parametrize(
    ("trials", "skewness", "kurtosis", "expected"),
    [(100, -3.0, 10.0, 0.9004), (46, -3.0, 10.0, 0.9505), (88, 0.0, 3.0, 0.9505)],
)
def test_the_paper_s_strategy_deflates_as_much(trials: int, skewness: float, kurtosis: float, expected: float) -> None:
    """Bailey and López de Prado (2014), numerical example: SR 2.5, five years of 250 days, variance 1/2 a year."""
    sample = SharpeSample(1250, 2.5 / math.sqrt(250), skewness, kurtosis)
    found = deflated_sharpe(sample, trials, 0.5 / 250)
    assert found.probability == pytest.approx(expected, abs=5e-5)


def test_the_paper_s_benchmark_is_as_high() -> None:
    """Bailey and López de Prado (2014), numerical example: SR0 of 100 trials is 0.1132 a day."""
    assert expected_maximum_sharpe(100, 0.5 / 250) == pytest.approx(0.1132, abs=5e-5)


def test_moments_are_scipys() -> None:
    """Skewness and kurtosis of a skewed sample are scipy's, the Sharpe ratio numpy's with n - 1."""
    row = np.random.default_rng(2).gumbel(0.0, 0.01, 700)
    found = sharpe_sample(row)
    assert found.skewness == pytest.approx(skew(row))
    assert found.kurtosis == pytest.approx(kurtosis(row, fisher=False))
    assert found.annual == pytest.approx(row.mean() / row.std(ddof=1) * math.sqrt(252))


@settings(deadline=None)
@given(SAMPLES, st.floats(-0.3, 0.3), st.floats(0.55, 0.99))
def test_a_minimum_record_is_just_long_enough(sample: SharpeSample, benchmark: float, confidence: float) -> None:
    """Over as many sessions as it takes, the probability is the confidence asked for."""
    found = minimum_track_record(sample, benchmark, confidence)
    if found.sessions is None or found.sessions > 1e12:
        assert sample.sharpe - benchmark < 1e-3
        return
    error = math.sqrt(sample.dispersion / (found.sessions - 1))
    above = (sample.sharpe - benchmark) / error
    assert math.erfc(-above / math.sqrt(2)) / 2 == pytest.approx(confidence, abs=1e-6)


@settings(deadline=None)
@given(SAMPLES, st.floats(1, 1e5), st.floats(1, 1e5), st.floats(1e-6, 0.1))
def test_more_trials_deflate_more(sample: SharpeSample, some: float, others: float, variance: float) -> None:
    """The deflated ratio falls with the number of trials, and never exceeds the probabilistic one."""
    few, many = sorted((some, others))
    less, more = deflated_sharpe(sample, few, variance), deflated_sharpe(sample, many, variance)
    assert more.probability <= less.probability <= probabilistic_sharpe(sample).probability


@pytest.mark.parametrize(("correlation", "expected"), [(0.0, 81.0), (1.0, 1.0), (0.5, 41.0), (-0.2, 81.0), (0.9, 9.0)])
def test_correlated_trials_count_for_fewer(correlation: float, expected: float) -> None:
    """81 trials count from 1 (all the same) to 81 (unrelated), linearly in their average correlation."""
    assert effective_trials(81, correlation) == pytest.approx(expected)


def test_the_average_correlation_is_that_of_the_matrix() -> None:
    """It is the mean of numpy's correlation matrix off the diagonal; a trial that never traded is left out."""
    random = np.random.default_rng(3)
    rows = random.normal(0, 0.01, (12, 300)) + random.normal(0, 0.01, 300)
    expected = np.atleast_2d(np.corrcoef(rows))[np.triu_indices(12, 1)].mean()
    found = measure_trials([*rows, np.zeros(300)])
    assert found.recorded == 12
    assert found.average_correlation == pytest.approx(expected)
    assert found.effective == pytest.approx(expected + (1 - expected) * 12)
    assert found.sharpe_variance == pytest.approx(np.var([sharpe_sample(row).sharpe for row in rows], ddof=1))


@pytest.mark.parametrize("trials", [10, 100, 1000])
def test_the_expected_maximum_is_the_simulated_one(trials: int) -> None:
    """The best of that many normal draws is on average within 3% of the formula."""
    best = np.random.default_rng(4).standard_normal((4_000, trials)).max(axis=1).mean()
    assert expected_maximum_sharpe(trials, 1.0) == pytest.approx(best, rel=0.03)


@pytest.mark.parametrize(("correlation", "fooled"), [(0.0, 0.8), (0.5, 0.4), (0.8, 0.15)])
def test_luck_passes_the_plain_test_and_not_the_deflated_one(correlation: float, fooled: float) -> None:
    """The best of 50 worthless strategies looks sure too often in 300 worlds; deflated, in at most one of 20."""
    random = np.random.default_rng(5)
    plain, deflated = [], []
    for _ in range(300):
        own, shared = random.normal(0, 0.01, (50, 400)), random.normal(0, 0.01, 400)
        rows = math.sqrt(1 - correlation) * own + math.sqrt(correlation) * shared
        trials = measure_trials(rows)
        best = sharpe_sample(rows[(rows.mean(axis=1) / rows.std(axis=1)).argmax()])
        plain.append(probabilistic_sharpe(best).probability)
        deflated.append(deflated_sharpe(best, trials.recorded, trials.sharpe_variance).probability)
    assert np.mean(np.array(plain) > 0.95) > fooled
    assert np.mean(np.array(deflated) > 0.95) <= 0.05


def test_one_trial_deflates_nothing() -> None:
    """A strategy that nobody chose among others keeps its probabilistic Sharpe ratio."""
    sample = SharpeSample(1000, 0.05, -0.5, 6.0)
    assert deflated_sharpe(sample, 1, 0.01).probability == probabilistic_sharpe(sample).probability
    assert annualised(0.05) == pytest.approx(0.7937, abs=1e-4)
