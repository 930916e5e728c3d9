"""The ledger's one table, the triggers that keep it append-only, and the chain that shows tampering."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Column, Index, MetaData, Table, Text, inspect

from execution.ledger.events import Event, EventKind, Recorded, Scope, from_text, to_text
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

metadata = MetaData()
# Times and days are texts: both databases then hold, sort and hash the same characters.
events = Table(
    "events",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("recorded_at", Text, nullable=False),
    Column("account_id", Text, nullable=False),
    Column("mode", Text),
    Column("strategy_id", Text, nullable=False),
    Column("session_date", Text),
    Column("run_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("order_ref", Text),
    Column("unique_key", Text, unique=True),
    Column("payload", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Index("events_by_session", "account_id", "session_date", "kind"),
)

REFUSAL = "the ledger is append-only"
REFUSE_IN_SQLITE = "CREATE TRIGGER events_refuse_{0} BEFORE {0} ON events BEGIN SELECT RAISE(ABORT, '{1}'); END"
REFUSE_IN_POSTGRESQL = """
CREATE FUNCTION events_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{0}'; END $$;
CREATE TRIGGER events_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION events_refuse();
"""
TRIGGERS = {
    "sqlite": [REFUSE_IN_SQLITE.format(action, REFUSAL) for action in ("UPDATE", "DELETE")],
    "postgresql": [REFUSE_IN_POSTGRESQL.format(REFUSAL)],
}


def create(connection: Connection) -> None:
    """Make the table and its triggers where they are missing. The caller holds the right to write."""
    if inspect(connection).has_table(events.name):
        return
    metadata.create_all(connection)
    for statement in TRIGGERS[connection.dialect.name]:
        connection.exec_driver_sql(statement)


def to_row(happened: Event, sequence: int, recorded_at: datetime, digest_before: str) -> dict[str, Any]:
    """The row that records an event as the `sequence`-th."""
    scope = happened.scope
    row = {
        "sequence": sequence,
        "recorded_at": recorded_at.isoformat(timespec="microseconds"),
        "account_id": scope.account_id,
        "mode": scope.mode,
        "strategy_id": scope.strategy_id,
        "session_date": scope.session_date.isoformat() if scope.session_date else None,
        "run_id": scope.run_id,
        "kind": str(happened.kind),
        "order_ref": happened.order_ref,
        "unique_key": happened.unique_key,
        "payload": to_text(happened.payload),
    }
    return row | {"digest": digest(row, digest_before)}


def digest(row: Mapping[str, Any], digest_before: str) -> str:
    """sha256 (hex) of a row and of the digest before it, so that no row can change alone."""
    content = {name: row[name] for name in events.columns.keys() if name != "digest"}  # noqa: SIM118 - no dict
    text = json.dumps([digest_before, content], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def from_row(row: Mapping[str, Any]) -> Recorded:
    """The event of a row. Raises ValueError if the row holds no event."""
    kind = EventKind(row["kind"])
    scope = Scope(
        account_id=row["account_id"],
        run_id=row["run_id"],
        mode=Mode(row["mode"]) if row["mode"] else None,
        strategy_id=row["strategy_id"],
        session_date=date.fromisoformat(row["session_date"]) if row["session_date"] else None,
    )
    recorded_at = datetime.fromisoformat(row["recorded_at"])
    return Recorded(row["sequence"], recorded_at, Event(scope, from_text(kind, row["payload"])), row["digest"])
