"""Metrics: what the ledger holds is counted by code, and what is not known is left out."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from execution.brokers.base import Fault, Level
from execution.installation import Installation
from execution.ledger.events import Claim, Decision, Event, Finish, Scope, Stop
from execution.ledger.watch_events import (
    AlertAcknowledged,
    AlertKind,
    AlertRaised,
    AlertSent,
    Check,
    Moment,
    Preflight,
)
from execution.models import Account, Execution, Notice, Order, OrderRef, Side
from execution.refusals import Refusal, RefusalCode
from execution.service import machine_clock, open_ledger
from operations.heartbeat import show_life
from operations.web.documents import Documents, View
from operations.web.exposition import FAMILIES, Exposition
from operations.web.reading import reading_of
from operations.web.views import metrics
from warehouse.settings.alerts import Severity
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from pathlib import Path

SESSION = date(2024, 6, 11)
NOON = datetime(2024, 6, 11, 16, 0, tzinfo=UTC)
DECIDED = datetime(2024, 6, 11, 19, 55, 10, tzinfo=UTC)
SCOPE = Scope("DU1234567", "run", Mode.PAPER, "live", SESSION)
OUTSIDE = Scope("DU1234567", "run")
REF = str(OrderRef("live", SESSION, "SPY", Side.BUY))


def _lived(home: Path) -> Installation:
    """A session with an order filled in two parts, its alerts, and a preflight with a warning and a failure."""
    here = Installation(home)
    account = Account("DU1234567", Decimal(10_000), Decimal(6_500), Decimal(6_500), {}, is_paper=True)
    decision = Decision(DECIDED, 1, SESSION, {}, (), (), {}, account)
    part = (REF, 7, "DU1234567", "SPY", Side.BUY, Decimal(5), Decimal(500))
    trading = (
        Claim(DECIDED),
        decision,
        Order(REF, "SPY", Side.BUY, Decimal(10), Decimal(502)),
        Notice(399, "it waits", REF, Fault.INFORMATIONAL),
        Notice(0, "our own words"),
        Stop("busy", (Refusal(RefusalCode.PRICE_MISSING, "no price", "SPY"),)),
        Execution("e.1", "e", 1, *part, DECIDED + timedelta(seconds=8)),
        Execution("e.2", "e", 2, *part, DECIDED + timedelta(seconds=8)),
        Execution("f.1", "f", 1, *part, DECIDED + timedelta(seconds=21)),
        Finish(Decimal(10_000), Decimal(5_000), {"SPY": Decimal(10)}),
    )
    rows = (Check("GATEWAY", Level.OK, "up"), Check("BARS", Level.WARNING, "old"), Check("BARS", Level.FAILURE, "none"))
    watching = (
        Preflight(Moment.ON_DEMAND, SESSION, NOON, rows),
        AlertRaised("a", AlertKind.RUN_FAILED, Severity.ALARM, "failed", "text", "BrokerError"),
        AlertRaised("b", AlertKind.SESSION_MISSED, Severity.ALARM, "missed", "text"),
        AlertSent("a", "mail", 1, is_delivered=False, reason="refused"),
        AlertSent("a", "mail", 2, is_delivered=True),
        AlertAcknowledged("a", "somebody"),
    )
    with open_ledger(here) as ledger:
        ledger.append(*(Event(SCOPE, each) for each in trading), *(Event(OUTSIDE, each) for each in watching))
    return here


def _exposed(here: Installation) -> str:
    """The metrics' text, once their document is there."""
    computed = View("metrics", metrics.document)
    documents = Documents(here, {"metrics": computed}, machine_clock)
    asked = documents.ask("first", metrics.document)
    documents.start()
    asked.result(60)
    documents.stop()
    return Exposition(documents, {}).text().decode()


def test_what_the_ledger_holds_is_counted_by_code(tmp_path: Path) -> None:
    """Orders, fills without their corrections, refusals, notices, failures, alerts, deliveries, checks."""
    here = _lived(tmp_path)
    show_life(here, NOON)
    text = _exposed(here)
    samples = dict(re.findall(r"^(swing_\S+?(?:\{.*?\})?) (\S+)$", text, re.MULTILINE))
    known = {name: float(value) for name, value in samples.items()}
    expected = {
        'swing_orders_total{side="BUY"}': 1,
        "swing_fills_total": 2,
        'swing_refusals_total{code="PRICE_MISSING"}': 1,
        'swing_broker_notices_total{code="399"}': 1,
        'swing_rebalances_total{end="finished"}': 1,
        'swing_rebalances_total{end="stopped"}': 1,
        'swing_failures_total{code="BrokerError"}': 1,
        'swing_alerts_total{kind="session_missed",severity="alarm"}': 1,
        'swing_alert_deliveries_total{channel="mail",outcome="failed"}': 1,
        'swing_alert_deliveries_total{channel="mail",outcome="delivered"}': 1,
        "swing_alarms_unacknowledged": 1,
        'swing_preflight_level{code="GATEWAY"}': 0,
        'swing_preflight_level{code="BARS"}': 2,
        "swing_preflight_timestamp_seconds": NOON.timestamp(),
        "swing_daemon_alive_timestamp_seconds": NOON.timestamp(),
        "swing_last_decision_to_fill_seconds": 21,
        "swing_equity_usd": 10_000,
        "swing_halted": 0,
        "swing_ledger_events": 16,
    }
    assert {name: known.get(name) for name in expected} == expected
    assert known["swing_disk_free_bytes"] > 0
    assert 'swing_broker_notices_total{code="0"}' not in known


def test_what_is_not_known_is_no_zero(tmp_path: Path) -> None:
    """Without warehouse, trade or daemon there is no age, no fill time, no sign of life, and no deadline."""
    with reading_of(Installation(tmp_path), NOON) as reading:
        found = metrics.document(reading)
    unknown = {"landed_at", "runs", "rebalanced_at", "decision_to_fill_seconds", "daemon_at", "preflight_at"}
    assert not unknown & found.keys()
    assert "next_deadline" not in found, "nothing is scheduled where trading.scheduled_mode is dry_run"
    assert found["fills"] == 0


def test_names_are_those_of_prometheus_convention() -> None:
    """A name stands once, says its unit, and a counter's samples alone end with _total."""
    names = [family.name for family in FAMILIES]
    assert len(set(names)) == len(names)
    assert not [name for name in names if name.endswith("_total") or not re.fullmatch(r"swing_[a-z_]+", name)]
    assert all(family.meaning.endswith(".") for family in FAMILIES)
