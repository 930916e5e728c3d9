"""Judging: a statement is had, kept, entered into the ledger and compared with it; a person signs what differs."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from execution import controls
from execution.brokers.registry import statement_adapter
from execution.brokers.statements import StatementAccess
from execution.errors import StatementError
from execution.ledger.events import Event, EventKind, Scope
from execution.ledger.statement_events import ExceptionRaised, ExceptionSigned, StatementMissed, StatementRead
from execution.ledger.texts import to_text
from execution.models import CURRENCY, Switch
from execution.service import open_ledger
from execution.statements.archive import keep
from execution.statements.compare import differences, facts
from execution.statements.standing import QUERY, TOKEN, account_of, keys, standing_of
from execution.switch_files import SwitchFiles, strictest
from warehouse.errors import MachineError, SwingError
from warehouse.settings.statements import StatementPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from execution.brokers.statements import BrokerStatement
    from execution.installation import Installation
    from execution.ledger.ledger import Ledger
    from execution.statements.standing import StatementStanding

COMPARED = (
    EventKind.EXECUTED,
    EventKind.COMMISSION_REPORTED,
    EventKind.RECONCILED,
    EventKind.POSITION_RESTATED,
    EventKind.SYMBOL_RELEASED,
    EventKind.CASH_MOVED,
)
"""Kinds of events that a statement is compared with."""
POLICY = "statements.policy"
"""Stands in the ledger for the person who restricts trading, when it is the configuration."""


@dataclass(frozen=True, slots=True)
class StatementJudgement:
    """Result of one document.

    Attributes:
        statements: In the order of their days.
        file: The document, as it was kept.
        entered: Number of cash movements that are new, by kind.
        raised: Number of exceptions that are new.
        standing: Afterwards.
    """

    statements: tuple[BrokerStatement, ...]
    file: Path
    entered: Counter[str]
    raised: int
    standing: StatementStanding


def pull(installation: Installation, now: datetime) -> StatementJudgement:
    """Have the newest statement made, and judge by it; a failure is recorded too.

    Raises:
        StatementError: There is none, or none that can be used.
        SwingError: Configuration, ledger or machine are at fault.
    """
    access = _access(installation)
    try:
        return judge(installation, statement_adapter().pull(access), now)
    except (StatementError, MachineError) as error:
        _record_missed(installation, error, now)
        raise


def _access(installation: Installation) -> StatementAccess:
    """Return the way to the statements. Raises StatementError if they are off."""
    found = keys(installation)
    if found is None:
        raise StatementError(
            f"Statements are off: {TOKEN} and {QUERY} are not both set. Store the token and the query's id "
            "(docs/statements.md), or name a file that you have fetched yourself."
        )
    return StatementAccess(installation.portfolio.statements.url, *found)


def from_file(installation: Installation, file: Path, now: datetime) -> StatementJudgement:
    """Judge by a document that a person has fetched. Raises as `pull` does; a failure is not recorded."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise StatementError(
            f"The statement {file} cannot be read: {error.strerror}. Name the XML file itself."
        ) from None
    return judge(installation, content, now)


def judge(installation: Installation, content: bytes, now: datetime) -> StatementJudgement:
    """Keep a document, enter what it brings, and compare each of its statements with the ledger.

    Raises:
        StatementError: It is none, or not of our account or currency; it is kept all the same, and nothing is entered.
        LedgerError: Nothing, or not everything, was entered; the same document again goes on.
    """
    file = keep(installation.home, content, now.astimezone(UTC).date())
    statements = statement_adapter().read(content)
    with open_ledger(installation) as ledger:
        account_id = account_of(installation, ledger)
        for statement in statements:
            _check(statement, account_id)
        scope = Scope(account_id, uuid.uuid4().hex[:12])
        entered: Counter[str] = Counter()
        for movement in (each for statement in statements for each in statement.movements):
            entered[movement.kind] += ledger.append(Event(scope, movement))
        events = [
            each.event
            for each in ledger.of_kinds(*COMPARED, with_dry_runs=False)
            if each.event.scope.account_id in {account_id, ""}
        ]
        raised = 0
        for statement in statements:
            found = differences(statement, facts(events, statement.last_day))
            raised += ledger.append(*(Event(scope, each) for each in found))
            # Last: a statement counts as read once its exceptions stand.
            ledger.append(Event(scope, StatementRead(statement, _digest(statement), file.name)))
        return StatementJudgement(statements, file, +entered, raised, standing_of(ledger, account_id, now))


def _check(statement: BrokerStatement, account_id: str) -> None:
    """Refuse a statement that cannot judge this ledger. Raises StatementError."""
    if not account_id:
        raise StatementError(
            "Nobody knows whose statement this should be: set broker.account in portfolio.yaml, or let the gateway be "
            "looked at first (`swing reconcile`)."
        )
    if statement.account_id != account_id:
        raise StatementError(
            f"The statement is of account {statement.account_id}, and the ledger trades {account_id}. Nothing was "
            "entered. Make the Flex query for that account alone."
        )
    if statement.currency and statement.currency != CURRENCY:
        raise StatementError(
            f"The statement's base currency is {statement.currency}, and this program keeps accounts in {CURRENCY}. "
            "Nothing was entered. Change the account's base currency in the broker's portal, or leave statements off."
        )


def _digest(statement: BrokerStatement) -> str:
    """Return the digest of all that a statement states but the time of its making."""
    ageless = replace(
        statement,
        generated_at=datetime.min.replace(tzinfo=UTC),
        movements=tuple(replace(each, stated_at=datetime.min.replace(tzinfo=UTC)) for each in statement.movements),
    )
    return hashlib.sha256(to_text(StatementRead(ageless, "", "")).encode()).hexdigest()


def _record_missed(installation: Installation, error: SwingError, now: datetime) -> None:
    with open_ledger(installation) as ledger:
        missed = StatementMissed(now, type(error).__name__, str(error))
        ledger.append(Event(Scope(account_of(installation, ledger)), missed))


def sign(installation: Installation, exception_id: str, reason: str, now: datetime) -> tuple[ExceptionRaised, int]:
    """Record that a person stands for an exception; nothing else changes.

    Returns:
        The exception, and the number of those that are still open.

    Raises:
        StatementError: There is no such exception, it is signed already, or no reason is given.
        LedgerError: It could not be recorded.
    """
    if not reason.strip():
        raise StatementError("A signature needs its reason: add --reason with what you found.")
    with open_ledger(installation) as ledger:
        found = _raised(ledger, exception_id)
        if found is None:
            raise StatementError(
                f"There is no exception {exception_id}. `swing reconcile --statement` and the page show the open ones."
            )
        account_id, exception = found
        scope = Scope(account_id)
        if not ledger.append(Event(scope, ExceptionSigned(exception_id, controls.person(), reason.strip()))):
            raise StatementError(f"Exception {exception_id} is signed already; a signature is never changed.")
        return exception, len(standing_of(ledger, account_id, now).open)


def _raised(ledger: Ledger, exception_id: str) -> tuple[str, ExceptionRaised] | None:
    for each in ledger.of_kinds(EventKind.EXCEPTION_RAISED):
        payload = each.event.payload
        if isinstance(payload, ExceptionRaised) and payload.exception_id == exception_id:
            return each.event.scope.account_id, payload
    return None


def enforce(installation: Installation, now: datetime) -> Iterator[str]:
    """Restrict trading if the policy asks for it and nobody has; yield what is so. Raises as `controls.reduce_only`."""
    settings = installation.portfolio.statements
    if settings.policy is not StatementPolicy.REDUCE_ONLY:
        return
    with open_ledger(installation) as ledger:
        standing = standing_of(ledger, account_of(installation, ledger), now)
        present = strictest(ledger.switch(standing.account_id), SwitchFiles.of(installation.home).read())
    if standing.behind < settings.after_sessions or present is not Switch.NORMAL:
        return
    yield from controls.reduce_only(
        installation, f"{standing.behind} sessions without a clean statement of the broker", POLICY
    )
