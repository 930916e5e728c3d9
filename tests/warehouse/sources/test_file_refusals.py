"""Kinds of files that people have, refused: in words that say the way out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from exports import PLAIN, SHARE, Day, landed, ohlc, share, table

from warehouse.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path


def _swapped(day: date) -> str:
    return f"{day:%Y-%d-%m}" if day.day <= 12 else f"{day}"


def _weekly(bars: list[Day]) -> list[Day]:
    return [bar for bar in bars if bar.day.weekday() == 4]


REFUSED: dict[str, tuple[str, str, str]] = {
    "weekly": ("SPY.csv", table(_weekly(SHARE), PLAIN, lambda bar: f"{bar.day},{ohlc(bar)},1"), "the bars are weekly"),
    "weekly, stamped on Sundays": (
        "SPY.csv",
        table(_weekly(SHARE), PLAIN, lambda bar: f"{bar.day + timedelta(days=2)},{ohlc(bar)},1"),
        "no session of XNYS",
    ),
    "monthly": ("SPY.csv", table(SHARE[::21], PLAIN, lambda bar: f"{bar.day},{ohlc(bar)},1"), "the bars are monthly"),
    "some weekly": (
        "SPY.csv",
        table(_weekly(SHARE[:60]) + SHARE[60:], PLAIN, lambda bar: f"{bar.day},{ohlc(bar)},1"),
        "after .* the bars are not daily.*--start",
    ),
    "minutes in a second column": (
        "IBB.txt",
        "DATE,MI,CLOSE,HIGH,LOW,OPEN,VOLUME\n" + "".join(f"30-5-2014,{m},10.{m},11,9,10,5\n" for m in range(1, 25)),
        "several times",
    ),
    "minutes in the date": (
        "SPY.csv",
        PLAIN + "\n" + "".join(f"2014-05-30 09:{m:02}:00,10,11,9,10.{m},5\n" for m in range(30, 55)),
        "several rows a day",
    ),
    "symbols in a column of another name": (
        "SPY.csv",
        "Date,Open,High,Low,Close,Company\n" + "".join(f"2016-01-04,10,11,9,10.{i},Firm {i}\n" for i in range(20)),
        "several rows a day.*--column symbol=<column>",
    ),
    "an adjusted close and the rest as traded": (
        "trade.csv",
        table(
            SHARE,
            ",date,tic,close,high,low,open,volume",
            lambda bar: f"0,{bar.day},A,{bar.close * 0.9},{bar.high},{bar.low},{bar.open},1",
        ),
        "Is the close adjusted",
    ),
    "an adjusted column under a name of its own": (
        "SPY.csv",
        table(
            SHARE, PLAIN + ",AdjustedLastPrice(TR)", lambda bar: f"{bar.day},{ohlc(bar)},{bar.volume},{bar.adj_close}"
        ),
        "looks like an adjusted close and is not used",
    ),
    "a second close": (
        "SPY.csv",
        table(SHARE, "Date,Open,High,Low,Close,close", lambda bar: f"{bar.day},{ohlc(bar)},{bar.adj_close}"),
        r"could both be the close.*--column adj_close=<place>",
    ),
    "a second close, named by pandas": (
        "SPY.csv",
        table(SHARE, "Date,Open,High,Low,Close,Close.1", lambda bar: f"{bar.day},{ohlc(bar)},{bar.adj_close}"),
        r"could both be the close",
    ),
    "another close": (
        "SPY.csv",
        table(SHARE, "Date,Open,High,Low,Close,Close_TR", lambda bar: f"{bar.day},{ohlc(bar)},{bar.adj_close}"),
        "'Close_TR' looks like an adjusted close",
    ),
    "open and close in each other's column": (
        "SPY.csv",
        table(SHARE, "Date,Close,High,Low,Open", lambda bar: f"{bar.day},{ohlc(bar)}"),
        "open and close seem to stand in each other's column",
    ),
    "evening of the day before": (
        "SPY.csv",
        table(SHARE, PLAIN, lambda bar: f"{bar.day - timedelta(days=1)} 19:00:00,{ohlc(bar)},{bar.volume}"),
        "times of the evening",
    ),
    "a day early": (
        "SPY.csv",
        table(SHARE, PLAIN, lambda bar: f"{bar.day - timedelta(days=1)},{ohlc(bar)},{bar.volume}"),
        "Sundays and no Fridays",
    ),
    "day and month swapped in some": (
        "SPY.csv",
        table(SHARE, PLAIN, lambda bar: f"{_swapped(bar.day)},{ohlc(bar)},{bar.volume}"),
        "day and month swapped",
    ),
    "year-day-month": (
        "SPY.csv",
        table(SHARE, PLAIN, lambda bar: f"{bar.day:%Y-%d-%m},{ohlc(bar)},{bar.volume}"),
        "--date-format says",
    ),
    "one day, day or month first": ("SPY.csv", PLAIN + "\n03/04/2024,10,11,9,10,5\n", "--date-format %m/%d/%Y"),
    "commas of either kind": (
        "SPY.csv",
        'Date,Open,High,Low,Close\n2024-01-02,"1,100","1,120","1,090","1,110"\n',
        "--decimal , or --thousands ,",
    ),
    "wide sheet": (
        "prices.csv",
        table(SHARE, "Date, VTI - CLOSE , VTI - VOLUME , SPY - CLOSE ", lambda bar: f"{bar.day},1,2,3"),
        "one column per symbol .*closes only",
    ),
    "wide sheet of tickers": (
        "prices.csv",
        table(SHARE, "Date,SPY,QQQ,TLT", lambda bar: f"{bar.day},1,2,3"),
        "closes only",
    ),
    "closes alone": (
        "SPY.csv",
        table(SHARE, "Date,Close", lambda bar: f"{bar.day},1"),
        "no column for open, high, low",
    ),
    "no symbol": (
        "prices.csv",
        table(SHARE, PLAIN, lambda bar: f"{bar.day},{ohlc(bar)},1"),
        "Say the symbol with --symbol",
    ),
    "nothing readable": (
        "SPY.csv",
        table(SHARE, PLAIN, lambda bar: f"day {bar.day.day},{ohlc(bar)},1"),
        "--date-format",
    ),
    "days to come": (
        "SPY.csv",
        table(share(first=date(2024, 5, 1)), PLAIN, lambda bar: f"{bar.day},{ohlc(bar)},1"),
        "has not come",
    ),
    "columns in another order, no header": (
        "SPY.csv",
        table(SHARE, "", lambda bar: f"{bar.day},{bar.close},{bar.high},{bar.low},{bar.open},1"),
        "seem to be close, high, low, open. If so, say --column session_date=1 --column close=2",
    ),
    "six numbers, no header": (
        "SPY.csv",
        table(SHARE, "", lambda bar: f"{bar.day},{ohlc(bar)},{bar.adj_close},{bar.volume}"),
        "--column adj_close=6",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_kind_is_refused(tmp_path: Path, kind: str) -> None:
    """The message names the file, the reason and the way out; nothing lands."""
    name, text, message = REFUSED[kind]
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=message) as raised:
        landed(path, final_until=date(2024, 6, 3))
    assert str(raised.value).startswith(str(path))


def test_two_files_that_agree_are_one_history(tmp_path: Path) -> None:
    """Overlapping bars may stand in both."""
    for name, bars in (("SPY.csv", SHARE[:50]), ("spy_us_d.csv", SHARE[40:])):
        (tmp_path / name).write_text(table(bars, PLAIN, lambda bar: f"{bar.day},{ohlc(bar)},{bar.volume}"))
    assert {row["session_date"] for row in landed(tmp_path)} == {bar.day for bar in SHARE}


@pytest.mark.parametrize(("first", "second"), [(slice(0, 50), slice(40, 80)), (slice(0, 40), slice(40, 80))])
def test_two_files_that_disagree_are_refused(tmp_path: Path, first: slice, second: slice) -> None:
    """Another adjustment is seen in an overlap, and where two files meet."""
    header = "Date,Open,High,Low,Close,Adj Close,Volume"
    for name, part, factor in (("SPY.csv", first, 1.0), ("spy_us_d.csv", second, 0.9)):
        bars = [replace(bar, adj_close=bar.adj_close * factor) for bar in SHARE[part]]
        text = table(bars, header, lambda bar: f"{bar.day},{ohlc(bar)},{bar.adj_close},1")
        (tmp_path / name).write_text(text)
    with pytest.raises(SourceError, match="both hold SPY, and disagree"):
        landed(tmp_path)


def test_every_refusal_is_named_at_once(tmp_path: Path) -> None:
    """One message tells what is to be mended in a whole folder."""
    for name in ("SPY.csv", "QQQ.csv"):
        (tmp_path / name).write_text(table(SHARE[::21], PLAIN, lambda bar: f"{bar.day},{ohlc(bar)},1"))
    with pytest.raises(SourceError, match=r"QQQ\.csv.*monthly[\s\S]*SPY\.csv.*monthly[\s\S]*Nothing was landed"):
        landed(tmp_path)
