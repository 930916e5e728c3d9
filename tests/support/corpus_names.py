"""Names of files, symbols in them, and workbooks."""

from __future__ import annotations

import tempfile
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from corpus import Sample, comma, plain, rows
from exports import PLAIN, SHARE, Day
from workbooks import workbook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TEXT = rows(PLAIN, plain)


def book(sheets: Mapping[str, Sequence[Sequence[object]]]) -> bytes:
    """Write a workbook."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "book.xlsx")
        workbook(path, sheets)
        return path.read_bytes()


CELLS: list[list[object]] = [[b.day, *b.prices, b.volume] for b in SHARE]
HEAD: list[object] = ["Date", "Open", "High", "Low", "Close", "Volume"]


NAMES = {
    name: Sample(name, TEXT)
    for name in (
        "spy.us.txt",
        "SPY_data.csv",
        "SPY-1d.csv",
        "SPY (1).csv",
        "SPY_daily.csv",
        "daily_SPY.csv",
        "SPY_1d_data.csv",
        "SPY.US_D1.csv",
        "BATS_SPY, 1D.csv",
        "SPY_2023-01-03_2023-04-28.csv",
        "SPY_yahoo.csv",
        "SPY_20230428.csv",
        "SPY_max.csv",
        "spy_stock_data.csv",
        "SPY_historical.csv",
        "SPY_ohlcv.csv",
        "SPY_adjusted.csv",
        "NYSEARCA-SPY.csv",
    )
} | {
    f"{name}, no ticker": Sample(name, TEXT, refused="--symbol")
    for name in (
        "prices.csv",
        "table.csv",
        "quotes.csv",
        "data.csv",
        "export.csv",
        "test.csv",
        "hist.csv",
        "clean.csv",
        "final.csv",
        "daily.csv",
        "raw.csv",
        "history.csv",
        "output.csv",
        "my bars.csv",
        "2023.csv",
        "SPY_QQQ.csv",
        "download.csv",
        "eod.csv",
        "bars.csv",
        "ohlc.csv",
        "series.csv",
        "yahoo.csv",
        "stooq.csv",
        "sample.csv",
        "input.csv",
        "file1.csv",
        "df.csv",
        "all.csv",
        "new.csv",
        "merged.csv",
        "etf.csv",
        "adj.csv",
        "close.csv",
        "train.csv",
        "tmp.csv",
        "untitled.csv",
        "book1.csv",
        "sheet1.csv",
        "mappe1.csv",
    )
}


def _named(symbol: str, bar: Day) -> str:
    return f"{symbol},{plain(bar)}"


SYMBOLS = {
    f"symbol {form}": Sample(
        "x.csv",
        rows("Symbol,Date,Open,High,Low,Close,Volume", partial(_named, form)),
        symbol=symbol,
    )
    for form, symbol in (
        ("SPY.US", "SPY"),
        ("NYSEARCA:SPY", "SPY"),
        ("spy", "SPY"),
        ("BRK.B", "BRK.B"),
        ("BRK-B", "BRK.B"),
        ("BRK B", "BRK.B"),
        ("BRK/B", "BRK.B"),
        ("brk-b.us", "BRK.B"),
        ("SPY US Equity", "SPY"),
        ("NYSE Arca:SPY", "SPY"),
        ("US.SPY", "SPY"),
        ("AMEX:SPY", "SPY"),
        ("BATS:SPY", "SPY"),
        ("ARCX:SPY", "SPY"),
        ("XNYS:SPY", "SPY"),
        ("NYSE:BRK.B", "BRK.B"),
        ("SPY-US", "SPY"),
        ("$SPY", "SPY"),
        ("SPY US", "SPY"),
        ("SPY:US", "SPY"),
        ("BF.B", "BF.B"),
    )
} | {
    "an index": Sample(
        "GSPC.csv", rows("Symbol,Date,Open,High,Low,Close,Volume", lambda b: f"^GSPC,{plain(b)}"), refused="--symbol"
    ),
    "a name": Sample("SPY.csv", rows("Name,Date,Open,High,Low,Close,Volume", lambda b: f"SPDR S&P 500,{plain(b)}")),
    "another symbol in the file": Sample(
        "QQQ.csv", rows("Symbol,Date,Open,High,Low,Close,Volume", lambda b: f"SPY,{plain(b)}")
    ),
    "another market's symbol": Sample(
        "x.csv", rows("Symbol,Date,Open,High,Low,Close,Volume", lambda b: f"VUSA.L,{plain(b)}"), symbol="VUSA.L"
    ),
    "true and nan as tickers": Sample(
        "x.csv", rows("Symbol,Date,Open,High,Low,Close,Volume", lambda b: f"TRUE,{plain(b)}"), symbol="TRUE"
    ),
}

BOOKS = {
    "titles": Sample("SPY.xlsx", book({"Sheet1": [["SPDR S&P 500 ETF Trust"], ["Prices in USD"], [], HEAD, *CELLS]})),
    "two rows of names": Sample("SPY.xlsx", book({"Sheet1": [["", "SPY US Equity", "", "", "", ""], HEAD, *CELLS]})),
    "two sheets of bars": Sample("book.xlsx", book({"SPY": [HEAD, *CELLS], "QQQ": [HEAD, *CELLS]}), refused="--sheet"),
    "two sheets, one named": Sample(
        "book.xlsx", book({"SPY": [HEAD, *CELLS], "QQQ": [HEAD, *CELLS]}), options={"sheet": "SPY", "symbol": "SPY"}
    ),
    "notes and bars": Sample("SPY.xlsx", book({"Notes": [["made up"]], "Data": [HEAD, *CELLS]})),
    "days as texts": Sample(
        "SPY.xlsx", book({"Data": [HEAD, *[[f"{b.day:%m/%d/%Y}", *b.prices, b.volume] for b in SHARE]]})
    ),
    "days as numbers": Sample(
        "SPY.xlsx", book({"Data": [HEAD, *[[(b.day - date(1899, 12, 30)).days, *b.prices, b.volume] for b in SHARE]]})
    ),
    "numbers as texts": Sample(
        "SPY.xlsx", book({"Data": [HEAD, *[[b.day, *(f"{p:,.2f}" for p in b.prices), f"{b.volume:,}"] for b in SHARE]]})
    ),
    "decimal commas": Sample(
        "SPY.xlsx",
        book(
            {
                "Data": [
                    ["Datum", "Eröffnung", "Hoch", "Tief", "Schlusskurs"],
                    *[[f"{b.day:%d.%m.%Y}", *map(comma, b.prices)] for b in SHARE],
                ]
            }
        ),
        volume=False,
    ),
    "a total below": Sample("SPY.xlsx", book({"Data": [HEAD, *CELLS, ["Total", "", "", "", "", 5]]})),
    "columns to the right": Sample("SPY.xlsx", book({"Data": [["", "", *HEAD], *[["", "", *r] for r in CELLS]]})),
    "a formula that failed": Sample(
        "SPY.xlsx",
        book({"Data": [HEAD, *CELLS[:-1], [SHARE[-1].day, "#N/A", "#N/A", "#N/A", "#N/A", "#N/A"]]}),
        bars=SHARE[:-1],
    ),
    "a cut workbook": Sample("SPY.xlsx", book({"Data": [HEAD, *CELLS]})[:-200], refused="not a readable workbook"),
}

SAMPLES: Mapping[str, Sample] = {**NAMES, **SYMBOLS, **BOOKS}
