"""Sheets to raw bars: columns found, cells converted, symbols named."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warehouse.errors import SourceError
from warehouse.sources.base import PRICES, RAW_BAR_SCHEMA
from warehouse.sources.files.cells import Column, converted, ticker, to_symbols, without_market
from warehouse.sources.files.columns import ColumnLayout, plain, recognise
from warehouse.sources.files.days import Days, to_days
from warehouse.sources.files.numbers import to_numbers
from warehouse.sources.files.unnamed import named_by_content

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from warehouse.sources.files.sheets import Cells, Sheet
    from warehouse.sources.files.source import FileOptions

_DAILY = ("D", "1D", "d", "daily", "Daily", "day")
_AROUND = re.compile(
    r"^(?:eod|wiki|daily(?:_adjusted)?|nyse|nasdaq|nysearca|arca|amex|bats|yahoo|stooq|tiingo|alpaca|polygon"
    r"|download data - (?:stock|fund|index)_[a-z]{2}_[a-z]{4})[-_ ]"
    r"|(?:[._]us)?(?:[._ -](?:1?d1?|daily|max|historical data|historical|history|prices?|data|stock price history"
    r"|stock|ohlcv?|adjusted|yahoo|yfinance|stooq|tiingo|alpaca|polygon|\d{4}(?:-?\d{2}-?\d{2})?)"
    r"|, 1D(?:[ _].*)?| \(\d\)| etf stock price history)*$",
    re.IGNORECASE,
)
_FROM_NAME = re.compile(r"[A-Z]{1,5}(?:\.[A-Z]{1,2})?")
_NO_SYMBOL = re.compile(
    "ADJ|ALL|ASSET|BARS|BASE|BOOK|CACHE|CHART|CLEAN|CLOSE|CSV|DAILY|DATA|DEMO|DF|DUMMY|DUMP|EOD|ETFS?|EXCEL|FEED|FILE"
    "|FINAL|FULL|FUND|HIGH|HIST|HOUR|INDEX|INPUT|LAST|LIST|LOAD|LOW|MAIN|MONTH|NEW|OHLCV?|OLD|OPEN|OUT|PRICE|QUOTE|RAW"
    "|SHEET|STATS|STOCK|STOOQ|TABLE|TEMP|TEST|TICKS?|TMP|TODAY|TRADE|TRAIN|USA|VALUE|WEEK|YAHOO|YEAR"
)
_PREFIX = re.compile("ADJ|ASK|BID|DAILY|ETF|INDEX|MID|PRICE|PX|RAW|STOCK|TRADE")
_DOLLAR = frozenset({"USD", "US$", "$", "US DOLLAR", ""})
_CERTAIN = frozenset({"symbol", "ticker", "tic", "tickersymbol", "stocksymbol", "actsymbol", "sym"})
_UPPER = re.compile(r"[A-Z]{1,5}(?:[.\- /][A-Z]{1,2})?")


@dataclass(frozen=True, slots=True)
class FoundBars:
    """The bars of one sheet, as read.

    Attributes:
        table: RAW_BAR_SCHEMA; `adj_close` is null where the file has none.
        splits: Ratio by row; None if the file has no such column.
        columns: Our name -> the file's column.
        days: The dates.
        is_auto_adjusted: True if the columns are those of an export that adjusts its close for dividends.
        notes: Columns that were chosen or left out.
    """

    table: pa.Table
    splits: pa.Array | None
    columns: Mapping[str, str]
    days: Days
    is_auto_adjusted: bool
    notes: tuple[str, ...]


def read_bars(sheet: Sheet, options: FileOptions) -> Iterator[FoundBars]:
    """Yield the bars of a sheet, one table for each layout of columns in it.

    Raises:
        SourceError: The columns, the symbol or the way dates and numbers are written are not clear.
    """
    names = sheet.columns
    if not sheet.has_header and not options.columns:
        names = named_by_content(sheet.head, len(names), sheet.label)
    layouts = recognise(names, options.columns, sheet.label)
    cells = sheet.cells([place for layout in layouts for places in layout.places.values() for place in places])
    for layout in layouts:
        try:
            yield _bars(sheet, layout, cells, options)
        except SourceError as error:
            prefix = "" if str(error).startswith(sheet.label) else f"{sheet.label}: "
            raise SourceError(f"{prefix}{error}") from error


def _bars(sheet: Sheet, layout: ColumnLayout, cells: Cells, options: FileOptions) -> FoundBars:
    found = {
        name: [cells.table[str(place)].combine_chunks() for place in places] for name, places in layout.places.items()
    }
    _require_dollars(found)
    keep = _holds(found) if layout.symbol else _no_header(sheet, layout, found)
    lines = cells.lines
    if keep is not None:
        found = {name: [column.filter(keep) for column in columns] for name, columns in found.items()}
        lines = lines.filter(keep)
    days = to_days(found["session_date"][0], options.date_format)
    symbols, notes = _symbols(sheet, layout, found, options)
    numbers, more = _numbers(sheet, layout, found, options)
    _require_daily(found, days)
    if not sheet.has_header:
        _require_order(numbers, days, layout)
    rows = len(lines)
    dividend = _with_payouts(numbers.get("dividend"), days, cells, options)
    nothing = pa.nulls(rows, pa.float64())
    values = {name: numbers[name].values if name in numbers else nothing for name in (*PRICES, "volume")}
    read = [days, symbols, *(column for name, column in numbers.items() if name != "volume")]
    values |= {
        "symbol": symbols.values,
        "session_date": days.values,
        # Exports leave the cell empty on a day that pays nothing.
        "dividend": pa.repeat(0.0, rows)
        if dividend is None
        else pc.if_else(pc.is_null(dividend, nan_is_null=True), 0.0, dividend),
        "is_final": _is_final(days.values, options),
        "file": pa.repeat(sheet.label, rows),
        "line": lines,
        "problem": _joined([column.problems for column in read], rows),
    }
    columns = {
        name: sheet.columns[places[0]] for name, places in layout.places.items() if name != "symbol" or not notes
    }
    return FoundBars(
        pa.table([values[name] for name in RAW_BAR_SCHEMA.names], schema=RAW_BAR_SCHEMA),
        _splits(found["split"][0]) if "split" in found else None,
        columns,
        days,
        {"Dividends", "Stock Splits"} <= {column.strip() for column in sheet.columns},
        (*notes, *more),
    )


def _holds(found: Mapping[str, list[pa.Array]]) -> pa.Array:
    """Keep, of columns side by side, the rows in which this symbol has a value."""
    values = [columns[0] for name, columns in found.items() if name in {"open", "high", "low", "close"}]
    empty = [pc.is_null(column, nan_is_null=pa.types.is_floating(column.type)) for column in values]
    return pc.invert(pc.and_(pc.and_(empty[0], empty[1]), pc.and_(empty[2], empty[3])))


def _no_header(sheet: Sheet, layout: ColumnLayout, found: Mapping[str, list[pa.Array]]) -> pa.Array | None:
    """Keep the rows that do not repeat the header: exports joined end to end have it on each page."""
    header, days = sheet.columns[layout.places["session_date"][0]].strip(), found["session_date"][0]
    if not sheet.has_header or not header or not pa.types.is_string(days.type):
        return None
    repeats = pc.equal(days, header)
    return pc.fill_null(pc.invert(repeats), fill_value=True) if pc.any(repeats).as_py() else None


def _require_dollars(found: Mapping[str, list[pa.Array]]) -> None:
    """Require that a file which names a currency names the dollar: prices of two must not mix."""
    named = pc.unique(found["currency"][0].cast(pa.string())).drop_null().to_pylist() if "currency" in found else []
    if others := [text for text in named if text.strip().upper() not in _DOLLAR]:
        raise SourceError(f"prices in {others[0]}: bars are in USD. Export them in USD.")


def _symbols(
    sheet: Sheet, layout: ColumnLayout, found: Mapping[str, list[pa.Array]], options: FileOptions
) -> tuple[Column, list[str]]:
    rows = len(found["close"][0])
    column = found["symbol"][0] if "symbol" in found else None
    notes = []
    if column is not None and "symbol" not in options.columns:
        name = sheet.columns[layout.places["symbol"][0]]
        texts = [text.strip() for text in pc.unique(column.cast(pa.string())).drop_null().to_pylist()]
        if plain(name) not in _CERTAIN and not all(_UPPER.fullmatch(without_market(text)) for text in texts):
            column, notes = None, [f"column {name!r} holds no tickers and is not used"]
        elif options.symbol and len(texts) > 1:
            raise SourceError(f"--symbol {options.symbol}: the file holds {len(texts)} symbols in column {name!r}.")
    if options.symbol:
        symbol: str | None = options.symbol
    elif column is not None:
        return to_symbols(column), notes
    else:
        is_named = layout.symbol is not None and not _PREFIX.fullmatch(layout.symbol)
        symbol = layout.symbol if is_named else _symbol_of_name(sheet)
    return Column(pa.repeat(symbol, rows).cast(pa.string()), pa.nulls(rows, pa.string())), notes


def _symbol_of_name(sheet: Sheet) -> str:
    symbol = ticker(_AROUND.sub("", _AROUND.sub("", sheet.stem)))
    if symbol is None or not _FROM_NAME.fullmatch(symbol) or _NO_SYMBOL.fullmatch(symbol):
        raise SourceError(
            f"no symbol column among {', '.join(map(repr, sheet.columns))}, and the file's name is no ticker. Say the"
            " symbol with --symbol SPY, or its column with --column symbol=<column>."
        )
    return symbol


def _numbers(
    sheet: Sheet, layout: ColumnLayout, found: Mapping[str, list[pa.Array]], options: FileOptions
) -> tuple[dict[str, Column], list[str]]:
    wanted = [name for name in (*PRICES, "volume", "dividend") if name in found]
    cells = {f"{name} {i}" if i else name: column for name in wanted for i, column in enumerate(found[name])}
    prices = tuple(name for name in cells if name.split()[0] in PRICES)
    read = to_numbers(cells, prices, options.notation)
    notes = []
    for name in wanted:
        places = layout.places[name]
        if len(places) == 1:
            continue
        agree = all(read[f"{name} {i}"].values.equals(read[name].values) for i in range(1, len(places)))
        if not agree and name != "volume":
            listed = " and ".join(f"{sheet.columns[place]!r} (place {place + 1})" for place in places)
            raise SourceError(
                f"{listed} could both be the {name}, and differ. Say which with --column {name}=<place>; if one is"
                " adjusted, say --column adj_close=<place> for it."
            )
        notes.append(f"{name}: the first of {len(places)} columns of that name is used")
    numbers = {name: read[name] for name in wanted}
    if "volume" in numbers:
        unread = len(numbers["volume"].problems) - numbers["volume"].problems.null_count
        notes += [f"{unread} x volume not understood and left empty"] if unread else []
    return numbers, notes


def _require_daily(found: Mapping[str, list[pa.Array]], days: Days) -> None:
    periods = pc.unique(found["period"][0]).drop_null().to_pylist() if "period" in found else []
    others = [str(period) for period in periods if str(period).strip() not in _DAILY]
    if others:
        raise SourceError(f"holds bars of period {', '.join(others)}; daily bars (D) are needed.")
    times = pc.unique(found["time"][0]).drop_null().to_pylist() if "time" in found else []
    if len(times) > 2 and len(times) > len(days.values) // 100:  # noqa: PLR2004 - closes of whole and half days
        raise SourceError(f"the bars stand at several times ({times[0]}, {times[1]}, …); daily bars are needed.")


def _require_order(numbers: Mapping[str, Column], days: Days, layout: ColumnLayout) -> None:
    """Require of columns without names that they obey a bar's rules: an open lies near the close before."""
    order = np.argsort(days.values.to_numpy(zero_copy_only=False), kind="stable")
    bar = {
        name: numbers[name].values.to_numpy(zero_copy_only=False)[order] for name in ("open", "high", "low", "close")
    }
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = (bar["low"] <= bar["open"]) & (bar["open"] <= bar["high"])
        night = np.abs(np.log(bar["open"][1:] / bar["close"][:-1]))
        if_swapped = np.abs(np.log(bar["close"][1:] / bar["open"][:-1]))
    is_swapped = len(order) > 1 and np.nanmean(night) > np.nanmean(if_swapped)
    if inside.mean() < 0.95:  # noqa: PLR2004 - an open may lie a tick outside
        raise SourceError(
            "no header, and the columns do not behave as open, high, low, close. Name each with --column, by its place"
            " from 1: --column open=2."
        )
    if is_swapped:
        crossed = {"open": "close", "close": "open"}
        said = " ".join(f"--column {crossed.get(name, name)}={places[0] + 1}" for name, places in layout.places.items())
        raise SourceError(
            "no header, and each fourth price lies near the first of the day before: they seem to be close, high, low,"
            f" open. If so, say {said}; else name each column that way."
        )


def _with_payouts(dividend: Column | None, days: Days, cells: Cells, options: FileOptions) -> pa.Array | None:
    """Add the dividends that stand on lines of their own to the bars of their days."""
    if not cells.payouts:
        return dividend.values if dividend else None
    paid = to_days(pa.array([text for text, _ in cells.payouts]), options.date_format).values.to_pylist()
    amounts: dict[date, float] = {}
    for day, (_, amount) in zip(paid, cells.payouts, strict=True):
        amounts[day] = amounts.get(day, 0.0) + amount
    return pa.array([amounts.get(day, 0.0) for day in days.values.to_pylist()], pa.float64())


def _splits(cells: pa.Array) -> pa.Array:
    def read(text: str) -> float | None:
        match = re.fullmatch(r"([\d.]+)(?:\s*[:/]\s*([\d.]+))?", text)
        return float(match[1]) / float(match[2] or 1) if match and float(match[2] or 1) else None

    return converted(cells, pa.float64(), read, "{}").values


def _is_final(dates: pa.Array, options: FileOptions) -> pa.Array:
    if options.final_until is None:
        return pa.repeat(True, len(dates))  # noqa: FBT003
    return pc.fill_null(pc.less_equal(dates, options.final_until), fill_value=False)


def _joined(problems: list[pa.Array], rows: int) -> pa.Array:
    some = [column for column in problems if column.null_count < rows]
    if not some:
        return pa.nulls(rows, pa.string())
    cells = zip(*(column.to_pylist() for column in some), strict=True)
    return pa.array(["; ".join(filter(None, row)) or None for row in cells], pa.string())
