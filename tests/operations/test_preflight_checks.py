"""Each check of the preflight finds what it is for: over a real socket, in a real home, on other days."""

from __future__ import annotations

import shutil
import socket
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from simulators import AFTERNOON, running

from execution.brokers import registry
from execution.brokers.base import Level
from execution.brokers.retrying import RetryPolicy
from execution.brokers.tws import diagnosis
from execution.controls import Halt, halt, resume
from execution.installation import Installation
from execution.ledger.events import EventKind
from execution.ledger.watch_events import Moment, Preflight
from execution.service import open_ledger
from operations import preflight
from operations.checks import CheckCode
from operations.preflight import gateway, machine
from operations.preflight.trading import Automation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from execution.ledger.watch_events import Check

NOON = AFTERNOON - timedelta(hours=3)
IMPATIENT = replace(diagnosis.ONCE, connect=1, request=1, quote=1, retries=RetryPolicy(attempts=1))


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that does not answer is given up after a second."""
    ours = registry.adapter()
    hasty = replace(ours, diagnose=partial(diagnosis.diagnose, timing=IMPATIENT))
    monkeypatch.setattr(gateway, "adapter", lambda: hasty)


def found(home: Path, text: str, now: datetime = NOON, automation: Automation | None = None) -> dict[str, Check]:
    """What a preflight finds with this configuration, by code."""
    (home / "portfolio.yaml").write_text(text, encoding="utf-8")
    return {check.code: check for check in preflight.run(Installation(home), now, Moment.ON_DEMAND, automation)}


def levels(checks: dict[str, Check]) -> dict[str, Level]:
    """The levels of what is about the gateway."""
    about = {CheckCode.GATEWAY, CheckCode.LOGIN, CheckCode.ACCOUNT, CheckCode.API_ACCESS, CheckCode.MARKET_DATA}
    return {code: check.level for code, check in checks.items() if code in {*about, CheckCode.CLOCK}}


def test_a_gateway_that_works_holds_every_check(tmp_path: Path) -> None:
    """Three hours before the close: delayed prices are fine while they are younger than the limit."""
    with running(start=NOON) as simulator:
        checks = found(tmp_path, f"broker: {{port: {simulator.port}}}", simulator.clock.now())
    assert set(levels(checks).values()) == {Level.OK}
    assert len(levels(checks)) == 6
    assert "is a paper account" in checks[CheckCode.ACCOUNT].message
    assert "delayed" in checks[CheckCode.MARKET_DATA].message


@pytest.mark.parametrize(
    ("scenario", "settings", "failure"),
    [
        ("on startApi: lose", "", (CheckCode.LOGIN, "second factor")),
        ("on positionEnd: lose", "", (CheckCode.LOGIN, "second factor")),
        (
            'on reqPositions 1: error 1100 "Connectivity between IBKR and Trader Workstation has been lost.", accept',
            "",
            (CheckCode.LOGIN, ""),
        ),
        (
            'on reqOpenOrders: error 321 "The API interface is currently in Read-Only mode."',
            "",
            (CheckCode.API_ACCESS, "Read-Only API"),
        ),
        ("", ", account: DU999", (CheckCode.ACCOUNT, "broker.account")),
        (
            'on reqMktData: error 354 "Requested market data is not subscribed."',
            "",
            (CheckCode.MARKET_DATA, "subscription"),
        ),
    ],
)
def test_a_gateway_that_does_not_work_is_named(
    tmp_path: Path, scenario: str, settings: str, failure: tuple[CheckCode, str]
) -> None:
    """Stuck at its login, without its broker, read-only, of another account, without prices: each has its code."""
    with running(scenario, start=NOON) as simulator:
        checks = found(tmp_path, f"broker: {{port: {simulator.port}{settings}}}", simulator.clock.now())
    code, words = failure
    assert [name for name, level in levels(checks).items() if level is Level.FAILURE] == [code]
    assert words in checks[code].message + checks[code].remedy


@contextmanager
def silent_server() -> Iterator[int]:
    """A port that takes connections and says nothing, as a gateway at its login window does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []

        def take() -> None:
            try:
                while True:
                    taken.append(server.accept()[0])
            except OSError:
                return

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for each in taken:
            each.close()


def test_connected_is_not_logged_in(tmp_path: Path) -> None:
    """A gateway that takes the connection and never answers fails the check of the login, within its time limit."""
    with silent_server() as port:
        checks = found(tmp_path, f"broker: {{port: {port}}}")
    assert levels(checks) == {CheckCode.LOGIN: Level.FAILURE}
    assert "it may wait for the login" in checks[CheckCode.LOGIN].remedy


def test_a_live_account_is_not_what_paper_trades(tmp_path: Path) -> None:
    """The schedule's mode decides which account is right."""
    paper = "trading: {scheduled_mode: paper, decide_on: previous_close}"
    with running(account_id="U1234567", start=NOON) as simulator:
        checks = found(tmp_path, f"broker: {{port: {simulator.port}}}\n{paper}", simulator.clock.now())
    assert checks[CheckCode.ACCOUNT].level is Level.FAILURE
    assert "not a paper account" in checks[CheckCode.ACCOUNT].message


@pytest.mark.parametrize(("seconds", "level"), [(9, Level.OK), (12, Level.FAILURE)])
def test_clocks_are_compared_as_a_trade_does(tmp_path: Path, seconds: int, level: Level) -> None:
    """Beyond ten seconds nothing would be traded."""
    with running(start=NOON) as simulator:
        now = simulator.clock.now() + timedelta(seconds=seconds)
        checks = found(tmp_path, f"broker: {{port: {simulator.port}}}", now)
    assert checks[CheckCode.CLOCK].level is level


def test_the_rebalance_has_the_gateway_for_itself(tmp_path: Path) -> None:
    """In the minutes in which it trades, nothing is asked: a second connection could take its place."""
    checks = found(tmp_path, "broker: {port: 1}", AFTERNOON)
    assert levels(checks) == {CheckCode.GATEWAY: Level.OK}


def test_a_full_disk_and_an_old_program_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too little space is a failure, some a warning; a calendar whose holidays were not announced yet, a warning."""
    free = shutil.disk_usage(tmp_path).free
    monkeypatch.setattr(machine, "LEAST_FREE", free * 2)
    assert found(tmp_path, "broker: {port: 1}")[CheckCode.DISK].level is Level.FAILURE
    monkeypatch.setattr(machine, "LEAST_FREE", 0)
    monkeypatch.setattr(machine, "LITTLE_FREE", free * 2)
    checks = found(tmp_path, "broker: {port: 1}", datetime(2027, 12, 10, 17, tzinfo=UTC))
    assert checks[CheckCode.DISK].level is Level.WARNING
    assert checks[CheckCode.CALENDAR].level is not Level.OK


def test_a_broken_part_leaves_the_others_their_say(tmp_path: Path) -> None:
    """No warehouse, a ledger that is none, a configuration that is not valid: named, and the rest is looked at."""
    (tmp_path / "ledger.sqlite").write_text("This is no database.", encoding="utf-8")
    checks = found(tmp_path, "broker: {port: 1}")
    failed = {code for code, check in checks.items() if check.level is Level.FAILURE}
    assert failed == {CheckCode.GATEWAY, CheckCode.WAREHOUSE, CheckCode.LEDGER}
    assert {CheckCode.BARS, CheckCode.SWITCH}.isdisjoint(checks)
    broken = found(tmp_path, "strategy: {top_n: none}")
    assert {code: check.level for code, check in broken.items()} == {
        CheckCode.CONFIGURATION: Level.FAILURE,
        CheckCode.DISK: Level.OK,
    }


def test_a_halt_is_a_warning_and_a_schedule_that_is_off_a_failure(tmp_path: Path) -> None:
    """A person has halted, so nobody is woken; that a schedule is off nobody may have meant."""
    paper = "broker: {port: 1}\ntrading: {scheduled_mode: paper, decide_on: previous_close}"
    off = Automation({"rebalance_before_close": False, "watch": True}, is_daemon_alive=False)
    (tmp_path / "portfolio.yaml").write_text(paper, encoding="utf-8")
    here = Installation(tmp_path)
    list(halt(here, Halt(reason="holiday")))
    checks = found(tmp_path, paper, NOON, off)
    assert checks[CheckCode.SWITCH].level is Level.WARNING
    assert checks[CheckCode.SCHEDULES].level is Level.FAILURE
    assert "rebalance_before_close" in checks[CheckCode.SCHEDULES].message
    assert checks[CheckCode.DAEMON].level is Level.FAILURE
    list(resume(here, "", is_accepting=False))
    by_hand = found(tmp_path, "broker: {port: 1}", NOON, off)
    assert by_hand[CheckCode.SWITCH].level is Level.OK
    assert by_hand[CheckCode.SCHEDULES].level is Level.WARNING


def test_the_result_stands_in_the_ledger(tmp_path: Path) -> None:
    """Moment, session and every row, for the relation preflight_checks."""
    checks = found(tmp_path, "broker: {port: 1}")
    with open_ledger(Installation(tmp_path)) as ledger:
        recorded = ledger.newest(EventKind.PREFLIGHT_CHECKED)
    assert recorded is not None
    assert recorded.event.payload == Preflight(Moment.ON_DEMAND, NOON.date(), NOON, tuple(checks.values()))
