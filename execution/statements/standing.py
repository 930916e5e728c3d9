"""Standing of the broker's statements by the ledger: the newest, the newest clean one, and what nobody has signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from execution.ledger.events import EventKind, Reconciliation
from execution.ledger.statement_events import ExceptionRaised, ExceptionSigned, StatementMissed, StatementRead
from execution.service import open_ledger
from warehouse.calendar.sessions import EXCHANGE_ZONE, last_completed_session, sessions
from warehouse.sources.credentials import read_key

if TYPE_CHECKING:
    from datetime import datetime

    from pydantic import SecretStr

    from execution.installation import Installation
    from execution.ledger.events import Recorded
    from execution.ledger.ledger import Ledger

PUBLISHED_AFTER = timedelta(hours=16)
"""From a close until its statement should be there: the next morning."""
TOKEN, QUERY = "IBKR_FLEX_TOKEN", "IBKR_FLEX_QUERY"
KINDS = (
    EventKind.STATEMENT_READ,
    EventKind.STATEMENT_MISSED,
    EventKind.EXCEPTION_RAISED,
    EventKind.EXCEPTION_SIGNED,
)
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class StatementStanding:
    """Standing of an account's statements.

    Attributes:
        newest: With the latest last day; None before the first.
        clean_until: Last day of the newest statement that is whole, with nothing open up to its end; None without one.
        open: Exceptions that nobody has signed, oldest first.
        missed: The last attempt, if it has failed and something is due.
        due: The newest session whose statement should be there.
        behind: Sessions up to `due` without a clean statement, since the first attempt at one.
    """

    account_id: str
    newest: StatementRead | None
    clean_until: date | None
    open: tuple[ExceptionRaised, ...]
    missed: StatementMissed | None
    due: date
    behind: int

    @property
    def is_begun(self) -> bool:
        """True if a statement was ever read, or asked for."""
        return self.newest is not None or self.missed is not None


def keys(installation: Installation) -> tuple[SecretStr, SecretStr] | None:
    """Return token and query id; None unless both are there, which leaves statements off. Raises ConfigurationError."""
    folders = [installation.home / "secrets", *installation.secret_folders]
    token, query = (read_key(name, installation.flex, folders) for name in (TOKEN, QUERY))
    return (token, query) if token and query else None


def account_of(installation: Installation, ledger: Ledger) -> str:
    """Return the account that statements must be of: the configured one, else the last looked at; empty for none."""
    if configured := installation.portfolio.broker.account:
        return configured
    seen = ledger.newest(EventKind.RECONCILED)
    return seen.event.payload.account.account_id if seen and isinstance(seen.event.payload, Reconciliation) else ""


def installed(installation: Installation, now: datetime) -> tuple[StatementStanding, bool]:
    """Return the standing by an installation's ledger, and whether statements are pulled.

    Raises:
        LedgerError: The ledger cannot be read.
        ConfigurationError: The configuration is not valid, or what is found for a key is none.
    """
    with open_ledger(installation) as ledger:
        return recorded(installation, ledger, now)


def recorded(installation: Installation, ledger: Ledger, now: datetime) -> tuple[StatementStanding, bool]:
    """Return the same by a ledger that is open."""
    is_on = keys(installation) is not None
    return standing_of(ledger, account_of(installation, ledger), now), is_on


def standing_of(ledger: Ledger, account_id: str, now: datetime) -> StatementStanding:
    """Fold the events of an account's statements. Raises LedgerError."""
    found = [each for each in ledger.of_kinds(*KINDS) if each.event.scope.account_id == account_id]
    payloads = [each.event.payload for each in found]
    signed = {payload.exception_id for payload in payloads if isinstance(payload, ExceptionSigned)}
    raised = [payload for payload in payloads if isinstance(payload, ExceptionRaised)]
    left = sorted(
        (each for each in raised if each.exception_id not in signed), key=lambda each: (each.day, each.exception_id)
    )
    read = [payload for payload in payloads if isinstance(payload, StatementRead)]
    whole = [each.statement.last_day for each in read if each.statement.is_whole]
    clean = [day for day in whole if not left or day < left[0].day]
    tried = [payload for payload in payloads if isinstance(payload, StatementRead | StatementMissed)]
    due = last_completed_session(now - PUBLISHED_AFTER)
    is_here = bool(clean) and max(clean) >= due  # then an attempt that failed misses nothing
    return StatementStanding(
        account_id=account_id,
        newest=max(read, key=lambda each: (each.statement.last_day, each.statement.generated_at), default=None),
        clean_until=max(clean, default=None),
        open=tuple(left),
        missed=tried[-1] if tried and isinstance(tried[-1], StatementMissed) and not is_here else None,
        due=due,
        behind=_behind(max(clean, default=None), found, due),
    )


def _behind(clean_until: date | None, found: list[Recorded], due: date) -> int:
    if not found:
        return 0
    begun = found[0].recorded_at.astimezone(EXCHANGE_ZONE).date()
    first = clean_until + A_DAY if clean_until else begun
    return len(sessions(first, due)) if first <= due else 0
