"""Samples that the statistics accept: finite returns per session as fractions, one row a series, oldest first."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from warehouse.errors import SwingError

FloatArray = NDArray[np.float64]

SESSIONS_A_YEAR = 252


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
