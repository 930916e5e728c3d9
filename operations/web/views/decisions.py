"""Decisions: why each symbol was held or not on a day, and what the decisions of that session were based on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from warehouse import readers
from warehouse.errors import LakeError

if TYPE_CHECKING:
    from datetime import date

    from operations.web.reading import Reading

DECIDED = """
SELECT run_id, mode, decided_at, lake_snapshot, parameters_hash, targets_session, selection, targets, equity, cash,
    price_kinds, oldest_price_age, is_blocked, planned_orders, tracking_error, waits_for_settlement, refusals
FROM decisions WHERE session_date = $day ORDER BY decided_at DESC LIMIT 10
"""
SPAN = (
    "SELECT min(session_date) AS first_session, max(session_date) AS last_session FROM sessions WHERE scenario_id = 0"
)


def document(reading: Reading, day: date | None = None) -> dict[str, Any]:
    """Return the strategy's decision about each symbol of the universe on a session (None: the newest).

    Raises:
        LakeError: The day is no session (the message names the nearest), or nothing was built.
    """
    symbols = readers.explanations_on(reading.lake, day).records()
    session = symbols[0]["session_date"]
    known = [each for (each,) in readers.rows(reading.lake, readers.SESSIONS).rows]
    at = known.index(session)
    strategy = readers.rows(reading.lake, readers.LIVE_STRATEGY).records()[0]["strategy_name"]
    return {
        "session_date": session,
        "previous_session": known[at - 1] if at else None,
        "next_session": known[at + 1] if at + 1 < len(known) else None,
        "strategy": strategy,
        "holds": [] if at + 1 < len(known) else reading.if_built("SELECT explanation FROM live_holds"),
        "symbols": [{name: value for name, value in each.items() if name != "session_date"} for each in symbols],
        "cash": 1 - sum(each["weight"] or 0 for each in symbols),
        "trades": readers.trades_on(reading.lake, session).records(),
        "decided": _decided(reading, session),
        **reading.records(SPAN)[0],
    }


def _decided(reading: Reading, session: date) -> list[dict[str, Any]]:
    """Return what the ledger recorded of the session's plans; nothing where the marts were never made."""
    try:
        found = reading.records(DECIDED, {"day": session})
    except LakeError:
        return []
    return [each | {"targets": json.loads(each["targets"] or "{}")} for each in found]
