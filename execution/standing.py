"""Standing of the trading: what a person allowed, how the last rebalance ended, whether ledger and broker agree."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from execution.ledger import FILE_NAME
from execution.models import Switch
from execution.switch_files import SwitchFiles

if TYPE_CHECKING:
    from execution.installation import Installation


def standing(installation: Installation) -> dict[str, str]:
    """Say it, under the names `switch`, `last_rebalance` and `account`. Raises LedgerError.

    Where nothing was ever traded there is no ledger: none is made to ask it, and its database is not imported.
    """
    found = {"switch": Switch.NORMAL.value, "last_rebalance": "none", "account": "never compared with the broker"}
    allowed: Switch | None = None
    if installation.ledger_url or (installation.home / FILE_NAME).exists():
        allowed, recorded = _recorded(installation)
        found |= recorded
    if (posted := SwitchFiles.of(installation.home).read()) not in {Switch.NORMAL, allowed}:
        found["switch"] = f"{posted.value} by a file, which `swing resume` removes"
    return found


def _recorded(installation: Installation) -> tuple[Switch | None, dict[str, str]]:
    """Return the switch that the ledger holds, None for none, and what it says under the same names."""
    from execution.ledger.events import EventKind, Finish, Reconciliation, SwitchChange  # noqa: PLC0415 - as said above
    from execution.ledger.ledger import Ledger, ledger_url  # noqa: PLC0415 - as above

    with closing(Ledger.open(installation.ledger_url or ledger_url(installation.home))) as ledger:
        switched, finished = ledger.newest(EventKind.SWITCH_CHANGED), ledger.newest(EventKind.SESSION_FINISHED)
        compared = ledger.newest(EventKind.RECONCILED)
    allowed: Switch | None = None
    found: dict[str, str] = {}
    if switched and isinstance(switched.event.payload, SwitchChange):
        change = switched.event.payload
        allowed = change.switch
        why = f" ({change.reason})" if change.reason else ""
        found["switch"] = f"{change.switch.value} since {switched.recorded_at:%Y-%m-%d %H:%M} UTC, by {change.by}{why}"
    if finished and isinstance(finished.event.payload, Finish):
        found["last_rebalance"] = f"{finished.event.scope.session_date}: {finished.event.payload.message}"
    if compared and isinstance(compared.event.payload, Reconciliation):
        differences = " ".join(difference.message for difference in compared.event.payload.differences)
        account_id = compared.event.payload.account.account_id
        found["account"] = (
            f"{account_id}, {compared.recorded_at:%Y-%m-%d %H:%M} UTC: {differences or 'ledger and broker agree'}"
        )
    return allowed, found
