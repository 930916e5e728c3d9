"""Sources that are read as a whole, such as files, asked symbol by symbol."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from warehouse.errors import SourceError
from warehouse.sources.base import RAW_BAR_SCHEMA, BarSource, SymbolBars, SymbolSource, silent
from warehouse.sources.faults import FaultKind, SourceFaultError

if TYPE_CHECKING:
    from datetime import date


class ReadWhole(SymbolSource):
    """Reads a source when the first symbol is asked for, in a thread, and keeps what it holds."""

    def __init__(self, source: BarSource) -> None:
        self.name = source.name
        self._source = source
        self._reading: asyncio.Task[pa.Table] | None = None

    async def bars(self, symbol: str, since: date | None, until: date) -> SymbolBars:
        """Return a symbol's bars up to `until`, always all of them.

        Raises:
            SourceFaultError: The source cannot be read, or holds no bar of the symbol.
        """
        del since  # what was exported may have been adjusted anew
        if self._reading is None:
            self._reading = asyncio.create_task(asyncio.to_thread(self._read))
        try:
            table = await asyncio.shield(self._reading)
        except SourceError as error:
            raise SourceFaultError.of(FaultKind.MALFORMED, str(error)) from error
        if reason := self._source.failures.get(symbol):
            raise SourceFaultError.of(FaultKind.TRANSIENT, reason)
        wanted = pc.and_(pc.equal(table["symbol"], symbol), pc.less_equal(table["session_date"], pa.scalar(until)))
        bars = table.filter(wanted)
        if not bars.num_rows:
            raise SourceFaultError.of(FaultKind.NOT_FOUND, f"no bars of {symbol}")
        return SymbolBars(symbol, self.name, bars.sort_by("session_date"), is_whole=True, adjusted_through=None)

    def _read(self) -> pa.Table:
        return pa.concat_tables([RAW_BAR_SCHEMA.empty_table(), *self._source.fetch(silent)])
