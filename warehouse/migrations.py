"""Bringing a lake to the schema that this program knows, when it is opened for writing."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

import duckdb

from warehouse.errors import LakeNewerError
from warehouse.version import code_version


@dataclass(frozen=True, slots=True)
class LakeMigration:
    """A step to the next schema version. Once released it never changes, so it repeats what it needs of the tables.

    Attributes:
        purpose: The change in a sentence, for the record of runs.
    """

    purpose: str
    sql: str


MIGRATIONS = (
    LakeMigration(
        "The schema's version is stored; every table is there; permuted worlds that name no test are dropped.",
        """
        CREATE TABLE schema_versions (version INTEGER, reached_at TIMESTAMPTZ);
        CREATE TABLE IF NOT EXISTS landing.permutations (
            test_id VARCHAR, is_walk_forward BOOLEAN, objective VARCHAR, window_start DATE, window_end DATE,
            seed BIGINT, scenario_id INTEGER, best DOUBLE, live DOUBLE, computed_at TIMESTAMPTZ
        );
        ALTER TABLE landing.permutations ADD COLUMN IF NOT EXISTS is_walk_forward BOOLEAN;
        ALTER TABLE landing.permutations ADD COLUMN IF NOT EXISTS objective VARCHAR;
        ALTER TABLE landing.permutations ADD COLUMN IF NOT EXISTS window_start DATE;
        ALTER TABLE landing.permutations ADD COLUMN IF NOT EXISTS window_end DATE;
        ALTER TABLE landing.permutations ADD COLUMN IF NOT EXISTS seed BIGINT;
        DELETE FROM landing.permutations WHERE objective IS NULL;
        CREATE TABLE IF NOT EXISTS landing.ledger_events (
            sequence BIGINT, recorded_at TIMESTAMPTZ, account_id VARCHAR, mode VARCHAR, strategy_id VARCHAR,
            session_date DATE, run_id VARCHAR, kind VARCHAR, order_ref VARCHAR, payload VARCHAR, digest VARCHAR
        );
        ALTER TABLE landing.settings RENAME COLUMN correlation_depth TO walk_depth;
        """,
    ),
    LakeMigration(
        "Corporate actions that sources state are landed, and the rank of the sources and changes of symbols are rows.",
        """
        CREATE TABLE landing.corporate_actions (
            symbol VARCHAR, session_date DATE, kind VARCHAR, amount DOUBLE, ratio DOUBLE, currency VARCHAR,
            source VARCHAR, ingested_at TIMESTAMPTZ, batch_id BIGINT
        );
        CREATE TABLE landing.source_ranks (source VARCHAR, rank INTEGER, states_dividends BOOLEAN);
        CREATE TABLE landing.symbol_changes (symbol VARCHAR, continued_as VARCHAR, changed_on DATE, ended_on DATE);
        """,
    ),
    LakeMigration(
        "The exchange's sessions are rows; what the gates found is kept.",
        """
        CREATE TABLE landing.exchange_sessions (session_date DATE);
        CREATE TABLE landing.verdict_events (
            symbol VARCHAR, session_date DATE, code VARCHAR, severity VARCHAR, event VARCHAR, explanation VARCHAR,
            recorded_at TIMESTAMPTZ
        );
        """,
    ),
    LakeMigration(
        "What searches and checks have found is kept.",
        """
        CREATE TABLE landing.inquiries (
            kind VARCHAR, parameters_hash VARCHAR, asked VARCHAR, found VARCHAR, recorded_at TIMESTAMPTZ
        );
        """,
    ),
)
"""The step at place n leads from schema version n - 1 to n; 0 is a lake whose schema has no version."""

SCHEMA_VERSION = len(MIGRATIONS)


def prepare(connection: duckdb.DuckDBPyConnection, lake: str) -> None:
    """Make the tables of a new lake, or migrate an older one, with a run recorded for each step.

    The caller holds the right to write, and an open transaction; if this raises, nothing has changed.

    Args:
        connection: The lake, for writing.
        lake: Its name in messages.

    Raises:
        LakeNewerError: A newer program has written it.
    """
    from warehouse import tables  # noqa: PLC0415 - they know every parameter, which a reader need not

    found = schema_version(connection)
    _refuse_above(found or 0, lake)
    if found is None:
        tables.create(connection)
        _reach(connection, SCHEMA_VERSION)
        return
    for number, migration in enumerate(MIGRATIONS[found:], start=found + 1):
        connection.execute(migration.sql)
        _reach(connection, number)
        _record(connection, migration.purpose)


def refuse_newer(connection: duckdb.DuckDBPyConnection, lake: str) -> None:
    """Raise LakeNewerError if the schema of a lake is newer than this program knows; for a reader.

    The table is asked without looking whether it is there: the list of all tables takes longer than most questions.
    """
    try:
        newest = connection.execute("SELECT max(version) FROM schema_versions").fetchone()
    except duckdb.CatalogException:  # a lake from before the versions
        return
    _refuse_above(newest[0] or 0 if newest else 0, lake)


def _refuse_above(found: int, lake: str) -> None:
    if found > SCHEMA_VERSION:
        raise LakeNewerError(
            f"The warehouse in {lake} has schema version {found}, and this program knows versions up to "
            f"{SCHEMA_VERSION}: a newer program has written it. Nothing was read or changed; update this program, "
            "then try again."
        )


def schema_version(connection: duckdb.DuckDBPyConnection) -> int | None:
    """Return the schema version of the lake in use; None if it has no tables yet."""
    # as the catalog has them: for duckdb_tables the engine reads the statistics of each
    found = connection.execute("SELECT table_name FROM ducklake_table_info(current_database())").fetchall()
    if ("schema_versions",) not in found:
        return 0 if ("bar_versions",) in found else None
    newest = connection.execute("SELECT max(version) FROM schema_versions").fetchone()
    return newest[0] if newest else None


def _reach(connection: duckdb.DuckDBPyConnection, version: int) -> None:
    connection.execute("INSERT INTO schema_versions VALUES (?, now())", [version])


def _record(connection: duckdb.DuckDBPyConnection, purpose: str) -> None:
    """Record a step as a run; all steps are one transaction, so they leave the next snapshot together."""
    connection.execute(
        """
        INSERT INTO runs BY NAME
        SELECT ? AS run_id, 'migration' AS kind, now() AS started_at, now() AS finished_at, ? AS code_version,
            max(snapshot_id) AS snapshot_before, max(snapshot_id) + 1 AS snapshot_after, 'succeeded' AS outcome,
            ? AS message
        FROM snapshots()
        """,
        [str(uuid4()), code_version(), purpose],
    )
