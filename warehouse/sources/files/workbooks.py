"""Workbooks to sheets: .xlsx, .xls and .ods."""

from __future__ import annotations

import io
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from python_calamine import CalamineError, CalamineWorkbook

from warehouse.errors import SourceError
from warehouse.sources.files.columns import is_header
from warehouse.sources.files.sheets import Sheet, tabulated

if TYPE_CHECKING:
    from warehouse.sources.files.packages import BarFile

_HEAD = 40


def workbook_sheet(entry: BarFile, name: str | None, *, no_header: bool) -> Sheet:
    """Read the sheet of bars in a workbook: the one named, the only one, or the only one with such columns.

    Raises:
        SourceError: It is no workbook, or it is not clear which sheet is meant.
    """
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(entry.content()))
        names = [name] if name else book.sheet_names
        found = {each: _rows(book, each) for each in names if each in book.sheet_names}
    except CalamineError as error:
        raise SourceError(f"{entry.label}: not a readable workbook ({error}).") from error
    filled = {each: rows for each, rows in found.items() if rows}
    likely = {each: rows for each, rows in filled.items() if any(map(is_header, rows[:_HEAD]))} or filled
    if len(likely) != 1:
        raise SourceError(
            f"{entry.label}: {len(likely) or 'none'} of its sheets could hold the bars; there are"
            f" {', '.join(map(repr, book.sheet_names))}. Say which with --sheet NAME."
        )
    ((each, rows),) = likely.items()
    is_named = len(filled) > 1 or name is not None
    return tabulated(f"{entry.label} [{each}]" if is_named else entry.label, entry.stem, rows, no_header=no_header)


def _rows(book: CalamineWorkbook, name: str) -> list[list[str]]:
    rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    return [[_text(cell) for cell in row] for row in rows]


def _text(cell: str | float | bool | date | time | datetime | timedelta) -> str:  # noqa: FBT001 - as read
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ") if cell.time() != time() else cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
