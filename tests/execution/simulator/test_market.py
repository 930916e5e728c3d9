"""Prices within a session, what can be seen when, and times as the broker writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulators import NEW_YORK, calm_bars

from execution.simulator import market as prices
from execution.simulator.market import Market
from warehouse.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

ROW = {"symbol": "UP", "open": 100.0, "low": 98.0, "high": 105.0, "close": 104.0, "adj_close": 104.0, "volume": 1000}
DOWN = {"symbol": "DOWN", "open": 100.0, "low": 95.0, "high": 102.0, "close": 96.0, "adj_close": 96.0, "volume": 1000}
BARS = pa.Table.from_pylist(
    [
        row | {"session_date": day, "adj_close": float(str(row["close"])) * factor}
        for row in (ROW, DOWN)
        for day, factor in ((date(2024, 7, 2), 0.5), (date(2024, 7, 3), 1.0), (date(2024, 7, 5), 1.0))
    ]
)
MARKET = Market(BARS)
CALM = Market(calm_bars())


def _at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2024, 7, day, hour, minute, tzinfo=NEW_YORK)


@pytest.mark.parametrize(
    ("symbol", "instant", "price"),
    [
        ("UP", _at(5, 9, 30), "104.00"),  # nothing traded yet: yesterday's close
        ("UP", _at(5, 11, 27), "98.00"),  # three tenths of the session are over
        ("UP", _at(5, 14, 3), "105.00"),
        (
            "UP",
            _at(
                5,
                15,
                1,
            ),
            "104.50",
        ),
        ("UP", _at(5, 16), "104.00"),
        ("DOWN", _at(5, 11, 27), "102.00"),
        ("DOWN", _at(5, 14, 3), "95.00"),
        ("UP", _at(3, 13), "104.00"),  # a half-day ends at 13:00
        ("UP", _at(3, 10, 33), "98.00"),
        ("UP", _at(4, 12), "104.00"),  # a holiday
        ("UP", _at(7, 12), "104.00"),  # a Sunday
    ],
)
def test_a_price_walks_through_its_bar(symbol: str, instant: datetime, price: str) -> None:
    """Open, low, high, close on a winning day; open, high, low, close on a losing one; scaled to half-days."""
    assert abs(MARKET.price(symbol, instant) - Decimal(price)) <= Decimal("0.01")


@settings(deadline=None)
@given(st.integers(0, 389), st.sampled_from(["UP", "DOWN"]))
def test_a_partial_bar_is_what_has_happened(minute: int, symbol: str) -> None:
    """Within a session the bar contains its price, grows, and never shows more than the final bar does."""
    quotes = [
        MARKET.quote(symbol, _at(5, 9, 30).replace(hour=9 + (30 + m) // 60, minute=(30 + m) % 60))
        for m in (minute, minute + 1)
    ]
    final = MARKET.bars(symbol, _at(5, 16), 1)[0]
    for quote in quotes:
        assert quote is not None
        assert quote.bar.low <= float(quote.price) <= quote.bar.high
        if quote.bar.day == final.day:
            assert final.low <= quote.bar.low <= quote.bar.high <= final.high
            assert quote.bar.volume <= final.volume


@settings(deadline=None)
@given(st.datetimes(datetime(2024, 1, 2), datetime(2024, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001 - the zone is the next argument
def test_nothing_is_seen_before_it_happens(instant: datetime) -> None:
    """No bar of a session that has not begun, and never one of a later day; days ascend."""
    bars = CALM.bars("SPY", instant, 5)
    today = instant.astimezone(NEW_YORK).date()
    assert all(one.day < other.day for one, other in pairwise(bars))
    assert bars[-1].day <= today
    if bars[-1].day == today:
        assert instant > datetime.combine(today, prices.OPEN)


def test_history_is_not_there_before_the_first_bar() -> None:
    """A symbol without a past has no quote, and asking for its price is an error; an unknown one is not traded."""
    assert MARKET.quote("UP", _at(1, 12)) is None
    with pytest.raises(ValueError, match="UP has no price at 2024-07-01"):
        MARKET.price("UP", _at(1, 12))
    assert MARKET.symbol("NONE") is None
    assert MARKET.symbol("", str(prices.contract_id("UP"))) == "UP"


@pytest.mark.parametrize(
    ("duration", "first"),
    [
        ("1 D", date(2024, 7, 5)),
        ("3 D", date(2024, 7, 2)),
        ("1 W", date(2024, 6, 28)),
        ("1 M", date(2024, 6, 5)),
        ("10 Y", date(2014, 7, 5)),
    ],
)
def test_a_duration_counts_sessions_or_calendar_time(duration: str, first: date) -> None:
    """Days are sessions, without the holiday between; weeks, months and years are calendar time."""
    assert abs((prices.first_day(_at(5, 12), duration) - first).days) <= 1
    assert "D" not in duration or prices.first_day(_at(5, 12), duration) == first


@pytest.mark.parametrize("duration", ["", "10", "0 D", "-1 D", "10 X", "x Y", "60 S"])
def test_no_duration_is_an_error(duration: str) -> None:
    """A text that is no duration is refused."""
    with pytest.raises(ValueError, match="Invalid duration"):
        prices.first_day(_at(5, 12), duration)


@pytest.mark.parametrize(
    ("style", "text"),
    [
        ("exchange", "20240705 15:55:00 US/Eastern"),
        ("naive", "20240705  15:55:00"),
        ("utc", "20240705-19:55:00"),
        ("MET", "20240705 21:55:00 MET"),
        ("EDT", "20240705 15:55:00 EDT"),
    ],
)
def test_times_are_written_in_every_style(style: str, text: str) -> None:
    """The formats that were seen on the wire; a zone that nobody knows stands beside exchange time."""
    assert prices.exchange_text(_at(5, 15, 55), style) == text
    if style != "EDT":
        assert prices.read_instant(text) == _at(5, 15, 55)


def test_hours_know_half_days_and_holidays() -> None:
    """Open from 9:30 to the close of that day, which is at 13:00 before Independence Day."""
    assert [prices.is_open(_at(3, 12, 59)), prices.is_open(_at(3, 13)), prices.is_open(_at(4, 12))] == [
        True,
        False,
        False,
    ]
    assert prices.next_close(_at(3, 13)) == _at(5, 16)
    assert prices.next_open(_at(3, 13)) == _at(5, 9, 30)
    assert prices.next_open(_at(3, 9)) == _at(3, 9, 30)


def test_bars_come_from_a_file_or_the_sample(tmp_path: Path) -> None:
    """A Parquet file and the sample market; what is neither is an error that says what to pass."""
    pq.write_table(BARS, tmp_path / "bars.parquet")
    assert Market(prices.read_bars(str(tmp_path / "bars.parquet"))).symbol("UP") == "UP"
    assert Market(prices.read_bars("sample")).symbol("BITO") == "BITO"
    (tmp_path / "text.parquet").write_text("no bars")
    for name in ("text.parquet", "missing.parquet"):
        with pytest.raises(SourceError, match="has no daily bars to simulate a market"):
            prices.read_bars(str(tmp_path / name))
