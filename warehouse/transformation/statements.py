"""The statements that a build executes, for who executes them without dbt; this module imports none of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

MAX_DEEPENINGS = 6
DEEPENING_FACTOR = 4
FEW_BARS = 250_000
"""Below this, sharing the work among the engine's threads costs more than it gives."""


@dataclass(frozen=True, slots=True)
class Statement:
    """The statement that a build executes for one model."""

    relation: str
    sql: str


def deepen_walks(connection: duckdb.DuckDBPyConnection) -> int:
    """Let cut-short walks look at more ranks; the number of sessions concerned."""
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE deeper AS
        SELECT sessions.scenario_id, sessions.session_date, $factor * sessions.walk_depth AS depth
        FROM sessions
        SEMI JOIN (FROM walks WHERE is_cut_short) AS cut_short USING (scenario_id, session_date)
        """,
        {"factor": DEEPENING_FACTOR},
    )
    connection.execute(
        """
        DELETE FROM landing.walk_depths
        WHERE (scenario_id, session_date) IN (SELECT (scenario_id, session_date) FROM deeper)
        """
    )
    connection.execute("INSERT INTO landing.walk_depths FROM deeper")
    row = connection.execute("SELECT count(*) FROM deeper").fetchone()
    return int(row[0]) if row else 0
