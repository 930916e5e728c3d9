"""The ledger: an append-only record of decisions, orders and reports, each durable before it is acted upon.

SQLite beside the warehouse by default, PostgreSQL by URL. One process trades an account at a time; any number may read.
"""

from __future__ import annotations

import contextlib
import json
from datetime import UTC
from typing import TYPE_CHECKING, Any, Self

import sqlalchemy as sa

from execution.errors import LedgerError
from execution.ledger import FILE_NAME
from execution.ledger.database import Database
from execution.ledger.event_log import log
from execution.ledger.events import EventKind, Finish, Release
from execution.ledger.history import DAY_TRADE_SESSIONS, trading_history
from execution.ledger.rows import append, digest, from_row
from execution.ledger.schema import events, identities
from execution.ledger.state import (
    SessionState,
    counted,
    expected_positions,
    last_agreement,
    newest_of,
    session_state,
    switch_state,
)
from execution.models import Order, TradingHistory
from warehouse.calendar.sessions import previous_session
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime
    from decimal import Decimal
    from pathlib import Path

    from execution.ledger.events import Event, Recorded, Scope
    from execution.models import Switch


def ledger_url(home: Path) -> str:
    """Return the default URL of the ledger: a file in the warehouse's folder."""
    return f"sqlite:///{home / FILE_NAME}"


class Ledger:
    """An open ledger; refusals of its database are raised as LedgerError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, url: str) -> Self:
        """Open a ledger; make it where there is none, and migrate one of an earlier version.

        Args:
            url: sqlite:///FILE or postgresql://USER@HOST:PORT/DATABASE.

        Raises:
            LedgerError: It cannot be reached, or is of a newer version.
        """
        return cls(Database.open(url))

    @property
    def name(self) -> str:
        """Return its URL without the password, for people."""
        return self._database.name

    def close(self) -> None:
        """Close every connection; a lock that is held stays held."""
        self._database.engine.dispose()

    def append(self, *happened: Event) -> int:
        """Record events in one transaction, which is durable when this returns.

        An execution that carries its commission is recorded as two events.

        Returns:
            Number of new events: one whose unique key is already there is left out.

        Raises:
            LedgerError: Nothing was recorded.
        """
        facts = [fact for event in happened for fact in event.facts()]
        with self._database.writing() as connection:
            try:
                new = append(connection, facts)
            except ValueError as error:
                raise LedgerError(
                    f"An event cannot be recorded in the ledger {self._database.name}: {error}. What is not recorded "
                    "is not acted upon; look at what the broker sent."
                ) from error
        for event in new:
            log(event)
        return len(new)

    def read(self, *conditions: sa.ColumnElement[bool]) -> Iterator[Recorded]:
        """Yield the events that meet all conditions on the columns of `schema.events`, in order."""
        for row in self._rows(*conditions):
            try:
                yield from_row(row)
            except ValueError as error:
                raise LedgerError(
                    f"Event {row['sequence']} of the ledger {self._database.name} cannot be understood: {error}. "
                    "Another version wrote it, or somebody changed the database (`swing ledger verify` tells)."
                ) from error

    @property
    def ledger_id(self) -> str:
        """Identity of this ledger, by which its orders are told from another's at the broker."""
        with self._database.reading() as connection:
            return str(connection.scalar(sa.select(identities.c.ledger_id)))

    def session(self, account_id: str, strategy_id: str, session_date: date) -> SessionState:
        """Return the state of one session's rebalance."""
        found = self._of(account_id, events.c.session_date >= session_date.isoformat())
        return session_state(found, strategy_id, session_date)

    def switch(self, account_id: str) -> Switch:
        """Return the permission to trade this account."""
        is_meant = events.c.account_id.in_([account_id, ""])
        is_switch = events.c.kind == EventKind.SWITCH_CHANGED
        return switch_state(recorded.event for recorded in self.read(is_meant, is_switch))

    def positions(self, account_id: str) -> dict[str, Decimal] | None:
        """Return the shares by symbol that the account should hold, without zeros; None if never reconciled."""
        kinds = [EventKind.EXECUTED, EventKind.RECONCILED, EventKind.POSITION_RESTATED]
        return expected_positions(self._of(account_id, events.c.kind.in_(kinds)))

    def last_agreement(self, account_id: str) -> date | None:
        """Return the exchange's day on which ledger and broker last agreed; None if they never have."""
        return last_agreement(self._of(account_id, events.c.kind == EventKind.RECONCILED))

    def history(self, account_id: str, session_date: date) -> TradingHistory:
        """Return the account's recent trading up to a session."""
        recent = [session_date]
        while len(recent) < DAY_TRADE_SESSIONS:
            recent.insert(0, previous_session(recent[0]))
        is_finish = events.c.kind == EventKind.SESSION_FINISHED
        accepting = [EventKind.RECONCILED, EventKind.SYMBOL_RELEASED]
        is_acceptance = sa.and_(events.c.kind.in_(accepting), events.c.session_date.is_(None))
        is_recent = events.c.session_date >= recent[0].isoformat()
        return trading_history(self._of(account_id, sa.or_(is_finish, is_acceptance, is_recent)), recent)

    def symbols(self, account_id: str) -> frozenset[str]:
        """Return every symbol that was ever ordered for an account."""
        return frozenset(order.symbol for order in self._orders(account_id))

    def released(self, account_id: str) -> frozenset[str]:
        """Return the symbols that a person has taken out of the strategy's hands, for this account or every one."""
        is_meant = sa.and_(events.c.account_id.in_([account_id, ""]), events.c.kind == EventKind.SYMBOL_RELEASED)
        found: dict[str, bool] = {}
        for recorded in self.read(is_meant):
            if isinstance(release := recorded.event.payload, Release):
                found[release.symbol] = release.is_released
        return frozenset(symbol for symbol, is_released in found.items() if is_released)

    def order_refs(self, account_id: str) -> frozenset[str]:
        """Return the reference of every order that was ever intended for an account."""
        return frozenset(order.order_ref for order in self._orders(account_id))

    def _orders(self, account_id: str) -> Iterator[Order]:
        for event in counted(self._of(account_id, events.c.kind == EventKind.ORDER_INTENDED)):
            if isinstance(event.payload, Order):
                yield event.payload

    def claims(self, session_date: date, account_id: str = "") -> tuple[Scope, ...]:
        """Return the owners of the rebalances of a session that have begun, of one account or of all."""
        is_meant = sa.and_(
            events.c.session_date == session_date.isoformat(), events.c.kind == EventKind.SESSION_CLAIMED
        )
        found = counted(recorded.event for recorded in self.read(is_meant))
        return tuple(event.scope for event in found if account_id in {"", event.scope.account_id})

    def is_begun(self, strategy_id: str, session_date: date) -> bool:
        """Return True if a rebalance of this session was claimed and not finished, for any account."""
        is_meant = sa.and_(events.c.strategy_id == strategy_id, events.c.session_date == session_date.isoformat())
        kinds = [EventKind.SESSION_CLAIMED, EventKind.SESSION_FINISHED]
        found = counted(recorded.event for recorded in self.read(is_meant, events.c.kind.in_(kinds)))
        return bool(found) and not any(isinstance(event.payload, Finish) for event in found)

    def finish(self, session_date: date) -> Finish | None:
        """Return the end of a session's rebalance, of any account and strategy; None if none has ended."""
        is_meant = events.c.session_date == session_date.isoformat()
        found = [recorded.event for recorded in self.read(is_meant, events.c.kind == EventKind.SESSION_FINISHED)]
        return newest_of(Finish, [event.payload for event in counted(found)])

    def newest(self, kind: EventKind) -> Recorded | None:
        """Return the newest event of a kind, of any account; None if there is none."""
        newest_sequence = sa.select(sa.func.max(events.c.sequence)).where(events.c.kind == kind).scalar_subquery()
        return next(self.read(events.c.sequence == newest_sequence), None)

    def of_kinds(
        self, *kinds: EventKind, since: datetime | None = None, with_dry_runs: bool = True
    ) -> Iterator[Recorded]:
        """Yield the events of these kinds, of any account, recorded since a time (aware), in order."""
        # Times are texts of one form and zone, so that they sort as they follow each other.
        start = since.astimezone(UTC).isoformat(timespec="microseconds") if since else ""
        of_real_orders = sa.or_(events.c.mode.is_(None), events.c.mode != Mode.DRY_RUN)
        wanted = sa.true() if with_dry_runs else of_real_orders
        return self.read(events.c.kind.in_(kinds), events.c.recorded_at >= start, wanted)

    @property
    def last(self) -> Recorded | None:
        """Newest event of any kind; None before there is one."""
        newest_sequence = sa.select(sa.func.max(events.c.sequence)).scalar_subquery()
        return next(self.read(events.c.sequence == newest_sequence), None)

    @property
    def begun_at(self) -> datetime | None:
        """Time of its first event; None before there is one."""
        first = next(self.read(events.c.sequence == 1), None)
        return first.recorded_at if first else None

    def head(self) -> tuple[int, str]:
        """Return number and digest of the newest event; 0 and nothing of an empty ledger."""
        newest = sa.select(events.c.sequence, events.c.digest).order_by(events.c.sequence.desc()).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(newest).one_or_none()
        return (int(row.sequence), str(row.digest)) if row else (0, "")

    def rows(self) -> list[dict[str, Any]]:
        """Return every event as the database holds it, its payload as text, for the warehouse."""
        return list(self._rows())

    def export(self, path: Path) -> int:
        """Write every event as one line of JSON with sorted keys, the payload within it; return their number."""
        lines = [row | {"payload": json.loads(row["payload"])} for row in self.rows()]
        text = "".join(f"{json.dumps(line, sort_keys=True, ensure_ascii=False)}\n" for line in lines)
        path.write_text(text, encoding="utf-8")
        return len(lines)

    def verify(self) -> int:
        """Recompute the chain of digests, which shows a row changed, removed or inserted; return the number of events.

        It cannot show that the newest rows were removed.

        Raises:
            LedgerError: A row differs from its record.
        """
        count, digest_before = 0, ""
        for count, row in enumerate(self._rows(), 1):
            if row["sequence"] != count or row["digest"] != digest(row, digest_before):
                raise LedgerError(
                    f"Event {row['sequence']} of the ledger {self._database.name} differs from its record, or one "
                    "before it is missing: somebody changed the database. Compare it with a backup first."
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
