"""Every statistic at its ends: nothing better, nothing that varies, one trial, one session, ties, no number.

The right answer stands beside each case: that of the paper's formula in the limit, or a refusal that says why.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from end_series import ALTERNATING, BENCHMARK, DRAWS, NAN, NOISE, ONE_MOVE, STILL

from research.permutation.worlds import p_value
from research.statistics.block_length import optimal_block_length
from research.statistics.bootstrap import Draws, bootstrap, resampled
from research.statistics.cross_validation import Purging, purged_paths
from research.statistics.exposure import (
    concentration,
    correlation_regime,
    nearest_correlation,
    stress_correlations,
)
from research.statistics.metrics import Metric, drawdown, growth, measure, sharpe_of, total_return
from research.statistics.overfitting import backtest_overfitting
from research.statistics.reality_check import reality_check
from research.statistics.risk import (
    Horizon,
    TailMethod,
    drawdown_distribution,
    kupiec_test,
    tail_risk,
)
from research.statistics.sharpe import (
    SharpeSample,
    deflated_sharpe,
    effective_trials,
    measure_trials,
    minimum_track_record,
    probabilistic_sharpe,
)


# Hansen (2005), equations 2 and 3: the statistic is max(0, ·) in the sample and in every draw, so nothing better is 1.
@pytest.mark.parametrize(
    ("trials", "expected"),
    [
        pytest.param(BENCHMARK + NOISE / 5 - 0.002, 1.0, id="81 hopeless ones"),
        pytest.param((BENCHMARK + NOISE / 5 - 0.002)[:1], 1.0, id="one hopeless one"),
        pytest.param(np.tile(BENCHMARK + NOISE[0] / 5 - 0.002, (5, 1)), 1.0, id="five that are all the same"),
        pytest.param(
            BENCHMARK + NOISE / 5 - (NOISE / 5).mean(axis=1)[:, None] - 1e-9, 1.0, id="all a hair below the benchmark"
        ),
        pytest.param(np.tile(STILL, (2, 1)), 1.0, id="two that never trade, below a rising benchmark"),
    ],
)
def test_a_search_without_anything_better_has_p_one(trials: np.ndarray, expected: float) -> None:
    """Where no trial beats the benchmark Hansen's three p-values are 1, and White's is no sign of skill."""
    benchmark = BENCHMARK + 0.001 if not trials.any() else BENCHMARK
    found = reality_check(trials, benchmark, DRAWS)
    assert (found.spa_lower, found.spa_consistent, found.spa_upper) == (expected,) * 3
    assert found.best_excess <= 0
    assert found.white > 0.4


def test_one_good_trial_is_its_own_test() -> None:
    """One trial's p-values are equal, and those of the share of draws that reach it (a one-sided test)."""
    excess = NOISE[0] - NOISE[0].mean() + 0.0005
    found = reality_check([excess], STILL, DRAWS)
    means = np.concatenate([excess[drawn].mean(axis=1) for drawn in resampled(300, DRAWS)])
    expected = (1 + (means - excess.mean() >= excess.mean() - 1e-15).sum()) / (1 + DRAWS.count)
    assert (
        found.white == found.spa_lower == found.spa_consistent == found.spa_upper == pytest.approx(expected, abs=2e-3)
    )


def test_twins_of_a_good_trial_change_nothing() -> None:
    """A search among copies is a search of one."""
    excess = NOISE[0] - NOISE[0].mean() + 0.0005
    one, many = (reality_check(np.tile(excess, (count, 1)), STILL, DRAWS) for count in (1, 40))
    assert (one.white, one.spa_consistent) == (many.white, many.spa_consistent)


def test_a_bad_grid_never_beats_the_benchmark() -> None:
    """Over 100 grids that lose on average no p-value of Hansen's is below White's idea of luck."""
    for seed in range(100):
        rows = np.random.default_rng(seed).normal(-0.004, 0.01, (9, 120))
        found = reality_check(rows, np.zeros(120), Draws(2.0, 200, seed))
        assert found.spa_consistent == 1.0 or found.best_excess > 0


# Bailey and López de Prado (2012, 2014): one trial, or trials without dispersion, leave nothing to deflate.
@pytest.mark.parametrize(
    ("trials", "variance", "benchmark"), [(1, 0.1, 0.0), (81, 0.0, 0.0), (1, 0.0, 0.0), (1.2, 0.1, 0.0)]
)
def test_without_a_search_nothing_is_deflated(trials: float, variance: float, benchmark: float) -> None:
    """The expected maximum is 0, and the deflated Sharpe ratio the probabilistic one."""
    sample = SharpeSample(500, 0.06)
    found = deflated_sharpe(sample, trials, variance)
    assert found.benchmark == benchmark
    assert found.probability == probabilistic_sharpe(sample).probability


def test_endless_trials_leave_nothing() -> None:
    """The expected maximum grows without end, and the probability goes to 0."""
    assert deflated_sharpe(SharpeSample(500, 0.06), 1e12, 0.1).probability == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("sharpe", "benchmark", "expected"),
    [(0.06, 0.06, 0.5), (0.0, 0.0, 0.5), (1e6, 0.0, 1.0), (-1e6, 0.0, 0.0)],
)
def test_the_probability_at_its_ends(sharpe: float, benchmark: float, expected: float) -> None:
    """At the benchmark it is one half; far from it, it goes to Φ(±√(n - 1)·√2), certainty for 500 sessions."""
    assert probabilistic_sharpe(SharpeSample(500, sharpe), benchmark).probability == pytest.approx(expected)


@pytest.mark.parametrize(
    ("sharpe", "confidence", "sessions"), [(0.0, 0.95, None), (-0.1, 0.95, None), (0.1, 0.5, 1.0), (1e9, 0.95, None)]
)
def test_the_track_record_at_its_ends(sharpe: float, confidence: float, sessions: float | None) -> None:
    """No length tells nothing from nothing; a coin's confidence needs one session; certainty needs few."""
    found = minimum_track_record(SharpeSample(500, sharpe), 0.0, confidence)
    if sharpe > 1:
        assert found.sessions == pytest.approx(1 + 0.5 * 1.6448536**2)
    else:
        assert found.sessions == sessions
    assert found.is_long_enough == (found.sessions is not None)


def test_trials_that_are_the_same_are_one() -> None:
    """Copies correlate by 1, count as one trial and have no dispersion."""
    found = measure_trials(np.tile(NOISE[0], (5, 1)))
    assert found.recorded == 5
    assert found.effective == pytest.approx(1)
    assert found.average_correlation == pytest.approx(1)
    assert found.sharpe_variance == pytest.approx(0, abs=1e-30)
    assert effective_trials(5, 1.0 + 1e-12) == 1


# Bailey, Borwein, López de Prado and Zhu (2015): the logit of the chosen trial's rank, 0 at the median.
def test_overfitting_at_its_ends() -> None:
    """A trial that is always best never overfits; two that swap places by halves always do."""
    always = np.vstack([NOISE[:3], NOISE[3] + 0.05])
    assert backtest_overfitting(always, blocks=8).probability == 0
    steady = np.tile([0.01, 0.011], 20)
    swapping = np.vstack([np.concatenate([steady, -steady]), np.concatenate([-steady, steady])])
    assert backtest_overfitting(swapping, blocks=2).probability == 1


def test_equal_winners_have_no_slope() -> None:
    """Where the best in sample is as good in every split, rounding makes no line of it."""
    rows = np.vstack([np.tile([0.03, -0.01], 40), np.tile([0.01, -0.01], 40)])
    found = backtest_overfitting(rows, blocks=8)
    assert found.degradation_slope is None
    assert found.probability == 0


def test_purged_paths_without_a_loss_or_without_a_gain() -> None:
    """A grid that only earns loses on no path, one that only loses on every one."""
    rising, falling = NOISE[:4] + 0.02, NOISE[:4] - 0.02
    assert purged_paths(rising, Purging(6, 2, 1, 5)).probability_of_loss == 0
    assert purged_paths(falling, Purging(6, 2, 1, 5)).probability_of_loss == 1


# Intervals: percentiles of the resampled values, where every draw has one.
def test_an_interval_of_what_does_not_vary_is_a_point() -> None:
    """Still returns have a certain growth of 0, and no Sharpe ratio, with or without draws."""
    found = bootstrap(STILL, Draws(1.0, 50)).intervals
    assert (found[Metric.CAGR].estimate, found[Metric.CAGR].low, found[Metric.CAGR].high) == (0, 0, 0)
    for metric in (Metric.SHARPE, Metric.CALMAR, Metric.PROFIT_FACTOR):
        assert (found[metric].estimate, found[metric].low, found[metric].high) == (None, None, None)
        assert found[metric].undefined == 1


def test_two_sessions_have_intervals_of_their_own_returns() -> None:
    """Draws of two sessions are made of them alone: the interval ends at twice the one and twice the other."""
    found = bootstrap([0.01, -0.01], Draws(1.0, 4_000)).intervals[Metric.MAX_DRAWDOWN]
    assert found.low == pytest.approx(0.99**2 - 1)
    assert found.high == 0


@pytest.mark.parametrize("row", [ALTERNATING, ONE_MOVE, np.tile([0.0, 0.02, 0.01], 100)])
def test_a_block_length_is_finite_and_within_the_history(row: np.ndarray) -> None:
    """Returns of equal size, a single move, a cycle: from one session to the whole history."""
    assert 1 <= optimal_block_length(row) <= len(row)


# Risk: exact quantiles of finite samples; Kupiec's likelihood ratio with 0·ln 0 = 0.
@pytest.mark.parametrize("method", TailMethod)
def test_still_returns_have_nothing_to_lose(method: TailMethod) -> None:
    """Without a move both losses are 0 by every method."""
    found = tail_risk(STILL, method, Horizon(0.95, 1))
    assert (found.value_at_risk, found.expected_shortfall) == (0, 0)


@pytest.mark.parametrize(("sessions", "is_known"), [(99, False), (100, True)])
def test_a_past_too_short_for_a_rare_loss_has_none(sessions: int, is_known: bool) -> None:  # noqa: FBT001 - a case
    """One loss in a hundred sessions is not told from 99 of them."""
    found = tail_risk(NOISE[0][:sessions], TailMethod.HISTORICAL, Horizon(0.99))
    assert (found.value_at_risk is not None) == is_known
    assert (found.expected_shortfall is not None) == is_known


@pytest.mark.parametrize(
    ("sessions", "exceedances", "level", "statistic"),
    [
        (250, 0, 0.99, -2 * 250 * math.log(0.99)),
        (250, 250, 0.99, -2 * 250 * math.log(0.01)),
        (100, 5, 0.95, 0.0),
        (1, 0, 0.95, -2 * math.log(0.95)),
        (1, 1, 0.95, -2 * math.log(0.05)),
    ],
)
def test_kupiecs_ratio_at_its_ends(sessions: int, exceedances: int, level: float, statistic: float) -> None:
    """No exceedance, nothing else, exactly as many as expected, one session."""
    found = kupiec_test(sessions, exceedances, level)
    assert found.statistic == pytest.approx(statistic, abs=1e-9)
    assert 0 <= found.p_value <= 1


def test_a_strategy_that_never_trades_never_falls() -> None:
    """Every drawn drawdown is 0."""
    found = drawdown_distribution(STILL, Draws(1.0, 20), 252)
    assert found.depth(0.01) == 0
    assert found.probability_beyond(-0.1) == 0


# Exposure.
@pytest.mark.parametrize(
    ("weights", "covariance", "herfindahl", "bets"),
    [
        pytest.param([], np.empty((0, 0)), 0.0, 0.0, id="nothing held"),
        pytest.param([0.0, 0.0], np.eye(2), 0.0, 0.0, id="all weights 0"),
        pytest.param([0.3], [[4e-4]], 1.0, 1.0, id="one position"),
        pytest.param([0.5, 0.5], np.full((2, 2), 1e-4), 0.5, 1.0, id="two that are the same"),
        pytest.param([0.5, 0.5], np.zeros((2, 2)), 0.5, None, id="two that stand still"),
        pytest.param([0.5, 0.5], [[1e-4, -1e-4], [-1e-4, 1e-4]], 0.5, None, id="two that cancel out"),
    ],
)
def test_concentration_at_its_ends(
    weights: list[float], covariance: np.ndarray, herfindahl: float, bets: float | None
) -> None:
    """Choueifaty's ratio is 1 of one bet, and none where the book does not vary."""
    found = concentration(weights, covariance)
    assert found.herfindahl == pytest.approx(herfindahl)
    assert found.effective_bets == (None if bets is None else pytest.approx(bets))


def test_the_stress_of_one_position_is_its_own_risk() -> None:
    """A single position has no correlation to raise; an empty book has no risk."""
    found = stress_correlations([0.5], [[1e-4]])
    assert found.stressed_volatility == pytest.approx(found.volatility) == pytest.approx(0.5 * 0.01 * math.sqrt(252))
    assert stress_correlations([], np.empty((0, 0))).stressed_value_at_risk == 0


def test_the_nearest_correlation_of_one_is_one() -> None:
    """One asset correlates with itself, and a matrix that is one already stays."""
    assert nearest_correlation([[1.0]]) == pytest.approx(1)
    assert nearest_correlation(np.ones((3, 3))) == pytest.approx(np.ones((3, 3)))


def test_assets_that_are_the_same_are_never_less_alike() -> None:
    """Their mean correlation is 1 throughout, so that no session had less of it."""
    found = correlation_regime([NOISE[0], NOISE[0], NOISE[0]])
    assert found.current == pytest.approx(1)
    assert found.percentile == 0


# Metrics.
@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param([0.0, 0.0], {Metric.CAGR: 0, Metric.MAX_DRAWDOWN: 0, Metric.VOLATILITY: 0}, id="still"),
        pytest.param([0.01, 0.01], {Metric.CAGR: 1.01**252 - 1, Metric.MAX_DRAWDOWN: 0}, id="only gains, all the same"),
        pytest.param(
            [-0.5, -0.5], {Metric.MAX_DRAWDOWN: -0.75, Metric.PROFIT_FACTOR: 0, Metric.CALMAR: -4 / 3}, id="losses"
        ),
    ],
)
def test_metrics_at_their_ends(row: list[float], expected: dict[Metric, float]) -> None:
    """What the formula gives, and NaN for a ratio over nothing."""
    found = {metric: float(values[0]) for metric, values in measure([row]).items()}
    for metric, value in expected.items():
        assert found[metric] == pytest.approx(value, abs=1e-12)
    assert math.isnan(found[Metric.SHARPE])


def test_no_session_is_no_growth() -> None:
    """An empty series has grown by nothing and fallen by nothing."""
    empty = np.empty(0)
    assert total_return(empty) == 0
    assert len(growth(empty)) == len(drawdown(empty)) == 0
    assert np.isnan(sharpe_of(0.01, 0.0))
    assert np.isnan(sharpe_of(0.01, NAN))


# The permutation test: (1 + #{permuted ≥ real}) / (1 + permutations), the undefined last.
@pytest.mark.parametrize(
    ("real", "permuted", "expected"),
    [
        pytest.param(1.0, [], 1.0, id="no world"),
        pytest.param(1.0, [1.0] * 9, 1.0, id="all tie"),
        pytest.param(2.0, [1.0] * 19, 0.05, id="none as good"),
        pytest.param(0.0, [1.0] * 19, 1.0, id="all better"),
        pytest.param(None, [1.0, None], 1.0, id="history undefined"),
        pytest.param(NAN, [1.0, 0.5], 1.0, id="history no number"),
        pytest.param(0.0, [None, NAN, 1.0], 0.5, id="worlds undefined"),
        pytest.param(-1.0, [-math.inf, NAN, None], 0.25, id="anything beats the undefined"),
    ],
)
def test_p_of_permuted_worlds_at_its_ends(real: float | None, permuted: list[float | None], expected: float) -> None:
    """Undefined in history proves nothing; undefined in a world is no rival."""
    assert p_value(real, permuted) == pytest.approx(expected)
