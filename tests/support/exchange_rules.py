"""The exchange's holidays and half-days by its published rules, written a second time: what the calendar is held to."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
FIRST, LAST = date(2015, 1, 1), date(2027, 12, 31)
MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6
MOURNING = {date(2018, 12, 5), date(2025, 1, 9)}
"""Days on which the exchange stayed closed for a president's funeral."""
JUNETEENTH_SINCE = 2022
GOOD_FRIDAYS = {
    date(2015, 4, 3), date(2016, 3, 25), date(2017, 4, 14), date(2018, 3, 30), date(2019, 4, 19), date(2020, 4, 10),
    date(2021, 4, 2), date(2022, 4, 15), date(2023, 4, 7), date(2024, 3, 29), date(2025, 4, 18), date(2026, 4, 3),
    date(2027, 3, 26),
}  # fmt: skip


def weekdays() -> list[date]:
    """Monday to Friday, 2015 to 2027."""
    days = (FIRST + timedelta(days=count) for count in range((LAST - FIRST).days + 1))
    return [day for day in days if day.weekday() < SATURDAY]


def is_holiday(day: date) -> bool:
    """Whether the exchange is closed on a weekday."""
    return day in MOURNING | GOOD_FRIDAYS | _holidays(day.year)


def closing(session: date) -> datetime:
    """When a session ends: 13:00 before Independence Day and Christmas and after Thanksgiving, else 16:00."""
    half_days = {
        date(session.year, 7, 3),
        _nth(session.year, 11, THURSDAY, 4) + timedelta(days=1),
        date(session.year, 12, 24),
    }
    hour = 13 if session in half_days else 16
    return datetime(session.year, session.month, session.day, hour, tzinfo=NEW_YORK)


def _holidays(year: int) -> set[date]:
    new_year = date(year, 1, 1)
    found = {
        _nth(year, 1, MONDAY, 3),
        _nth(year, 2, MONDAY, 3),
        _nth(year, 6, MONDAY, 1) - timedelta(days=7),
        _observed(date(year, 7, 4)),
        _nth(year, 9, MONDAY, 1),
        _nth(year, 11, THURSDAY, 4),
        _observed(date(year, 12, 25)),
        # The last day of a year is never a holiday for a New Year on a Saturday.
        new_year if new_year.weekday() == SATURDAY else _observed(new_year),
    }
    if year >= JUNETEENTH_SINCE:
        found.add(_observed(date(year, 6, 19)))
    return found


def _observed(day: date) -> date:
    return day + timedelta(days={SATURDAY: -1, SUNDAY: 1}.get(day.weekday(), 0))


def _nth(year: int, month: int, weekday: int, count: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (count - 1))
