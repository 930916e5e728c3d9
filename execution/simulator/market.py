"""Prices from daily bars: the path of each session, quotes as of an instant, and history.

Within a session a price goes straight from the open to the low, to the high and to the close; on a losing day to the
high before the low. An answer never depends on anything after the instant asked about.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.calendar import sessions
from warehouse.errors import SourceError
from warehouse.sources.base import silent
from warehouse.sources.synthetic import SyntheticSource

OPEN = time(9, 30, tzinfo=sessions.EXCHANGE_ZONE)
TURNS = (0.0, 0.3, 0.7, 1.0)  # fractions of a session at which the path turns
CENT = Decimal("0.01")
COLUMNS = ("open", "high", "low", "close", "adj_close", "volume")


class DailyBar(NamedTuple):
    """A daily bar in USD per share, `volume` in shares; `factor` is that of the dividend adjustment."""

    day: date
    open: float
    high: float
    low: float
    close: float
    volume: float
    factor: float


@dataclass(frozen=True, slots=True)
class Quote:
    """A price and the session so far, USD per share, as of `at`."""

    price: Decimal
    at: datetime
    bar: DailyBar
    previous_close: Decimal


class Market:
    """The exchange at an instant, from a table of daily bars with the columns of the warehouse."""

    def __init__(self, bars: pa.Table) -> None:
        table = bars.sort_by([("symbol", "ascending"), ("session_date", "ascending")])
        starts: dict[str, int] = {}
        for at, symbol in enumerate(table["symbol"].to_pylist()):
            starts.setdefault(symbol, at)
        self._tables = {
            symbol: table.slice(start, end - start)
            for (symbol, start), end in zip(starts.items(), [*starts.values(), len(table)][1:], strict=True)
        }
        self._symbols = {contract_id(symbol): symbol for symbol in self._tables}
        self._read: dict[str, list[DailyBar]] = {}

    def symbol(self, symbol: str, conid: str = "") -> str | None:
        """Return the symbol meant, or None if it is not traded here."""
        known = self._symbols.get(int(conid or 0), symbol.replace(" ", "."))
        return known if known in self._tables else None

    def price(self, symbol: str, instant: datetime) -> Decimal:
        """Return the price of a share at `instant`. Raises ValueError before its first bar."""
        quote = self.quote(symbol, instant)
        if quote is None:
            raise ValueError(f"{symbol} has no price at {instant}")
        return quote.price

    def quote(self, symbol: str, instant: datetime) -> Quote | None:
        """Return the last trade at `instant` and its session so far, or None before its first bar."""
        seen = self.bars(symbol, instant, 2)
        if not seen:
            return None
        close = sessions.close_time(seen[-1].day) if _is_session(seen[-1].day) else instant
        return Quote(_cents(seen[-1].close), min(instant, close), seen[-1], _cents(seen[0].close))

    def bars(self, symbol: str, instant: datetime, count: int) -> list[DailyBar]:
        """Return the last `count` bars as of `instant`, ascending; the running session's is partial."""
        every = self._bars(symbol)
        today = instant.astimezone(sessions.EXCHANGE_ZONE).date()
        end = bisect_right(every, today, key=lambda bar: bar.day)
        bars = every[max(0, end - count - 1) : end]
        if bars and bars[-1].day == today:
            progress = session_progress(instant)
            bars[-1:] = [_partial(bars[-1], progress)] if progress > 0 else []
        return bars[-count:]

    def _bars(self, symbol: str) -> list[DailyBar]:
        if symbol not in self._read:
            table = self._tables[symbol]
            days = table["session_date"].cast(pa.date32()).to_pylist()
            columns = [table[name].cast(pa.float64()).to_pylist() for name in COLUMNS]
            self._read[symbol] = [
                DailyBar(day, opened, high, low, close, volume, adjusted / close)
                for day, opened, high, low, close, adjusted, volume in zip(days, *columns, strict=True)
            ]
        return self._read[symbol]


def contract_id(symbol: str) -> int:
    """Return the broker's number of a symbol, always the same."""
    return zlib.crc32(symbol.encode()) % 900_000_000 + 1


def session_hours(day: date) -> tuple[datetime, datetime] | None:
    """Return the open and close of the session of `day`, or None on a day without one."""
    return (datetime.combine(day, OPEN), sessions.close_time(day)) if _is_session(day) else None


def session_progress(instant: datetime) -> float:
    """Return the fraction of that day's session that is over, from 0 (before it opens) to 1."""
    hours = session_hours(instant.astimezone(sessions.EXCHANGE_ZONE).date())
    if hours is None:
        return 1
    opens, closes = hours
    return min(1, max(0, (instant - opens) / (closes - opens)))


def is_open(instant: datetime) -> bool:
    """Return True if the exchange trades at `instant`."""
    hours = session_hours(instant.astimezone(sessions.EXCHANGE_ZONE).date())
    return hours is not None and hours[0] <= instant < hours[1]


def next_close(instant: datetime) -> datetime:
    """Return the first close after `instant`."""
    today = instant.astimezone(sessions.EXCHANGE_ZONE).date()
    hours = session_hours(today)
    return hours[1] if hours and instant < hours[1] else sessions.close_time(sessions.next_session(today))


def next_open(instant: datetime) -> datetime:
    """Return the first open after `instant`."""
    day = instant.astimezone(sessions.EXCHANGE_ZONE).date()
    hours = session_hours(day)
    return hours[0] if hours and instant < hours[0] else datetime.combine(sessions.next_session(day), OPEN)


def read_bars(source: str) -> pa.Table:
    """Return the bars of a Parquet file, or those of the sample market for "sample".

    Raises:
        SourceError: There is no such file, or it has no daily bars.
    """
    if source == "sample":
        return pa.concat_tables(SyntheticSource().fetch(silent))
    try:
        return pq.read_table(Path(source), columns=["symbol", "session_date", *COLUMNS])
    except (OSError, pa.ArrowException) as error:
        raise SourceError(
            f"{source} has no daily bars to simulate a market: {error}; pass a Parquet file or sample"
        ) from None


@lru_cache(maxsize=64)
def _is_session(day: date) -> bool:
    return bool(sessions.sessions(day, day))


def _partial(bar: DailyBar, progress: float) -> DailyBar:
    """Return the part of a bar that has happened when `progress` of its session is over."""
    if progress >= 1:
        return bar
    is_losing = bar.close < bar.open
    path = (bar.open, bar.high, bar.low, bar.close) if is_losing else (bar.open, bar.low, bar.high, bar.close)
    price = round(float(np.interp(progress, TURNS, path)), 2)
    seen = [bar.open, price, *(point for turn, point in zip(TURNS, path, strict=True) if turn <= progress)]
    return bar._replace(high=max(seen), low=min(seen), close=price, volume=float(int(bar.volume * progress)))


def _cents(price: float) -> Decimal:
    return Decimal(repr(price)).quantize(CENT)


def first_day(instant: datetime, duration: str) -> date:
    """Return the first day of a duration such as "10 Y", "6 M", "2 W" or "30 D" up to `instant`.

    Days are sessions, the others calendar time.

    Raises:
        ValueError: It is no duration.
    """
    number, _, unit = duration.partition(" ")
    if not number.isdigit() or not int(number) or unit not in {"D", "W", "M", "Y"}:
        raise ValueError(f"Invalid duration {duration!r}")
    today = instant.astimezone(sessions.EXCHANGE_ZONE).date()
    count = int(number)
    if unit == "D":
        return sessions.sessions(today - timedelta(days=2 * count + 10), today)[-count]
    return today - timedelta(days=round({"W": 7, "M": 30.4375, "Y": 365.25}[unit] * count))


def exchange_text(instant: datetime, style: str = "exchange", gateway_zone: str = "") -> str:
    """Write an instant as the broker does: with the exchange's zone, "naive", "utc", or in the zone `style`."""
    if style == "naive":
        zone = ZoneInfo(gateway_zone) if gateway_zone else sessions.EXCHANGE_ZONE
        return f"{instant.astimezone(zone):%Y%m%d  %H:%M:%S}"
    if style == "utc":
        return f"{instant.astimezone(UTC):%Y%m%d-%H:%M:%S}"
    name = "US/Eastern" if style == "exchange" else style
    try:
        zone = ZoneInfo(name)
    except ZoneInfoNotFoundError:
        zone = sessions.EXCHANGE_ZONE
    return f"{instant.astimezone(zone):%Y%m%d %H:%M:%S} {name}"


def read_instant(text: str) -> datetime:
    """Read an instant as clients write it: "20240611 15:55:00 US/Eastern", without zone, or "20240611-19:55:00" (UTC).

    Raises:
        ValueError: It is none.
    """
    if "-" in text:
        return datetime.strptime(text, "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC)
    day, clock, *zone = text.split()
    known = ZoneInfo(zone[0]) if zone else sessions.EXCHANGE_ZONE
    return datetime.strptime(f"{day} {clock}", "%Y%m%d %H:%M:%S").replace(tzinfo=known)
