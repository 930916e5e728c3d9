"""Space of a search: wider and finer than the grid, its points rows of strategies."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from warehouse.settings.portfolio import strategy_rows
from warehouse.settings.strategy import AXES as PARAMETER_AXES
from warehouse.settings.strategy import StrategyRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from warehouse.settings.portfolio import Portfolio

AXES: dict[str, tuple[Any, ...]] = {name: axis.searched for name, axis in PARAMETER_AXES.items()}
"""Every fast is below every slow."""

_made: Any = NamedTuple  # a type checker cannot know the fields: the model of the strategy names them
_Values: Any = _made("_Values", [(name, Any) for name in AXES])


class Point(_Values):  # type: ignore[misc]
    """Parameters of a strategy; the others are the live ones."""

    __slots__ = ()


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
    return "/".join(f"{value:.2f}" if isinstance(value, float) else str(value) for value in point)


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
