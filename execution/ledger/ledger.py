"""The ledger: an append-only record of everything decided, sent and heard, durable before it is acted upon.

SQLite beside the warehouse by default, PostgreSQL by URL. One process trades an account at a time; any number may read.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, Self

import sqlalchemy as sa

from execution.errors import LedgerError
from execution.ledger.database import Database
from execution.ledger.events import EventKind, Finish
from execution.ledger.history import DAY_TRADE_SESSIONS, TradingHistory, trading_history
from execution.ledger.rows import append, digest, from_row
from execution.ledger.schema import events
from execution.ledger.state import SessionState, counted, expected_positions, newest_of, session_state, switch_state
from execution.models import Order
from warehouse.calendar.sessions import previous_session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from decimal import Decimal
    from pathlib import Path

    from execution.ledger.events import Event, Recorded, Switch

FILE_NAME = "ledger.sqlite"


def ledger_url(home: Path) -> str:
    """The ledger's URL where none is configured: a file in the warehouse's folder."""
    return f"sqlite:///{home / FILE_NAME}"


class Ledger:
    """An open ledger. Whatever the database refuses is a LedgerError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, url: str) -> Self:
        """Open a ledger, and make it where there is none.

        Args:
            url: sqlite:///FILE or postgresql://USER@HOST:PORT/DATABASE.

        Raises:
            LedgerError: It cannot be reached.
        """
        return cls(Database.open(url))

    def close(self) -> None:
        """Close every connection; a lock that is held goes on holding."""
        self._database.engine.dispose()

    def append(self, *happened: Event) -> int:
        """Record events in one transaction, which is durable when this returns.

        An execution that carries its commission is recorded as two events.

        Returns:
            How many were new: one whose unique key is there already is left out.

        Raises:
            LedgerError: Nothing was recorded.
        """
        facts = [fact for event in happened for fact in event.facts()]
        with self._database.writing() as connection:
            try:
                return append(connection, facts)
            except ValueError as error:
                raise LedgerError(
                    f"An event cannot be recorded in the ledger {self._database.name}: {error}. What is not recorded "
                    "is not acted upon; look at what the broker sent."
                ) from error

    def read(self, *conditions: sa.ColumnElement[bool]) -> Iterator[Recorded]:
        """The events that meet all conditions on `ledger_schema.events`, in order."""
        for row in self._rows(*conditions):
            try:
                yield from_row(row)
            except ValueError as error:
                raise LedgerError(
                    f"Event {row['sequence']} of the ledger {self._database.name} cannot be understood: {error}. "
                    "Another version wrote it, or somebody changed the database (`verify` tells)."
                ) from error

    def session(self, account_id: str, strategy_id: str, session_date: date) -> SessionState:
        """What became of one session's rebalance."""
        found = self._of(account_id, events.c.session_date >= session_date.isoformat())
        return session_state(found, strategy_id, session_date)

    def switch(self, account_id: str) -> Switch:
        """What a person allows for this account."""
        is_meant = events.c.account_id.in_([account_id, ""])
        is_switch = events.c.kind == EventKind.SWITCH_CHANGED
        return switch_state(recorded.event for recorded in self.read(is_meant, is_switch))

    def positions(self, account_id: str) -> dict[str, Decimal] | None:
        """Shares by symbol that the account should hold, without zeros; None before it was first reconciled."""
        kinds = [EventKind.EXECUTED, EventKind.RECONCILED]
        return expected_positions(self._of(account_id, events.c.kind.in_(kinds)))

    def history(self, account_id: str, session_date: date) -> TradingHistory:
        """What the planner must know of the account's trading up to a session."""
        recent = [session_date]
        while len(recent) < DAY_TRADE_SESSIONS:
            recent.insert(0, previous_session(recent[0]))
        is_finish = events.c.kind == EventKind.SESSION_FINISHED
        is_acceptance = sa.and_(events.c.kind == EventKind.RECONCILED, events.c.session_date.is_(None))
        is_recent = events.c.session_date >= recent[0].isoformat()
        return trading_history(self._of(account_id, sa.or_(is_finish, is_acceptance, is_recent)), recent)

    def symbols(self, account_id: str) -> frozenset[str]:
        """Every symbol that was ever ordered for an account."""
        return frozenset(order.symbol for order in self._orders(account_id))

    def order_refs(self, account_id: str) -> frozenset[str]:
        """Every order that was ever intended for an account."""
        return frozenset(order.order_ref for order in self._orders(account_id))

    def _orders(self, account_id: str) -> Iterator[Order]:
        for event in counted(self._of(account_id, events.c.kind == EventKind.ORDER_INTENDED)):
            if isinstance(event.payload, Order):
                yield event.payload

    def claimants(self, account_id: str, session_date: date) -> frozenset[str]:
        """The strategies whose rebalance of this session has begun."""
        is_meant = events.c.session_date == session_date.isoformat()
        claims = counted(self._of(account_id, is_meant, events.c.kind == EventKind.SESSION_CLAIMED))
        return frozenset(event.scope.strategy_id for event in claims)

    def is_begun(self, strategy_id: str, session_date: date) -> bool:
        """Whether a rebalance of this session was claimed and not finished, for any account."""
        is_meant = sa.and_(events.c.strategy_id == strategy_id, events.c.session_date == session_date.isoformat())
        kinds = [EventKind.SESSION_CLAIMED, EventKind.SESSION_FINISHED]
        found = counted(recorded.event for recorded in self.read(is_meant, events.c.kind.in_(kinds)))
        return bool(found) and not any(isinstance(event.payload, Finish) for event in found)

    def finish(self, session_date: date) -> Finish | None:
        """How a session's rebalance ended, of whichever account and strategy; None if none has."""
        is_meant = events.c.session_date == session_date.isoformat()
        found = [recorded.event for recorded in self.read(is_meant, events.c.kind == EventKind.SESSION_FINISHED)]
        return newest_of(Finish, [event.payload for event in counted(found)])

    def newest(self, kind: EventKind) -> Recorded | None:
        """The newest event of a kind, of whichever account; None if there is none."""
        newest_sequence = sa.select(sa.func.max(events.c.sequence)).where(events.c.kind == kind).scalar_subquery()
        return next(self.read(events.c.sequence == newest_sequence), None)

    def rows(self) -> list[dict[str, Any]]:
        """Every event as the database holds it, its payload as text: what the warehouse takes over."""
        return list(self._rows())

    def export(self, path: Path) -> int:
        """Write every event as one line of JSON with sorted keys, and the payload within it.

        Returns:
            How many.
        """
        lines = [row | {"payload": json.loads(row["payload"])} for row in self.rows()]
        text = "".join(f"{json.dumps(line, sort_keys=True, ensure_ascii=False)}\n" for line in lines)
        path.write_text(text, encoding="utf-8")
        return len(lines)

    def verify(self) -> int:
        """Recompute the chain of digests: it shows a row that was changed, removed or put in, the newest ones apart.

        Returns:
            How many events there are.

        Raises:
            LedgerError: A row is not what was recorded.
        """
        count, digest_before = 0, ""
        for count, row in enumerate(self._rows(), 1):
            if row["sequence"] != count or row["digest"] != digest(row, digest_before):
                raise LedgerError(
                    f"Event {row['sequence']} of the ledger {self._database.name} is not what was recorded there, "
                    "or one before it is missing: somebody changed the database. Compare it with a backup first."
                )
            digest_before = row["digest"]
        return count

    @contextlib.contextmanager
    def lock(self, account_id: str) -> Iterator[None]:
        """Hold the right to trade an account; the system takes it back from a killed process.

        Raises:
            LedgerBusyError: Another process has it.
        """
        with self._database.lock(account_id):
            yield

    def _of(self, account_id: str, *conditions: sa.ColumnElement[bool]) -> Iterator[Event]:
        return (recorded.event for recorded in self.read(events.c.account_id == account_id, *conditions))

    def _rows(self, *conditions: sa.ColumnElement[bool]) -> Iterator[dict[str, Any]]:
        question = sa.select(events).where(*conditions).order_by(events.c.sequence)
        with self._database.reading() as connection:
            for row in connection.execute(question).mappings():
                yield dict(row)
