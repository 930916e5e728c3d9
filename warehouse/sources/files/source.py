"""Bars from files: one, several, a folder or an archive; each file is judged before any of it lands."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from types import MappingProxyType
from typing import TYPE_CHECKING

import pyarrow as pa

from warehouse.errors import SourceError
from warehouse.sources.base import BarSource, CorporateAction, Progress, Seam, StatedAction
from warehouse.sources.files.packages import ARROWS, NOTATIONS, PARQUETS, TEXTS, entries
from warehouse.sources.files.reading import read_bars
from warehouse.sources.files.settling import settled
from warehouse.sources.files.sheets import typed
from warehouse.sources.files.texts import text_sheet
from warehouse.sources.files.verdicts import disagreement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from warehouse.sources.files.bases import AdjustedBy
    from warehouse.sources.files.numbers import Notation
    from warehouse.sources.files.packages import BarFile
    from warehouse.sources.files.sheets import Sheet
    from warehouse.sources.files.verdicts import FileVerdict

_MOST_TOLD = 10


@dataclass(frozen=True)
class FileOptions:
    """The user's word on what recognition alone does not cover, and the bars to take.

    Attributes:
        columns: Our name (see NAMES) -> the file's column, or its place from 1.
        symbol: The symbol of all bars, where the file does not say it.
        date_format: strptime format of the dates, or `epoch`.
        notation: Decimal mark and thousands separator of numbers. None: recognised.
        no_header: True: the first row is a bar. False: recognised.
        sheet: The sheet of a workbook.
        adjusted_by: The adjustment of the prices. None: recognised.
        symbols: Only these.
        start: First day to take.
        end: Last day to take.
        final_until: Later bars may still change, and are not final. None: all are final.
    """

    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    symbol: str | None = None
    date_format: str | None = None
    notation: Notation | None = None
    no_header: bool = False
    sheet: str | None = None
    adjusted_by: AdjustedBy | None = None
    symbols: frozenset[str] | None = None
    start: date | None = None
    end: date | None = None
    final_until: date | None = None


MOST_ROWS = 5_000_000
MOST_BYTES = 2 * 2**30
"""Bounds of one Parquet file, as it says of itself."""


class FileSource(BarSource):
    """Files as exported. After `fetch`, `verdicts` tells how each was read."""

    name = "files"
    seam = Seam.OF_BATCH

    def __init__(self, paths: Sequence[Path], options: FileOptions | None = None) -> None:
        self._paths = paths
        self._options = options or FileOptions()
        self.verdicts: list[FileVerdict] = []

    def fetch(self, progress: Progress) -> Iterator[pa.Table]:
        """Yield one table per symbol and file.

        Raises:
            SourceError: A file is missing, damaged, not understood or not to be trusted, two contradict each other,
                or there is no bar. All files are judged first, so that one message names all that is to be mended.
        """
        files = [entry for path in self._paths for entry in entries(path)]
        if self._options.symbol and len(files) > 1:
            raise SourceError(f"--symbol names the bars of one file, and there are {len(files)}.")
        found: list[tuple[FileVerdict, pa.Table]] = []
        refusals: list[str] = []
        for done, entry in enumerate(files, start=1):
            try:
                found += self._read(entry)
            except SourceError as error:
                refusals.append(str(error))
            progress(done, len(files), entry.label)
        refusals += _contradictions(found)
        if refusals:
            more = len(refusals) - _MOST_TOLD
            told = refusals[:_MOST_TOLD] + ([f"… and {more} more"] if more > 0 else [])
            raise SourceError("\n".join(told) + "\nNothing was landed.")
        if not found:
            raise SourceError(f"{', '.join(map(str, self._paths))}: no bar of the symbols and days asked for.")
        self.verdicts = [verdict for verdict, _ in found]
        self.actions = [
            StatedAction(verdict.symbol, day, CorporateAction.SPLIT, ratio=ratio)
            for verdict in self.verdicts
            for day, ratio in (verdict.splits or {}).items()
        ]
        self.split_spans = {it.symbol: (it.first, it.last) for it in self.verdicts if it.splits is not None}
        yield from (table for _, table in found)

    def _read(self, entry: BarFile) -> list[tuple[FileVerdict, pa.Table]]:
        sheet = _sheet(entry, self._options)
        try:
            return [piece for bars in read_bars(sheet, self._options) for piece in settled(bars, self._options)]
        except pa.ArrowException as error:
            raise SourceError(f"{entry.label}: a column holds what no bar has ({error}).") from error


SOURCE = FileSource


def _sheet(entry: BarFile, options: FileOptions) -> Sheet:
    if entry.kind in TEXTS:
        return text_sheet(entry, no_header=options.no_header)
    if entry.kind in PARQUETS:
        import pyarrow.parquet as pq  # noqa: PLC0415

        try:
            file = pq.ParquetFile(pa.BufferReader(entry.content()))
            about = file.metadata
            groups = (about.row_group(group).total_byte_size for group in range(about.num_row_groups))
            _refuse_bomb(entry.label, about.num_rows, sum(groups))
            return typed(entry.label, entry.stem, file.read())
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"{entry.label}: not a readable Parquet file, or a damaged one ({error}).") from error
    if entry.kind in ARROWS:
        return typed(entry.label, entry.stem, _arrow_table(entry))
    if entry.kind in NOTATIONS:
        from warehouse.sources.files.notations import json_sheet  # noqa: PLC0415

        return json_sheet(entry)
    from warehouse.sources.files.workbooks import workbook_sheet  # noqa: PLC0415 - few need its library

    return workbook_sheet(entry, options.sheet, no_header=options.no_header)


def _arrow_table(entry: BarFile) -> pa.Table:
    """Read a Feather or Arrow file, batch by batch, so that none unpacks to more than a machine holds."""
    content = pa.BufferReader(entry.content())
    try:
        is_file = content.read(6) == b"ARROW1"
        content.seek(0)
        batches, rows, size = [], 0, 0
        if is_file:
            file = pa.ipc.open_file(content)
            schema, parts = file.schema, (file.get_batch(i) for i in range(file.num_record_batches))
        else:
            stream = pa.ipc.open_stream(content)
            schema, parts = stream.schema, iter(stream)
        for batch in parts:
            rows, size = rows + batch.num_rows, size + batch.nbytes
            _refuse_bomb(entry.label, rows, size)
            batches.append(batch)
        return pa.Table.from_batches(batches, schema)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{entry.label}: not a readable Feather or Arrow file ({error}).") from error


def _refuse_bomb(label: str, rows: int, unpacked: int) -> None:
    """Refuse a file that would unpack to more than a machine holds, however small it is on the disk."""
    if rows > MOST_ROWS or unpacked > MOST_BYTES:
        raise SourceError(
            f"{label}: holds {rows:,} rows, {unpacked / 2**20:,.0f} MiB unpacked; at most {MOST_ROWS:,} rows "
            f"and {MOST_BYTES / 2**20:,.0f} MiB are read from one file. Split it."
        )


def _contradictions(found: list[tuple[FileVerdict, pa.Table]]) -> Iterator[str]:
    """Say where two files of one symbol do not go together: their bars must not mix."""
    by_symbol: dict[str, list[tuple[FileVerdict, pa.Table]]] = {}
    for verdict, table in found:
        by_symbol.setdefault(verdict.symbol, []).append((verdict, table))
    for symbol, pieces in by_symbol.items():
        for (one, bars), (other, bars_there) in combinations(pieces, 2):
            reason = disagreement(bars, bars_there)
            if one.adj_close != other.adj_close:
                reason = f"adjusted close: {one.adj_close}; there: {other.adj_close}"
            if reason:
                yield f"{one.file} and {other.file} both hold {symbol}, and disagree: {reason}. Land one of them."
                break
