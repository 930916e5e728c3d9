"""Ends at which a statistic has no answer: each is refused, with the reason."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from end_series import BENCHMARK, DRAWS, NAN, NOISE, STILL

from research.statistics.block_length import optimal_block_length
from research.statistics.bootstrap import Draws, bootstrap, resampled
from research.statistics.cross_validation import purged_paths
from research.statistics.exposure import (
    concentration,
    correlation_regime,
    covariance_of,
    factor_betas,
    nearest_correlation,
    shock_factors,
    stress_correlations,
)
from research.statistics.overfitting import backtest_overfitting
from research.statistics.reality_check import reality_check
from research.statistics.risk import (
    Horizon,
    TailMethod,
    backtest_value_at_risk,
    kupiec_test,
    tail_risk,
)
from research.statistics.samples import SampleError
from research.statistics.sharpe import (
    SharpeSample,
    expected_maximum_sharpe,
    measure_trials,
    minimum_track_record,
    sharpe_sample,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        pytest.param(lambda: reality_check([BENCHMARK], BENCHMARK, DRAWS), "nothing to compare", id="the benchmark"),
        pytest.param(
            lambda: reality_check([BENCHMARK * (1 + 1e-15)], BENCHMARK, DRAWS), "nothing to compare", id="by rounding"
        ),
        pytest.param(lambda: reality_check([STILL + 0.001], STILL, DRAWS), "nothing to compare", id="a constant above"),
        pytest.param(lambda: reality_check(NOISE, STILL, Draws(3.0, 1)), "too few for a standard error", id="one draw"),
        pytest.param(lambda: reality_check(NOISE[:, :1], STILL[:1], DRAWS), "too few", id="one session"),
        pytest.param(lambda: reality_check([[NAN] * 300], STILL, DRAWS), "cannot be", id="no number"),
        pytest.param(lambda: SharpeSample(1, 0.1), "two sessions", id="Sharpe of one session"),
        pytest.param(lambda: SharpeSample(500, NAN), "finite", id="Sharpe of no number"),
        pytest.param(lambda: SharpeSample(500, 0.1, math.inf), "finite", id="endless skewness"),
        pytest.param(lambda: sharpe_sample(np.full(300, 0.1)), "do not vary", id="constant returns"),
        pytest.param(lambda: minimum_track_record(SharpeSample(500, 0.1), 0, 0.4), "confidence", id="less than a coin"),
        pytest.param(lambda: minimum_track_record(SharpeSample(500, 0.1), 0, 1.0), "confidence", id="certainty"),
        pytest.param(lambda: expected_maximum_sharpe(0, 0.1), "cannot be", id="no trial"),
        pytest.param(lambda: expected_maximum_sharpe(NAN, 0.1), "cannot be", id="trials that are no number"),
        pytest.param(lambda: expected_maximum_sharpe(5, -0.1), "cannot be", id="negative variance"),
        pytest.param(lambda: measure_trials([STILL, STILL]), "0 trials", id="trials that stand still"),
        pytest.param(lambda: backtest_overfitting(np.tile(NOISE[0], (4, 1))), "nothing to choose", id="PBO of twins"),
        pytest.param(lambda: backtest_overfitting([STILL, STILL + 0.001]), "nothing to choose", id="PBO of constants"),
        pytest.param(lambda: purged_paths(NOISE[:1]), "nothing to choose", id="CPCV of one trial"),
        pytest.param(lambda: purged_paths(np.tile(NOISE[0], (4, 1))), "nothing to choose", id="CPCV of twins"),
        pytest.param(lambda: purged_paths([STILL, NOISE[0] - 0.02]), "never trades", id="CPCV that stays in cash"),
        pytest.param(lambda: bootstrap([0.1], Draws(1.0, 10)), "too few", id="bootstrap of one session"),
        pytest.param(lambda: bootstrap(NOISE[0], Draws(301.0, 10)), "whole history", id="blocks beyond the history"),
        pytest.param(lambda: bootstrap(NOISE[0], Draws(NAN, 10)), "cannot be drawn", id="blocks of no length"),
        pytest.param(lambda: bootstrap(NOISE[0], DRAWS, 1.0), "level", id="an interval of everything"),
        pytest.param(lambda: list(resampled(300, DRAWS, 0)), "cannot be drawn", id="histories of no session"),
        pytest.param(lambda: optimal_block_length(NOISE[0, :29]), "needs 30", id="block length of a month"),
        pytest.param(lambda: tail_risk([0.1], TailMethod.HISTORICAL, Horizon()), "too few", id="risk of one session"),
        pytest.param(lambda: kupiec_test(0, 0, 0.95), "cannot be", id="Kupiec without a session"),
        pytest.param(lambda: kupiec_test(10, 11, 0.95), "cannot be", id="more exceedances than sessions"),
        pytest.param(lambda: kupiec_test(10, 1, 1.0), "level", id="a limit that never breaks"),
        pytest.param(
            lambda: backtest_value_at_risk(NOISE[0, :31], TailMethod.HISTORICAL, 0.99, 30), "no value", id="no limit"
        ),
        pytest.param(lambda: covariance_of(NOISE[:2, :29]), "needs 30", id="covariance of a month"),
        pytest.param(lambda: concentration([NAN], [[1.0]]), "not finite", id="a weight that is no number"),
        pytest.param(lambda: stress_correlations([1.0], [[NAN]]), "not finite", id="an unknown variance"),
        pytest.param(lambda: stress_correlations([1.0], [[1.0]], 1.1), "cannot be", id="correlation beyond 1"),
        pytest.param(lambda: nearest_correlation([[1.0, NAN], [NAN, 1.0]]), "finite", id="an unknown correlation"),
        pytest.param(lambda: nearest_correlation([[1.0, 0.5], [0.1, 1.0]]), "symmetric", id="a lopsided matrix"),
        pytest.param(lambda: factor_betas(NOISE[:1], [STILL]), "does not vary", id="a factor that stands still"),
        pytest.param(lambda: factor_betas(NOISE[:1], [STILL + 0.01]), "does not vary", id="a constant factor"),
        pytest.param(lambda: factor_betas(NOISE[:1], [NOISE[1], 2 * NOISE[1]]), "as the others", id="twin factors"),
        pytest.param(lambda: shock_factors([1.0], [[NAN]], {"SPY": -0.2}), "not finite", id="an unknown beta"),
        pytest.param(lambda: correlation_regime(NOISE[:2, :63]), "needs 64", id="a regime without a past"),
        pytest.param(lambda: correlation_regime([NOISE[0], STILL + 0.01]), "stands still", id="a constant asset"),
    ],
)
def test_an_end_without_an_answer_is_refused(refused: Callable[[], object], reason: str) -> None:
    """The refusal says why."""
    with pytest.raises(SampleError, match=reason):
        refused()
