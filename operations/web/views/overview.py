"""Overview: whether all is well, the next and the last rebalance, mode, switch and feeds."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from execution.ledger.events import Claim, EventKind, Finish
from execution.orders.preflight import planned_window
from execution.preview import last_account
from operations.web import standing
from warehouse.errors import SwingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from operations.web.reading import Reading


def document(reading: Reading) -> dict[str, Any]:
    """Return the standing of the installation; a part that cannot be read is null, and its check says why."""
    found = reading.once(standing.checks)
    failed = list(standing.failures(found))
    return {
        "is_ok": not failed,
        "summary": _summary(len(failed)),
        "checks": [asdict(check) for check in found],
        "next_rebalance": _known(lambda: _next(reading)),
        "last_rebalance": _known(lambda: last_rebalance(reading)),
        "switch": _known(lambda: standing.switch(reading)),
        "feeds": _known(lambda: reading.once(standing.feeds)) or [],
        "account": _known(lambda: _account(reading)),
    }


def _summary(failed: int) -> str:
    return "All is well" if not failed else f"{failed} {'thing needs' if failed == 1 else 'things need'} you"


def _known(part: Callable[[], Any]) -> Any:  # noqa: ANN401 - each part has its own shape
    try:
        return part()
    except SwingError:
        return None


def _next(reading: Reading) -> dict[str, Any]:
    trading = reading.portfolio.trading
    window = planned_window(reading.now, trading.minutes_before_close)
    return {
        "session_date": window.session_date,
        "opens": window.opens,
        "deadline": window.deadline,
        "close": window.close,
        "mode": trading.scheduled_mode,
        "phase": window.phase(reading.now),
    }


def last_rebalance(reading: Reading) -> dict[str, Any] | None:
    """Return the end of the newest session that was rebalanced; None before the first. Raises LedgerError."""
    recorded = reading.ledger.newest(EventKind.SESSION_FINISHED)
    if recorded is None or not isinstance(recorded.event.payload, Finish):
        return None
    session = recorded.event.scope.session_date
    begun = [
        each.recorded_at
        for each in reading.ledger.of_kinds(EventKind.SESSION_CLAIMED, with_dry_runs=False)
        if isinstance(each.event.payload, Claim) and each.event.scope.session_date == session
    ]
    return {
        "session_date": session,
        "message": recorded.event.payload.message,
        "finished_at": recorded.recorded_at,
        "seconds": (recorded.recorded_at - min(begun)).total_seconds() if begun else None,
        "equity": recorded.event.payload.equity,
        "mode": recorded.event.scope.mode,
    }


def _account(reading: Reading) -> dict[str, Any]:
    account, at = last_account(reading.portfolio, reading.ledger)
    return {
        "account_id": account.account_id,
        "is_paper": account.is_paper,
        "net_liquidation": account.net_liquidation,
        "cash": account.cash,
        "currency": account.currency,
        "at": at,
    }
