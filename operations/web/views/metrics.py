"""Figures for a monitor: data age, equity, drift, and counts of orders, fills and refusals by code."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from execution.ledger.events import EventKind, Finish, Funding, Stop
from execution.models import Execution, Order, Plan, Switch
from operations.web import standing
from operations.web.views import holdings, overview
from warehouse.errors import SwingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from operations.web.reading import Reading


def document(reading: Reading) -> dict[str, Any]:
    """Return the figures; what cannot be known is left out."""
    parts: tuple[Callable[[Reading], dict[str, Any]], ...] = (_checks, _bars, _trading, _switched, _drift, _rebalance)
    found: dict[str, Any] = {}
    for part in parts:
        try:
            found |= part(reading)
        except SwingError:
            continue
    return found


def _checks(reading: Reading) -> dict[str, Any]:
    return {"checks": {check.code: check.is_ok for check in reading.once(standing.checks)}}


def _bars(reading: Reading) -> dict[str, Any]:
    known = reading.once(standing.symbols)
    landed = [each["landed_at"] for each in known if each["landed_at"]]
    return {
        "newest_bar": min((str(each["newest"]) for each in known if each["newest"]), default=None),
        "landed_at": max(landed).timestamp() if landed else None,
        "symbols": len(known),
        "fresh_symbols": sum(each["is_ok"] for each in known),
    }


def _trading(reading: Reading) -> dict[str, Any]:
    orders: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    executions: set[str] = set()
    equity = None
    for each in reading.ledger.of_kinds(
        EventKind.ORDER_INTENDED,
        EventKind.EXECUTED,
        EventKind.PLANNED,
        EventKind.FUNDED,
        EventKind.STOPPED,
        EventKind.SESSION_FINISHED,
        with_dry_runs=False,
    ):
        match each.event.payload:
            case Order(side=side):
                orders[side] += 1
            case Execution(base_id=base_id):
                executions.add(base_id)
            case Finish() as finish:
                equity = finish.equity
            case Plan(refusals=told) | Funding(refusals=told) | Stop(refusals=told):
                refusals.update(refusal.code for refusal in told)
    return {"orders": dict(orders), "fills": len(executions), "refusals": dict(refusals), "equity": equity}


def _switched(reading: Reading) -> dict[str, Any]:
    now = standing.switch(reading)["switch"]
    return {"halted": now is Switch.HALTED, "reduce_only": now is Switch.REDUCE_ONLY}


def _drift(reading: Reading) -> dict[str, Any]:
    lines = reading.once(holdings.document)["lines"]
    return {"drift": {line["symbol"]: line["difference"] for line in lines if line["difference"] is not None}}


def _rebalance(reading: Reading) -> dict[str, Any]:
    last = overview.last_rebalance(reading)
    return {"rebalanced_at": last["finished_at"].timestamp(), "rebalance_seconds": last["seconds"]} if last else {}
