"""Standing of an account by the ledger: the switch, the last rebalance, the broker's last statement."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from execution.ledger import FILE_NAME
from execution.models import Switch
from execution.switch_files import SwitchFiles

if TYPE_CHECKING:
    from execution.installation import Installation
    from execution.ledger.events import Recorded


def standing(installation: Installation) -> dict[str, Any]:
    """Say what a person last allowed, how the last rebalance ended, and what the broker last stated.

    Where nothing was ever traded there is no ledger: none is made to ask it, and its database is not imported.

    Returns:
        switch, last_rebalance, account: words for a person. last_session: ISO day of the last rebalance that ended, or
        None. account_id: the
        broker's, or empty. equity: USD, and positions: shares by symbol, by the broker's last statement, as texts; None
        before one.

    Raises:
        LedgerError: The ledger cannot be read.
    """
    found: dict[str, Any] = {
        "last_rebalance": "none",
        "last_session": None,
        "account": "never compared with the broker",
        "account_id": "",
        "equity": None,
        "positions": None,
    }
    if not installation.ledger_url and not (installation.home / FILE_NAME).exists():
        return {"switch": _switch(installation, None), **found}
    return {**found, **_recorded(installation)}


def _recorded(installation: Installation) -> dict[str, Any]:
    from execution.ledger.events import EventKind, Finish, Reconciliation  # noqa: PLC0415 - as said above
    from execution.ledger.ledger import Ledger, ledger_url  # noqa: PLC0415 - as above

    with closing(Ledger.open(installation.ledger_url or ledger_url(installation.home))) as ledger:
        switched, finished = ledger.newest(EventKind.SWITCH_CHANGED), ledger.newest(EventKind.SESSION_FINISHED)
        compared = ledger.newest(EventKind.RECONCILED)
    found: dict[str, Any] = {"switch": _switch(installation, switched)}
    if finished and isinstance(finished.event.payload, Finish):
        day = finished.event.scope.session_date
        found |= {"last_session": str(day), "last_rebalance": f"{day}: {finished.event.payload.message}"}
    if compared and isinstance(compared.event.payload, Reconciliation):
        account = compared.event.payload.account
        differences = " ".join(difference.message for difference in compared.event.payload.differences)
        told = f"{account.account_id}, {compared.recorded_at:%Y-%m-%d %H:%M} UTC"
        found |= {
            "account": f"{told}: {differences or 'ledger and broker agree'}",
            "account_id": account.account_id,
            "equity": str(account.net_liquidation),
            "positions": {symbol: str(quantity) for symbol, quantity in sorted(account.positions.items())},
        }
    return found


def _switch(installation: Installation, switched: Recorded | None) -> str:
    change: Any = switched.event.payload if switched else None
    if (posted := SwitchFiles.of(installation.home).read()) not in {Switch.NORMAL, change.switch if change else None}:
        return f"{posted.value} by a file, which `swing resume` removes"
    if switched is None:
        return Switch.NORMAL.value
    why = f" ({change.reason})" if change.reason else ""
    return f"{change.switch.value} since {switched.recorded_at:%Y-%m-%d %H:%M} UTC, by {change.by}{why}"
