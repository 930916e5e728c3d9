"""Value at risk, its test and drawdowns, against textbook tables, scipy and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import binomtest, kurtosis, norm, skew, t

from research.statistics.bootstrap import Draws
from research.statistics.metrics import max_drawdown
from research.statistics.risk import (
    Horizon,
    TailMethod,
    backtest_value_at_risk,
    drawdown_distribution,
    kupiec_test,
    tail_risk,
    tail_risks,
)

SKEWED = np.random.default_rng(1).gumbel(0.0, 0.01, 2_000) * -1 + 0.006


def with_deviation(deviation: float) -> np.ndarray:
    """Returns with mean 0 and exactly that sample deviation."""
    return np.tile([deviation, -deviation], 500) * math.sqrt(999 / 1000)


@pytest.mark.parametrize(
    ("level", "value_at_risk", "shortfall"),
    [
        (0.90, 162.1, 222.0),
        (0.95, 208.1, 260.9),
        (0.975, 247.9, 295.7),
        (0.99, 294.3, 337.1),
        (0.995, 325.8, 365.8),
    ],
)
def test_normal_tails_are_the_textbook_s(level: float, value_at_risk: float, shortfall: float) -> None:
    """McNeil, Frey and Embrechts (2005), table of example 2.21: 10,000 at a volatility of 20% over 250 days."""
    found = tail_risk(with_deviation(0.2 / np.sqrt(250)), TailMethod.NORMAL, Horizon(level))
    assert found.value_at_risk is not None
    assert found.expected_shortfall is not None
    assert 10_000 * found.value_at_risk == pytest.approx(value_at_risk, abs=0.06)
    assert 10_000 * found.expected_shortfall == pytest.approx(shortfall, abs=0.06)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("sessions", [1, 10])
def test_cornish_fisher_is_the_integral_of_its_quantiles(level: float, sessions: int) -> None:
    """Maillard (2012), appendix: the shortfall in closed form equals the mean of the quantiles by quadrature."""
    s, k = skew(SKEWED) / np.sqrt(sessions), kurtosis(SKEWED) / sessions
    mean, deviation = SKEWED.mean() * sessions, SKEWED.std(ddof=1) * np.sqrt(sessions)

    def loss(share: float) -> float:
        z = norm.ppf(share)
        corrected = z + (z**2 - 1) * s / 6 + (z**3 - 3 * z) * k / 24 - (2 * z**3 - 5 * z) * s**2 / 36
        return float(-mean - deviation * corrected)

    found = tail_risk(SKEWED, TailMethod.CORNISH_FISHER, Horizon(level, sessions))
    assert found.value_at_risk == pytest.approx(loss(1 - level))
    assert found.expected_shortfall == pytest.approx(quad(loss, 0, 1 - level)[0] / (1 - level), rel=1e-6)


def test_cornish_fisher_has_a_limit() -> None:
    """Where its quantiles would not rise, it gives none: one crash in 200 sessions is too much kurtosis for it."""
    row = np.append(np.random.default_rng(2).normal(0, 0.01, 199), -0.2)
    found = tail_risk(row, TailMethod.CORNISH_FISHER, Horizon())
    assert (found.value_at_risk, found.expected_shortfall) == (None, None)


@pytest.mark.parametrize(
    ("level", "value_at_risk", "shortfall"),
    [(0.5, 0.05, 0.08), (0.85, 0.09, 1.45 / 15), (0.9, 0.09, 0.10), (0.95, 0.10, 0.10)],
)
def test_a_historical_tail_counts(level: float, value_at_risk: float, shortfall: float) -> None:
    """Of losses of 1 to 10%, ten times each, by hand: the loss that the level reaches, and the mean of the rest."""
    row = -np.repeat(np.arange(1, 11), 10) / 100
    found = tail_risk(row, TailMethod.HISTORICAL, Horizon(level))
    assert found.value_at_risk == pytest.approx(value_at_risk)
    assert found.expected_shortfall == pytest.approx(shortfall)


@settings(deadline=None)
@given(st.floats(0.5, 0.995), st.integers(1, 12), st.integers(0, 10_000))
def test_a_historical_shortfall_is_the_mean_quantile(level: float, sessions: int, seed: int) -> None:
    """Whatever the level and horizon: the mean of the quantiles beyond it, over compounded runs of sessions."""
    row = np.random.default_rng(seed).standard_t(4, 60) * 0.01
    runs = np.sort([np.prod(1 + row[first : first + sessions]) - 1 for first in range(61 - sessions)])
    weights = np.clip((1 - level) * len(runs) - np.arange(len(runs)), 0, 1)
    found = tail_risk(row, TailMethod.HISTORICAL, Horizon(level, sessions))
    assert found.expected_shortfall == pytest.approx(-(weights @ runs) / weights.sum(), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("level", [0.95, 0.99])
def test_simulated_tails_are_student_s(level: float) -> None:
    """Monte Carlo over one session is Student's t of the sample's kurtosis, by scipy, to 3%."""
    row = np.random.default_rng(3).standard_t(6, 3_000) * 0.01
    freedom = 4 + 6 / kurtosis(row)
    scale = row.std(ddof=1) * np.sqrt((freedom - 2) / freedom)
    found = tail_risk(row, TailMethod.MONTE_CARLO, Horizon(level))
    assert found.value_at_risk == pytest.approx(-t.ppf(1 - level, freedom, row.mean(), scale), rel=0.03)
    mean_beyond = -quad(lambda share: t.ppf(share, freedom, row.mean(), scale), 0, 1 - level)[0] / (1 - level)
    assert found.expected_shortfall == pytest.approx(mean_beyond, rel=0.03)


def test_all_tails_are_printed() -> None:
    """Four methods, two levels, two horizons; a shortfall is beyond its value at risk, and 99% beyond 95%."""
    found = tail_risks(SKEWED)
    assert len({(risk.method, risk.horizon) for risk in found}) == 16
    tails = {(risk.method, risk.horizon): risk for risk in found}
    for (method, horizon), risk in tails.items():
        assert risk.value_at_risk is not None
        assert risk.expected_shortfall is not None
        assert risk.expected_shortfall > risk.value_at_risk
        milder = tails[method, Horizon(0.95, horizon.sessions)].value_at_risk
        assert milder is not None
        assert risk.value_at_risk >= milder
    assert found == tail_risks(SKEWED)


@pytest.mark.parametrize(
    ("failure", "sessions", "fewest", "most"),
    [
        (0.01, 255, 0, 7),
        (0.01, 510, 1, 11),
        (0.01, 1000, 4, 17),
        (0.025, 255, 2, 12),
        (0.025, 510, 6, 21),
        (0.025, 1000, 15, 36),
        (0.05, 255, 6, 21),
        (0.05, 510, 16, 36),
        (0.05, 1000, 37, 65),
        (0.075, 255, 11, 28),
        (0.075, 510, 27, 51),
        (0.075, 1000, 59, 92),
        (0.10, 255, 16, 36),
        (0.10, 510, 38, 65),
        (0.10, 1000, 81, 120),
    ],
)
def test_kupiec_does_not_reject_where_his_table_does_not(failure: float, sessions: int, fewest: int, most: int) -> None:
    """Kupiec (1995), non-rejection regions at 95%: strictly between the two numbers of failures.

    The table prints the first as "below 7"; none in 255 has a likelihood ratio of 5.13, which is rejected too.
    """
    kept = [count for count in range(sessions) if kupiec_test(sessions, count, 1 - failure).p_value > 0.05]
    assert kept == list(range(fewest + 1, most))


def test_a_true_value_at_risk_passes_its_test() -> None:
    """With the true quantile, 1,000 worlds of 1,000 sessions are rejected about one time in twenty (5%)."""
    exceedances = np.random.default_rng(4).binomial(1_000, 0.05, 1_000)
    rejected = sum(kupiec_test(1_000, int(count), 0.95).p_value < 0.05 for count in exceedances)
    assert binomtest(rejected, 1_000, 0.05).pvalue > 0.01


def test_the_backtest_tells_a_good_method_from_a_bad_one() -> None:
    """On fat-tailed returns the historical 99% limit holds, and the normal one is exceeded too often."""
    row = np.random.default_rng(5).standard_t(3, 3_500) * 0.01
    good = backtest_value_at_risk(row, TailMethod.HISTORICAL, 0.99, 500)
    bad = backtest_value_at_risk(row, TailMethod.NORMAL, 0.99, 500)
    assert good.sessions == bad.sessions == 3_000
    assert good.expected == pytest.approx(30)
    assert good.p_value > 0.05
    assert bad.p_value < 0.05
    assert bad.exceedances > bad.expected


def test_a_backtest_uses_the_past_alone() -> None:
    """Each limit is that of the window before the session: counted by hand over three windows."""
    row = np.random.default_rng(6).normal(0, 0.01, 63)
    limits = [tail_risk(row[first : first + 60], TailMethod.HISTORICAL, Horizon(0.9)) for first in range(3)]
    by_hand = sum(-row[60 + place] > (limit.value_at_risk or 0) for place, limit in enumerate(limits))
    assert backtest_value_at_risk(row, TailMethod.HISTORICAL, 0.9, 60).exceedances == by_hand


def test_drawdowns_of_independent_returns_are_the_simulated_ones() -> None:
    """Blocks of one session of a long normal sample give the drawdowns of normal years, to half a point."""
    random = np.random.default_rng(7)
    simulated = max_drawdown(random.normal(0.0004, 0.01, (4_000, 252)))
    found = drawdown_distribution(random.normal(0.0004, 0.01, 20_000), Draws(1.0, 4_000), 252)
    for probability in (0.05, 0.5, 0.95):
        assert found.depth(probability) == pytest.approx(np.quantile(simulated, probability), abs=0.01)
    assert found.probability_beyond(found.depth(0.05)) == pytest.approx(0.05, abs=1e-3)
    assert found.sessions == 252
