"""Events of the broker's own statements: what they state, how they differ from the ledger, and who signed for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from execution.brokers.statements import BrokerStatement, CashMovement

if TYPE_CHECKING:
    from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class StatementRead:
    """A statement was read and compared with the ledger; there is one of it for each content.

    Attributes:
        digest: sha256 (hex) of all that it states but the time of its making.
        file: Name of the raw document within the folder of statements.
    """

    statement: BrokerStatement
    digest: str
    file: str

    @property
    def identity(self) -> str:
        """Key in the ledger: its days and its content."""
        return f"{self.statement.first_day}/{self.statement.last_day}/{self.digest}"


@dataclass(frozen=True, slots=True)
class StatementMissed:
    """A statement could not be had, read or used.

    Attributes:
        at: UTC.
        code: Name of the failure (docs/codes.md).
        message: As it was told.
    """

    at: datetime
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ExceptionRaised:
    """A statement and the ledger differ; it stays until a person signs for it.

    Attributes:
        exception_id: Digest of what differs: the same difference is the same exception, in whichever statement.
        code: An ExceptionCode of `execution.statements`.
        day: Of the trade, or the last of the statement.
        subject: Symbol, currency or transaction.
        broker: By the statement, in words; empty where it has nothing.
        ledger: By the ledger, likewise.
    """

    exception_id: str
    code: str
    day: date
    subject: str
    broker: str
    ledger: str
    message: str

    @property
    def identity(self) -> str:
        """Key in the ledger."""
        return self.exception_id


@dataclass(frozen=True, slots=True)
class ExceptionSigned:
    """A person has looked into an exception and stands for it; nothing else changes."""

    exception_id: str
    by: str
    reason: str

    @property
    def identity(self) -> str:
        """Key in the ledger: one signature counts, the first."""
        return self.exception_id


StatementEvent = StatementRead | CashMovement | StatementMissed | ExceptionRaised | ExceptionSigned
