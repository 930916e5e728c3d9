"""Controls from the page: halt, sell only, resume, acknowledge bars; the commands' own functions, who is "page"."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from execution import controls
from execution.errors import TradeRefusedError
from execution.preview import last_account
from execution.service import open_ledger
from warehouse import verdicts
from warehouse.lake import transaction

if TYPE_CHECKING:
    from datetime import date

    from execution.installation import Installation

WHO = "page"
DIGITS = 4


def halt(installation: Installation, reason: str) -> list[str]:
    """Halt trading; return what is so. Raises LedgerError as `swing halt` does."""
    return list(controls.halt(installation, controls.Halt(reason=reason, by=WHO)))


def reduce_only(installation: Installation, reason: str) -> list[str]:
    """Only sell from now on; return what is so. Raises LedgerError."""
    return list(controls.reduce_only(installation, reason, WHO))


def resume(installation: Installation, reason: str, confirmation: str) -> list[str]:
    """Trade again as configured; return what is so.

    Args:
        installation: The installation.
        reason: For the record.
        confirmation: The last characters of the account, as a person has typed them.

    Raises:
        TradeRefusedError: They are not the account's.
        ExecutionError: A file that halts trading cannot be removed, or the ledger cannot be written.
    """
    with open_ledger(installation) as ledger:
        account = last_account(installation.portfolio, ledger)[0].account_id
    if not account:
        raise TradeRefusedError("No account is known here yet, so nothing can confirm it. Use `swing resume`.")
    if not hmac.compare_digest(confirmation.strip().upper().encode(), account[-DIGITS:].upper().encode()):
        raise TradeRefusedError(
            f"Trading was not resumed: the last {DIGITS} characters of the account are not {confirmation.strip()!r}."
        )
    return list(controls.resume(installation, reason, is_accepting=False, by=WHO))


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
