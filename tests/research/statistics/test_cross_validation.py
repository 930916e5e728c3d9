"""Combinatorial purged cross-validation: the published paths, a naive computation, and what training may not see."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.statistics.cross_validation import Purging, purged_paths

ROWS = np.random.default_rng(1).normal(0, 0.01, (7, 240))


@pytest.mark.parametrize(
    ("groups", "test_groups", "splits", "paths"), [(6, 2, 15, 5), (10, 2, 45, 9), (5, 1, 5, 1), (8, 3, 56, 21)]
)
def test_splits_and_paths_are_the_book_s(groups: int, test_groups: int, splits: int, paths: int) -> None:
    """López de Prado (2018), section 12.3: N choose k splits give k/N of it as paths; 15 and 5 in figure 12.1."""
    purging = Purging(groups, test_groups)
    assert (purging.splits, purging.paths) == (splits, paths)
    assert paths * groups == splits * test_groups


def test_groups_go_to_the_paths_of_the_book() -> None:
    """López de Prado (2018), figure 12.2: of 6 groups, 2 tested, tests of a group number the paths in order."""
    figure = [
        [1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        [1, 0, 0, 0, 0, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 4, 5, 0, 0, 0],
        [0, 0, 1, 0, 0, 0, 2, 0, 0, 3, 0, 0, 4, 5, 0],
        [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 3, 0, 4, 0, 5],
        [0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 3, 0, 4, 5],
    ]
    found = purged_paths(ROWS, Purging(6, 2, 1, 3))
    for group, numbers in enumerate(figure):
        inside = slice(group * 40, (group + 1) * 40)
        for split, path in enumerate(numbers):
            if path:
                np.testing.assert_array_equal(found.returns[path - 1, inside], ROWS[found.choices[split], inside])


def test_choices_are_what_a_naive_loop_finds() -> None:
    """Each split chooses the best Sharpe ratio over the sessions outside its groups, their purge and embargo."""
    found = purged_paths(ROWS, Purging(6, 2, 2, 5))
    for choice, tested in zip(found.choices, combinations(range(6), 2), strict=True):
        left_out = {
            session for group in tested for session in range(group * 40 - 2, (group + 1) * 40 + 7) if 0 <= session < 240
        }
        kept = ROWS[:, sorted(set(range(240)) - left_out)]
        assert choice == (kept.mean(axis=1) / kept.std(axis=1, ddof=1)).argmax()


@settings(deadline=None)
@given(st.integers(0, 5), st.integers(0, 10), st.integers(0, 14))
def test_training_does_not_see_what_it_may_not(purge: int, embargo: int, split: int) -> None:
    """Whatever happens in a split's test groups and around them, its choice is the same."""
    purging = Purging(6, 2, purge, embargo)
    changed = ROWS.copy()
    for group in list(combinations(range(6), 2))[split]:
        changed[0, max(group * 40 - purge, 0) : (group + 1) * 40 + purge + embargo] += 0.05
    assert purged_paths(changed, purging).choices[split] == purged_paths(ROWS, purging).choices[split]


def test_a_planted_edge_is_chosen_on_every_path() -> None:
    """One good trial is chosen by every split, and no path loses."""
    rows = ROWS.copy()
    rows[3] += 0.006
    found = purged_paths(rows)
    assert set(found.choices) == {3}
    assert found.probability_of_loss == 0
    np.testing.assert_array_equal(found.returns, np.tile(rows[3], (9, 1)))


def test_on_noise_paths_are_worth_nothing() -> None:
    """Over 40 worlds of worthless trials the paths' mean Sharpe ratio is 0 within its error."""
    random = np.random.default_rng(2)
    means = [purged_paths(random.normal(0, 0.01, (10, 500)), Purging(6, 2, 1, 5)).sharpe.mean() for _ in range(40)]
    assert abs(np.mean(means)) < 4 * np.std(means) / np.sqrt(40)
