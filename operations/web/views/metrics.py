"""Figures for a monitor: ages, equity, drift, and counts of orders, fills, refusals, failures and alerts by code."""

from __future__ import annotations

import contextlib
import shutil
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from execution.brokers.base import Level
from execution.ledger.events import Decision, EventKind, Finish, Funding, Stop
from execution.ledger.watch_events import AlertAcknowledged, AlertKind, AlertRaised, AlertSent, Preflight
from execution.models import Execution, Notice, Order, Plan, Switch
from execution.orders.preflight import planned_window
from operations.heartbeat import FILE_NAME
from operations.web import standing
from operations.web.views import holdings, overview
from warehouse.calendar.sessions import last_completed_session, sessions_behind
from warehouse.errors import SwingError
from warehouse.settings.alerts import Severity
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Callable

    from operations.web.reading import Reading

COUNTED = (
    EventKind.ORDER_INTENDED,
    EventKind.EXECUTED,
    EventKind.PLANNED,
    EventKind.FUNDED,
    EventKind.STOPPED,
    EventKind.SESSION_FINISHED,
    EventKind.NOTICE,
)
LEVELS = {Level.OK: 0, Level.WARNING: 1, Level.FAILURE: 2}
LONGEST = timedelta(days=1)
"""Time before its last fill in which a session was decided."""


def document(reading: Reading) -> dict[str, Any]:
    """Return the figures; what cannot be known is left out. What has labels is rows of labels with a value last."""
    parts: tuple[Callable[[Reading], dict[str, Any]], ...] = (
        _checks,
        _bars,
        _runs,
        _trading,
        _switched,
        _drift,
        _rebalance,
        _decision_to_fill,
        _next,
        _watching,
        _preflight,
        _machine,
    )
    found: dict[str, Any] = {}
    for part in parts:
        with contextlib.suppress(SwingError):
            found |= part(reading)
    return found


def _rows(counted: Counter[Any]) -> list[list[Any]]:
    """Return the counts as rows, each key's parts before its count."""
    return [[*(key if isinstance(key, tuple) else (key,)), count] for key, count in sorted(counted.items())]


def _checks(reading: Reading) -> dict[str, Any]:
    return {"checks": [[check.code, check.is_ok] for check in reading.once(standing.checks)]}


def _bars(reading: Reading) -> dict[str, Any]:
    known = reading.once(standing.symbols)
    landed = [each["landed_at"] for each in known if each["landed_at"]]
    due = last_completed_session(reading.now)
    behind = [sessions_behind(each["newest"], due) for each in known if each["newest"] and not each["is_ok"]]
    return {
        "landed_at": max(landed).timestamp() if landed else None,
        "symbols": len(known),
        "fresh_symbols": sum(each["is_ok"] for each in known),
        "sessions_behind": max(behind, default=0),
    }


def _runs(reading: Reading) -> dict[str, Any]:
    found = reading.records("SELECT kind, outcome, count(*) AS runs FROM runs GROUP BY ALL ORDER BY ALL")
    return {"runs": [[row["kind"], row["outcome"], row["runs"]] for row in found]}


def _trading(reading: Reading) -> dict[str, Any]:
    orders: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    notices: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    executions: set[str] = set()
    equity = None
    for each in reading.ledger.of_kinds(*COUNTED, with_dry_runs=False):
        match each.event.payload:
            case Order(side=side):
                orders[side] += 1
            case Execution(base_id=base_id):
                executions.add(base_id)
            case Notice(code=code) if code:
                notices[str(code)] += 1
            case Finish() as finish:
                equity = finish.equity
                ends["finished"] += 1
            case Plan(refusals=told) | Funding(refusals=told):
                refusals.update(refusal.code for refusal in told)
            case Stop(refusals=told):
                refusals.update(refusal.code for refusal in told)
                ends["stopped"] += 1
    return {
        "orders": _rows(orders),
        "fills": len(executions),
        "refusals": _rows(refusals),
        "notices": _rows(notices),
        "rebalances": _rows(ends),
        "equity": equity,
        "ledger_events": reading.ledger.head()[0],
    }


def _switched(reading: Reading) -> dict[str, Any]:
    now = standing.switch(reading)["switch"]
    return {"halted": now is Switch.HALTED, "reduce_only": now is Switch.REDUCE_ONLY}


def _drift(reading: Reading) -> dict[str, Any]:
    lines = reading.once(holdings.document)["lines"]
    return {"drift": [[line["symbol"], line["difference"]] for line in lines if line["difference"] is not None]}


def _rebalance(reading: Reading) -> dict[str, Any]:
    last = overview.last_rebalance(reading)
    return {"rebalanced_at": last["finished_at"].timestamp(), "rebalance_seconds": last["seconds"]} if last else {}


def _decision_to_fill(reading: Reading) -> dict[str, Any]:
    """Measure, in the newest session with a fill, from its first decision to its last fill."""
    newest = reading.ledger.newest(EventKind.EXECUTED)
    if newest is None:
        return {}
    session, since = newest.event.scope.session_date, newest.recorded_at - LONGEST
    found = [
        each.event.payload
        for each in reading.ledger.of_kinds(EventKind.DECIDED, EventKind.EXECUTED, since=since, with_dry_runs=False)
        if each.event.scope.session_date == session
    ]
    decided = [each.decided_at for each in found if isinstance(each, Decision)]
    filled = [each.executed_at for each in found if isinstance(each, Execution)]
    if not decided:
        return {}
    # The broker tells the time of a fill in whole seconds.
    return {"decision_to_fill_seconds": max((max(filled) - min(decided)).total_seconds(), 0)}


def _next(reading: Reading) -> dict[str, Any]:
    trading = reading.portfolio.trading
    if trading.scheduled_mode is Mode.DRY_RUN:
        return {}
    return {"next_deadline": planned_window(reading.now, trading.minutes_before_close).deadline.timestamp()}


def _watching(reading: Reading) -> dict[str, Any]:
    raised: Counter[tuple[str, str]] = Counter()
    failures: Counter[str] = Counter()
    deliveries: Counter[tuple[str, str]] = Counter()
    waiting: set[str] = set()
    kinds = (EventKind.ALERT_RAISED, EventKind.ALERT_SENT, EventKind.ALERT_ACKNOWLEDGED)
    for each in reading.ledger.of_kinds(*kinds):
        match each.event.payload:
            case AlertRaised() as alert:
                raised[alert.kind.value, alert.severity.value] += 1
                if alert.kind is AlertKind.RUN_FAILED:
                    failures[alert.code or "UNEXPECTED"] += 1
                if alert.severity is Severity.ALARM:
                    waiting.add(alert.key)
            case AlertSent(channel=channel, is_delivered=is_delivered):
                deliveries[channel, "delivered" if is_delivered else "failed"] += 1
            case AlertAcknowledged(key=key):
                waiting.discard(key)
    return {
        "alerts": _rows(raised),
        "failures": _rows(failures),
        "deliveries": _rows(deliveries),
        "alarms_waiting": len(waiting),
    }


def _preflight(reading: Reading) -> dict[str, Any]:
    newest = reading.ledger.newest(EventKind.PREFLIGHT_CHECKED)
    if newest is None or not isinstance(newest.event.payload, Preflight):
        return {}
    made = newest.event.payload
    return {
        "preflight_at": made.checked_at.timestamp(),
        "preflight": [[code, level] for code, level in _worst(made).items()],
    }


def _worst(made: Preflight) -> dict[str, int]:
    """Return each check's worst level; a check may have several rows."""
    found: dict[str, int] = {}
    for check in made.checks:
        found[check.code] = max(found.get(check.code, 0), LEVELS[check.level])
    return found


def _machine(reading: Reading) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with contextlib.suppress(OSError):
        found["disk_free"] = shutil.disk_usage(reading.installation.home).free
    with contextlib.suppress(OSError, ValueError):
        seen = (reading.installation.home / FILE_NAME).read_text(encoding="utf-8").strip()
        found["daemon_at"] = datetime.fromisoformat(seen).timestamp()
    return found
