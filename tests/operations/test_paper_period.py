"""The paper period: each condition, and what the ledger shows of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from execution import freezing
from execution.brokers.base import Level
from execution.errors import PhaseError
from execution.installation import Installation
from execution.ledger import rows
from execution.ledger.events import Event, Finish, Scope
from execution.ledger.phase_events import Freeze, Pin
from execution.ledger.watch_events import AlertKind, AlertRaised
from execution.orders.context import LIQUIDATION
from execution.phases import TradingPhase, digest_of, phase_of
from execution.service import open_ledger
from operations import paper_period
from operations.paper_period import PaperPeriod, measures, validate
from operations.preflight.trading import phase_check
from warehouse.calendar.sessions import close_time, sessions
from warehouse.settings.alerts import Severity
from warehouse.settings.phases import PhaseSettings
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from pathlib import Path

DEMANDS = PhaseSettings(paper_sessions=5, correlation=0.7, slippage=0.002, alarms=1)
DAYS = tuple(sessions(date(2024, 6, 3), date(2024, 6, 10)))
GOOD = PaperPeriod(DAYS, dict.fromkeys(DAYS, 1), ["A login died"], 0.93, 6, 0.0004, 11)
PIN = Pin({"strategy.top_n": "2"}, {}, "1")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The ledger's clock: events are recorded at the instant that stands in the list."""
    now = [datetime(2024, 6, 3, 14, tzinfo=UTC)]

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            assert tz is UTC
            return now[0]

    monkeypatch.setattr(rows, "datetime", Clock)
    return now


@pytest.mark.parametrize(
    ("period", "code", "figure"),
    [
        (GOOD, "", ""),
        (replace(GOOD, changed=["strategy.top_n: 2 → 3"]), "FREEZE_UNCHANGED", "changed: strategy.top_n: 2 → 3"),
        (replace(GOOD, due=DAYS[:4], ended=dict.fromkeys(DAYS[:4], 1)), "SESSIONS_RUN", "4"),
        (replace(GOOD, ended=dict.fromkeys(DAYS[1:], 1)), "SESSIONS_MISSED", "2024-06-03"),
        (replace(GOOD, ended=dict.fromkeys(DAYS, 1) | {DAYS[2]: 2}), "SESSIONS_DOUBLED", "2024-06-05"),
        (replace(GOOD, correlation=0.69), "BACKTEST_CORRELATION", "0.69 over 6 daily returns"),
        (replace(GOOD, correlation=None), "BACKTEST_CORRELATION", "unknown over 6 daily returns"),
        (replace(GOOD, correlation=1.0, returns=2), "BACKTEST_CORRELATION", "unknown over 2 daily returns"),
        (replace(GOOD, slippage=0.0021), "DECISION_SLIPPAGE", "+21.0 bp over 11 orders"),
        (replace(GOOD, slippage=None, orders=0), "DECISION_SLIPPAGE", "unknown over 0 orders"),
        (replace(GOOD, alarms=["One", "Two"]), "ALARMS", "2; the newest: Two"),
    ],
)
def test_each_condition_fails_by_itself(period: PaperPeriod, code: str, figure: str) -> None:
    """A row of its own with the figure; what is not known is not met."""
    failed = [each for each in measures(period, DEMANDS) if not each.is_ok]
    assert [each.code for each in failed] == ([code] if code else [])
    assert [each.figure for each in failed] == ([figure] if code else [])


def test_the_ledger_says_what_was_run_missed_and_told_since_the_freeze(
    tmp_path: Path, clock: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dry runs, the emergency exit, what was before, and tests of the channels do not count."""
    (tmp_path / "portfolio.yaml").write_text("phases: {paper_sessions: 4, alarms: 0}", encoding="utf-8")
    here = Installation(tmp_path)
    monkeypatch.setattr(paper_period, "pin_of", lambda _installation: PIN)

    def ended(day: date, mode: Mode = Mode.PAPER, strategy: str = "live") -> Event:
        return Event(Scope("DU1", "run", mode, strategy, day), Finish(Decimal(1), Decimal(1), {}))

    def alarm(key: str, kind: AlertKind, severity: Severity = Severity.ALARM) -> Event:
        return Event(Scope(""), AlertRaised(key, kind, severity, key, ""))

    with open_ledger(here) as ledger:
        with pytest.raises(PhaseError, match="nothing is frozen"):
            validate(here, clock[0], "ann")
        ledger.append(ended(date(2024, 5, 31)), alarm("before", AlertKind.RUN_FAILED))
        clock[0] = close_time(date(2024, 6, 3))
        ledger.append(Event(Scope(""), Freeze(PIN, digest_of(PIN), "1", {}, "ann", "ready")))
        for day in DAYS[1:]:
            clock[0] = close_time(day)
            ledger.append(ended(day, Mode.DRY_RUN), ended(day, strategy=LIQUIDATION))
            if day != date(2024, 6, 6):
                ledger.append(ended(day))
        ledger.append(alarm("test", AlertKind.TEST), alarm("info", AlertKind.DRIFT, Severity.WARNING))
        found = {each.code: each for each in validate(here, clock[0], "ann").measures}
        assert [code for code, each in found.items() if each.is_ok] == [
            "FREEZE_UNCHANGED",
            "SESSIONS_RUN",
            "SESSIONS_DOUBLED",
            "ALARMS",
        ]
        assert found["SESSIONS_MISSED"].figure == "2024-06-06"
        assert found["SESSIONS_RUN"].figure == "4"
        standing = phase_of(ledger, PIN, here.portfolio.phases)
        assert standing.phase is TradingPhase.FROZEN
        assert standing.missing[0] == "SESSIONS_MISSED: 2024-06-06; asked for: none."
        ledger.append(alarm("missed", AlertKind.SESSION_MISSED))
        told = {each.code: each.figure for each in validate(here, clock[0], "ann").missing}
        assert told["ALARMS"] == "1; the newest: missed"


def test_the_preflight_says_the_evening_before_that_live_will_be_refused(
    tmp_path: Path, clock: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the schedule trades real money; elsewhere it says nothing."""
    monkeypatch.setattr(freezing, "pin_of", lambda _installation: PIN)
    assert list(phase_check(Installation(tmp_path), clock[0])) == []
    (tmp_path / "portfolio.yaml").write_text(
        "trading: {scheduled_mode: live}\nbroker: {is_source_of_bars: true}", encoding="utf-8"
    )
    here = Installation(tmp_path)
    (check,) = phase_check(here, clock[0])
    assert (check.code, check.level) == ("PHASE", Level.FAILURE)
    assert "Nothing is frozen" in check.message
    freezing.override(here, "ann", "a test")
    (check,) = phase_check(here, clock[0])
    assert check.level is Level.OK
