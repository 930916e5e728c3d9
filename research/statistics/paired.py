"""Differences between two histories of the same sessions, drawn together so that what both share cancels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from research.statistics.bootstrap import LEVEL, Draws, interval_of, resampled
from research.statistics.metrics import Metric, measure
from research.statistics.samples import checked_level, many_series

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from research.statistics.bootstrap import Interval


def paired_differences(
    one: ArrayLike, other: ArrayLike, draws: Draws, level: float = LEVEL
) -> Mapping[Metric, Interval]:
    """Measure by how much one history exceeds another, metric by metric, with the interval of each difference.

    Both are resampled at the same positions by the stationary block bootstrap (see `bootstrap`), so that a session
    that moved both counts for neither. An interval that contains 0 shows no difference.

    Args:
        one: Returns per session, fractions, oldest first.
        other: Returns of the same sessions.
        draws: How to resample.
        level: Share of the resampled differences inside an interval.

    Raises:
        SampleError: Fewer than two sessions, returns that cannot be, or draws or a level that cannot be.
    """
    both = many_series([np.asarray(one), np.asarray(other)])
    checked_level(level)
    found = measure(both)
    parts = []
    for at in resampled(both.shape[1], draws):
        first, second = measure(both[0][at]), measure(both[1][at])
        parts.append({metric: first[metric] - second[metric] for metric in Metric})
    return {
        metric: interval_of(
            metric,
            float(found[metric][0] - found[metric][1]),
            np.concatenate([part[metric] for part in parts]),
            level,
        )
        for metric in Metric
    }
