"""Fingerprints of what the models published, to tell one generation from another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

RECORDS = frozenset({"runs", "quarantined_bars"})  # Python's own, beside the models
MOMENTS = ("ingested_at", "batch_id")  # when a row was landed, not what


def fingerprint(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Count and hash the rows of every published relation, all of them at one moment."""
    connection.execute("BEGIN")
    names = [name for (name,) in connection.execute("SHOW TABLES").fetchall()]
    found = {name: _content(connection, name) for name in names if name not in RECORDS}
    connection.execute("COMMIT")
    return found


def _content(connection: duckdb.DuckDBPyConnection, relation: str) -> str:
    row = connection.execute(
        f"""
        SELECT count(*), coalesce(sum(hash(rows)), 0)
        FROM (SELECT COLUMNS(name -> name NOT IN {MOMENTS}) FROM {relation}) AS rows
        """
    ).fetchone()
    return " ".join(map(str, row or ()))
