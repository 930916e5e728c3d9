"""Statistics of a search against figures that independent libraries gave for the same returns.

Computed once with skfolio 1.12.0, ffn 1.4.1 and purgedcv 0.1.11 under numpy 2.4, none of which the project needs.
"""

from __future__ import annotations

import numpy as np
import pytest

from research.statistics.cross_validation import Purging, purged_paths
from research.statistics.overfitting import backtest_overfitting
from research.statistics.sharpe import deflated_sharpe, measure_trials, probabilistic_sharpe, sharpe_sample

ROWS = np.random.default_rng(11).normal(0.0003, 0.01, (9, 600))
BEST = 8
SKFOLIO_PROBABILISTIC, SKFOLIO_DEFLATED, FFN_DEFLATED = 0.9904563307931344, 0.772653678210548, 0.7726550028247238
"""ffn's moments are unbiased ones, so that it differs in the sixth digit."""
FFN_OVERFITTING, PURGEDCV_BELOW_MEDIAN, PURGEDCV_SLOPE = 0.5857142857142857, 0.34285714285714286, -0.729805351466043
SKFOLIO_CHOICES = [8, 8, 8, 4, 8, 8, 8, 4, 8, 8, 6, 3, 6, 8, 3]
SKFOLIO_PATHS = [1.1547741659, 1.1547741659, 0.5346014793, 0.1343479744, 0.7992694607]


def test_the_deflated_sharpe_ratio_is_skfolios_and_ffns() -> None:
    """The best of nine trials, its probability before and after the search is counted."""
    sample, trials = sharpe_sample(ROWS[BEST]), measure_trials(ROWS)
    found = deflated_sharpe(sample, trials.recorded, trials.sharpe_variance)
    assert probabilistic_sharpe(sample).probability == pytest.approx(SKFOLIO_PROBABILISTIC, rel=1e-12)
    assert found.probability == pytest.approx(SKFOLIO_DEFLATED, rel=1e-12)
    assert found.probability == pytest.approx(FFN_DEFLATED, abs=1e-5)


def test_the_probability_of_overfitting_is_ffns() -> None:
    """Splits at or below the median count, as ffn has it; purgedcv counts those below, and fits the same slope."""
    found = backtest_overfitting(ROWS, blocks=8)
    assert found.probability == FFN_OVERFITTING
    assert (found.logits < -1e-12).mean() == pytest.approx(PURGEDCV_BELOW_MEDIAN)
    assert found.degradation_slope == pytest.approx(PURGEDCV_SLOPE, rel=1e-9)


def test_purged_paths_are_skfolios() -> None:
    """Six groups, two tested, a purge of one and an embargo of five: the choices and the five paths."""
    found = purged_paths(ROWS, Purging(6, 2, 1, 5))
    assert found.choices.tolist() == SKFOLIO_CHOICES
    assert found.sharpe == pytest.approx(np.array(SKFOLIO_PATHS), abs=1e-9)
