"""What the models publish, and fingerprints of it to tell one generation from another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

BACKTEST_COLUMNS = "session_date gross_return cost net_return turnover equity drawdown"
METRICS_COLUMNS = "sessions cagr sharpe calmar max_drawdown profit_factor turnover_annual"
PUBLIC = {
    "bars": "symbol session_date open high low close adj_close volume dividend source is_final ingested_at",
    "strategies": "strategy_id grid_order is_live ema_fast ema_slow top_n corr_cap corr_window"
    " corr_min_obs atr_window vol_window max_weight cash_buffer slippage commission_per_share",
    "features": "symbol session_date ret true_range atr atr_pct volatility bar_number",
    "emas": "symbol session_date span ema",
    "correlations": "session_date symbol_1 symbol_2 correlation observations",
    "selections": "strategy_id session_date symbol score rank pick",
    "target_weights": "strategy_id session_date symbol weight",
    "live_targets": "strategy_id session_date symbol weight",
    "backtest_daily": f"strategy_id {BACKTEST_COLUMNS}",
    "backtest_metrics": f"strategy_id {METRICS_COLUMNS}",
    "walk_forward_folds": "fold_id train_start test_start test_end strategy_id objective",
    "walk_forward_daily": BACKTEST_COLUMNS,
    "walk_forward_metrics": METRICS_COLUMNS,
}
"""Relations that users may rely on, with the columns they have at least."""

RECORDS = frozenset({"runs", "quarantined_bars"})  # Python's own, beside the models
MOMENTS = ("ingested_at", "batch_id")  # when a row was landed, not what


def fingerprint(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Count and hash the rows of every published relation, all of them at one moment."""
    connection.execute("BEGIN")
    names = [name for (name,) in connection.execute("SHOW TABLES").fetchall()]
    found = {name: _content(connection, name) for name in names if name not in RECORDS}
    connection.execute("COMMIT")
    return found


def _content(connection: duckdb.DuckDBPyConnection, relation: str) -> str:
    row = connection.execute(
        f"""
        SELECT count(*), coalesce(sum(hash(rows)), 0)
        FROM (SELECT COLUMNS(name -> name NOT IN {MOMENTS}) FROM {relation}) AS rows
        """
    ).fetchone()
    return " ".join(map(str, row or ()))
