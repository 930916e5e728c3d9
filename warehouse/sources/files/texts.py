"""Text files to sheets: encoding, separator, preamble and header are recognised."""

from __future__ import annotations

import codecs
import csv
import functools
import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from warehouse.errors import SourceError
from warehouse.sources.files.cells import NOTHING
from warehouse.sources.files.columns import is_header
from warehouse.sources.files.sheets import Cells, Sheet, top_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warehouse.sources.files.packages import BarFile

_HEAD_LINES = 45
_HEAD_BYTES = 2**14
_FEWEST_COLUMNS = 5
_SEPARATORS = ("\t", ";", "|", ",")
_FEWEST_FIGURES = 3
_MOST_SAID = 160
_SIGNS = {
    b"PAR1": "a Parquet file (.parquet)",
    b"PK\3\4": "a .zip archive or a workbook (.xlsx)",
    b"\x1f\x8b": "a .gz file",
    b"\xd0\xcf\x11\xe0": "an old workbook (.xls)",
    b"ARROW1": "a Feather file (.feather)",
}
_PAYOUT = re.compile(r"\s*(.*?\d{4})[\s\"]+([\d.]+) +(?:Dividend|Capital Gains?)\s*", re.IGNORECASE)
_SPLIT = re.compile(r"\s*.*?\d{4}[\s\"]+[\d.]+:[\d.]+ +Stock Splits?\s*", re.IGNORECASE)


def text_sheet(entry: BarFile, *, no_header: bool) -> Sheet:
    """Read the top of a text file.

    Raises:
        SourceError: It is no text.
    """
    content = _decoded(entry)
    lines = content[:_HEAD_BYTES].decode("utf-8", errors="replace").split("\n")[:_HEAD_LINES]
    lines = shown = [line.rstrip("\r") for line in lines]
    separator = _separator(lines)
    if separator is None:
        content = re.sub(rb"(?m)^[ \t]+|[ \t]+(?=\r?$)", b"", content)
        content, separator = re.sub(rb"[ \t]+", b"\t", content), "\t"
        lines = [re.sub(r"[ \t]+", "\t", line.strip()) for line in lines]
    if any(f'{separator} "' in line for line in lines):
        content = content.replace(f'{separator} "'.encode(), f'{separator}"'.encode())
    try:
        rows = [_row(line, separator) for line in lines]
    except csv.Error as error:
        raise SourceError(f"{entry.label}: cannot be read as text ({error}); save it as CSV in UTF-8.") from error
    _refuse_prose(entry.label, shown, rows)
    top = top_of(rows, no_header=no_header)
    columns = top.columns
    first_row = next((row for row in rows[top.rows :] if len(row) > 1), [])
    if top.has_header and len(first_row) == len(columns) + 1:
        # R leaves the names of its rows without a header; others end each row with a separator.
        columns = [*columns, ""] if not first_row[-1].strip() else ["", *columns]

    def cells(places: Sequence[int]) -> Cells:
        return _cells(entry.label, content, (separator, len(columns), top.rows), places)

    return Sheet(entry.label, entry.stem, columns, top.has_header, cells, rows[top.rows :])


def _refuse_prose(label: str, lines: list[str], rows: list[list[str]]) -> None:
    """Refuse what is no table: a notice that a vendor sent in place of one, a page, JSON."""
    said = next((line.strip() for line in lines if line.strip()), "")
    if said.startswith("<") and re.search(r"<(?:!doctype html|html|head|body|\?xml)", "".join(lines), re.IGNORECASE):
        raise SourceError(f"{label}: a web page (HTML), not a table. Sign in, or download the data itself.")
    if re.match(r"[{\[]\s*(?:[\"{\[]|$)", said):
        raise SourceError(f"{label}: JSON. If it holds bars, name the file .json; it begins {said[:_MOST_SAID]!r}.")
    is_table = any(map(is_header, rows)) or max(map(_figures, rows)) >= _FEWEST_FIGURES
    if " " in said and not is_table:
        raise SourceError(f"{label}: no table of bars. It begins: {said[:_MOST_SAID]!r}.")


def _figures(row: list[str]) -> int:
    return sum(any(map(str.isdigit, cell)) for cell in row)


def _decoded(entry: BarFile) -> bytes:
    content = entry.content()
    if kind := next((kind for sign, kind in _SIGNS.items() if content.startswith(sign)), None):
        raise SourceError(f"{entry.label}: not a text, but {kind}. Rename it to that, and it is read for what it is.")
    for mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        if content.startswith(mark):
            content = content.decode("utf-16", errors="replace").encode()
    if b"\0" in content[:_HEAD_BYTES]:
        raise SourceError(f"{entry.label}: cannot be read as text; save it as CSV in UTF-8.")
    content = content.removeprefix(codecs.BOM_UTF8)
    if not content.isascii():
        try:
            content.decode()
        except UnicodeDecodeError:
            content = content.decode("cp1252", errors="replace").encode()
    if b"\r" in content and b"\n" not in content:
        content = content.replace(b"\r", b"\n")
    content = content.replace(b"\r\r\n", b"\n")
    return content if content.endswith(b"\n") else content + b"\n"


def _separator(lines: list[str]) -> str | None:
    """Return the sign that makes columns of most lines; None if only blanks do."""
    for separator in _SEPARATORS:
        wide = [line for line in lines if line.count(separator) >= _FEWEST_COLUMNS - 1]
        if 2 * len(wide) >= len([line for line in lines if line.strip() and not line.startswith("#")]):
            return separator if wide else ","
    if sum(len(line.split()) >= _FEWEST_COLUMNS for line in lines) * 2 >= len(lines) > 1:
        return None
    return max(_SEPARATORS, key=lambda separator: sum(line.count(separator) for line in lines[:2]))


def _row(line: str, separator: str) -> list[str]:
    if line.startswith("#") or re.fullmatch(r"sep=.", line.strip()):
        return []
    return next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])


def _cells(label: str, content: bytes, form: tuple[str, int, int], places: Sequence[int]) -> Cells:
    separator, width, above = form
    odd: list[pa_csv.InvalidRow] = []
    foot: list[pa_csv.InvalidRow] = []  # words of the exporter below the last bar

    def set_aside(line: pa_csv.InvalidRow) -> str:
        odd.append(line)
        return "skip"

    names = [str(place) for place in range(width)]
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(content),
            # One thread: several do not know the numbers of their lines.
            pa_csv.ReadOptions(use_threads=False, skip_rows=above, column_names=names),
            pa_csv.ParseOptions(delimiter=separator, ignore_empty_lines=False, invalid_row_handler=set_aside),
            pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=[str(place) for place in dict.fromkeys(places)],
                strings_can_be_null=True,
                null_values=NOTHING,
            ),
        )
    except pa.ArrowException as error:
        raise SourceError(f"{label}: damaged ({error}).") from error
    last = above + table.num_rows + len(odd)
    while odd and odd[-1].number == last - len(foot) and _is_foot(odd[-1]):
        foot.append(odd.pop())
    payouts = [payout for line in odd if (payout := _payout(label, line)) is not None]
    odd += foot
    if last != content.count(b"\n"):
        raise SourceError(f"{label}: a quoted cell runs over several lines; is a closing quote missing?")
    lines = np.arange(above + 1, last + 1)
    if odd:
        lines = np.delete(lines, [line.number - above - 1 for line in odd])
    # A line without any value is no row: it has nothing that could be landed or quarantined.
    if not all(cells.null_count for cells in table.columns):
        return Cells(table, pa.array(lines), tuple(payouts))
    empty = functools.reduce(pc.and_, [pc.is_null(cells) for cells in table.columns])
    holds = pc.invert(empty).combine_chunks()
    return Cells(table.filter(holds), pa.array(lines).filter(holds), tuple(payouts))


def _is_foot(line: pa_csv.InvalidRow) -> bool:
    return line.actual_columns == 1 or not re.search(r"\d", line.text)


def _payout(label: str, line: pa_csv.InvalidRow) -> tuple[str, float] | None:
    """Read a dividend from between the rows; a split there is in the prices already."""
    if match := _PAYOUT.fullmatch(line.text):
        return match[1], float(match[2])
    if line.text.strip() and not line.text.startswith("#") and not _SPLIT.fullmatch(line.text):
        raise SourceError(
            f"{label}: line {line.number} has {line.actual_columns} cells, its header {line.expected_columns}:"
            f" {line.text[:80]!r}. Mend or remove the line."
        )
    return None
