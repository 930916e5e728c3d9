"""Columns without names: recognised by what stands in them, in the order in which exports write bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse.errors import SourceError
from warehouse.sources.files.cells import NOTHING, ticker
from warehouse.sources.files.days import is_day

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMES = ("open", "high", "low", "close", "volume")


def named_by_content(rows: Sequence[Sequence[str]], width: int, file: str) -> list[str]:
    """Return a name for each column, its place from 1 where it has none.

    Args:
        rows: Some of the first rows.
        width: The number of columns.
        file: For messages.

    Raises:
        SourceError: It is not clear which column is which.
    """
    names = [str(place + 1) for place in range(width)]
    bars = [row for row in rows if len(row) == width]
    columns = [[cell.strip() for cell in column] for column in zip(*bars, strict=True)]
    days = [place for place, column in enumerate(columns) if all(map(is_day, column))]
    if not days:
        raise SourceError(f"{file}: no header, and no column of dates. Say --column session_date=1 open=2 and so on.")
    names[days[0]] = "session_date"
    numbers = []
    for place, column in enumerate(columns):
        if place == days[0]:
            continue
        if all(":" in cell or set(cell) <= {"0"} for cell in column) and place < width // 2:
            names[place] = "time"
        elif all(cell in {"D", "d", "1D"} for cell in column):
            names[place] = "period"
        elif place < days[0] and all(ticker(cell) for cell in column):
            names[place] = "symbol"
        elif any(any(map(str.isdecimal, cell)) for cell in column):
            numbers.append(place)
    more = [
        place for place in numbers[len(_NAMES) :] if not all(cell in {"0", "0.0", *NOTHING} for cell in columns[place])
    ]
    if len(numbers) < len(_NAMES) - 1 or more:
        raise SourceError(
            f"{file}: no header, and {len(numbers)} columns of numbers behind the date: open, high, low, close, volume"
            f" are expected. Name each with --column, by its place from 1: --column close=5, --column adj_close=6."
        )
    for name, place in zip(_NAMES, numbers, strict=False):
        names[place] = name
    return names
