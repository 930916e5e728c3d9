"""Versions of the ledger's schema: a ledger of an earlier one is brought to the present one when it is opened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from execution.errors import LedgerError
from execution.ledger.events import Event, SchemaChange, Scope
from execution.ledger.rows import append
from execution.ledger.schema import create, events, versions

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Migration:
    """A step from the version before to `version`.

    Attributes:
        summary: The change in a sentence, for the ledger's record.
    """

    version: int
    summary: str
    apply: Callable[[sa.Connection], None]


MIGRATIONS = (
    Migration(
        2,
        "The schema's version is stored; notices state their fault, executions their base id and revision.",
        versions.create,
    ),
)
"""In order, without gaps. Version 1 is the table `events` alone, with payloads that `rows.upgraded` still reads."""
NEWEST = MIGRATIONS[-1].version


def migrate(connection: sa.Connection, name: str) -> None:
    """Make the ledger `name` where there is none; else apply the missing migrations, each with an event.

    The caller holds the right to write; if this raises, nothing has changed.

    Raises:
        LedgerError: A newer program has made or migrated it.
    """
    found = version_of(connection)
    if found > NEWEST:
        raise LedgerError(
            f"The ledger {name} has schema version {found}, and this program knows versions up to {NEWEST}: a newer "
            "program has written it. Nothing was changed; update this program, then start again."
        )
    if not found:
        create(connection)
        _reach(connection, NEWEST)
        return
    for migration in MIGRATIONS:
        if migration.version > found:
            migration.apply(connection)
            _reach(connection, migration.version)
            append(connection, [Event(Scope(""), SchemaChange(migration.version, migration.summary))])


def version_of(connection: sa.Connection) -> int:
    """Return the version of the ledger in a database; 0 if there is none."""
    tables = sa.inspect(connection)
    if not tables.has_table(versions.name):
        return 1 if tables.has_table(events.name) else 0
    return connection.execute(sa.select(sa.func.max(versions.c.version))).scalar_one()


def _reach(connection: sa.Connection, version: int) -> None:
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    connection.execute(sa.insert(versions), {"version": version, "reached_at": now})
