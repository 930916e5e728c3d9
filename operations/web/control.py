"""Controls from the page: the commands' own functions, with the name of whoever asked."""

from __future__ import annotations

import hmac
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from execution import controls
from execution.brokers.base import Level
from execution.errors import TradeRefusedError
from execution.preview import last_account
from execution.service import open_ledger
from operations.alerts.telling import acknowledge as take_note_of
from warehouse import verdicts
from warehouse.errors import LakeBusyError
from warehouse.lake import transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from execution.installation import Installation
    from execution.ledger.watch_events import Check
    from execution.models import Account

DIGITS = 4


@dataclass(frozen=True, slots=True)
class Errands:
    """Work for the page that takes what stands above it: Dagster's state, the warehouse's marts.

    Attributes:
        examine: Makes a preflight, tells and publishes it.
        publish: Brings what was traded to the warehouse.
    """

    examine: Callable[[], Sequence[Check]]
    publish: Callable[[], object]


NO_ERRANDS = Errands(examine=tuple, publish=lambda: None)
_examining = threading.Lock()


def halt(installation: Installation, reason: str, by: str) -> list[str]:
    """Halt trading; return what is so. Raises LedgerError as `swing halt` does."""
    return list(controls.halt(installation, controls.Halt(reason=reason, by=by)))


def reduce_only(installation: Installation, reason: str, by: str) -> list[str]:
    """Only sell from now on; return what is so. Raises LedgerError."""
    return list(controls.reduce_only(installation, reason, by))


def check_digits(installation: Installation, confirmation: str) -> None:
    """Raise TradeRefusedError unless a person has typed the last characters of the account."""
    account = _account(installation).account_id
    if not hmac.compare_digest(confirmation.strip().upper().encode(), account[-DIGITS:].upper().encode()):
        raise TradeRefusedError(
            f"Trading was not resumed: the last {DIGITS} characters of the account are not {confirmation.strip()!r}."
        )


def resume(installation: Installation, reason: str, by: str) -> list[str]:
    """Trade again as configured; return what is so.

    Raises:
        ExecutionError: A file that halts trading cannot be removed, or the ledger cannot be written.
    """
    return list(controls.resume(installation, reason, is_accepting=False, by=by))


def check_account(installation: Installation, confirmation: str) -> None:
    """Raise TradeRefusedError unless a person has typed the whole account."""
    account = _account(installation).account_id
    if not hmac.compare_digest(confirmation.strip().upper().encode(), account.upper().encode()):
        raise TradeRefusedError(f"Nothing was sold: the account is not {confirmation.strip()!r}.")


def flatten(installation: Installation, wanted: controls.Halt) -> list[str]:
    """Halt, cancel our orders, sell everything of ours; return what is so. It takes minutes.

    Args:
        installation: The installation.
        wanted: Who halts, and why; the account has been confirmed.

    Raises:
        LedgerError: The halt stands by a file alone, or not at all; nothing was sold.
        ExitIncompleteError: Orders or positions are left.
        SwingError: The gateway, the hour or the configuration forbids the sale; the halt stands.
    """
    account = _account(installation)
    confirmed = "" if account.is_paper else account.account_id
    return list(controls.halt(installation, replace(wanted, is_flattening=True, confirmed_account=confirmed)))


def acknowledge(installation: Installation, symbol: str, session: date) -> list[str]:
    """Let the doubted bars of a symbol and session pass; return what is so.

    Raises:
        LakeBusyError: A run is writing.
        LakeError: No gate holds anything against them.
    """
    lake = installation.lake
    with lake.lock(), lake.writer() as connection, transaction(connection):
        count = verdicts.acknowledge(connection, symbol, session)
    return [f"Acknowledged {count} {'verdict' if count == 1 else 'verdicts'} on {symbol}. The next build counts it."]


def take_note(installation: Installation, now: datetime, number: int, by: str) -> list[str]:
    """Say that an alert was seen; return which. Raises AlertError, LedgerError."""
    seen = take_note_of(installation, now, number, by)
    return [f"Seen: {title}" for title in seen] or ["Somebody has seen it already."]


def preflight(errands: Errands) -> list[str]:
    """Look at all that the next rebalance needs; return what does not hold. Raises LakeBusyError while another does."""
    if not _examining.acquire(blocking=False):
        raise LakeBusyError("A preflight is being made already. Look at its result in a minute.")
    try:
        checks = errands.examine()
    finally:
        _examining.release()
    failed = [
        f"{check.code}: {check.message} {check.remedy}".strip() for check in checks if check.level is Level.FAILURE
    ]
    doubted = sum(check.level is Level.WARNING for check in checks)
    warned = f", {doubted} {'warns' if doubted == 1 else 'warn'}" if doubted else ""
    return [f"{len(failed)} of {len(checks)} checks fail{warned}. Runs & alerts shows each.", *failed]


def _account(installation: Installation) -> Account:
    with open_ledger(installation) as ledger:
        account = last_account(installation.portfolio, ledger)[0]
    if not account.account_id:
        raise TradeRefusedError("No account is known here yet, so nothing can confirm it. Use the command line.")
    return account
