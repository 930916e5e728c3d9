"""The record of permuted worlds: appended batch by batch, so that a killed test goes on where it stopped."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from warehouse.lake import Lake

PATIENCE_SECONDS = 600
"""A daily run may hold the lock; a batch is worth waiting with."""

SCHEMA = pa.schema(
    [
        ("test_id", pa.string()),
        ("is_walk_forward", pa.bool_()),
        ("objective", pa.string()),
        ("window_start", pa.date32()),
        ("window_end", pa.date32()),
        ("seed", pa.int64()),
        ("scenario_id", pa.int32()),
        ("best", pa.float64()),
        ("live", pa.float64()),
    ]
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Question of a test.

    Attributes:
        test_id: The same for the same bars, models, parameters, window, objective and seed.
        is_walk_forward: Whether the folds are run again in every world, or the grid is chosen from in sample.
        objective: What the best is best at.
        window_start: First session that is permuted.
        window_end: The day after the last one.
        seed: Of the permutations.
    """

    test_id: str
    is_walk_forward: bool
    objective: str
    window_start: date
    window_end: date
    seed: int


@dataclass(frozen=True, slots=True)
class WorldOutcome:
    """Objectives reached in one world.

    Attributes:
        scenario_id: 0 for history, else the number of the permutation.
        best: The objective of the best of the grid, or of the walk-forward; None if it is not defined for any.
        live: The objective of the live parameters; None if it is not defined.
    """

    scenario_id: int
    best: float | None
    live: float | None


def append(lake: Lake, asked: Asked, outcomes: Sequence[WorldOutcome]) -> None:
    """Append outcomes of a test; the writer's lock is held meanwhile.

    Raises:
        LakeBusyError: Another run has been writing for ten minutes.
    """
    rows = pa.Table.from_pylist([asdict(asked) | asdict(each) for each in outcomes], SCHEMA)
    with lake.lock(PATIENCE_SECONDS), lake.writer() as connection:
        connection.register("outcomes", rows)
        connection.execute("INSERT INTO landing.permutations BY NAME SELECT *, now() AS computed_at FROM outcomes")


def recorded(lake: Lake, test_id: str) -> list[WorldOutcome]:
    """Return the outcomes of a test that the lake holds, each scenario once. Raises LakeError if there is no lake."""
    with lake.reader() as connection:
        is_there = connection.execute(
            "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'landing' AND table_name = 'permutations'"
        ).fetchone()
        if is_there == (0,):
            return []
        rows = connection.execute(
            """
            SELECT scenario_id, best, live FROM landing.permutations WHERE test_id = $test_id
            QUALIFY row_number() OVER (PARTITION BY scenario_id ORDER BY computed_at) = 1
            ORDER BY scenario_id
            """,
            {"test_id": test_id},
        ).fetchall()
    return [WorldOutcome(*row) for row in rows]
