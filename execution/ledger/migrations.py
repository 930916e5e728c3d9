"""Bringing a ledger to the schema that this program knows, when it is opened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from execution.errors import LedgerError
from execution.ledger.events import Event, SchemaChange, Scope
from execution.ledger.rows import append
from execution.ledger.schema import create, create_identity, events, versions

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class LedgerMigration:
    """A step to the next schema version. Once released it never changes.

    Attributes:
        purpose: The change in a sentence, for the ledger's own record.
    """

    purpose: str
    apply: Callable[[sa.Connection], None]


MIGRATIONS = (
    LedgerMigration(
        "The schema's version is stored; notices state their fault, executions their base id and revision.",
        versions.create,
    ),
    LedgerMigration(
        "Orders state their numbers before they leave; the ledger has an identity, which marks their references.",
        create_identity,
    ),
)
"""The step at place n leads from schema version n - 1 to n; 0 is a ledger whose schema has no version."""

SCHEMA_VERSION = len(MIGRATIONS)


def prepare(connection: sa.Connection, name: str) -> None:
    """Create the ledger `name` where there is none, or migrate an older one, with an event for each step.

    The caller holds the right to write; if this raises, nothing has changed.

    Raises:
        LedgerError: A newer program has written it.
    """
    found = schema_version(connection)
    if found is None:
        create(connection)
        _reach(connection, SCHEMA_VERSION)
        return
    if found > SCHEMA_VERSION:
        raise LedgerError(
            f"The ledger {name} has schema version {found}, and this program knows versions up to {SCHEMA_VERSION}: a "
            "newer program has written it. Nothing was changed; update this program, then start again."
        )
    for number, migration in enumerate(MIGRATIONS[found:], start=found + 1):
        migration.apply(connection)
        _reach(connection, number)
        append(connection, [Event(Scope(""), SchemaChange(number, migration.purpose))])


def schema_version(connection: sa.Connection) -> int | None:
    """Return the schema version of the ledger in a database; None if there is no ledger."""
    tables = sa.inspect(connection)
    if not tables.has_table(versions.name):
        return 0 if tables.has_table(events.name) else None
    return connection.execute(sa.select(sa.func.max(versions.c.version))).scalar_one()


def _reach(connection: sa.Connection, version: int) -> None:
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    connection.execute(sa.insert(versions), {"version": version, "reached_at": now})
