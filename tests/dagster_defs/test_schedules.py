"""When the rebalance runs by itself: every tick of its schedule from 2015 to 2027."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator
from exchange_rules import FIRST, LAST, NEW_YORK, closing, is_holiday, weekdays

from dagster_defs.schedules import (
    LOOK_CRONS,
    RebalancePlan,
    daily_schedule,
    look_skip_reason,
    rebalance_crons,
    rebalance_schedule,
    reconcile_schedule,
    schedule_settings,
    skip_reason,
)
from execution.installation import Installation
from warehouse.calendar.sessions import sessions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MINUTES = 5
NORMAL, HALF_DAY = date(2024, 7, 2), date(2024, 7, 3)


def nothing(_session: date) -> str:
    """No obstacle."""
    return ""


def untouched(_instance: dg.DagsterInstance) -> None:
    """No run was killed."""


@cache
def ticks(crons: tuple[str, ...] = tuple(rebalance_crons(MINUTES))) -> tuple[datetime, ...]:
    """Every tick of a schedule, as its daemon computes them."""
    start = datetime.combine(FIRST, time(), NEW_YORK).timestamp()
    found: list[datetime] = []
    for tick in schedule_execution_time_iterator(start, list(crons), "America/New_York", ascending=True):
        if tick.date() > last_session():
            return tuple(found)
        found.append(tick)
    raise AssertionError("a schedule does not end")


@cache
def last_session() -> date:
    """The end of what the calendar knows: a year from today, at most the end of 2027."""
    return sessions(FIRST, LAST)[-1]


def at(session: date, *, minutes: float = 0) -> datetime:
    """A moment of a session, so long before its close."""
    return closing(session) - timedelta(minutes=minutes)


def test_the_ticks_that_trade_are_the_minutes_of_each_window() -> None:
    """From 2015 to 2027 four ticks a session pass, close - 5 to close - 2, half-days included, and no other tick."""
    passed = defaultdict(list)
    for tick in ticks():
        if not skip_reason(tick, tick, MINUTES, nothing):
            passed[tick.astimezone(NEW_YORK).date()].append(tick)
    expected = {day for day in weekdays() if day <= last_session() and not is_holiday(day)}
    assert passed.keys() == expected
    for session, found in passed.items():
        assert found == [at(session, minutes=left) for left in (5, 4, 3, 2)]


def test_the_ticks_that_look_follow_each_close_by_five_minutes() -> None:
    """From 2015 to 2027 five ticks a session look at the account; after half-days those of 16:05 are left besides."""
    passed = defaultdict(list)
    for tick in ticks(tuple(LOOK_CRONS)):
        if not look_skip_reason(tick, tick, MINUTES, nothing):
            passed[tick.astimezone(NEW_YORK).date()].append(tick)
    assert passed.keys() == {day for day in weekdays() if day <= last_session() and not is_holiday(day)}
    for session, found in passed.items():
        hours = (0, 3) if closing(session).hour == 13 else (0,)
        assert found == [at(session, minutes=-after - 60 * hour) for hour in hours for after in (5, 6, 7, 8, 9)]


@pytest.mark.parametrize(
    ("now", "scheduled", "reason"),
    [
        (at(NORMAL, minutes=-5), at(NORMAL, minutes=-5), ""),
        (at(NORMAL, minutes=-120), at(NORMAL, minutes=-5), ""),
        (at(NORMAL, minutes=-4.9), at(NORMAL, minutes=-5), "closes at 16:00"),
        (at(NORMAL, minutes=175), at(NORMAL, minutes=175), "closes at 16:00"),
        (at(HALF_DAY, minutes=-5), at(NORMAL, minutes=-5), "too late"),
        (datetime(2024, 7, 4, 16, 5, tzinfo=NEW_YORK), datetime(2024, 7, 4, 16, 5, tzinfo=NEW_YORK), "no session"),
    ],
)
def test_a_look_that_is_early_or_misplaced_says_why(now: datetime, scheduled: datetime, reason: str) -> None:
    """A look belongs to the session that has just closed; a late one of the same day still serves."""
    found = look_skip_reason(now, scheduled, MINUTES, nothing)
    assert found == "" if not reason else reason in found


def test_a_look_is_one_run_a_tick_and_none_when_it_was_made() -> None:
    """The ledger decides whether there is something to look at."""
    job = dg.define_asset_job("reconcile", selection="*")
    tick = at(NORMAL, minutes=-5)
    for obstacle, keys in ((nothing, ["2024-07-02T16:05"]), (lambda session: f"{session} was looked at", [])):
        schedule = reconcile_schedule(job, RebalancePlan(MINUTES, "", untouched, obstacle, lambda: tick))
        with dg.DagsterInstance.local_temp() as instance:
            data = schedule.evaluate_tick(dg.build_schedule_context(instance, scheduled_execution_time=tick))
        assert [request.run_key for request in data.run_requests or ()] == keys


def test_no_minute_outside_the_windows_trades() -> None:
    """Of all the minutes of a month with a half-day and a change of clocks only those before each close would trade."""
    minute, end = datetime(2024, 11, 1, tzinfo=NEW_YORK).astimezone(UTC), datetime(2024, 12, 1, tzinfo=UTC)
    passed = []
    while minute < end:
        if not skip_reason(minute, minute, MINUTES, nothing):
            passed.append(minute)
        minute += timedelta(minutes=1)
    days = [day for day in weekdays() if (day.year, day.month) == (2024, 11) and not is_holiday(day)]
    assert passed == [at(day, minutes=left).astimezone(UTC) for day in days for left in (5, 4, 3, 2)]


@pytest.mark.parametrize("minutes", [2, 3, 5, 15, 59, 60])
def test_the_first_tick_is_the_window_s_opening(minutes: int) -> None:
    """However long the window is, ticks reach from its opening to the minute before its deadline."""
    start = datetime.combine(NORMAL, time(), NEW_YORK).timestamp()
    passed: dict[date, list[datetime]] = {NORMAL: [], HALF_DAY: []}
    for tick in schedule_execution_time_iterator(start, rebalance_crons(minutes), "America/New_York", ascending=True):
        if tick.date() > HALF_DAY:
            break
        if not skip_reason(tick, tick, minutes, nothing):
            passed[tick.date()].append(tick)
    for session, found in passed.items():
        assert found == [at(session, minutes=left) for left in range(minutes, 1, -1)]


@pytest.mark.parametrize(
    ("now", "scheduled", "reason"),
    [
        pytest.param(at(NORMAL, minutes=5), at(NORMAL, minutes=5), "", id="in time"),
        pytest.param(at(NORMAL, minutes=1.01), at(NORMAL, minutes=5), "", id="late and within the window"),
        pytest.param(at(NORMAL, minutes=1), at(NORMAL, minutes=5), "after the deadline 15:59", id="at the deadline"),
        pytest.param(at(NORMAL, minutes=-60), at(NORMAL, minutes=5), "after the deadline", id="an hour late"),
        pytest.param(at(HALF_DAY, minutes=5), at(NORMAL, minutes=5), "too late", id="in the next session's window"),
        pytest.param(at(HALF_DAY, minutes=-180), at(HALF_DAY, minutes=-180), "after the deadline", id="half-day 16:00"),
        pytest.param(at(NORMAL, minutes=185), at(NORMAL, minutes=185), "window opens at 15:55", id="12:55"),
        pytest.param(at(NORMAL, minutes=5.01), at(NORMAL, minutes=5), "window opens at 15:55", id="a clock set back"),
        pytest.param(
            datetime(2024, 7, 4, 15, 55, tzinfo=NEW_YORK),
            datetime(2024, 7, 4, 15, 55, tzinfo=NEW_YORK),
            "Thursday 2024-07-04 is no session",
            id="holiday",
        ),
        pytest.param(
            datetime(2024, 7, 6, 15, 55, tzinfo=NEW_YORK), at(date(2024, 7, 5), minutes=5), "no session", id="Saturday"
        ),
    ],
)
@pytest.mark.parametrize("zone", [NEW_YORK, UTC, ZoneInfo("Asia/Tokyo"), ZoneInfo("Pacific/Kiritimati")])
def test_a_tick_that_is_late_early_or_misplaced_says_why(
    now: datetime, scheduled: datetime, reason: str, zone: ZoneInfo
) -> None:
    """A tick trades in its own session's window alone, whatever zone its times are told in."""
    found = skip_reason(now.astimezone(zone), scheduled.astimezone(zone), MINUTES, nothing)
    assert found == "" if not reason else reason in found


def test_a_tick_whose_session_needs_no_run_says_why() -> None:
    """What stands in the way is asked for the session alone, and only within its window."""
    asked = []

    def obstacle(session: date) -> str:
        asked.append(session)
        return "it is done"

    assert skip_reason(at(HALF_DAY, minutes=4), at(HALF_DAY, minutes=4), MINUTES, obstacle) == "it is done"
    skip_reason(at(HALF_DAY, minutes=9), at(HALF_DAY, minutes=9), MINUTES, obstacle)
    assert asked == [HALF_DAY]


def evaluate(
    scheduled: datetime, now: datetime, obstacle: Callable[[date], str] = nothing, source: str = "ibkr"
) -> dg.RunRequest | str:
    """What the schedule makes of a tick: a run, or why there is none."""
    job = dg.define_asset_job("rebalance", selection="*")
    schedule = rebalance_schedule(job, RebalancePlan(MINUTES, source, untouched, obstacle, lambda: now))
    with dg.DagsterInstance.local_temp() as instance:
        data = schedule.evaluate_tick(dg.build_schedule_context(instance, scheduled_execution_time=scheduled))
    if data.run_requests:
        (request,) = data.run_requests
        return request
    return data.skip_message or ""


def test_a_tick_asks_for_one_run_that_fetches_first() -> None:
    """The run has the tick's own key, so a tick that is fired again is no second run, and it fetches its bars."""
    first, again = (evaluate(at(NORMAL, minutes=5), at(NORMAL, minutes=4.9)) for _ in range(2))
    assert isinstance(first, dg.RunRequest)
    assert isinstance(again, dg.RunRequest)
    assert first.run_key == again.run_key == "2024-07-02T15:55"
    assert first.run_config == {"ops": {"bars_landing": {"config": {"source": "ibkr"}}}}


def test_a_tick_fired_again_after_the_work_is_skipped() -> None:
    """What the ledger says of the session decides: a later tick, or the same one again, makes no run."""
    assert evaluate(at(NORMAL, minutes=4), at(NORMAL, minutes=4), lambda session: f"{session} is done") == (
        "2024-07-02 is done"
    )


def test_a_tick_caught_up_after_the_close_is_skipped() -> None:
    """A daemon that was away all afternoon trades at no tick that it missed."""
    for left in (5, 4, 3, 2):
        assert "after the deadline" in str(evaluate(at(NORMAL, minutes=left), at(NORMAL, minutes=-30)))


def test_each_tick_has_a_key_of_its_own() -> None:
    """Of 2015 to 2027 no two ticks share a run key, changes of clocks included."""
    keys = [f"{tick:%Y-%m-%dT%H:%M}" for tick in ticks()]
    assert len(set(keys)) == len(keys)


def test_schedules_keep_new_york_time() -> None:
    """Every schedule is told the exchange's zone, and only weekdays."""
    job = dg.define_asset_job("job", selection="*")
    for schedule in (
        daily_schedule(job, "ibkr", untouched),
        rebalance_schedule(job, RebalancePlan(MINUTES, "", untouched, nothing, lambda: at(NORMAL))),
        reconcile_schedule(job, RebalancePlan(MINUTES, "", untouched, nothing, lambda: at(NORMAL))),
    ):
        assert schedule.execution_timezone == "America/New_York"
        crons = [schedule.cron_schedule] if isinstance(schedule.cron_schedule, str) else schedule.cron_schedule
        assert all(cron.endswith("* * 1-5") for cron in crons)


@pytest.mark.parametrize(
    ("settings", "daily", "today"),
    [
        ("", "", ""),
        ("broker: {is_source_of_bars: true}", "ibkr", "ibkr"),
        ("sources: {order: [tiingo]}", "order", ""),
        ("sources: {order: [tiingo]}\nbroker: {is_source_of_bars: true}", "order", "ibkr"),
    ],
)
def test_the_daily_run_follows_the_order_and_the_rebalance_asks_the_broker(
    settings: str, daily: str, today: str, tmp_path: Path
) -> None:
    """No vendor has a bar of the session that trades, so that an order of sources is for the evening alone."""
    (tmp_path / "portfolio.yaml").write_text(settings, encoding="utf-8")
    found = schedule_settings(Installation(tmp_path))
    assert (found.source, found.source_of_today) == (daily, today)
