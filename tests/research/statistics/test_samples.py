"""Data that cannot carry a statistic is refused in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from research.statistics.block_length import optimal_block_length
from research.statistics.bootstrap import Draws, bootstrap
from research.statistics.cross_validation import Purging, purged_paths
from research.statistics.exposure import (
    concentration,
    correlation_regime,
    factor_betas,
    shock_factors,
    stress_correlations,
)
from research.statistics.metrics import measure
from research.statistics.overfitting import backtest_overfitting
from research.statistics.reality_check import reality_check
from research.statistics.risk import Horizon, TailMethod, backtest_value_at_risk, tail_risk
from research.statistics.samples import SampleError
from research.statistics.sharpe import SharpeSample, measure_trials, probabilistic_sharpe, sharpe_sample
from warehouse.errors import SwingError

if TYPE_CHECKING:
    from collections.abc import Callable

NOISE = np.random.default_rng(0).normal(0, 0.01, (3, 200))
STILL = np.zeros(200)


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        (lambda: sharpe_sample(NOISE), "one row"),
        (lambda: sharpe_sample(NOISE[0, :3]), "too few"),
        (lambda: sharpe_sample(STILL), "do not vary"),
        (lambda: sharpe_sample([0.1, np.nan, 0.1, 0.2]), r"nan at position \(1,\)"),
        (lambda: measure([[0.1, -1.0]]), "above -1"),
        (lambda: measure(NOISE[0]), "Rows of returns"),
        (lambda: probabilistic_sharpe(SharpeSample(100, 0.5, 4.0, 3.0)), "kurtosis"),
        (lambda: measure_trials([STILL, NOISE[0]]), "1 trials"),
        (lambda: backtest_overfitting(NOISE, blocks=15), "even number"),
        (lambda: backtest_overfitting(NOISE[:1]), "nothing to choose"),
        (lambda: backtest_overfitting(NOISE[:, :31]), "needs 32"),
        (lambda: purged_paths(NOISE, Purging(groups=3, test_groups=3)), "fewer groups"),
        (lambda: purged_paths(NOISE, Purging(embargo=200, groups=2, test_groups=1)), "no two sessions"),
        (lambda: bootstrap(NOISE[0], Draws(0.5)), "cannot be drawn"),
        (lambda: bootstrap(NOISE[0], Draws(5.0, 0)), "cannot be drawn"),
        (lambda: optimal_block_length(STILL), "do not vary"),
        (lambda: reality_check(NOISE, STILL[1:], Draws(5.0)), "same sessions"),
        (lambda: reality_check([STILL], STILL, Draws(5.0)), "nothing to compare"),
        (lambda: tail_risk(NOISE[0], TailMethod.NORMAL, Horizon(1.0)), "cannot be"),
        (lambda: backtest_value_at_risk(NOISE[0], TailMethod.NORMAL, window=200), "needs 201"),
        (lambda: concentration([0.5, -0.1], np.eye(2)), "below 0"),
        (lambda: concentration([0.5, 0.1], np.eye(3)), "does not fit"),
        (lambda: stress_correlations([0.5, 0.1], np.diag([0.1, 0.0])), "does not vary"),
        (lambda: factor_betas(NOISE, NOISE[:, 1:]), "different sessions"),
        (lambda: shock_factors([1.0], [[1.0]], {"a": 1.0, "b": 1.0}), "do not fit"),
        (lambda: correlation_regime(NOISE[:1]), "two assets"),
        (lambda: correlation_regime([NOISE[0], STILL]), "stands still"),
    ],
)
def test_what_cannot_be_measured_is_refused(refused: Callable[[], object], reason: str) -> None:
    """The error is one that the command line shows, and says why."""
    with pytest.raises(SampleError, match=reason) as caught:
        refused()
    assert isinstance(caught.value, SwingError)
