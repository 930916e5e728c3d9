"""The record of runs: what ran, when, on which snapshot and parameters, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from warehouse.lake import current_snapshot, transaction
from warehouse.version import code_version

if TYPE_CHECKING:
    import duckdb


class Outcome(StrEnum):
    """Ends of a run."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """It was killed: the next run found it neither ended nor alive."""


@dataclass(frozen=True, slots=True)
class RunStart:
    """Facts known of a run when it starts."""

    run_id: str
    kind: str
    parameters_hash: str


def start(connection: duckdb.DuckDBPyConnection, run: RunStart) -> None:
    """Record that a run starts. The caller holds the writer's lock: whatever still runs was killed."""
    code, snapshot = code_version(), current_snapshot(connection)
    with transaction(connection):
        connection.execute(
            "UPDATE runs SET outcome = ?, message = 'killed before it ended' WHERE outcome = ?",
            [Outcome.INTERRUPTED, Outcome.RUNNING],
        )
        connection.execute(
            """
            INSERT INTO runs BY NAME
            SELECT ? AS run_id, ? AS kind, now() AS started_at, ? AS code_version, ? AS parameters_hash,
                ? AS snapshot_before, ? AS outcome
            """,
            [run.run_id, run.kind, code, run.parameters_hash, snapshot, Outcome.RUNNING],
        )


def finish(connection: duckdb.DuckDBPyConnection, run_id: str, outcome: Outcome, message: str = "") -> None:
    """Record the end of a run, the newest session it saw and the snapshot it left."""
    connection.execute(
        """
        UPDATE runs
        SET finished_at = now(), outcome = ?, message = ?, snapshot_after = ?,
            as_of_session = (
                SELECT max(session_date) FROM landing.bar_versions SEMI JOIN landing.universe USING (symbol)
            )
        WHERE run_id = ?
        """,
        [outcome, message, current_snapshot(connection), run_id],
    )
