"""Tables in the Dagster UI: rows of what was built, rounded; nothing for what is empty."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import dagster as dg
import duckdb

from dagster_defs.assets import models
from dagster_defs.assets.previews import NEWEST_FIRST, ROWS, rounded, rows_of, table
from dagster_defs.published_ledger import MARTS
from warehouse.lake import scratch

if TYPE_CHECKING:
    from lakes import Pipeline


def _records(value: object) -> list[dict[str, object]]:
    assert isinstance(value, dg.TableMetadataValue)
    return [dict(record.data) for record in value.records]


def test_every_relation_that_is_shown_answers(crowded: Pipeline) -> None:
    """Each order names columns that are there, and each relation says how many rows it has."""
    with crowded.lake.reader() as connection:
        for relation in NEWEST_FIRST:
            assert "dagster/row_count" in rows_of(connection, relation)
        shown = _records(rows_of(connection, "live_targets")["rows"])
        stored = connection.execute("SELECT symbol FROM live_targets ORDER BY weight DESC").fetchall()
        assert [row["symbol"] for row in shown] == [symbol for (symbol,) in stored]
        assert rows_of(connection, "orders").keys() == {"dagster/row_count"}
        assert rows_of(connection, "bars") == {}


def test_a_long_relation_is_cut() -> None:
    """The newest rows are shown, no more than a screen of them."""
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE fills AS SELECT range AS executed_at, range AS exec_id FROM range(1000)")
        shown = rows_of(connection, "fills")
        assert len(_records(shown["rows"])) == ROWS
        assert _records(shown["rows"])[0] == {"executed_at": 999, "exec_id": 999}
        assert shown["dagster/row_count"].value == 1000


def test_cells_are_as_a_person_reads_them() -> None:
    """Figures are rounded, amounts keep their cents, an unknown value is empty and a long text is cut."""
    record = {"day": date(2024, 1, 2), "weight": 1 / 3, "price": Decimal("10.50"), "none": None, "text": "x" * 300}
    assert _records(table([record])) == [
        {"day": "2024-01-02", "weight": 0.333333, "price": "10.50", "none": "", "text": "x" * 239 + "…"}
    ]
    assert rounded({"sharpe": 0.4236789123, "caveat": None, "sessions": 1921}) == {"sharpe": 0.423679, "sessions": 1921}


def test_a_build_makes_the_marts_that_are_missing(crowded: Pipeline) -> None:
    """Whoever asks for orders or trades before the first one finds an empty relation; a later build pays nothing."""
    built = ["backtest_returns", "backtest_trades"]
    with scratch() as connection:
        assert models._with_marts(built, connection) == [*built, *sorted(MARTS)]
        assert models._with_marts(["live_targets"], connection) == ["live_targets"]
    with crowded.lake.reader() as connection:
        assert models._with_marts(built, connection) == built
        for mart in MARTS - {"trades"}:
            assert connection.execute(f"FROM {mart}").fetchall() == []
