"""Combinatorial purged cross-validation: many out-of-sample paths through one history instead of a single one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from research.statistics.metrics import sharpe_ratio
from research.statistics.samples import FloatArray, SampleError, many_series
from research.statistics.subsets import sharpe_of_subsets

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Purging:
    """Division of a history into train and test sets.

    Attributes:
        groups: Runs of sessions that the history is cut into.
        test_groups: How many of them each split tests on.
        purge: Sessions left out of training on both sides of a test group, because what they earn was decided inside
            it or the other way round; weights here earn over the one session that follows.
        embargo: Further sessions left out after a test group, whose signals still look back into it; about 1% of the
            history is usual.
    """

    groups: int = 10
    test_groups: int = 2
    purge: int = 1
    embargo: int = 25

    @property
    def splits(self) -> int:
        """Number of ways to choose the test groups."""
        return comb(self.groups, self.test_groups)

    @property
    def paths(self) -> int:
        """Number of whole histories that the test groups of all splits make up."""
        return comb(self.groups - 1, self.test_groups - 1)


@dataclass(frozen=True, slots=True, eq=False)
class PurgedPaths:
    """Out-of-sample histories of choosing the best trial on what remains outside the test groups.

    Attributes:
        choices: The trial (row) chosen by each split.
        returns: Paths by sessions: what the choices earned in their test groups.
        sharpe: Annual Sharpe ratio of each path; NaN where a path does not vary.
        probability_of_loss: The share of paths with a Sharpe ratio below 0.
    """

    purging: Purging
    choices: NDArray[np.intp]
    returns: FloatArray
    sharpe: FloatArray
    probability_of_loss: float


def purged_paths(returns: ArrayLike, purging: Purging | None = None) -> PurgedPaths:
    """Cross-validate the choice of the best Sharpe ratio among trials (series by sessions), oldest session first.

    Each split trains on the groups it does not test on, without purged and embargoed sessions, and each group's
    tested returns go to the paths in the order of the splits: López de Prado (2018), Advances in Financial Machine
    Learning, chapters 7 and 12. Training uses sessions after the test groups too, so a path is no history that anybody
    could have lived; the paths share data, so their spread is less than that of as many independent histories.

    Raises:
        SampleError: Groups that cannot be tested, or too few sessions to train on what a split leaves.
    """
    purging = purging or Purging()
    if not 0 < purging.test_groups < purging.groups or min(purging.purge, purging.embargo) < 0:
        raise SampleError(f"{purging} cannot be: test fewer groups than there are, purge and embargo no less than 0.")
    rows = many_series(returns, at_least=2 * purging.groups)
    sessions = rows.shape[1]
    bounds = np.arange(purging.groups + 1) * sessions // purging.groups
    tested = list(combinations(range(purging.groups), purging.test_groups))
    training = np.ones((len(tested), sessions))
    for split, groups in enumerate(tested):
        for group in groups:
            first = max(bounds[group] - purging.purge, 0)
            training[split, first : bounds[group + 1] + purging.purge + purging.embargo] = 0
    if training.sum(axis=1).min() < 2:  # noqa: PLR2004 - a deviation takes two
        raise SampleError("A split leaves no two sessions to train on: choose fewer groups, or a shorter embargo.")
    choices = sharpe_of_subsets(rows, np.arange(sessions), training).argmax(axis=1)
    earned = np.empty((purging.paths, sessions))
    filled = np.zeros(purging.groups, dtype=np.intp)
    for split, groups in enumerate(tested):
        for group in groups:
            inside = slice(bounds[group], bounds[group + 1])
            earned[filled[group], inside] = rows[choices[split], inside]
            filled[group] += 1
    sharpe = sharpe_ratio(earned)
    return PurgedPaths(purging, choices, earned, sharpe, float((sharpe < 0).mean()))
