"""Warm-up: the distance that each indicator of the last session still moves when it may see more history."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from warehouse.errors import LakeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from research.workbench import Bench
    from warehouse.sources.base import Progress

INDICATORS = {
    "features": ("atr", "atr_pct", "volatility"),
    "emas": ("ema",),
    "correlations": ("correlation",),
    "rankings": ("score",),
}
APART_BY = {"emas": "span"}
"""A column whose values are told apart: each has a memory of its own."""

HISTORIES = (100, 150, 200, 300, 500, 750, 1000)


@dataclass(frozen=True, slots=True)
class Movement:
    """Difference between an indicator after a short history and after the whole one.

    Attributes:
        relation: Where it stands.
        column: What it is called; with its span where spans differ.
        history: Sessions of the short history.
        difference: The largest relative difference over the symbols, at the last session.
        undefined: Rows that the whole history has at the last session and the short one has not.
    """

    relation: str
    column: str
    history: int
    difference: float
    undefined: int


def check_warm_up(bench: Bench, report: Progress, histories: Sequence[int] = HISTORIES) -> list[Movement]:
    """Compute the last session's indicators from histories of several lengths.

    Args:
        bench: The bars and the models.
        report: Told (done, total, label).
        histories: Lengths in sessions; those that the lake does not exceed are left out.

    Raises:
        LakeError: The lake has no more than the shortest of them.
    """
    with bench.opened() as whole:
        bench.compute(whole, INDICATORS)
        days = whole.execute("SELECT session_date FROM sessions ORDER BY session_date").fetchall()
        lengths = [length for length in histories if length < len(days)]
        if not lengths:
            raise LakeError(
                f"{len(days)} sessions are too few to compare with fewer: {min(histories)} is the shortest history "
                "looked at. Land more bars: `swing fetch --help`."
            )
        settled = {relation: _last_rows(whole, relation) for relation in INDICATORS}
    moved: list[Movement] = []
    for place, length in enumerate(lengths):
        report(place, len(lengths), f"{length} sessions")
        recent = replace(bench, bars=bench.bars.filter(pc.field("session_date") >= days[-length][0]))
        with recent.opened() as connection:
            recent.compute(connection, INDICATORS)
            for relation, rows in settled.items():
                connection.register("settled", rows)
                moved += _movements(connection, relation, bench.models.grains[relation], length)
    report(len(lengths), len(lengths), "compared")
    return sorted(moved, key=lambda each: (list(INDICATORS).index(each.relation), each.column, each.history))


def _last_rows(connection: duckdb.DuckDBPyConnection, relation: str) -> pa.Table:
    latest = f"FROM {relation} WHERE session_date = (SELECT max(session_date) FROM sessions)"
    return connection.execute(latest).to_arrow_table()


def _movements(
    connection: duckdb.DuckDBPyConnection, relation: str, grain: Sequence[str], length: int
) -> list[Movement]:
    apart = f"settled.{APART_BY[relation]}" if relation in APART_BY else "NULL"
    moved = []
    for column in INDICATORS[relation]:
        one, other = f"settled.{column}", f"recent.{column}"
        rows = connection.execute(
            f"""
            SELECT {apart} AS part,
                coalesce(max(abs({one} - {other}) / nullif(greatest(abs({one}), abs({other})), 0)), 0),
                count(*) FILTER ({one} IS NOT NULL AND {other} IS NULL)
            FROM settled LEFT JOIN {relation} AS recent USING ({", ".join(grain)})
            GROUP BY part
            """
        ).fetchall()
        for part, difference, undefined in rows:
            label = column if part is None else f"{column}({part:03d})"
            moved.append(Movement(relation, label, length, difference, undefined))
    return moved
