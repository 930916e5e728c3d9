"""Moments at which a session is looked at: the evening before, three hours and thirty minutes before its close."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from execution.ledger.watch_events import Moment
from warehouse.calendar.sessions import EXCHANGE_ZONE, close_time, sessions

if TYPE_CHECKING:
    from datetime import date

EVENING = 20
"""Hour, in exchange time, at which the next day is looked at: after everything of the day has run."""
BEFORE_CLOSE = MappingProxyType(
    {Moment.THREE_HOURS_BEFORE: timedelta(hours=3), Moment.THIRTY_MINUTES_BEFORE: timedelta(minutes=30)}
)


def moments_of(session: date) -> dict[Moment, datetime]:
    """Return the times at which a session is looked at, in exchange time, ascending."""
    close = close_time(session)
    evening = datetime.combine(session - timedelta(days=1), time(EVENING), EXCHANGE_ZONE)
    return {Moment.EVENING_BEFORE: evening, **{moment: close - before for moment, before in BEFORE_CLOSE.items()}}


def moment_of(scheduled: datetime) -> tuple[Moment, date] | str:
    """Return the moment of a tick with the session that it is for, or why it is none.

    Args:
        scheduled: When the tick was due, aware.
    """
    local = scheduled.astimezone(EXCHANGE_ZONE)
    day = local.date() + timedelta(days=local.hour >= EVENING)
    if not sessions(day, day):
        return f"{day:%A %Y-%m-%d} is no session of the exchange."
    found = next((moment for moment, due in moments_of(day).items() if due == local), None)
    return (found, day) if found else f"The session closes at {close_time(day):%H:%M}; it is looked at at other times."
