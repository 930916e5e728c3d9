"""The minutes in which a rebalance may trade: from some minutes before a session's close to one minute before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from warehouse.calendar.sessions import EXCHANGE_ZONE, close_time, next_session, sessions

LAST_MINUTE = timedelta(minutes=1)


class Phase(StrEnum):
    """Places of a moment."""

    NO_SESSION = "no_session"
    TOO_EARLY = "too_early"
    OPEN = "open"
    TOO_LATE = "too_late"


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a session in which orders may be sent; times carry the exchange's zone.

    Attributes:
        deadline: Nothing is sent from here on; what is still open is cancelled.
    """

    session_date: date
    opens: datetime
    deadline: datetime
    close: datetime

    def phase(self, now: datetime) -> Phase:
        """Return the place of `now` (aware)."""
        if now < self.opens:
            return Phase.TOO_EARLY
        return Phase.OPEN if now < self.deadline else Phase.TOO_LATE


def window_of(now: datetime, minutes_before_close: int) -> Window | None:
    """The window of the exchange's day on which `now` (aware) falls; None when that is no session."""
    day = now.astimezone(EXCHANGE_ZONE).date()
    if not sessions(day, day):
        return None
    close = close_time(day)
    return Window(day, close - timedelta(minutes=minutes_before_close), close - LAST_MINUTE, close)


def next_window(now: datetime, minutes_before_close: int, done: date | None = None) -> Window:
    """Return the first window that is not over at `now` (aware), nor of a session that is done already."""
    today = window_of(now, minutes_before_close)
    if today is not None and now < today.deadline and today.session_date != done:
        return today
    return following_window(now, minutes_before_close)


def following_window(now: datetime, minutes_before_close: int) -> Window:
    """Return the window of the next day that is a session; `now` (aware)."""
    close = close_time(next_session(now.astimezone(EXCHANGE_ZONE).date()))
    window = window_of(close, minutes_before_close)
    assert window is not None  # noqa: S101 - a session has a window
    return window
