"""Kinds of files that people have, read: each lands right."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from exports import PLAIN, SHARE, epoch, landed, ohlc, require, share, table

from warehouse.sources.base import silent
from warehouse.sources.files.numbers import Notation
from warehouse.sources.files.source import FileSource

if TYPE_CHECKING:
    from pathlib import Path


def euro(number: float) -> str:
    """Write 1.234,56."""
    return f'"{number:,.2f}"'.translate(str.maketrans(",.", ".,"))


READ: dict[str, tuple[str, str, dict[str, Any], bool]] = {
    "dates without a zero": (
        "SPY.csv",
        table(
            SHARE,
            "Date,Open,High,Low,Close,Adj Close,Volume",
            lambda bar: f"{bar.day.year}-{bar.day.month}-{bar.day.day},{ohlc(bar)},{bar.adj_close},{bar.volume}",
        ),
        {},
        True,
    ),
    "newest first, month first, volume in millions": (
        "SPY Historical Data.csv",
        table(
            SHARE[::-1],
            '\ufeff"Date","Price","Open","High","Low","Vol.","Change %"',
            lambda bar: (
                f'"{bar.day:%m/%d/%Y}","{bar.close}","{bar.open}","{bar.high}","{bar.low}",'
                f'"{bar.volume / 1e6:.4f}M","0.5%"'
            ),
        ),
        {},
        False,
    ),
    "decimal commas in Polish": (
        "CDR.csv",
        table(
            SHARE,
            '"Data","Ostatnio","Otwarcie","Max.","Min.","Wol.","Zmiana%"',
            lambda bar: (
                f'"{bar.day:%d.%m.%Y}",{euro(bar.close)},{euro(bar.open)},{euro(bar.high)},{euro(bar.low)},'
                f'"{bar.volume / 1e3:.2f}'.replace(".", ",").replace("/", ".")
                + 'K","0,5%"'
            ).replace(f"{bar.day:%d,%m,%Y}", f"{bar.day:%d.%m.%Y}"),
        ),
        {},
        False,
    ),
    "dollar signs": (
        "AAPL.csv",
        table(
            SHARE,
            "Date, Close/Last, Volume, Open, High, Low",
            lambda bar: f"{bar.day:%m/%d/%Y}, ${bar.close}, {bar.volume}, ${bar.open}, ${bar.high}, ${bar.low}",
        ),
        {},
        False,
    ),
    "seconds since 1970": (
        "SPX.csv",
        table(
            SHARE,
            "time,open,high,low,close,Volume,Volume MA",
            lambda bar: f"{epoch(bar, 14)},{ohlc(bar)},{bar.volume},5",
        ),
        {},
        False,
    ),
    "milliseconds since 1970": (
        "SPX.csv",
        table(
            SHARE, "timestamp,open,high,low,close,volume", lambda bar: f"{epoch(bar, 5)}000,{ohlc(bar)},{bar.volume}"
        ),
        {},
        False,
    ),
    "unnamed first column": (
        "GOOG.csv",
        table(SHARE, ",Open,High,Low,Close,Volume", lambda bar: f"{bar.day},{ohlc(bar)},{bar.volume}"),
        {},
        False,
    ),
    "row names without a header": (
        "GOOG.csv",
        table(SHARE, "Open,High,Low,Close,Volume", lambda bar: f"{bar.day},{ohlc(bar)},{bar.volume}"),
        {},
        False,
    ),
    "no header": (
        "SPY.txt",
        table(SHARE, "", lambda bar: f"{bar.day:%Y%m%d},{ohlc(bar)},{bar.volume}"),
        {},
        False,
    ),
    "no header, symbol, period and time": (
        "all.txt",
        table(SHARE, "", lambda bar: f"SPY,D,{bar.day:%Y%m%d},000000,{ohlc(bar)},{bar.volume},0"),
        {},
        False,
    ),
    "two volume columns": (
        "GSPC.csv",
        table(
            SHARE,
            "Date,Open,High,Low,Close,Adj Close,Volume,OBV,Volume",
            lambda bar: f"{bar.day} 00:00:00+00:00,{ohlc(bar)},{bar.adj_close},{bar.volume},7,{bar.volume}",
        ),
        {},
        True,
    ),
    "comments above": (
        "SPY.csv",
        "# made up\n# daily\n" + table(SHARE, PLAIN, lambda bar: f"{bar.day},{ohlc(bar)},{bar.volume}"),
        {},
        False,
    ),
    "a title above": (
        "SPY.csv",
        "SPDR S&P 500\nall prices in USD\n\n"
        + table(SHARE, "date,open,high,low,close,volume", lambda bar: f"{bar.day},{ohlc(bar)},{bar.volume}"),
        {},
        False,
    ),
    "tidyquant": (
        "tq.csv",
        table(
            SHARE,
            '"symbol","date","open","high","low","close","volume","adjusted"',
            lambda bar: f'"SPY",{bar.day},{ohlc(bar)},{bar.volume},{bar.adj_close}',
        ),
        {},
        True,
    ),
    "Sharadar": (
        "sep.csv",
        table(
            SHARE,
            "ticker,date,open,high,low,close,volume,closeadj,closeunadj,lastupdated",
            lambda bar: f"BRK.B,{bar.day},{ohlc(bar)},{bar.volume},{bar.adj_close},{2 * bar.close},2024-01-01",
        ),
        {},
        True,
    ),
    "quantmod": (
        "spy.csv",
        table(
            SHARE,
            '"","SPY.Open","SPY.High","SPY.Low","SPY.Close","SPY.Volume","SPY.Adjusted"',
            lambda bar: f'"{bar.day}",{ohlc(bar)},{bar.volume},{bar.adj_close}',
        ),
        {},
        True,
    ),
    "thousands separators and months by name": (
        "T.txt",
        table(
            SHARE,
            "Date\tOpen\tHigh\tLow\tClose \tAdj Close \tVolume",
            lambda bar: (
                (f"{bar.day:%b %d, %Y}\t{bar.dividend} Dividend\n" if bar.dividend else "")
                + f"{bar.day:%b %d, %Y}\t{ohlc(bar, separator=chr(9))}\t{bar.adj_close}\t{bar.volume:,}"
            ),
        ),
        {},
        True,
    ),
    "words below": (
        "SPY.csv",
        table(SHARE, PLAIN, lambda bar: f"{bar.day},{ohlc(bar)},{bar.volume}") + '"Downloaded from a vendor"\n',
        {},
        False,
    ),
    "a security with its market": (
        "px.csv",
        table(
            SHARE,
            "Security,Date,PX_OPEN,PX_HIGH,PX_LOW,PX_LAST,PX_VOLUME",
            lambda bar: f"SPY US Equity,{bar.day},{ohlc(bar)},{bar.volume}",
        ),
        {},
        False,
    ),
    "no volume": (
        "SPY.csv",
        table(SHARE, "Date;Open;High;Low;Close", lambda bar: f"{bar.day};{ohlc(bar, separator=';')}"),
        {},
        False,
    ),
    "sessions of 1962": (
        "IBM.csv",
        table(share(first=date(1962, 2, 1)), PLAIN, lambda bar: f"{bar.day},{ohlc(bar)},{bar.volume}"),
        {},
        False,
    ),
    "blanks between columns": (
        "SPY.txt",
        table(
            SHARE,
            "Date  Open High  Low Close Volume",
            lambda bar: f"{bar.day}  {ohlc(bar, separator='  ')} {bar.volume}",
        ),
        {},
        False,
    ),
    "a symbol said": (
        "prices.csv",
        table(SHARE, PLAIN, lambda bar: f"{bar.day},{ohlc(bar)},{bar.volume}"),
        {"symbol": "SPY"},
        False,
    ),
    "columns by place": (
        "SPY.csv",
        table(
            SHARE,
            "Date,Open,High,Low,Close,close,Volume",
            lambda bar: f"{bar.day},{ohlc(bar)},{bar.adj_close},{bar.volume}",
        ),
        {"columns": {"close": "5", "adj_close": "6"}},
        True,
    ),
    "numbers as said": (
        "SPY.csv",
        table(
            SHARE,
            "Date;Open;High;Low;Close;Volume",
            lambda bar: (
                f"{bar.day};" + ";".join(f"{price:.3f}".replace(".", ",") for price in bar.prices) + f";{bar.volume}"
            ),
        ),
        {"notation": Notation(",", ".")},
        False,
    ),
}


@pytest.mark.parametrize("kind", READ)
def test_a_kind_is_read(tmp_path: Path, kind: str) -> None:
    """The bars come out as they went in."""
    name, text, options, adjusted = READ[kind]
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", newline="")
    bars = share(first=date(1962, 2, 1)) if "1962" in kind else SHARE
    require(landed(path, **options), bars, adjusted=adjusted, volume="no volume" not in kind)


def test_dividends_between_the_rows_are_taken(tmp_path: Path) -> None:
    """A page copied from a browser has its dividends on lines of their own."""
    name, text, _, _ = READ["thousands separators and months by name"]
    (tmp_path / name).write_text(text, encoding="utf-8")
    rows = landed(tmp_path / name)
    assert [row["dividend"] for row in rows] == [bar.dividend for bar in SHARE]


def test_a_verdict_says_how_a_file_was_read(tmp_path: Path) -> None:
    """Symbol, span, columns, dates, adjustment and notes."""
    path = tmp_path / "EOD-SPY.csv"
    lines = [f"{bar.day},{ohlc(bar)},1" for bar in SHARE if bar != SHARE[7]]
    lines[3] = f"{SHARE[3].day},0,{SHARE[3].high},{SHARE[3].low},{SHARE[3].high + 0.01:.2f},many"
    path.write_text("\n".join([PLAIN, *lines, ""]))
    source = FileSource([path])
    list(source.fetch(silent))
    (verdict,) = source.verdicts
    assert (verdict.symbol, verdict.first, verdict.last, verdict.bars) == ("SPY", SHARE[0].day, SHARE[-1].day, 79)
    assert verdict.columns["session_date"] == "Date"
    assert verdict.adj_close.startswith("none: the close is used")
    assert verdict.notes == (
        "1 x volume not understood and left empty",
        "1 x open left empty",
        "1 x high or low widened to the close",
        f"1 sessions have no bar, the first after {SHARE[6].day}",
    )
