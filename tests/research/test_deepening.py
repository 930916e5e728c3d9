"""Walks that look deeper than they might at first find what the definition finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agreement import Opinion, assert_agrees
from benches import bench_of
from lakes import SMALL_GRID, World
from markets import MARKETS

from warehouse import landing

if TYPE_CHECKING:
    import pytest

    from research.workbench import Models


def test_a_deepened_walk_for_two_picks_agrees(bench_models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where at most two are picked, a far candidate is compared with the first alone, and found all the same."""
    monkeypatch.setattr(landing, "FIRST_WALK_DEPTH", 3)
    world = World(MARKETS["crowd"](), {"grid": {**SMALL_GRID, "top_n": [1, 2]}}, first_walk_depth=3)
    bench = bench_of(bench_models, world)
    with bench.opened() as connection:
        bench.compute(connection, [statement.relation for statement in bench_models.statements])
        for expected in Opinion(connection, world.bars).everything():
            assert_agrees(connection, expected)
        far = connection.execute(
            """
            SELECT count(*), count(*) FILTER (is_picked)
            FROM (
                SELECT candidates.symbol IN (SELECT unnest(walks.symbols)) AS is_picked
                FROM candidates JOIN walks USING (scenario_id, session_date)
                WHERE NOT is_near
            )
            """
        ).fetchone()
    assert far is not None
    assert far[0] > far[1] > 0
