"""White's reality check and Hansen's test against arch, and against searches whose worth is known."""

from __future__ import annotations

import numpy as np
import pytest
from arch.bootstrap import SPA
from scipy.stats import kstest

from research.statistics.bootstrap import Draws, resampled
from research.statistics.reality_check import reality_check

STILL = np.zeros(400)


def trials(seed: int, count: int, sessions: int = 400) -> np.ndarray:
    """Returns of trials that share half of their variance and are worth nothing."""
    random = np.random.default_rng(seed)
    return random.normal(0, 0.007, (count, sessions)) + random.normal(0, 0.007, sessions)


def archs(excess: np.ndarray, block_length: int) -> dict[str, float]:
    """p-values of arch for trials by sessions above a benchmark of 0 (losses there)."""
    test = SPA(np.zeros(excess.shape[1]), -excess.T, block_size=block_length, reps=3_000, seed=1)
    test.compute()
    return {str(name): float(value) for name, value in test.pvalues.items()}


@pytest.mark.parametrize("edge", [0.0, 0.0006])
def test_p_values_are_archs(edge: float) -> None:
    """White's is arch's upper p-value; Hansen's are arch's for returns scaled beforehand; to 0.03."""
    rows = trials(1, 8) * np.linspace(0.5, 2, 8)[:, None]
    rows[2] += edge
    rows[5] -= 0.004
    benchmark = trials(2, 1)[0] / 4
    found = reality_check(rows, benchmark, Draws(4.0, 6_000))
    excess = rows - benchmark
    means = np.concatenate(
        [
            np.array([[row[drawn].mean() for row in excess] for drawn in part])
            for part in resampled(400, Draws(4.0, 3_000, 9))
        ]
    )
    scaled = archs(excess / (means.std(axis=0) * 20)[:, None], 4)
    assert found.white == pytest.approx(archs(excess, 4)["upper"], abs=0.03)
    assert found.spa_lower == pytest.approx(scaled["lower"], abs=0.03)
    assert found.spa_consistent == pytest.approx(scaled["consistent"], abs=0.03)
    assert found.spa_upper == pytest.approx(scaled["upper"], abs=0.03)
    assert found.spa_lower <= found.spa_consistent <= found.spa_upper


def test_on_noise_p_is_uniform() -> None:
    """Over 200 searches among 10 worthless trials neither p-value departs from uniform (Kolmogorov-Smirnov, 1%)."""
    found = [reality_check(trials(seed, 10), STILL, Draws(1.0, 400, seed)) for seed in range(200)]
    for values in ([check.white for check in found], [check.spa_upper for check in found]):
        assert kstest(values, "uniform").pvalue > 0.01


def test_a_planted_edge_is_found_and_named() -> None:
    """One trial that earns 63% a year more than the others is named, with p below 1%."""
    rows = trials(3, 30)
    rows[17] += 0.0025
    found = reality_check(rows, STILL, Draws(3.0, 2_000))
    assert found.best == 17
    assert found.best_excess == pytest.approx(rows[17].mean() * 252)
    assert max(found.white, found.spa_upper) < 0.01


def test_hopeless_trials_do_not_hide_a_good_one() -> None:
    """Hansen (2005), section 1: wild losers added to the search blunt White's check, and Hansen's test hardly."""
    good = trials(4, 5)
    good[0] += 0.0014
    losers = trials(5, 40) * 6 - 0.02
    found = reality_check(np.vstack([good, losers]), STILL, Draws(2.0, 2_000))
    assert found.white > 0.2
    assert found.spa_consistent < 0.05


def test_the_benchmark_itself_is_no_trial() -> None:
    """A trial with the benchmark's own returns is left out, and rows keep their numbers."""
    rows = trials(6, 4)
    found = reality_check([rows[0], *rows], rows[0], Draws(2.0, 200))
    assert found.trials == 3
    assert found.best in {2, 3, 4}
    assert found == reality_check([rows[0], *rows], rows[0], Draws(2.0, 200))
