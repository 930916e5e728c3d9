"""Look-ahead: a search for rows that would be others if later bars were not there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from warehouse.errors import LakeError

if TYPE_CHECKING:
    from datetime import date

    import duckdb

    from research.workbench import Bench
    from warehouse.sources.base import Progress

ROUNDING = 1e-9
"""Relative difference of two doubles above which they are not the same; sums run in any order."""

ROW = "(row)"
FIRST_CUT = 0.4  # of the history: earlier, little is decided

SOURCES = {
    "holdings": "(SELECT holdings.*, session_date FROM holdings JOIN allocations USING (allocation_id))",
    "walk_forward_objectives": (
        "(SELECT walk_forward_objectives.*, test_start"
        " FROM walk_forward_objectives JOIN walk_forward_windows USING (scenario_id, fold_id))"
    ),
}
"""Relations whose rows are dated by another one."""

KNOWN_NEXT_SESSION = {("holdings", name) for name in ("next_return", "next_close", "drifted_weight")}
LATEST_ONLY = {
    "live_targets",
    "live_holds",
    "bar_measures",
    "bar_findings",
    "moves_apart",
    "missed_dividends",
    "bar_verdicts",
    "verdict_history",
}
"""Relations about the newest session, or of what later bars tell of earlier ones: no past decision reads them."""


@dataclass(frozen=True, slots=True)
class Leak:
    """A column whose past depends on later bars.

    Attributes:
        relation: The relation.
        column: The column; (row) for rows that come or go.
        first_session: The first session that changed, or the start of the first test window.
        cut: The last session of the shorter history.
        rows: How many rows changed.
    """

    relation: str
    column: str
    first_session: date
    cut: date
    rows: int


@dataclass(frozen=True, slots=True)
class Checked:
    """Result of a comparison.

    Attributes:
        cuts: Last sessions of the shorter histories.
        relations: How many relations were compared.
        columns: How many of their columns.
        leaks: What depends on later bars, in the order of the models.
    """

    cuts: tuple[date, ...]
    relations: int
    columns: int
    leaks: tuple[Leak, ...]


@dataclass(frozen=True, slots=True)
class _Dated:
    """A relation with the dates and the columns by which its rows are compared."""

    name: str
    source: str
    day: str
    grain: tuple[str, ...]
    columns: dict[str, str]


def check_look_ahead(bench: Bench, cuts: int, report: Progress) -> Checked:
    """Rebuild everything with the input cut at several sessions, and compare the rows up to each.

    Args:
        bench: The bars and the models.
        cuts: How many cuts; spread over the history, the last one session before its end.
        report: Told (done, total, label).

    Raises:
        LakeError: The history is too short to cut.
    """
    names = [statement.relation for statement in bench.models.statements]
    with bench.opened() as whole:
        report(0, cuts + 1, "the whole history")
        bench.compute(whole, names)
        days = _cuts(whole, cuts)
        dated = _dated(bench, whole)
        leaks: list[Leak] = []
        for place, day in enumerate(days):
            report(place + 1, cuts + 1, f"as of {day}")
            shorter = replace(bench, bars=bench.bars.filter(pc.field("session_date") <= day))
            with shorter.opened() as cut:
                shorter.compute(cut, names)
                for relation in dated:
                    leaks += _compared(whole, cut, relation, day)
        report(cuts + 1, cuts + 1, "compared")
    columns = sum(len(each.columns) for each in dated)
    return Checked(tuple(days), len(dated), columns, tuple(sorted(leaks, key=lambda leak: names.index(leak.relation))))


def _cuts(whole: duckdb.DuckDBPyConnection, count: int) -> list[date]:
    rows = whole.execute("SELECT session_date FROM sessions WHERE scenario_id = 0 ORDER BY session_date").fetchall()
    if len(rows) < count + 2:
        raise LakeError(f"{len(rows)} sessions are too few to cut {count} times. Land more bars: `swing fetch --help`.")
    places = np.linspace(FIRST_CUT * len(rows), len(rows) - 2, count + 1)[1:] if count > 1 else [len(rows) - 2]
    return [rows[int(place)][0] for place in places]


def _dated(bench: Bench, connection: duckdb.DuckDBPyConnection) -> list[_Dated]:
    """Find the relations whose rows belong to a session, or to a test window that starts at one."""
    found = []
    names = [statement.relation for statement in bench.models.statements]
    for name in (name for name in names if name in bench.models.grains and name not in LATEST_ONLY):
        source = SOURCES.get(name, name)
        kinds = {column: kind for column, kind, *_ in connection.execute(f"DESCRIBE FROM {source}").fetchall()}
        day = next((column for column in ("session_date", "test_start") if column in kinds), None)
        if day:
            # Which strategies share a row is a list of no meaning.
            grain = bench.models.grains[name]
            columns = {
                column: kind
                for column, kind in kinds.items()
                if column not in grain and column != day and "STRUCT" not in kind
            }
            found.append(_Dated(name, source, day, grain, columns))
    return found


def _compared(
    whole: duckdb.DuckDBPyConnection, cut: duckdb.DuckDBPyConnection, relation: _Dated, day: date
) -> list[Leak]:
    """Find the columns of one relation that differ up to a session."""
    past = f"(FROM {relation.source} WHERE {relation.day} <= DATE '{day}')"
    cut.register("whole_rows", whole.execute(f"FROM {past}").to_arrow_table())
    matches = " AND ".join(f"whole_rows.{column} IS NOT DISTINCT FROM cut_rows.{column}" for column in relation.grain)
    key = relation.grain[0]
    differs = {ROW: f"whole_rows.{key} IS NULL OR cut_rows.{key} IS NULL"}
    for column, kind in relation.columns.items():
        settled = f"day < DATE '{day}'" if (relation.name, column) in KNOWN_NEXT_SESSION else "true"
        both = f"whole_rows.{key} IS NOT NULL AND cut_rows.{key} IS NOT NULL"
        differs[column] = f"{settled} AND {both} AND {_differs(column, kind)}"
    counts = ", ".join(f"count(*) FILTER ({test}), min(day) FILTER ({test})" for test in differs.values())
    row = cut.execute(
        f"""
        SELECT {counts}
        FROM (
            SELECT whole_rows, cut_rows, coalesce(whole_rows.{relation.day}, cut_rows.{relation.day}) AS day
            FROM whole_rows FULL JOIN {past} AS cut_rows ON {matches}
        )
        """
    ).fetchone()
    cut.unregister("whole_rows")
    found = list(row or ())
    return [
        Leak(relation.name, column, first, day, changed)
        for column, changed, first in zip(differs, found[::2], found[1::2], strict=True)
        if changed
    ]


def _differs(column: str, kind: str) -> str:
    one, other = f"whole_rows.{column}", f"cut_rows.{column}"
    if kind == "DOUBLE":
        return f"({one} IS DISTINCT FROM {other} AND {_apart(one, other)})"
    if kind == "DOUBLE[]":
        apart = _apart("pair[1]", "pair[2]")
        pairs = f"[{apart} FOR pair IN list_zip({one}, {other})]"
        return f"({one} IS DISTINCT FROM {other} AND coalesce(list_bool_or({pairs}), true))"
    return f"{one} IS DISTINCT FROM {other}"


def _apart(one: str, other: str) -> str:
    return f"coalesce(abs({one} - {other}) > {ROUNDING} * greatest(abs({one}), abs({other})) + {ROUNDING**2}, true)"
