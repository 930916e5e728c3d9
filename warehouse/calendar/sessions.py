"""The exchange calendar XNYS: which days trade, and when each session closes.

It reaches from 1900 to eleven months from today, and to KNOWN_TO whatever this machine's clock says; before 1970 it
takes some holidays for sessions. Days beyond are no sessions, and asking for one raises ValueError.
"""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from warehouse.calendar import kept as calendar_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

EXCHANGE = "XNYS"
EXCHANGE_ZONE = ZoneInfo("America/New_York")
FIRST_DAY = date(1900, 1, 1)  # before any bar
KNOWN_TO = date(2027, 12, 31)
"""Last day whose holidays were known when this was written: a clock that is behind hides no session up to then."""
FURTHEST, AHEAD = timedelta(days=364), timedelta(days=330)
"""How far a computed calendar reaches, and how far a kept one must."""


class _Calendar(NamedTuple):
    """Sessions and their closes (UTC), ascending and of equal length; and the number of sessions before each day.

    The numbers are by day, from the day before the first session to two days after the last: looking a day up takes a
    tenth of the time of searching for it.
    """

    days: NDArray[np.datetime64]
    closes: NDArray[np.datetime64]
    numbers: NDArray[np.intp]


@cache
def _calendar() -> _Calendar:
    today = datetime.now(UTC).date()
    state = calendar_file.state_of(EXCHANGE_ZONE, FIRST_DAY)
    kept = calendar_file.read(state, max(KNOWN_TO, today + AHEAD))
    if kept is None:
        last = max(KNOWN_TO, today + FURTHEST)
        kept = _computed(last)
        calendar_file.write(state, last, *kept)
    days, closes = kept
    every_day = np.arange(days[0] - 1, days[-1] + 3)
    return _Calendar(days, closes, np.searchsorted(days, every_day))


def _computed(last: date) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64]]:
    from exchange_calendars import get_calendar  # noqa: PLC0415 - it costs a second, and once a month is enough

    with warnings.catch_warnings():
        # exchange_calendars 4.13 calls what pandas 3.1 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        calendar = get_calendar(EXCHANGE, start=FIRST_DAY.isoformat(), end=last.isoformat())
    days = calendar.sessions.to_numpy().astype("datetime64[D]")
    closes = calendar.closes.dt.tz_convert(None).to_numpy().astype("datetime64[s]")
    return days, closes


def sessions(start: date, end: date) -> list[date]:
    """List the sessions from `start` to `end`, both included."""
    days = _calendar().days[_position(start, "left") : _position(end, "right")]
    return list(days.tolist())


def sessions_behind(newest: date, due: date) -> int:
    """Return how many sessions follow one until another, that one included; 0 if none does."""
    return max(len(sessions(newest, due)) - 1, 0)


def is_session(dates: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Tell which dates (an array of days; NaT is none) are sessions."""
    numbers, at = _calendar().numbers, _places(dates)
    is_found: NDArray[np.bool_] = numbers[at + 1] > numbers[at]
    return is_found


def session_numbers(dates: NDArray[np.datetime64]) -> NDArray[np.intp]:
    """Return, for each of an array of days, the number of sessions before it: successive sessions differ by one."""
    return _calendar().numbers[_places(dates)]


def _places(dates: NDArray[np.datetime64]) -> NDArray[np.intp]:
    """Return each day's place among the calendar's numbers; those before it, and NaT, share the first, later the last.

    No place is the very last one, so that each has a next.
    """
    calendar = _calendar()
    since = dates.astype("datetime64[D]").astype(np.int64) - (calendar.days[0].astype(np.int64) - 1)
    places: NDArray[np.intp] = np.clip(since, 0, len(calendar.numbers) - 2)
    return places


def last_completed_session(now: datetime) -> date:
    """Return the newest session whose close is not after `now` (an aware datetime)."""
    if now.tzinfo is None:
        raise ValueError(f"{now} has no timezone, and a close is an instant: pass an aware datetime")
    instant = np.datetime64(now.astimezone(UTC).replace(tzinfo=None), "us")
    return _session_at(int(np.searchsorted(_calendar().closes, instant, side="right")) - 1)


def previous_session(day: date) -> date:
    """Return the last session before `day`."""
    return _session_at(_position(day, "left") - 1)


def next_session(day: date) -> date:
    """Return the first session after `day`."""
    return _session_at(_position(day, "right"))


def close_time(session: date) -> datetime:
    """Return when `session` closes, in exchange time: 16:00, or 13:00 on a half-day."""
    position = _position(session, "left")
    if _session_at(position) != session:
        raise ValueError(f"{session} is not a session of {EXCHANGE}")
    close: datetime = _calendar().closes[position].item()
    return close.replace(tzinfo=UTC).astimezone(EXCHANGE_ZONE)


def _position(day: date, side: Literal["left", "right"]) -> int:
    return int(np.searchsorted(_calendar().days, np.datetime64(day, "D"), side=side))


def _session_at(position: int) -> date:
    days = _calendar().days
    if not 0 <= position < len(days):
        raise ValueError(f"the calendar of {EXCHANGE} reaches from {days[0]} to {days[-1]} only")
    session: date = days[position].item()
    return session
