"""Space of a search: wider and finer than the grid, its points rows of strategies."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from warehouse.settings.portfolio import strategy_rows
from warehouse.settings.strategy import StrategyRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from warehouse.settings.portfolio import Portfolio


class Point(NamedTuple):
    """Parameters of a strategy; the others are the live ones."""

    ema_fast: int
    ema_slow: int
    top_n: int
    corr_cap: float


AXES: dict[str, tuple[Any, ...]] = {
    "ema_fast": tuple(range(5, 39, 3)),
    "ema_slow": tuple(range(40, 201, 10)),
    "top_n": (1, 2, 3, 4),
    "corr_cap": tuple(round(0.40 + 0.05 * step, 2) for step in range(11)),
}
"""Every fast is below every slow. Steps are fine enough to see a plateau, coarse enough that folds share trials."""


def at_edge(point: Point) -> list[str]:
    """Return the parameters at an end of their axis, beyond which the best may lie; top_n = 1 is no such end."""
    is_end = {name: value in {AXES[name][0], AXES[name][-1]} for name, value in point._asdict().items()}
    if point.top_n == 1:  # then no cap matters either
        is_end |= {"top_n": False, "corr_cap": False}
    return [name for name, ends in is_end.items() if ends]


def neighbours(point: Point) -> list[Point]:
    """Return the points one step away along one axis."""
    found = []
    for name, value in point._asdict().items():
        place = AXES[name].index(value)
        found += [
            point._replace(**{name: AXES[name][beside]})
            for beside in (place - 1, place + 1)
            if 0 <= beside < len(AXES[name])
        ]
    return found


def plane(point: Point, rows: str, columns: str) -> list[Point]:
    """Return every point that differs from one in two parameters alone, the rows' slowest."""
    return [point._replace(**{rows: row, columns: column}) for row, column in product(AXES[rows], AXES[columns])]


def name_of(point: Point) -> str:
    """Name a point's strategy within a search."""
    return f"{point.ema_fast}/{point.ema_slow}/{point.top_n}/{point.corr_cap:.2f}"


def land_points(connection: duckdb.DuckDBPyConnection, portfolio: Portfolio, points: Sequence[Point]) -> StrategyRow:
    """Make points the strategies of a scratch database, in their order; the live row that they vary."""
    live = next(row for row in strategy_rows(portfolio) if row.is_live)
    rows = [
        StrategyRow(name_of(point), place, is_live=False, parameters={**live.parameters, **point._asdict()})
        for place, point in enumerate(points, start=1)
    ]
    connection.register("points", pa.Table.from_pylist([row.columns() for row in rows]))
    connection.execute("DELETE FROM landing.strategies")
    connection.execute("INSERT INTO landing.strategies BY NAME FROM points")
    connection.unregister("points")
    return live
