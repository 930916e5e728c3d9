"""CSV and Parquet files to tables of cells: text as found in a CSV, typed values in Parquet."""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from warehouse.errors import SourceError
from warehouse.sources.files.cells import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TEXT_SUFFIXES = (".csv", ".txt")
PARQUET_SUFFIXES = (".parquet", ".pq")
SUFFIXES = (*TEXT_SUFFIXES, *PARQUET_SUFFIXES)
_LONGEST_LINE = 2**16


@dataclass(frozen=True)
class Header:
    """The top of a file: its columns, and for a text how it is written."""

    columns: list[str]
    delimiter: str = ","
    lines: int = 1
    symbol: str | None = None


@dataclass(frozen=True)
class Cells:
    """The mapped columns under our names, and the 1-based line (text) or row (Parquet) of each."""

    table: pa.Table
    lines: pa.Array


def read_header(path: Path) -> Header:
    """Read what columns a file has.

    Raises:
        SourceError: it is neither a Parquet file nor a text.
    """
    if path.suffix.lower() in PARQUET_SUFFIXES:
        try:
            return Header(list(pq.read_schema(path).names))
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"{path}: not a readable Parquet file ({error}).") from error
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            head = [text.readline(_LONGEST_LINE).rstrip("\r\n") for _ in range(2)]
        delimiter = max(",;\t", key=head[0].count)
        names, second = (next(csv.reader([line], delimiter=delimiter), []) for line in head)
    except (OSError, UnicodeDecodeError, ValueError, csv.Error) as error:
        raise SourceError(f"{path}: cannot be read as text ({error}); save it as CSV in UTF-8.") from error
    if names[:1] != ["Price"] or second[:1] != ["Ticker"]:
        return Header(names, delimiter)
    symbols = sorted(set(second[1:]))
    if len(symbols) > 1:
        raise SourceError(
            f"{path}: {len(symbols)} symbols ({symbols[0]}, {symbols[1]}, …) stand side by side;"
            " save one file per symbol, or one row per symbol and date."
        )
    return Header(["Date", *names[1:]], delimiter, lines=3, symbol=symbols[0])


MOST_ROWS = 5_000_000
MOST_BYTES = 2 * 2**30


def read_cells(path: Path, header: Header, mapping: Mapping[str, str]) -> Cells:
    """Read the mapped columns (our name -> the file's).

    Raises:
        SourceError: the file is damaged, or a line has more or fewer cells than the header.
    """
    try:
        if path.suffix.lower() in PARQUET_SUFFIXES:
            file = pq.ParquetFile(path)
            _refuse_bomb(path, file.metadata)
            table = file.read(columns=list(mapping.values()))
            table = table.select(list(mapping.values())).rename_columns(list(mapping))
            return Cells(table, pa.array(np.arange(1, table.num_rows + 1)))
        return _read_text(path, header, mapping)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{path}: damaged ({error}).") from error


def _refuse_bomb(path: Path, about: pq.FileMetaData) -> None:
    """Refuse a file that would unpack to more than a machine holds, however small it is on the disk."""
    unpacked = sum(about.row_group(group).total_byte_size for group in range(about.num_row_groups))
    if about.num_rows > MOST_ROWS or unpacked > MOST_BYTES:
        raise SourceError(
            f"{path}: holds {about.num_rows:,} rows, {unpacked / 2**20:,.0f} MiB unpacked; at most {MOST_ROWS:,} rows "
            f"and {MOST_BYTES / 2**20:,.0f} MiB are read from one file. Split it."
        )


def _read_text(path: Path, header: Header, mapping: Mapping[str, str]) -> Cells:
    ours = {column: name for name, column in mapping.items()}
    names = [ours.get(column, f"unused {place}") for place, column in enumerate(header.columns)]
    odd: list[pa_csv.InvalidRow] = []

    def set_aside(line: pa_csv.InvalidRow) -> str:
        odd.append(line)
        return "skip"

    content = path.read_bytes()
    if not content.endswith(b"\n"):
        content += b"\n"
    table = pa_csv.read_csv(
        pa.BufferReader(content),
        # One thread: several do not know the numbers of their lines.
        pa_csv.ReadOptions(use_threads=False, skip_rows=header.lines, column_names=names),
        pa_csv.ParseOptions(delimiter=header.delimiter, ignore_empty_lines=False, invalid_row_handler=set_aside),
        pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            include_columns=list(mapping),
            strings_can_be_null=True,
            null_values=NOTHING,
        ),
    )
    for line in odd:
        if line.text.strip():
            raise SourceError(
                f"{path}: line {line.number} has {line.actual_columns} cells, its header"
                f" {line.expected_columns}: {line.text[:80]!r}. Mend or remove the line."
            )
    last_line = header.lines + table.num_rows + len(odd)
    if last_line != content.count(b"\n"):
        raise SourceError(f"{path}: a quoted cell runs over several lines; is a closing quote missing?")
    first_line = header.lines + 1
    lines = np.delete(np.arange(first_line, last_line + 1), [line.number - first_line for line in odd])
    # A line without any value is no row: it has nothing that could be landed or quarantined.
    empty = functools.reduce(pc.and_, [pc.is_null(cells) for cells in table.columns])
    holds = pc.invert(empty).combine_chunks()
    return Cells(table.filter(holds), pa.array(lines).filter(holds))
