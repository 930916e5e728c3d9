"""Tables as found in files: the names of the columns, then the cells of those that are wanted."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from warehouse.sources.files.cells import NOTHING
from warehouse.sources.files.columns import is_header
from warehouse.sources.files.days import is_day

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_HEAD = 40
_NUMBERISH = re.compile(r"[\s\"'$€£]*[+-]?\d[\d.,\s]*[KMBT%]?[\s\"']*", re.IGNORECASE)


@dataclass(frozen=True)
class Cells:
    """The wanted columns, named by their places, and the 1-based line (text) or row of each row.

    Attributes:
        payouts: Dividends that stand between the rows: the text of the day, the amount.
    """

    table: pa.Table
    lines: pa.Array
    payouts: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Sheet:
    """One table of a file.

    Attributes:
        label: For messages and the lake.
        stem: The name that may tell the symbol.
        columns: Names by place; without a header their places from 1.
        has_header: False if the columns have no names.
        cells: Reads the columns at the places given.
        head: The first rows, as texts.
    """

    label: str
    stem: str
    columns: list[str]
    has_header: bool
    cells: Callable[[Sequence[int]], Cells]
    head: list[list[str]]


@dataclass(frozen=True, slots=True)
class Top:
    """The top of a table of texts: the names of its columns and the number of rows above the first bar."""

    columns: list[str]
    rows: int
    has_header: bool


def top_of(rows: Sequence[Sequence[str]], *, no_header: bool) -> Top:
    """Find the header among the first rows: below a preamble, on one to three rows, or nowhere.

    Args:
        rows: The first rows of the table; rows that hold nothing stand there as empty ones.
        no_header: The user says that there is none.
    """
    filled = [place for place, row in enumerate(rows[:_HEAD]) if any(cell.strip() for cell in row)]
    if not filled:
        return Top([], 0, has_header=True)
    header = next((place for place in filled if is_header(rows[place]) and not _is_bar(rows[place])), None)
    if no_header or header is None:
        first_bar = next((place for place in filled if _is_bar(rows[place])), None)
        if first_bar is not None and (no_header or first_bar == filled[0]):
            return Top([str(place + 1) for place in range(len(rows[first_bar]))], first_bar, has_header=False)
    start = filled[0] if header is None else header
    levels = [list(rows[start])]
    above = start - 1
    if above in filled and _is_level_above(rows[above], len(rows[start])):
        levels.insert(0, _spread(rows[above]))
    below = start + 1
    while below < len(rows) and _is_level(rows[below], len(rows[start])):
        levels.append(list(rows[below]))
        below += 1
    return Top(_joined(levels), below, has_header=True)


def tabulated(label: str, stem: str, rows: Sequence[Sequence[str]], *, no_header: bool) -> Sheet:
    """Make a sheet of rows of texts that are in memory."""
    top = top_of(rows, no_header=no_header)
    body = [(line, row) for line, row in enumerate(rows[top.rows :], top.rows + 1) if any(c.strip() for c in row)]

    def cells(places: Sequence[int]) -> Cells:
        columns = {
            str(place): pa.array([_cell(row, place) for _, row in body], pa.string()) for place in dict.fromkeys(places)
        }
        return Cells(pa.table(columns), pa.array([line for line, _ in body], pa.int64()))

    return Sheet(label, stem, top.columns, top.has_header, cells, [list(row) for _, row in body[:_HEAD]])


def typed(label: str, stem: str, table: pa.Table) -> Sheet:
    """Make a sheet of a typed table; pandas' names of two levels, `('Close', 'SPY')`, lose their signs."""

    def cells(places: Sequence[int]) -> Cells:
        wanted = list(dict.fromkeys(places))
        columns = table.select(wanted).rename_columns([str(place) for place in wanted])
        return Cells(columns, pa.array(np.arange(1, table.num_rows + 1)))

    return Sheet(label, stem, [_flat(name) for name in table.column_names], True, cells, [])  # noqa: FBT003


def _cell(row: Sequence[str], place: int) -> str | None:
    text = row[place].strip() if place < len(row) else ""
    return None if text in NOTHING else text


def _is_bar(row: Sequence[str]) -> bool:
    numbers = sum(bool(_NUMBERISH.fullmatch(cell)) for cell in row)
    return numbers >= 4 and any(is_day(cell.strip()) for cell in row)  # noqa: PLR2004 - open, high, low, close


def _is_level_above(row: Sequence[str], width: int) -> bool:
    """Tell whether the row above a header belongs to it; one cell alone is a title."""
    is_marked = len(row) == width and row[0].strip().lower() in {"ticker", ""}
    return is_marked and sum(bool(cell.strip()) for cell in row) > 1


def _is_level(row: Sequence[str], width: int) -> bool:
    """Tell whether the row below a header belongs to it: a symbol on every column, or `Date` and nothing else."""
    texts = [cell.strip() for cell in row]
    filled = [text for text in texts if text]
    if len(row) != width or not filled or any(_NUMBERISH.fullmatch(text) for text in filled):
        return False
    is_name_alone = len(filled) == 1 and texts[0].lower() in {"date", "datetime", "timestamp"}
    is_marked = texts[0].lower() in {"ticker", "symbols", "symbol", "price", ""} and len(filled) > width // 2
    return is_name_alone or is_marked


def _joined(levels: list[list[str]]) -> list[str]:
    if len(levels) == 1:
        return levels[0]
    columns = [" ".join(filter(None, (cell.strip() for cell in column))) for column in zip(*levels, strict=True)]
    return ["Date", *columns[1:]]


def _spread(row: Sequence[str]) -> list[str]:
    """Write a merged cell, which only its first column has, into the others."""
    cells: list[str] = []
    for cell in row:
        cells.append(cell if cell.strip() or not cells else cells[-1])
    return cells


def _flat(name: str) -> str:
    if not name.startswith("("):
        return name
    try:
        parts = ast.literal_eval(name)
    except (ValueError, SyntaxError):
        return name
    return " ".join(str(part) for part in parts if part) if isinstance(parts, tuple) else name
