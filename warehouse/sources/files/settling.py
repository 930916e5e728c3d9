"""Raw bars of a sheet to bars that may land: each symbol judged, its adjustment settled, the days asked for taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warehouse.errors import SourceError
from warehouse.sources.files.bases import Basis, Prices, basis_of
from warehouse.sources.files.verdicts import FileVerdict, Judged, judge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from numpy.typing import NDArray

    from warehouse.sources.files.reading import FoundBars
    from warehouse.sources.files.source import FileOptions

_PRICES = ("open", "high", "low", "close")


def settled(found: FoundBars, options: FileOptions) -> Iterator[tuple[FileVerdict, pa.Table]]:
    """Yield the verdict and the rows of each symbol.

    Raises:
        SourceError: The bars of a symbol are not to be trusted, or no row tells its symbol.
    """
    label = found.table["file"][0].as_py() if found.table.num_rows else ""
    for symbol, rows in _by_symbol(found.table, options):
        table = found.table if rows is None else found.table.take(rows)
        splits = found.splits if rows is None or found.splits is None else found.splits.take(pa.array(rows))
        try:
            piece = _settled(symbol, found, (table, splits), options)
        except SourceError as error:
            raise SourceError(f"{label}: {symbol}: {error}") from error
        if piece is not None:
            yield piece


def _by_symbol(table: pa.Table, options: FileOptions) -> Iterator[tuple[str, NDArray[np.intp] | None]]:
    """Yield each symbol that is wanted with its rows; rows without a symbol go to the symbol above them."""
    named = table["symbol"]
    if named.null_count:
        named = pc.fill_null_backward(pc.fill_null_forward(named))
    encoded = named.combine_chunks().dictionary_encode()
    symbols = encoded.dictionary.to_pylist()
    if table.num_rows and not symbols:
        raise SourceError(
            f"{table['file'][0]}: no row tells its symbol: {table['problem'][0]}. Say the symbol with --symbol, or its"
            " column with --column symbol=<column>."
        )
    codes = encoded.indices.to_numpy()
    order = np.argsort(codes, kind="stable") if len(symbols) > 1 else None
    edges = None if order is None else np.searchsorted(codes[order], np.arange(len(symbols) + 1))
    for place, symbol in enumerate(symbols):
        if options.symbols is None or symbol in options.symbols:
            yield symbol, None if order is None or edges is None else order[edges[place] : edges[place + 1]]


def _settled(
    symbol: str, found: FoundBars, rows: tuple[pa.Table, pa.Array | None], options: FileOptions
) -> tuple[FileVerdict, pa.Table] | None:
    table, splits = rows
    if options.start is not None:
        late = pc.fill_null(pc.greater_equal(table["session_date"], options.start), fill_value=True)
        table, splits = table.filter(late), None if splits is None else splits.filter(late.combine_chunks())
    if not table.num_rows:
        return None
    has_adj_close = "adj_close" in found.columns
    if not has_adj_close:
        table = _replaced(table, "adj_close", table["close"])
    judged = judge(table, options.final_until, is_evening=found.days.is_evening)
    prices = _prices(table, splits, judged, found)
    basis = basis_of(prices, options.adjusted_by, is_auto_adjusted=found.is_auto_adjusted)
    table = _adjusted(table, judged, basis)
    days = table["session_date"].to_numpy()[judged.rows]
    if options.end is not None:
        table = table.filter(pc.fill_null(pc.less_equal(table["session_date"], options.end), fill_value=True))
        days = days[days <= np.datetime64(options.end)]
        if not len(days):
            return None
    verdict = FileVerdict(
        file=table["file"][0].as_py(),
        symbol=symbol,
        first=days[0].item(),
        last=days[-1].item(),
        bars=len(days),
        set_aside=judged.set_aside,
        columns=found.columns,
        dates=found.days.notation,
        adj_close=repr(found.columns["adj_close"]) if has_adj_close else basis.says,
        notes=(*found.notes, *judged.notes, *basis.notes),
        splits=_stated_splits(prices, days[-1]),
    )
    return verdict, table


def _stated_splits(prices: Prices, last: np.datetime64) -> dict[date, float] | None:
    if prices.split is None:
        return None
    is_split = np.isfinite(prices.split) & (prices.split > 0) & (prices.split != 1) & (prices.days <= last)
    return dict(zip(prices.days[is_split].tolist(), prices.split[is_split].tolist(), strict=True))


def _prices(table: pa.Table, splits: pa.Array | None, judged: Judged, found: FoundBars) -> Prices:
    def values(name: str) -> NDArray[np.float64]:
        column: NDArray[np.float64] = table[name].to_numpy()[judged.rows]
        return column

    return Prices(
        table["session_date"].to_numpy()[judged.rows],
        values("open"),
        values("high"),
        values("low"),
        values("close"),
        values("adj_close") if "adj_close" in found.columns else None,
        values("dividend") if "dividend" in found.columns else None,
        None if splits is None else splits.to_numpy(zero_copy_only=False)[judged.rows],
    )


def _adjusted(table: pa.Table, judged: Judged, basis: Basis) -> pa.Table:
    """Put the settled prices into the rows that are bars."""
    changes = {"adj_close": basis.adj_close}
    if np.any(basis.divisor != 1):
        for name in (*_PRICES, "dividend"):
            changes[name] = table[name].to_numpy()[judged.rows] / basis.divisor
        changes["volume"] = table["volume"].to_numpy()[judged.rows] * basis.divisor
    for name, values in changes.items():
        column = table[name].to_numpy().copy()
        if np.array_equal(column[judged.rows], values, equal_nan=True):
            continue
        column[judged.rows] = values
        table = _replaced(table, name, pa.array(column, from_pandas=True))
    return table


def _replaced(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(name), column)
