"""Occasions of alerts, as the ledger tells them."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from receivers import web_server

from execution.controls import Halt, halt, resume
from execution.installation import Installation
from execution.ledger.events import Event, Scope
from execution.ledger.watch_events import Check, Moment, Preflight
from execution.service import open_ledger
from operations.alerts.failures import failed_run
from operations.alerts.occasions import preflight_alerts
from operations.alerts.states import alert_states
from operations.alerts.telling import tell
from operations.checks import CheckCode
from operations.codes import CODES, CodeKind
from warehouse.calendar.sessions import close_time, next_session, previous_session
from warehouse.errors import LakeBusyError
from warehouse.settings.alerts import Severity

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime.now(UTC)
NEXT, PAST = next_session(NOW.date()), previous_session(NOW.date() - timedelta(days=7))
FULL = CheckCode.DISK.failure("1 MB is free.")
HELD = CheckCode.BAR_QUALITY.warning("The book is held.")


@pytest.fixture(autouse=True)
def _at_present(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin each test now: the ledger records by this machine's clock, and the module may be an hour old."""
    monkeypatch.setattr(sys.modules[__name__], "NOW", datetime.now(UTC))


def told(home: Path, *events: Event) -> list[tuple[Severity, str]]:
    """What is told of these events."""
    with web_server() as hook:
        (home / "portfolio.yaml").write_text(
            f'alerts: {{channels: [{{name: hook, url: "{hook.url}"}}]}}', encoding="utf-8"
        )
        here = Installation(home)
        with open_ledger(here) as ledger:
            ledger.append(*events)
        tell(here, NOW)
        with open_ledger(here) as ledger:
            return [(state.alert.severity, state.alert.title) for state in alert_states(ledger)]


def looked_at(session: date, *checks: Check) -> Event:
    """A preflight of a session."""
    return Event(Scope("", session_date=session), Preflight(Moment.EVENING_BEFORE, session, NOW, checks))


def test_what_fails_alarms_and_doubts_about_data_warn(tmp_path: Path) -> None:
    """The same failures before one session are one alarm; a further one is another."""
    worse = looked_at(NEXT, FULL, HELD, CheckCode.CLOCK.failure("It is wrong."))
    found = told(tmp_path, looked_at(NEXT, FULL, HELD), looked_at(NEXT, FULL, HELD), worse)
    assert found == [
        (Severity.ALARM, f"The rebalance of {NEXT} will not work: disk"),
        (Severity.WARNING, f"Before {NEXT}: bar quality"),
        (Severity.ALARM, f"The rebalance of {NEXT} will not work: disk, clock"),
    ]


def test_nobody_is_woken_for_what_is_past_or_well(tmp_path: Path) -> None:
    """A preflight of a session that is over, or one that holds, is no alert."""
    assert told(tmp_path, looked_at(PAST, FULL), looked_at(NEXT, CheckCode.DISK.ok("Room."))) == []


def test_a_halt_and_a_resume_are_told(tmp_path: Path) -> None:
    """With who and why."""
    here = Installation(tmp_path)
    list(halt(here, Halt(reason="on holiday")))
    list(resume(here, "back", is_accepting=False))
    assert told(tmp_path) == [(Severity.WARNING, "Trading is halted"), (Severity.INFO, "Trading goes on")]


def test_a_failed_run_names_cause_code_and_remedy() -> None:
    """Of the code's table; a run that fails the same way again that day is the same occasion."""
    alert = failed_run("daily", NOW, LakeBusyError, "Another run is writing.")
    assert (alert.severity, alert.code) == (Severity.WARNING, "LakeBusyError")
    assert alert.remedy == CODES["LakeBusyError"].remedy
    assert alert.key == failed_run("daily", NOW, LakeBusyError, "Another one.").key
    assert failed_run("trade", NOW, None, "?").severity is Severity.ALARM


def test_an_alert_names_the_close_until_which_somebody_can_act() -> None:
    """On a half-day that is three hours earlier."""
    half_day = date(2024, 7, 3)
    preflight = Preflight(Moment.THIRTY_MINUTES_BEFORE, half_day, NOW, (FULL,))
    (event,) = preflight_alerts(preflight)
    assert "closes on Wednesday 2024-07-03 at 13:00" in str(event.payload)
    assert close_time(half_day).hour == 13


def test_every_code_has_a_cause_and_a_remedy() -> None:
    """One table: failures, refusals, checks; names stand in it once, and every text ends as a sentence."""
    assert {code.kind for code in CODES.values()} == set(CodeKind)
    assert [code.code for code in CODES.values() if not code.cause.endswith(".") or not code.remedy.endswith(".")] == []
