"""When the preflight runs by itself, and what its job and the sensor do with what they find."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, NoReturn

import dagster as dg
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator
from exchange_rules import FIRST, LAST, NEW_YORK, closing, is_holiday, weekdays
from receivers import mail_server, web_server

from dagster_defs.automation import NEEDED, state_of
from dagster_defs.instance import first_failure
from dagster_defs.preflights import CRONS, STEP, preflight, preflight_schedule
from dagster_defs.watch import watch_sensor
from execution.controls import resume
from execution.errors import BrokerError
from execution.installation import Installation
from execution.ledger.events import Event, Finish, Scope
from execution.ledger.watch_events import Moment
from execution.models import Switch
from execution.service import open_ledger
from operations import preflight as examination
from operations.checks import CheckCode
from operations.preflight.moments import moment_of
from warehouse.calendar.sessions import sessions
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from pathlib import Path

    from receivers import Hook, Mailbox

HALF_DAY = date(2024, 7, 3)


def test_each_session_is_looked_at_three_times() -> None:
    """From 2015 to 2027: on the evening of the day before, three hours and thirty minutes before its close."""
    last = sessions(FIRST, LAST)[-1]
    found: dict[date, list[tuple[Moment, datetime]]] = defaultdict(list)
    start = datetime.combine(FIRST - timedelta(days=1), time(), NEW_YORK).timestamp()
    for tick in schedule_execution_time_iterator(start, CRONS, "America/New_York", ascending=True):
        if tick.date() > last:
            break
        if not isinstance(result := moment_of(tick), str):
            moment, session = result
            found[session].append((moment, tick))
    found = {session: looks for session, looks in found.items() if FIRST <= session <= last}
    assert found.keys() == {day for day in weekdays() if day <= last and not is_holiday(day)}
    for session, looks in found.items():
        close = closing(session)
        assert looks == [
            (Moment.EVENING_BEFORE, datetime.combine(session - timedelta(days=1), time(20), NEW_YORK)),
            (Moment.THREE_HOURS_BEFORE, close - timedelta(hours=3)),
            (Moment.THIRTY_MINUTES_BEFORE, close - timedelta(minutes=30)),
        ]


@pytest.mark.parametrize(
    ("scheduled", "late", "asked"),
    [
        (closing(HALF_DAY) - timedelta(hours=3), timedelta(0), "three_hours_before"),
        (closing(HALF_DAY) - timedelta(hours=3), timedelta(hours=2), "three_hours_before"),
        (closing(HALF_DAY) - timedelta(hours=3), timedelta(hours=3), ""),
        (closing(HALF_DAY), timedelta(0), ""),
    ],
)
def test_a_late_tick_looks_while_the_session_lasts(scheduled: datetime, late: timedelta, asked: str) -> None:
    """A daemon that comes back in the morning still looks; after the close there is nothing left to save."""
    schedule = preflight_schedule(lambda: scheduled + late)
    with dg.DagsterInstance.local_temp() as instance:
        data = schedule.evaluate_tick(dg.build_schedule_context(instance, scheduled_execution_time=scheduled))
    assert [request.run_config["ops"][STEP]["config"]["moment"] for request in data.run_requests or ()] == (
        [asked] if asked else []
    )


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    """A home whose gateway is not there, and whose alerts go nowhere yet."""
    return Installation(tmp_path)


def configured(here: Installation, box: Mailbox, hook: Hook) -> None:
    """Alerts go to the mailbox, the heartbeat to the hook."""
    (here.home / "portfolio.yaml").write_text(
        f'broker: {{port: 1}}\nalerts:\n  channels: [{{name: mail, url: "{box.url}"}}]\n'
        f"  heartbeat: {{url: http://127.0.0.1:{hook.port}/ping}}\n",
        encoding="utf-8",
    )


def test_the_job_fails_and_a_mail_says_why(here: Installation) -> None:
    """The scheduled preflight is red in the UI with the remedy, and the mail has gone out before it ends."""
    with mail_server() as box, web_server() as hook, dg.DagsterInstance.local_temp() as instance:
        configured(here, box, hook)
        config = {"ops": {STEP: {"config": {"moment": "thirty_minutes_before"}}}}
        done = preflight.execute_in_process(
            config, instance=instance, resources={"installation": here}, raise_on_error=False
        )
        failure = first_failure(instance, done.run_id)
    assert not done.success
    assert failure is not None
    assert failure.kind is not None
    assert failure.kind.__name__ == "PreflightFailedError"
    assert "GATEWAY: Nothing listens at 127.0.0.1:1" in failure.message
    assert [title.partition(" will ")[2].split(",")[0] for title in box.titles] == ["not work: gateway"]


def test_a_preflight_that_finds_nothing_ends_well(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows are stored with the run, as the instance that the UI shows stores them."""
    monkeypatch.setattr(examination, "run", lambda *_: (CheckCode.DISK.ok("Room enough."),))
    with dg.DagsterInstance.local_temp() as instance:
        done = preflight.execute_in_process(instance=instance, resources={"installation": here})
        (record,) = instance.get_records_for_run(done.run_id, of_type=dg.DagsterEventType.STEP_OUTPUT).records
    assert done.success
    event = record.event_log_entry.dagster_event
    assert event is not None
    assert event.step_output_data.metadata["DISK"].value == "ok: Room enough."


def test_a_preflight_that_breaks_is_told(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sensor tells of one that failed of itself, as of any other run, and adds nothing to one that has told."""

    def breaking(*_: object) -> NoReturn:
        raise ZeroDivisionError("a fault of our own")

    now = datetime.now(UTC)
    with mail_server() as box, web_server() as hook, dg.DagsterInstance.local_temp() as instance:
        configured(here, box, hook)
        context, sensor = dg.build_sensor_context(instance, cursor=now.isoformat()), watch_sensor(here, lambda: now)
        preflight.execute_in_process(instance=instance, resources={"installation": here}, raise_on_error=False)
        sensor(context)
        told = len(box.titles)
        monkeypatch.setattr(examination, "run", breaking)
        preflight.execute_in_process(instance=instance, resources={"installation": here}, raise_on_error=False)
        sensor(context)
    assert told == 1
    assert [title.partition(": ")[2][:13] for title in box.titles[1:]] == ["The preflight"]
    assert "a fault of our own" in box.text


@dg.op
def stumble() -> None:
    """Fail as a trade does whose gateway is away."""
    try:
        raise ConnectionRefusedError(111, "refused")
    except OSError as error:
        raise BrokerError("Nothing listens at 127.0.0.1:1.") from error


@dg.job
def trade() -> None:
    """Stand for the job of that name."""
    stumble()


def test_a_failed_run_is_told_once_and_heard_outside(here: Installation) -> None:
    """The sensor finds what failed since its last tick: our own error among its causes, with its code and remedy."""
    now = datetime.now(UTC)
    with mail_server() as box, web_server() as hook, dg.DagsterInstance.local_temp() as instance:
        configured(here, box, hook)
        sensor = watch_sensor(here, lambda: now)
        context = dg.build_sensor_context(instance, cursor=now.isoformat())
        done = [trade.execute_in_process(instance=instance, raise_on_error=False) for _ in range(2)]
        first, second = sensor(context), sensor(context)
    (title,) = box.titles
    assert "ALARM: The rebalance of" in title
    assert title.endswith("failed")
    assert "Nothing listens at 127.0.0.1:1." in box.text
    assert "Start the gateway and log in" in box.text
    assert "Code: BrokerError" in box.text
    assert [path for path, _ in hook.requests] == [f"/ping/9?rid={run.run_id}" for run in done]
    assert isinstance(first, dg.SkipReason)
    assert "mail: The rebalance of" in str(first.skip_message)
    assert isinstance(second, dg.SkipReason)
    assert second.skip_message == "Nothing to tell."


def test_each_tick_judges_the_breakers(here: Installation) -> None:
    """What was done is said by the tick that did it, and told as an alarm by the same."""
    now = datetime.now(UTC)
    with mail_server() as box, web_server() as hook, dg.DagsterInstance.local_temp() as instance:
        configured(here, box, hook)
        scope = Scope("DU1", "run", Mode.PAPER, "live", now.date())
        with open_ledger(here) as ledger:
            ledger.append(Event(scope, Finish(Decimal(1), Decimal(1), {}, "Nothing to trade.")))
        with here.lake.lock(), here.lake.writer() as connection:
            connection.execute(
                "CREATE TABLE account_daily AS SELECT 'DU1' AS account_id, current_date AS session_date,"
                " -0.3 AS daily_return"
            )
        sensor, context = watch_sensor(here, lambda: now), dg.build_sensor_context(instance, cursor=now.isoformat())
        said = sensor(context)
        list(resume(here, "nothing was landed since", is_accepting=False))
        sensor(context)
        with open_ledger(here) as ledger:
            assert ledger.switch("DU1") is Switch.NORMAL
    assert isinstance(said, dg.SkipReason)
    assert "From now on the rebalance only sells" in str(said.skip_message)
    assert any("ALARM: Trading is in reduce-only mode" in title for title in box.titles)


def test_a_killed_run_says_so(here: Installation) -> None:
    """A run that the next one marks as dead is told with the reason that was noted, however many others changed."""
    now = datetime.now(UTC)
    with web_server() as hook, mail_server() as box, dg.DagsterInstance.local_temp() as instance:
        configured(here, box, hook)
        for _ in range(25):
            instance.create_run_for_job(preflight)
        run = instance.create_run_for_job(trade)
        instance.report_run_failed(run, "killed before it ended")
        context, sensor = dg.build_sensor_context(instance, cursor=now.isoformat()), watch_sensor(here, lambda: now)
        sensor(context)
        sensor(context)
    assert len(box.titles) == 1
    assert "killed before it ended" in box.text
    assert [path for path, _ in hook.requests] == [f"/ping/fail?rid={run.run_id}"]


def test_an_instance_says_what_is_on() -> None:
    """Schedules that trade are off until somebody switches them on; what watches is on; no daemon has ever run."""
    with dg.DagsterInstance.local_temp() as instance:
        found = state_of(instance, datetime.now(UTC))
    assert {name for name, is_on in found.schedules.items() if not is_on} == set(NEEDED)
    assert not found.is_daemon_alive
