"""The ledger's tables, defined once, and the triggers that keep events append-only."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import BigInteger, Column, Index, MetaData, Table, Text

if TYPE_CHECKING:
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
versions = Table(
    "schema_versions",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("reached_at", Text, nullable=False),
)
"""The versions this ledger has had since they are stored; the greatest is the present one."""

identities = Table("ledger_identity", metadata, Column("ledger_id", Text, primary_key=True))
"""One row: the identity of this ledger, which a copy shares."""

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


def create_identity(connection: Connection) -> None:
    """Give the ledger its identity."""
    identities.create(connection)
    connection.execute(identities.insert(), {"ledger_id": uuid4().hex[:8]})


def create(connection: Connection) -> None:
    """Make all tables and triggers of a new ledger. The caller holds the right to write."""
    metadata.create_all(connection, tables=[events, versions])
    create_identity(connection)
    for statement in TRIGGERS[connection.dialect.name]:
        connection.exec_driver_sql(statement)
