"""Out of sample: what a search found on each train window, lived through the test window after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from research.search.space import land_points, name_of
from research.workbench import put

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb
    import pandas as pd

    from research.search.studies import Found
    from research.search.trials import Fold
    from research.workbench import Bench

ENSEMBLE = "ensemble"
SPLICED = ("walk_forward_daily", "walk_forward_metrics")

BLEND = """
INSERT INTO allocations BY NAME
WITH shares AS (
    SELECT allocation_id, unnest(symbols) AS symbol, unnest(weights) AS weight FROM allocations
),
blended AS (
    SELECT decided.session_date, shares.symbol, sum(shares.weight / members.size) AS weight
    FROM members
    JOIN strategy_allocations AS decided
        ON members.strategy_id = decided.strategy_id
        AND decided.session_date >= members.test_start AND decided.session_date < members.test_end
    JOIN shares USING (allocation_id)
    GROUP BY ALL
)
SELECT
    (SELECT max(allocation_id) FROM allocations) + row_number() OVER (ORDER BY session_date) AS allocation_id,
    0 AS scenario_id, session_date, list(symbol ORDER BY symbol) AS symbols, list(weight ORDER BY symbol) AS weights
FROM blended
GROUP BY session_date
"""
"""An ensemble's target on a session is the mean of its members'; a member without one is all cash."""


@dataclass(frozen=True, slots=True)
class Lived:
    """Result of a series of test windows, accounted for like any strategy.

    Attributes:
        name: What was lived.
        metrics: As walk_forward_metrics has them.
        daily: As walk_forward_daily has it, in order of session_date.
    """

    name: str
    metrics: dict[str, Any]
    daily: pd.DataFrame = field(repr=False)


def live_through(bench: Bench, found: Sequence[Found]) -> list[Lived]:
    """Account for the winners, for the ensembles of the best, and for the grid's winners, over the same sessions."""
    with bench.opened() as connection:
        members = sorted({point for each in found for point in each.best})
        land_points(connection, bench.portfolio, members)
        connection.execute(
            "INSERT INTO landing.strategies BY NAME SELECT * REPLACE ($name AS strategy_id, NULL AS grid_order) "
            "FROM landing.strategies LIMIT 1",
            {"name": ENSEMBLE},
        )
        bench.compute(connection, ["allocations", "strategy_allocations"])
        _blend(connection, found)
        settled = {statement.relation for statement in bench.models.statements} - {"holdings", *SPLICED}
        bench.compute(connection, ["holdings"], settled)
        winners = _lived(bench, connection, "search", {each.fold: name_of(each.best[0]) for each in found})
        blended = _lived(bench, connection, ENSEMBLE, {each.fold: ENSEMBLE for each in found})
    return [winners, blended, _grid(bench, [each.fold for each in found])]


def _blend(connection: duckdb.DuckDBPyConnection, found: Sequence[Found]) -> None:
    """Put the ensembles' allocations beside those of their members."""
    rows = [
        {
            "strategy_id": name_of(point),
            "size": len(each.best),
            "test_start": each.fold.test_start,
            "test_end": each.fold.test_end,
        }
        for each in found
        for point in each.best
    ]
    put(connection, "members", pa.Table.from_pylist(rows))
    before = connection.execute("SELECT coalesce(max(allocation_id), 0) FROM allocations").fetchone()
    connection.execute(BLEND)
    connection.execute("DELETE FROM strategy_allocations WHERE strategy_id = $name", {"name": ENSEMBLE})
    connection.execute(
        "INSERT INTO strategy_allocations BY NAME "
        "SELECT scenario_id, $name AS strategy_id, session_date, allocation_id "
        "FROM allocations WHERE allocation_id > $last",
        {"name": ENSEMBLE, "last": before[0] if before else 0},
    )


def _lived(bench: Bench, connection: duckdb.DuckDBPyConnection, name: str, chosen: dict[Fold, str]) -> Lived:
    """Splice the strategies chosen for the folds, and read what that gave."""
    rows = [
        {
            "scenario_id": 0,
            "fold_id": fold.fold_id,
            "train_start": fold.train_start,
            "test_start": fold.test_start,
            "test_end": fold.test_end,
            "strategy_id": strategy,
        }
        for fold, strategy in chosen.items()
    ]
    put(connection, "walk_forward_folds", pa.Table.from_pylist(rows))
    return _read(bench, connection, name)


def _grid(bench: Bench, folds: Sequence[Fold]) -> Lived:
    """Account for the walk-forward of the grid, over the same folds."""
    with bench.opened() as connection:
        settled = ["walk_forward_windows", "backtest_returns"]
        bench.compute(connection, settled)
        connection.execute("DELETE FROM walk_forward_windows WHERE fold_id < $first", {"first": folds[0].fold_id})
        done = {statement.relation for statement in bench.models.needed(settled)}
        bench.compute(connection, ["walk_forward_folds"], done)
        return _read(bench, connection, "grid")


def _read(bench: Bench, connection: duckdb.DuckDBPyConnection, name: str) -> Lived:
    """Account for the folds that are there."""
    given = {statement.relation for statement in bench.models.statements} - set(SPLICED)
    bench.compute(connection, SPLICED, given)
    daily = connection.execute("FROM walk_forward_daily ORDER BY session_date").df()
    rows = connection.execute("SELECT * EXCLUDE (scenario_id) FROM walk_forward_metrics").to_arrow_table().to_pylist()
    return Lived(name, rows[0] if rows else {}, daily)
