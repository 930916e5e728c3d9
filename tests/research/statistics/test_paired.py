"""Paired differences: what two histories share cancels."""

from __future__ import annotations

import numpy as np
import pytest

from research.statistics.bootstrap import Draws, Interval
from research.statistics.metrics import Metric, measure
from research.statistics.paired import paired_differences
from research.statistics.samples import SampleError

DRAWS = Draws(block_length=5, count=400, seed=3)


def ends(found: Interval) -> tuple[float, float]:
    """Return both ends of an interval that has them."""
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def test_a_difference_is_that_of_the_metrics() -> None:
    """The estimate is the one history's metric less the other's, and lies within its interval."""
    random = np.random.default_rng(1)
    one, other = random.normal(0.0005, 0.01, (2, 500))
    found = paired_differences(one, other, DRAWS)
    metrics = measure(np.array([one, other]))
    for metric, each in found.items():
        assert each.estimate == pytest.approx(metrics[metric][0] - metrics[metric][1])
    low, high = ends(found[Metric.CAGR])
    assert low < (found[Metric.CAGR].estimate or 0) < high


def test_what_both_share_cancels() -> None:
    """A small steady advantage is shown under a large common noise, which hides it from each history alone."""
    shared = np.random.default_rng(2).normal(0, 0.02, 750)
    found = paired_differences(shared + 0.0003, shared, DRAWS)
    assert ends(found[Metric.CAGR])[0] > 0
    assert found[Metric.VOLATILITY].estimate == pytest.approx(0, abs=1e-12)


def test_equal_luck_shows_no_difference() -> None:
    """Two histories of the same law have an interval around 0, and exchanging them turns its sign."""
    one, other = np.random.default_rng(4).normal(0.0004, 0.01, (2, 750))
    low, high = ends(paired_differences(one, other, DRAWS)[Metric.CAGR])
    assert low < 0 < high
    assert ends(paired_differences(other, one, DRAWS)[Metric.CAGR]) == pytest.approx((-high, -low))


def test_histories_of_other_lengths_are_refused() -> None:
    """They do not belong to the same sessions."""
    with pytest.raises((SampleError, ValueError)):
        paired_differences([0.1, 0.2, 0.1], [0.1, 0.2], DRAWS)
