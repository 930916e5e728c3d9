"""Sharpe ratios of many subsets of one history, from sums over the pieces that the subsets are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from research.statistics.metrics import sharpe_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from research.statistics.samples import FloatArray

ROUNDING = 1e-12
"""A variance below this fraction of the series' own is what rounding leaves of none."""
SAME = 10
"""Decimals compared: series with the same returns tie whatever order their sums ran in."""


def sharpe_of_subsets(rows: FloatArray, starts: NDArray[np.intp], member: FloatArray) -> FloatArray:
    """Return the annual Sharpe ratio of each series over each subset, subsets by series.

    Args:
        rows: Returns, series by sessions.
        starts: Where each piece begins; the last ends with the history.
        member: Subsets by pieces, 1 where the subset has the piece, else 0; two sessions or more in each subset.

    Returns:
        Rounded ratios; 0 where a series does not vary, as one without trades.
    """
    counts = np.diff(starts, append=rows.shape[1]).astype(np.float64)
    # Sums of squares about the mean of all sessions keep digits that sums about zero would lose.
    centre = rows.mean(axis=1)
    centred = rows - centre[:, None]
    sums = np.add.reduceat(centred, starts, axis=1).T
    squares = np.add.reduceat(centred**2, starts, axis=1).T
    count = (member @ counts)[:, None]
    shift = member @ sums / count
    variance = (member @ squares - count * shift**2) / (count - 1)
    known = np.where(variance > ROUNDING * centred.var(axis=1), variance, np.nan)
    rounded: FloatArray = np.nan_to_num(sharpe_of(centre + shift, np.sqrt(known))).round(SAME)
    return rounded
