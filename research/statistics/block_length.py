"""Length of a stationary bootstrap's blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from research.statistics.metrics import varies
from research.statistics.samples import SHORTEST_HISTORY, SampleError, one_series

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def optimal_block_length(returns: ArrayLike) -> float:
    """Return the mean block length, in sessions, that suits both the returns and their size.

    Politis and White (2004), Automatic Block-Length Selection for the Dependent Bootstrap, as corrected by Patton,
    Politis and White (2009). The rule is made for the mean of a series. Returns follow each other little, but calm and
    storm last, on which drawdown and volatility depend: so it is asked of the returns and of their squares, and the
    longer answer serves all metrics. At least 1.

    Raises:
        SampleError: Fewer than 30 sessions, or returns that do not vary.
    """
    from arch.bootstrap import optimal_block_length as politis_white  # noqa: PLC0415 - it takes seconds to load

    row = one_series(returns, at_least=SHORTEST_HISTORY)
    centred = row - row.mean()
    if not varies(row.mean(), centred.std()):
        raise SampleError("These returns do not vary, so no block length suits them: choose sessions with trades.")
    squares = centred**2  # of returns that are equally large they are all the same
    asked = [series for series in (centred, squares) if varies(series.mean(), series.std())]
    return max([1.0, *(float(politis_white(series)["stationary"].iloc[0]) for series in asked)])
