"""Whatever bars are written in a recognised way read back equal."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

from exports import Day, landed, require, share
from hypothesis import given, settings
from hypothesis import strategies as st

DATES = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d-%b-%Y", "%b %d, %Y", "%Y-%m-%d 00:00:00-05:00")
NAMES = (
    ("Date", "Open", "High", "Low", "Close", "Adj Close", "Volume"),
    ("<DATE>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<ADJCLOSE>", "<VOL>"),
    ("timestamp", "1. open", "2. high", "3. low", "4. close", "5. adjusted close", "6. volume"),
    ("trade_date", "o", "h", "l", "c", "close_adj", "v"),
    ("", "OPEN", "HIGH", "LOW", "CLOSE", "adjusted", "VOLUME"),
)
MARKS = ((".", "", ","), (".", ",", ";"), (",", ".", ";"), (",", "", "\t"), (".", "", "|"))
"""Decimal mark, thousands separator, and the separator of the columns."""


def written(number: float, decimal: str, thousands: str) -> str:
    """Write a number with its marks."""
    return f"{number:,.6f}".replace(",", "t").replace(".", decimal).replace("t", thousands)


@st.composite
def markets(draw: st.DrawFn) -> list[Day]:
    """Draw the bars of a share, cheap or dear, old or new."""
    first = draw(st.dates(date(1985, 1, 1), date(2024, 1, 1)))
    price = draw(st.sampled_from([2.0, 40.0, 999.0, 4000.0, 250_000.0]))
    return share(draw(st.integers(25, 70)), first=first, seed=draw(st.integers(0, 10**6)), price=price)


@settings(deadline=None, max_examples=60)
@given(markets(), st.sampled_from(DATES), st.sampled_from(NAMES), st.sampled_from(MARKS), st.data())
def test_bars_read_back_equal(  # noqa: PLR0913, PLR0917 - one for each way to write
    bars: list[Day], date_form: str, names: tuple[str, ...], marks: tuple[str, str, str], data: st.DataObject
) -> None:
    """Columns in any order, rows in either, each notation of dates and numbers."""
    decimal, thousands, separator = marks
    order = data.draw(st.permutations(range(1, 7)))
    places = [0, *order]
    quote = '"' if separator in date_form or separator in (decimal, thousands) else ""
    lines = [separator.join(names[place] for place in places)]
    for bar in bars if data.draw(st.booleans()) else bars[::-1]:
        numbers = [*bar.prices, bar.adj_close, float(bar.volume)]
        cells = [f"{bar.day:{date_form}}", *(written(number, decimal, thousands) for number in numbers)]
        lines.append(separator.join(f"{quote}{cells[place]}{quote}" for place in places))
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "SPY.csv"
        path.write_text(data.draw(st.sampled_from(["\n", "\r\n"])).join([*lines, ""]), encoding=encoding, newline="")
        require(landed(path), bars, adjusted=True)
