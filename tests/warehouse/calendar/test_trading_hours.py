"""The part of each session in which a rebalance may trade, held to the exchange's rules from 2015 to 2027."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from exchange_rules import FIRST, LAST, NEW_YORK, closing, is_holiday, weekdays
from hypothesis import given
from hypothesis import strategies as st

from warehouse.calendar.sessions import sessions
from warehouse.calendar.trading_hours import Phase, Window, window_of

MINUTES = 5
ZONES = [UTC, NEW_YORK, ZoneInfo("Asia/Tokyo"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Pacific/Kiritimati")]


def windows() -> dict[date, Window | None]:
    """The window of every day from 2015 to 2027, as far as the calendar reaches: a year from today."""
    last = sessions(FIRST, LAST)[-1]
    days = (FIRST + timedelta(days=count) for count in range((last - FIRST).days + 1))
    return {day: window_of(datetime.combine(day, time(12), NEW_YORK), MINUTES) for day in days}


def test_every_session_has_one_window_and_no_other_day_has() -> None:
    """From 2015 to 2027 the windows are five minutes before each close by the exchange's rules, half-days included."""
    found = windows()
    expected = {day for day in weekdays() if day in found and not is_holiday(day)}
    assert {day for day, window in found.items() if window} == expected
    assert len(expected) > 250 * 11
    for day, window in found.items():
        if window:
            assert window == Window(
                day, closing(day) - timedelta(minutes=5), closing(day) - timedelta(minutes=1), closing(day)
            )


def test_the_window_follows_the_clocks_of_new_york() -> None:
    """In winter the close is 21:00 UTC and in summer 20:00, half-days 18:00 and 17:00: whatever the year."""
    closes = {(window.close.astimezone(UTC).hour, window.close.utcoffset()) for window in windows().values() if window}
    winter, summer = timedelta(hours=-5), timedelta(hours=-4)
    assert closes == {(21, winter), (20, summer), (18, winter), (17, summer)}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (date(2021, 3, 12), date(2021, 3, 15)),
        (date(2024, 3, 8), date(2024, 3, 11)),
        (date(2021, 11, 5), date(2021, 11, 8)),
        (date(2027, 3, 12), date(2027, 3, 15)),
    ],
)
def test_the_week_after_a_change_of_clocks_trades_by_the_new_one(before: date, after: date) -> None:
    """Over the weekend of the change the same New York time is another instant."""
    first, second = (window_of(datetime.combine(day, time(12), NEW_YORK), MINUTES) for day in (before, after))
    assert first is not None
    assert second is not None
    assert first.opens.time() == second.opens.time() == time(15, 55)
    assert second.opens.astimezone(UTC) - first.opens.astimezone(UTC) in {timedelta(hours=71), timedelta(hours=73)}


@pytest.mark.parametrize(
    ("seconds", "phase"),
    [
        (-3600, Phase.TOO_EARLY),
        (-1, Phase.TOO_EARLY),
        (0, Phase.OPEN),
        (239.999, Phase.OPEN),
        (240, Phase.TOO_LATE),
        (300, Phase.TOO_LATE),
        (3600, Phase.TOO_LATE),
    ],
)
@pytest.mark.parametrize("session", [date(2024, 7, 2), date(2024, 7, 3), date(2024, 12, 24), date(2025, 1, 8)])
def test_the_window_is_open_up_to_the_last_minute(session: date, seconds: float, phase: Phase) -> None:
    """It opens five minutes before the close and ends one minute before it, to the microsecond."""
    now = closing(session) - timedelta(minutes=MINUTES) + timedelta(seconds=seconds)
    window = window_of(now, MINUTES)
    assert window is not None
    assert window.phase(now) is phase


@given(
    st.datetimes(datetime(2015, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis's
    st.sampled_from(ZONES),
)
def test_an_instant_lies_the_same_in_every_zone(now: datetime, zone: ZoneInfo) -> None:
    """Whatever zone a clock shows, the window and the phase are those of the instant."""
    local = now.astimezone(zone)
    window = window_of(now, MINUTES)
    assert window_of(local, MINUTES) == window
    if window:
        assert window.session_date == now.astimezone(NEW_YORK).date()
        assert window.phase(local) is window.phase(now)
        assert (window.phase(now) is Phase.OPEN) == (window.opens <= now < window.close - timedelta(minutes=1))


@given(st.integers(2, 60), st.sampled_from([date(2024, 6, 11), date(2024, 7, 3)]))
def test_a_longer_window_opens_earlier_and_ends_the_same(minutes: int, session: date) -> None:
    """The minutes before the close move the opening and never the deadline."""
    window = window_of(closing(session), minutes)
    assert window is not None
    assert window.opens == closing(session) - timedelta(minutes=minutes)
    assert (window.deadline, window.close) == (closing(session) - timedelta(minutes=1), closing(session))
