"""Bars from files: CSV and Parquet, one file, several, or a folder of one file per symbol."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from warehouse.errors import SourceError
from warehouse.sources.base import NUMBERS, RAW_BAR_SCHEMA, BarSource, Progress
from warehouse.sources.files.cells import ticker, to_dates, to_numbers, to_symbols
from warehouse.sources.files.columns import recognise
from warehouse.sources.files.formats import SUFFIXES, read_cells, read_header

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from warehouse.sources.files.formats import Cells, Header

_DAILY = ("D", "1D", "d")
_NAME_SUFFIX = re.compile(r"(?:[._]us)?(?:[._]1?d|[._-]daily)?$", re.IGNORECASE)


@dataclass(frozen=True)
class FileOptions:
    """Help for files that recognition alone does not cover, and the choice of their bars.

    Attributes:
        columns: our name (a column of RAW_BAR_SCHEMA) -> the file's column.
        date_format: strptime format of the dates, where they are not year-month-day.
        symbols: only these.
        start: first day to take.
        end: last day to take.
        final_until: later bars may still change, and are not final. None: all are final.
    """

    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    date_format: str | None = None
    symbols: frozenset[str] | None = None
    start: date | None = None
    end: date | None = None
    final_until: date | None = None


class FileSource(BarSource):
    """Files as exported; a missing `adj_close` is the close, a missing `dividend` or `volume` 0."""

    name = "files"

    def __init__(self, paths: Sequence[Path], options: FileOptions | None = None) -> None:
        self._paths = paths
        self._options = options or FileOptions()

    def fetch(self, progress: Progress) -> Iterator[pa.Table]:
        """Yield one table per file.

        Raises:
            SourceError: a file or folder is missing, damaged or not understood, or holds no bar.
        """
        files = [file for path in self._paths for file in _files(path)]
        rows = 0
        for done, file in enumerate(files, start=1):
            table = self._read(file)
            rows += table.num_rows
            yield table
            progress(done, len(files), file.name)
        if rows == 0:
            raise SourceError(f"{', '.join(map(str, self._paths))}: no bar of the symbols and days asked for.")

    def _read(self, file: Path) -> pa.Table:
        header = read_header(file)
        mapping = recognise(header.columns, self._options.columns, str(file))
        symbol = None
        if "symbol" not in mapping:
            symbol = _symbol_of(file, header)
            if self._options.symbols is not None and symbol not in self._options.symbols:
                return RAW_BAR_SCHEMA.empty_table()
        try:
            bars = self._bars(file, read_cells(file, header, mapping), symbol)
            return bars.filter(self._is_wanted(bars))
        except pa.ArrowException as error:
            raise SourceError(f"{file}: a column holds what no bar has ({error}).") from error

    def _bars(self, file: Path, cells: Cells, symbol: str | None) -> pa.Table:
        found = {name: cells.table[name].combine_chunks() for name in cells.table.column_names}
        dates = to_dates("session_date", found["session_date"], self._options.date_format)
        read = {"session_date": dates}
        if symbol is None:
            read["symbol"] = to_symbols("symbol", found["symbol"])
        read |= {name: to_numbers(name, found[name]) for name in NUMBERS if name in found}
        _require_daily(file, found, dates.values)

        rows = len(cells.lines)
        zero = pa.repeat(0.0, rows)
        values = {name: column.values for name, column in read.items()}
        dividend = values.get("dividend", zero)
        values = {
            "symbol": pa.repeat(symbol, rows),
            "adj_close": values["close"],
            "volume": zero,
            **values,
            # Exports leave the cell empty on a day that pays nothing.
            "dividend": pc.if_else(pc.is_null(dividend, nan_is_null=True), 0.0, dividend),
            "is_final": self._is_final(dates.values),
            "file": pa.repeat(str(file), rows),
            "line": cells.lines,
            "problem": _joined([column.problems for column in read.values()], rows),
        }
        return pa.table([values[name] for name in RAW_BAR_SCHEMA.names], schema=RAW_BAR_SCHEMA)

    def _is_final(self, dates: pa.Array) -> pa.Array:
        if self._options.final_until is None:
            return pa.repeat(True, len(dates))  # noqa: FBT003
        return pc.fill_null(pc.less_equal(dates, self._options.final_until), fill_value=False)

    def _is_wanted(self, bars: pa.Table) -> pa.ChunkedArray:
        """Keep what was asked for, and what cannot be told: validation must see it."""
        options, dates = self._options, bars["session_date"]
        keep = pc.is_valid(bars["line"])
        if options.symbols is not None:
            listed = pc.is_in(bars["symbol"], pa.array(sorted(options.symbols), pa.string()))
            keep = pc.and_(keep, pc.or_(listed, pc.is_null(bars["symbol"])))
        if options.start is not None:
            keep = pc.and_(keep, pc.fill_null(pc.greater_equal(dates, options.start), fill_value=True))
        if options.end is not None:
            keep = pc.and_(keep, pc.fill_null(pc.less_equal(dates, options.end), fill_value=True))
        return keep


SOURCE = FileSource


def _files(path: Path) -> list[Path]:
    """List the bar files of a path: itself, or those of a folder."""
    known = ", ".join(SUFFIXES)
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
        if not files:
            raise SourceError(f"{path}: the folder holds no {known} file (its subfolders are not searched).")
        return files
    if not path.is_file():
        raise SourceError(f"{path}: there is no such file or folder.")
    if path.suffix.lower() not in SUFFIXES:
        raise SourceError(f"{path}: files of bars end in {known}; this one does not.")
    return [path]


def _symbol_of(file: Path, header: Header) -> str:
    symbol = ticker(header.symbol or _NAME_SUFFIX.sub("", file.stem))
    if symbol is None:
        raise SourceError(
            f"{file}: no symbol column among {', '.join(map(repr, header.columns))}, and the"
            " file's name is no ticker. Name it after its symbol (SPY.csv), or say"
            " --column symbol=<column>."
        )
    return symbol


def _require_daily(file: Path, found: dict[str, pa.Array], dates: pa.Array) -> None:
    periods = pc.unique(found["period"]).drop_null().to_pylist() if "period" in found else []
    others = [str(period) for period in periods if str(period) not in _DAILY]
    if others:
        raise SourceError(f"{file}: holds bars of period {', '.join(others)}; daily bars (D) are needed.")
    moments = found["session_date"].filter(pc.is_valid(dates))
    if pc.count_distinct(moments).as_py() > pc.count_distinct(dates).as_py():
        raise SourceError(
            f"{file}: days have bars at several times ({moments[0]}, {moments[1]}, …); daily bars are needed."
        )


def _joined(problems: list[pa.Array], rows: int) -> pa.Array:
    some = [column for column in problems if column.null_count < rows]
    if not some:
        return pa.nulls(rows, pa.string())
    cells = zip(*(column.to_pylist() for column in some), strict=True)
    return pa.array(["; ".join(filter(None, row)) or None for row in cells], pa.string())
