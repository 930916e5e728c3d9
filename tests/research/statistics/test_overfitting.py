"""The probability of backtest overfitting: against a naive computation, on noise, and with a planted edge."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import linregress, rankdata

from research.statistics.overfitting import backtest_overfitting


def noise(seed: int, trials: int, sessions: int) -> np.ndarray:
    """Returns of trials that are worth nothing."""
    return np.random.default_rng(seed).normal(0, 0.01, (trials, sessions))


@pytest.mark.parametrize("sessions", [240, 251])
def test_every_split_is_what_a_naive_loop_finds(sessions: int) -> None:
    """Split by split as Bailey, Borwein, López de Prado and Zhu (2015) describe it, blocks of unequal length too."""
    rows = noise(1, 9, sessions)
    blocks = np.split(np.arange(sessions), np.arange(1, 6) * sessions // 6)
    logits, inside, outside = [], [], []
    for half in combinations(range(6), 3):
        train = np.concatenate([blocks[block] for block in half])
        test = np.setdiff1d(np.arange(sessions), train)
        sharpe = [
            (part.mean(axis=1) / part.std(axis=1, ddof=1)) * np.sqrt(252) for part in (rows[:, train], rows[:, test])
        ]
        best = sharpe[0].argmax()
        rank = rankdata(sharpe[1])[best] / (len(rows) + 1)
        logits.append(np.log(rank / (1 - rank)))
        inside.append(sharpe[0][best])
        outside.append(sharpe[1][best])
    found = backtest_overfitting(rows, blocks=6)
    np.testing.assert_allclose(found.logits, logits)
    np.testing.assert_allclose(found.in_sample, inside, atol=1e-9)
    np.testing.assert_allclose(found.out_of_sample, outside, atol=1e-9)
    assert found.probability == np.mean(np.array(logits) <= 0)
    assert found.probability_of_loss == np.mean(np.array(outside) < 0)
    assert found.degradation_slope == pytest.approx(linregress(inside, outside).slope)


def test_on_noise_choosing_is_a_coin() -> None:
    """Over 60 worlds of 20 worthless trials the probability averages 0.5 within its error."""
    found = [backtest_overfitting(noise(seed, 20, 480), blocks=10).probability for seed in range(60)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.1)


def test_a_planted_edge_is_chosen_and_stays() -> None:
    """One trial with a Sharpe ratio near 3 among 80 worthless ones is not overfitted: below 1%."""
    rows = noise(2, 81, 2_500)
    rows[40] += 0.002
    found = backtest_overfitting(rows)
    assert found.splits == 12_870
    assert found.probability < 0.01
    assert found.probability_of_loss < 0.01


def test_a_trial_that_only_shone_once_is_found_out() -> None:
    """Trials that each earn in one block alone are always worse later: the probability is 1."""
    rows = noise(3, 16, 1_600)
    for block in range(16):
        rows[block, block * 100 : (block + 1) * 100] += 0.02
    assert backtest_overfitting(rows).probability > 0.99


def test_neither_scale_nor_order_of_trials_matters() -> None:
    """Sharpe ratios rank the same after a change of leverage, and trials after a change of order."""
    rows = noise(4, 12, 400)
    mixed = np.random.default_rng(0).permutation(12)
    first = backtest_overfitting(rows, blocks=8)
    again = backtest_overfitting((rows * np.arange(1, 13)[:, None])[mixed], blocks=8)
    np.testing.assert_allclose(first.logits, again.logits)


def test_twins_share_their_rank() -> None:
    """Where all trials are the same, the chosen one is the median, and every logit is 0."""
    rows = np.repeat(noise(5, 1, 320), 7, axis=0)
    found = backtest_overfitting(rows, blocks=8)
    np.testing.assert_array_equal(found.logits, np.zeros(70))
    assert found.probability == 1


def test_a_trial_that_never_traded_is_a_sharpe_ratio_of_zero() -> None:
    """Among trials that lose it is the best, it does not lose, and no slope can be drawn."""
    rows = noise(6, 3, 320) - 0.02
    rows[1] = 0
    found = backtest_overfitting(rows, blocks=8)
    assert set(found.out_of_sample) == {0.0}
    assert found.probability == found.probability_of_loss == 0
    assert found.degradation_slope is None
