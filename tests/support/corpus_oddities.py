"""Oddities of tables: contents that are no bars, other periods, columns, totals."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from corpus import Sample, plain, rows
from exports import PLAIN, SHARE, epoch, ohlc, share

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT = rows(PLAIN, plain)
ADJ = "Date,Open,High,Low,Close,Adj Close,Volume"
HTML = (
    "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>"
    "<p>Too many, try, again, later, now</p></body></html>\n"
)
LONG = share(520)


NO_BARS = {
    "empty": Sample("SPY.csv", "", refused="empty|no column"),
    "blank": Sample("SPY.csv", "\n\n  \n", refused="empty|no column"),
    "header alone": Sample("SPY.csv", PLAIN + "\n", refused="no bar"),
    "a page": Sample("SPY.csv", HTML * 9, refused="HTML|page"),
    "a page in .xls": Sample("SPY.xls", HTML, refused="HTML|page|workbook"),
    "prose of a quota": Sample("SPY.csv", "Exceeded the daily hits limit", refused="Exceeded the daily hits limit"),
    "prose of a key": Sample(
        "spy_us_d.csv",
        "Get your apikey:\n\n1. Open https://stooq.com/q/d/?s=^spx&get_apikey\n2. Enter the captcha code.\n",
        refused="Get your apikey",
    ),
    "No data": Sample("SPY.csv", "No data", refused="No data"),
    "a notice of JSON": Sample(
        "SPY.csv",
        '{"detail":"Error: You have run over your hourly request allocation."}',
        refused="run over your hourly",
    ),
    "JSON named csv": Sample(
        "SPY.csv", '[{"date": "2023-01-03", "open": 1, "high": 1, "low": 1, "close": 1}]', refused="JSON"
    ),
    "a letter": Sample(
        "SPY.txt",
        "Dear investor,\n\nenclosed you find, as always, our prices, and more, in due time.\n",
        refused="no table of bars. It begins: 'Dear investor,'",
    ),
    "a document": Sample("SPY.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", refused="PDF|text"),
    "csv named xlsx": Sample("SPY.xlsx", TEXT, refused="text|workbook"),
    "cut in a row": Sample("SPY.csv", TEXT[: TEXT.rindex(",")], refused="cells"),
    "cut in a price": Sample(
        "SPY.csv",
        rows("Date,Open,High,Low,Close", lambda b: f"{b.day},{ohlc(b)}")[:-5] + "1",
        volume=False,
        bars=SHARE[:-1],
    ),
    "a folder's list": Sample("SPY.csv", "file,size\nSPY.csv,100\n", refused="no column"),
}

PERIODS = {
    "weekly": Sample("SPY.csv", rows(PLAIN, plain, [b for b in SHARE if b.day.weekday() == 4]), refused="weekly"),
    "weekly, of Mondays": Sample(
        "SPY.csv",
        rows(ADJ, lambda b: f"{b.day},{ohlc(b)},1,1", [b for b in LONG if b.day.weekday() == 0]),
        refused="weekly",
    ),
    "monthly": Sample(
        "SPY.csv", rows(PLAIN, lambda b: f"{b.day:%Y-%m}-01,{ohlc(b)},1", LONG[::21]), refused="monthly|no session"
    ),
    "months alone": Sample(
        "SPY.csv", rows(PLAIN, lambda b: f"{b.day:%Y-%m},{ohlc(b)},1", LONG[::21]), refused="'2023-01' is not a date"
    ),
    "months by name": Sample(
        "SPY.csv", rows(PLAIN, lambda b: f"{b.day:%b %y},{ohlc(b)},1", LONG[::21]), refused="'Jan 23' is not a date"
    ),
    "quarters": Sample(
        "SPY.csv", rows(PLAIN, lambda b: f"{b.day.year}Q1,{ohlc(b)},1", LONG[::63]), refused="'2023Q1' is not a date"
    ),
    "hours": Sample(
        "SPY.csv",
        rows(PLAIN, lambda b: f"{b.day} 10:30,{ohlc(b)},1\n{b.day} 11:30,{b.close},{b.high},{b.low},{b.open},1"),
        refused="several rows a day",
    ),
    "minutes, times apart": Sample(
        "SPY.csv",
        rows("Date,Time,Open,High,Low,Close,Volume", lambda b: f"{b.day},09:{b.day.day + 29},{ohlc(b)},1"),
        refused="several times",
    ),
    "minutes, epoch": Sample(
        "SPY.csv",
        rows("time,open,high,low,close", lambda b: f"{epoch(SHARE[0], 14) + 60 * SHARE.index(b)},{ohlc(b)}"),
        refused="several rows a day",
    ),
    "every other day": Sample("SPY.csv", rows(PLAIN, plain, SHARE[::2]), refused="not daily"),
    "calendar days, filled": Sample(
        "SPY.csv",
        "".join(
            [PLAIN + "\n"]
            + [
                f"{b.day + timedelta(days=i)},{ohlc(b)},1\n"
                for b, c in pairwise(SHARE)
                for i in range((c.day - b.day).days)
            ]
        ),
        refused="no session",
    ),
    "ticks": Sample(
        "SPY.csv",
        "Date,Time,Price,Size\n" + "".join(f"2023-01-03,09:30:{i:02},100.{i},5\n" for i in range(50)),
        refused="no column",
    ),
    "bid and ask": Sample(
        "SPY.csv",
        rows(
            "Date,BidOpen,BidHigh,BidLow,BidClose,AskOpen,AskHigh,AskLow,AskClose",
            lambda b: f"{b.day},{ohlc(b)},{ohlc(b)}",
        ),
        refused="found 'Date', 'BidOpen'",
    ),
    "days to come": Sample(
        "SPY.csv", rows(PLAIN, lambda b: f"{b.day.replace(year=2029)},{ohlc(b)},1"), refused="2029-01-03 is no session"
    ),
    "of London": Sample(
        "VUSA.csv",
        rows(PLAIN, plain, [b for b in LONG if b.day != date(2023, 1, 16)]) + "2023-01-16,1,1,1,1,1\n",
        refused="has not come",
    ),
}

COLUMNS = {
    "euros in a column": Sample("SPY.csv", rows(PLAIN + ",Currency", lambda b: f"{plain(b)},EUR"), refused="EUR"),
    "dollars in a column": Sample("SPY.csv", rows(PLAIN + ",Currency", lambda b: f"{plain(b)},USD")),
    "euro signs": Sample(
        "SPY.csv",
        rows("Date;Open;High;Low;Close", lambda b: f"{b.day};" + ";".join(f"€{p}" for p in b.prices)),
        refused="€|EUR",
    ),
    "pence": Sample("SPY.csv", rows(PLAIN + ",Currency", lambda b: f"{plain(b)},GBX"), refused="GBX"),
    "units in the names": Sample(
        "SPY.csv", rows("Date,Open (USD),High (USD),Low (USD),Close (USD),Volume (shares)", plain), volume=False
    ),
    "names with prices": Sample(
        "SPY.csv", rows("Trade Date,Open Price,High Price,Low Price,Close Price,Total Volume", plain)
    ),
    "an adjusted close alone": Sample(
        "SPY.csv",
        rows("Date,Open,High,Low,Adj Close,Volume", lambda b: f"{b.day},{b.open},{b.high},{b.low},{b.adj_close},1"),
        refused="close",
    ),
    "an adjusted close taken for the close": Sample(
        "SPY.csv",
        rows("Date,Open,High,Low,Adj Close,Volume", lambda b: f"{b.day},{b.open},{b.high},{b.low},{b.adj_close},1"),
        options={"columns": {"close": "Adj Close"}},
        refused="Is the close adjusted|outside",
    ),
    "an empty adjusted close": Sample(
        "SPY.csv", rows(ADJ, lambda b: f"{b.day},{ohlc(b)},,{b.volume}"), refused="adj_close"
    ),
    "an adjusted close of zeros": Sample(
        "SPY.csv", rows(ADJ, lambda b: f"{b.day},{ohlc(b)},0,{b.volume}"), refused="adj_close"
    ),
    "all adjusted but the close twice": Sample(
        "SPY.csv",
        rows("Date,Adj Open,Adj High,Adj Low,Adj Close,Volume", lambda b: f"{b.day},{ohlc(b)},{b.volume}"),
        adjusted=False,
        refused="",
    ),
    "merged with a benchmark": Sample(
        "SPY.csv",
        rows("Date,Open_x,High_x,Low_x,Close_x,Volume_x,Close_y", lambda b: f"{plain(b)},{b.close * 3}"),
        refused="Y has 'Date', 'Close_y'",
    ),
    "closes and returns": Sample(
        "SPY.csv",
        rows(PLAIN + ",Return,Log_Ret,SMA_20,Close_SMA,close_lag1", lambda b: f"{plain(b)},0.1,0.1,100,100,99"),
        refused="",
    ),
    "signs of a broker": Sample(
        "SPY.csv",
        rows(PLAIN + ",Change,Change %,Turnover,VWAP,Trades", lambda b: f"{plain(b)},0.5,0.5%,1000000,100.0,5"),
    ),
    "prices in cents": Sample(
        "SPY.csv", rows(PLAIN, lambda b: f"{b.day},{ohlc(b, lambda p: str(round(p * 10000)))},1"), refused="10,?000"
    ),
    "changes in per cent": Sample(
        "SPY.csv",
        rows(PLAIN, lambda b: f"{b.day},{ohlc(b, lambda p: f'{p - 100:.2f}%')},1"),
        refused="'0.10%' is not a number",
    ),
    "Indian thousands": Sample("SPY.csv", rows(PLAIN, lambda b: f'{b.day},{ohlc(b)},"12,34,567"'), volume=False),
    "volumes in words": Sample(
        "SPY.csv", rows(PLAIN, lambda b: f"{b.day},{ohlc(b)},{b.volume / 1e6:.4f} Mio."), volume=False
    ),
    "exponents": Sample("SPY.csv", rows(PLAIN, lambda b: f"{b.day},{ohlc(b, lambda p: f'{p:.6e}')},{b.volume:.6e}")),
    "plus signs": Sample("SPY.csv", rows(PLAIN, lambda b: f"{b.day},{ohlc(b, lambda p: f'+{p}')},{b.volume}")),
    "decimal commas and commas": Sample(
        "SPY.csv",
        rows("Datum,Open,High,Low,Close", lambda b: f"{b.day},{ohlc(b, lambda p: f'{p:.2f}'.replace('.', ','))}"),
        refused="cells",
    ),
    "seven columns, no names": Sample(
        "SPY.csv", rows("", lambda b: f"{b.day},{ohlc(b)},{b.adj_close},{b.volume}"), refused="--column"
    ),
    "close first, no names": Sample(
        "SPY.csv",
        rows("", lambda b: f"{b.day},{b.close},{b.high},{b.low},{b.open},{b.volume}"),
        refused="--column close=2 --column high=3 --column low=4 --column open=5 --column volume=6",
    ),
    "volume before prices, no names": Sample(
        "SPY.csv", rows("", lambda b: f"{b.day},{b.volume},{ohlc(b)}"), refused="--column"
    ),
    "a split as a fraction": Sample(
        "SPY.csv",
        rows("Date,Open,High,Low,Close,Volume,Stock Splits", lambda b: f"{plain(b)},{'2:1' if b is SHARE[40] else ''}"),
    ),
}

TAILS = {
    "a total": Sample("SPY.csv", TEXT + "Total,,,,,123456789\n"),
    "averages": Sample(
        "SPY.csv",
        TEXT + "\nAverage,100.1,101.2,99.9,100.5,5000000\nMax,120,121,119,120,1\nMin,90,91,89,90,1\n",
        refused=r"Average",
    ),
    "a disclaimer": Sample("SPY.csv", TEXT + '\n"Prices are delayed, and may be wrong."\nSource: a vendor\n'),
    "a disclaimer with commas": Sample(
        "SPY.csv", TEXT + "Prices are delayed, may be wrong, and are, as such, of no use\n"
    ),
    "the header again": Sample("SPY.csv", rows(PLAIN, plain, SHARE[:40]) + rows(PLAIN, plain, SHARE[40:])),
    "the header on each page": Sample(
        "SPY.csv", "".join(rows(PLAIN, plain, SHARE[i : i + 10]) for i in range(0, 80, 10))
    ),
    "two tables": Sample(
        "all.csv",
        rows(PLAIN, plain, SHARE)
        + "\nQQQ\n"
        + rows(
            PLAIN,
            lambda b: (
                f"{b.day},{ohlc(replace(b, open=b.open * 2, high=b.high * 2, low=b.low * 2, close=b.close * 2))},1"
            ),
        ),
        options={"symbol": "SPY"},
        refused="line 83 has 1 cells",
    ),
    "rows twice": Sample("SPY.csv", rows(PLAIN, lambda b: f"{plain(b)}\n{plain(b)}")),
    "a live row": Sample(
        "SPY.csv",
        TEXT + f"{SHARE[-1].day},{SHARE[-1].open},{SHARE[-1].high},{SHARE[-1].low},{SHARE[-1].low},1\n",
        refused="several rows a day",
    ),
    "zeros on holidays": Sample("SPY.csv", TEXT + "2023-01-16,0,0,0,0,0\n", refused=""),
    "shuffled": Sample("SPY.csv", rows(PLAIN, plain, SHARE[40:] + SHARE[:40])),
}

SAMPLES: Mapping[str, Sample] = {**NO_BARS, **PERIODS, **COLUMNS, **TAILS}
