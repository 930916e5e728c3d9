"""Tables for the Dagster UI: rows of what was built, figures rounded as a person reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import duckdb

    from execution.rebalance import RebalanceOutcome

ROWS = 20
LONGEST_CELL = 240
FIGURES = 6
"""Significant figures."""

NEWEST_FIRST = {
    "live_targets": "weight DESC",
    "live_holds": "session_date",
    "backtest_metrics": "sharpe DESC NULLS LAST",
    "walk_forward_metrics": "scenario_id",
    "walk_forward_folds": "fold_id DESC",
    "decisions": "session_date DESC, sequence DESC",
    "orders": "intended_at DESC, order_ref",
    "fills": "executed_at DESC, exec_id",
    "positions": "session_date DESC, symbol",
    "slippage": "session_date DESC, order_ref",
    "shortfall_daily": "session_date DESC, account_id",
    "tracking_daily": "session_date DESC, account_id",
    "account_daily": "session_date DESC, account_id",
    "account_trades": "coalesce(exit_session, entry_session) DESC, symbol, lot DESC",
}
"""Relations whose rows are shown, and which of them first: those that are stored, or small."""


def rows_of(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, dg.MetadataValue[Any]]:
    """Return a relation's number of rows and the first of them, as metadata; nothing for one that is not shown."""
    if relation not in NEWEST_FIRST:
        return {}
    count = connection.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0]
    found = connection.execute(f"FROM {relation} ORDER BY {NEWEST_FIRST[relation]} LIMIT {ROWS}")
    names = [column[0] for column in found.description or ()]
    records = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return {"dagster/row_count": dg.MetadataValue.int(count)} | ({"rows": table(records)} if records else {})


def plan_of(outcome: RebalanceOutcome) -> dict[str, dg.MetadataValue[Any]]:
    """Return a rebalance's plan and orders as metadata; nothing of what there is none of."""
    lines = outcome.plan.lines if outcome.plan else ()
    plan = [
        {
            "symbol": line.symbol,
            "price": line.price,
            "held": line.held,
            "planned": line.planned,
            "weight before": line.weight_before,
            "target": line.weight_target,
            "weight after": line.weight_after,
        }
        for line in lines
    ]
    orders = [
        {
            "order": state.order.order_ref,
            "side": state.order.side,
            "symbol": state.order.symbol,
            "quantity": state.order.quantity,
            "limit": state.order.limit_price,
            "filled": state.filled,
            "price": state.average_price,
            "commission": state.commission,
            "status": state.status,
        }
        for state in outcome.orders
    ]
    return {name: table(records) for name, records in (("plan", plan), ("orders", orders)) if records}


def table(records: Iterable[Mapping[str, Any]]) -> dg.MetadataValue[Any]:
    """Return rows, all of the same columns and at least one, as the UI's table."""
    return dg.MetadataValue.table(
        [dg.TableRecord({name: _cell(value) for name, value in record.items()}) for record in records]
    )


def rounded(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return figures as a person reads them, without those that are not known."""
    return {name: _cell(value) for name, value in figures.items() if value is not None}


def _cell(value: Any) -> str | int | float | bool:  # noqa: ANN401 - any cell of any table
    match value:
        case bool() | int():
            return value
        case float():
            return float(f"{value:.{FIGURES}g}")
        case None:
            return ""
        case _:
            written = str(value)
            return written if len(written) <= LONGEST_CELL else f"{written[: LONGEST_CELL - 1]}…"
