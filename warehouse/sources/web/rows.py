"""Rows of one symbol as a vendor sent them, put in order and read column by column."""

from __future__ import annotations

import math
from bisect import bisect_right
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from warehouse.calendar.sessions import EXCHANGE_ZONE
from warehouse.sources.base import NUMBERS, RAW_BAR_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

DATE_LENGTH = len("2024-12-30")


@lru_cache(2**15)
def day_at_midnight_utc(stamp: str) -> date:
    """Read a day written as midnight UTC, such as 2024-12-30T00:00:00.000Z. Raises ValueError."""
    if stamp[DATE_LENGTH:].rstrip("Z").strip("T:.0"):
        raise ValueError(f"{stamp!r} is not a day at midnight")
    return date.fromisoformat(stamp[:DATE_LENGTH])


@lru_cache(2**15)
def day_at_midnight_new_york(stamp: str) -> date:
    """Read a day written as the instant of its midnight in New York: 05:00Z in winter, 04:00Z in summer.

    Raises:
        ValueError: It is another instant; the day it stands for is then unknown.
    """
    moment = datetime.fromisoformat(stamp)
    local = moment.astimezone(EXCHANGE_ZONE)
    if moment.tzinfo is None or local.timetz().replace(tzinfo=None) != datetime.min.time():
        raise ValueError(f"{stamp!r} is not midnight in New York")
    return local.date()


class Rows:
    """One row a session, ascending. A cell that cannot be read costs its row, not the others.

    Attributes:
        days: The sessions.
        problems: The unreadable, by row; None where everything could be read.
    """

    def __init__(self, rows: Sequence[Mapping[str, Any]], day_of: Callable[[Mapping[str, Any]], date]) -> None:
        """Sort the rows; equal ones count once.

        Raises:
            ValueError: A day has two rows that differ. Other exceptions of `day_of` pass.
        """
        by_day: dict[date, Mapping[str, Any]] = {}
        for row in rows:
            day = day_of(row)
            if (kept := by_day.setdefault(day, row)) is not row and kept != row:
                raise ValueError(f"{day} has two rows that differ")
        self.days = sorted(by_day)
        self._rows = [by_day[day] for day in self.days]
        self.problems: list[str | None] = [None] * len(self.days)

    def numbers(self, key: str) -> NDArray[np.float64]:
        """Return a column; NaN where the cell is missing, null or, with a problem noted, no finite number."""
        cells = [row.get(key) for row in self._rows]
        if {*map(type, cells)} <= {float, int}:
            numbers = np.array(cells, np.float64)
            unreadable = np.flatnonzero(~np.isfinite(numbers))
        else:
            read = [_number(cell) for cell in cells]
            numbers = np.array([math.nan if number is None else number for number in read])
            unreadable = np.array(
                [at for at, number in enumerate(read) if number is None and cells[at] is not None], np.intp
            )
        for at in unreadable:
            self.problems[at] = self.problems[at] or f"{key}={cells[at]!r} is not a number"
        numbers[unreadable] = np.nan
        return numbers

    def bars(self, about: Mapping[str, str], numbers: Mapping[str, NDArray[np.float64]], final_until: date) -> pa.Table:
        """Return the table of RAW_BAR_SCHEMA.

        Args:
            about: `symbol` and `file`.
            numbers: The columns NUMBERS, by row.
            final_until: Later bars may still change.
        """
        count = len(self.days)
        days = pa.array(self.days, pa.date32())
        columns: dict[str, pa.Array] = {name: pa.array(numbers[name], from_pandas=True) for name in NUMBERS}
        columns |= {name: pa.repeat(value, count) for name, value in about.items()}
        final = bisect_right(self.days, final_until)
        columns |= {
            "session_date": days,
            "is_final": pa.array([True] * final + [False] * (count - final)),
            "line": pa.array(range(1, count + 1), pa.int64()),
            "problem": pa.array(self.problems, pa.string()),
        }
        return pa.table([columns[name] for name in RAW_BAR_SCHEMA.names], schema=RAW_BAR_SCHEMA)


def _number(cell: object) -> float | None:
    """Read a number, or a text that is one; None for anything else, NaN and infinity included."""
    if isinstance(cell, bool) or not isinstance(cell, (int, float, str)) or (isinstance(cell, str) and "_" in cell):
        return None
    try:
        number = float(cell)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
