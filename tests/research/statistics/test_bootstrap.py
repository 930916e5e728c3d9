"""The stationary bootstrap: what it draws, how long its blocks are, and whether its intervals cover the truth."""

from __future__ import annotations

import numpy as np
import pytest
from arch.bootstrap import StationaryBootstrap
from hypothesis import given, settings
from hypothesis import strategies as st

from research.statistics.block_length import optimal_block_length
from research.statistics.bootstrap import Draws, bootstrap, resampled
from research.statistics.metrics import Metric, measure

ANNUAL = np.sqrt(252)


def autoregressive(seed: int, worlds: int, sessions: int, persistence: float) -> np.ndarray:
    """Worlds of returns with mean 0.0005 and deviation 0.01 that follow each other by `persistence`."""
    random = np.random.default_rng(seed)
    shocks = random.normal(0, 0.01 * np.sqrt(1 - persistence**2), (worlds, sessions))
    rows = np.empty((worlds, sessions))
    rows[:, 0] = random.normal(0, 0.01, worlds)
    for session in range(1, sessions):
        rows[:, session] = persistence * rows[:, session - 1] + shocks[:, session]
    return rows + 0.0005


def test_blocks_are_geometric_and_wrap() -> None:
    """Blocks run on by one, from the last session to the first, with the mean length asked for."""
    positions = np.concatenate(list(resampled(100, Draws(8.0, 3_000))))
    runs_on = (np.diff(positions, axis=1) % 100) == 1
    # A new block begins by chance where the old one would have gone on.
    assert runs_on.mean() == pytest.approx(1 - 1 / 8 * 99 / 100, abs=2e-3)
    assert (positions[:, 1:][positions[:, :-1] == 99] == 0).mean() == pytest.approx(1 - 1 / 8, abs=0.02)
    # Independent of where it is, a block ends: its length has no memory.
    ends = ~runs_on
    assert (ends[:, 1:] & ends[:, :-1]).mean() == pytest.approx(ends.mean() ** 2, abs=2e-3)


def test_every_session_is_drawn_as_often() -> None:
    """Wrapping makes the first and last sessions as likely as any, within five standard errors."""
    times = np.bincount(np.concatenate(list(resampled(50, Draws(1.0, 4_000)))).ravel(), minlength=50)
    assert np.abs(times - 4_000).max() < 5 * np.sqrt(4_000)


@settings(deadline=None)
@given(st.integers(2, 50), st.integers(1, 30), st.floats(1, 20), st.integers(1, 60))
def test_draws_are_as_many_and_as_long_as_asked(sessions: int, count: int, block: float, length: int) -> None:
    """Each drawn history has the length asked for and positions of the sample, and the seed repeats it."""
    draws = Draws(block, count, seed=7)
    positions = np.concatenate(list(resampled(sessions, draws, length)))
    assert positions.shape == (count, length)
    assert positions.min() >= 0
    assert positions.max() < sessions
    np.testing.assert_array_equal(positions, np.concatenate(list(resampled(sessions, draws, length))))


def test_chunks_are_other_histories() -> None:
    """Histories drawn in several parts differ from each other."""
    parts = list(resampled(200_000, Draws(5.0, 3)))
    assert len(parts) == 3
    assert len({part.tobytes() for part in parts}) == 3


def test_intervals_are_archs() -> None:
    """Percentile intervals of Sharpe ratio, volatility and drawdown are those of arch, to 6% of their width."""
    row = autoregressive(1, 1, 500, 0.2)[0]
    ours = bootstrap(row, Draws(6.0, 6_000, seed=1)).intervals
    theirs = StationaryBootstrap(6, row, seed=2)
    wanted = (Metric.SHARPE, Metric.VOLATILITY, Metric.MAX_DRAWDOWN)
    ends = theirs.conf_int(lambda x: np.array([measure(x[None])[m][0] for m in wanted]), 4_000, method="percentile")
    for metric, (low, high) in zip(wanted, ends.T, strict=True):
        found = ours[metric]
        assert (found.low, found.high) == pytest.approx((low, high), abs=0.06 * (high - low))


@pytest.mark.parametrize(("persistence", "block"), [(0.0, 2.0), (0.3, 12.0)])
def test_intervals_cover_the_truth_as_often_as_they_say(persistence: float, block: float) -> None:
    """In 300 worlds, 95% intervals hold the true Sharpe ratio and volatility in 91 to 98.5%."""
    truth = {Metric.SHARPE: 0.05 * ANNUAL, Metric.VOLATILITY: 0.01 * ANNUAL}
    held = dict.fromkeys(truth, 0)
    for seed, row in enumerate(autoregressive(2, 300, 500, persistence)):
        found = bootstrap(row, Draws(block, 500, seed)).intervals
        for metric, value in truth.items():
            low, high = found[metric].low, found[metric].high
            assert low is not None
            assert high is not None
            held[metric] += low <= value <= high
    assert all(0.91 <= count / 300 <= 0.985 for count in held.values()), held


def test_a_metric_that_some_draws_lack_says_so() -> None:
    """One losing session in forty: a third of the histories have no loss, and the interval is of the others."""
    row = np.append(np.full(39, 0.01), -0.02)
    found = bootstrap(row, Draws(1.0, 2_000)).intervals[Metric.PROFIT_FACTOR]
    assert found.undefined == pytest.approx((39 / 40) ** 40, abs=0.03)
    assert found.low is not None
    nothing = bootstrap(np.full(40, 0.01), Draws(1.0, 100)).intervals[Metric.CALMAR]
    assert (nothing.estimate, nothing.low, nothing.high, nothing.undefined) == (None, None, None, 1.0)


@pytest.mark.parametrize("persistence", [0.3, 0.6, 0.8])
def test_the_block_length_is_the_papers(persistence: float) -> None:
    """Politis and White (2004, corrected 2009): an AR(1) has (2r / (1 - r²))^(2/3)·n^(1/3); found within 15% of it."""
    found = [optimal_block_length(row) for row in autoregressive(3, 40, 1_500, persistence)]
    expected = (2 * persistence / (1 - persistence**2)) ** (2 / 3) * 1_500 ** (1 / 3)
    assert np.median(found) == pytest.approx(expected, rel=0.15)


def test_calm_and_storm_make_blocks_longer() -> None:
    """Returns that do not follow each other, but whose size does, get longer blocks than their shuffle."""
    random = np.random.default_rng(4)
    size = np.exp(autoregressive(5, 1, 2_000, 0.98)[0] * 60)
    row = size * random.normal(0, 0.01, 2_000)
    assert optimal_block_length(row) > 3 * optimal_block_length(random.permutation(row))
