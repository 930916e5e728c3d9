"""Samples that the statistics accept: finite returns per session as fractions, one row a series, oldest first."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from warehouse.errors import SwingError

FloatArray = NDArray[np.float64]

SESSIONS_A_YEAR = 252
SHORTEST_HISTORY = 30
"""Sessions without which no distribution is estimated."""


class SampleError(SwingError):
    """The data cannot carry the statistic: too little of it, gaps in it, or nothing that varies."""


def one_series(returns: ArrayLike, at_least: int = 2) -> FloatArray:
    """Return the returns of one series as an array of sessions.

    Raises:
        SampleError: Not one series, fewer than `at_least` sessions, or returns that cannot be.
    """
    array = np.ascontiguousarray(returns, dtype=np.float64)
    if array.ndim != 1:
        raise SampleError(f"Returns of one series were expected, not an array of shape {array.shape}: pass one row.")
    return _checked(array, at_least)


def many_series(returns: ArrayLike, at_least: int = 2) -> FloatArray:
    """Return the returns of several series as an array of series by sessions.

    Raises:
        SampleError: No matrix with a row, fewer than `at_least` sessions, or returns that cannot be.
    """
    array = np.ascontiguousarray(returns, dtype=np.float64)
    if array.ndim != 2 or not len(array):  # noqa: PLR2004 - a matrix has two dimensions
        raise SampleError(
            f"Rows of returns were expected, not an array of shape {array.shape}: pass series by sessions."
        )
    return _checked(array, at_least)


def trials_to_choose_from(returns: ArrayLike, at_least: int) -> FloatArray:
    """Return the returns of trials as an array of trials by sessions.

    Raises:
        SampleError: As `many_series`, or trials that leave no choice: one alone, all alike, or none that varies.
    """
    rows = many_series(returns, at_least)
    if not (rows != rows[0]).any():
        raise SampleError("One trial, or trials that earn the same, leave nothing to choose: pass the whole grid.")
    if not np.ptp(rows, axis=1).any():
        raise SampleError("No trial's returns vary, which leaves nothing to choose by: choose sessions with trades.")
    return rows


def checked_level(level: float) -> float:
    """Return a probability that an interval or a test is asked for.

    Raises:
        SampleError: It is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise SampleError(f"A level of {level} cannot be: choose one between 0 and 1, 0.95 for example.")
    return level


def _checked(array: FloatArray, at_least: int) -> FloatArray:
    sessions = array.shape[-1]
    if sessions < at_least:
        raise SampleError(
            f"{sessions} sessions are too few for this statistic, which needs {at_least}: choose a longer window."
        )
    possible = np.isfinite(array) & (array > -1)
    if not possible.all():
        where = tuple(int(place) for place in np.argwhere(~possible)[0])
        raise SampleError(
            f"The return {array[where]} at position {where} cannot be: returns are finite fractions above -1. "
            "Measure over sessions that every series has."
        )
    return array
