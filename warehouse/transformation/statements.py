"""The statements that a build executes, for who executes them without dbt; this module imports none of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from warehouse.lake import ALIAS
from warehouse.sources.base import Progress, silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

MAX_DEEPENINGS = 6
DEEPENING_FACTOR = 4
WALKS, DEPTHS = "walks", "walk_depths"
"""The model that may be cut short, and the one that says how deep it looks: what reads that is made anew."""
FEW_BARS = 250_000
"""Below this, sharing the work among the engine's threads costs more than it gives."""


@dataclass(frozen=True, slots=True)
class Statement:
    """The statement that a build executes for one model."""

    relation: str
    sql: str

    @property
    def query(self) -> str:
        """The model's own SQL."""
        return self.sql.partition(" AS ")[2]

    @property
    def is_view(self) -> bool:
        """True if the model is computed when it is read."""
        return " view " in self.sql.partition(" AS ")[0]


def deepen(connection: duckdb.DuckDBPyConnection, again: Sequence[Statement], on_progress: Progress = silent) -> int:
    """Let walks that came to the end of the ranks they may look at look deeper, until none is cut short.

    Of what depends on the depth, only the rows of the sessions concerned are computed anew: each such model keeps a
    session's rows apart from any other's.

    Args:
        connection: Where the models were made, the walks the last of them.
        again: The models that read the depths, in order.
        on_progress: Told (0, 0, what) as a round starts.

    Returns:
        The number of sessions that were deepened, once for each round. Walks that are still cut short say so.
    """
    deepened = 0
    for _round in range(MAX_DEEPENINGS):
        sessions = _deepen_sessions(connection)
        if not sessions:
            break
        deepened += sessions
        on_progress(0, 0, f"{sessions} sessions need a deeper walk: building again")
        made = [DEPTHS]
        for statement in (each for each in again if each.relation != DEPTHS):
            query, kind = statement.query, "VIEW" if statement.is_view else "TABLE"
            for name in made:
                query = query.replace(f'"{ALIAS}"."main"."{name}"', f"deeper_{name}")
            connection.execute(f"CREATE OR REPLACE TEMP {kind} deeper_{statement.relation} AS {query}")
            if not statement.is_view:
                _replace_sessions(connection, statement.relation)
            made.append(statement.relation)
    return deepened


def _deepen_sessions(connection: duckdb.DuckDBPyConnection) -> int:
    """Give the sessions of walks that are cut short more ranks; their number."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE deeper_{DEPTHS} AS
        SELECT walk_depths.* REPLACE ($factor * walk_depth AS walk_depth)
        FROM walk_depths
        SEMI JOIN (FROM walks WHERE is_cut_short) AS cut_short USING (scenario_id, session_date)
        """,
        {"factor": DEEPENING_FACTOR},
    )
    connection.execute(
        f"""
        DELETE FROM landing.walk_depths
        WHERE (scenario_id, session_date) IN (SELECT (scenario_id, session_date) FROM deeper_{DEPTHS})
        """
    )
    connection.execute(f"INSERT INTO landing.walk_depths FROM deeper_{DEPTHS}")
    row = connection.execute(f"SELECT count(*) FROM deeper_{DEPTHS}").fetchone()
    return int(row[0]) if row else 0


def _replace_sessions(connection: duckdb.DuckDBPyConnection, relation: str) -> None:
    """Put a relation's rows of the deepened sessions in the place of those it has."""
    connection.execute(
        f"""
        DELETE FROM {relation}
        WHERE (scenario_id, session_date) IN (SELECT (scenario_id, session_date) FROM deeper_{DEPTHS})
        """
    )
    connection.execute(f"INSERT INTO {relation} BY NAME FROM deeper_{relation}")
