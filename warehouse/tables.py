"""The lake's own tables, each defined once: what Python lands and records. The relations of the models are dbt's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse.settings.strategy import PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

SQL_TYPES = {int: "INTEGER", float: "DOUBLE"}
BAR = """symbol VARCHAR, session_date DATE, open DOUBLE, high DOUBLE, low DOUBLE, close DOUBLE, adj_close DOUBLE,
    volume DOUBLE, dividend DOUBLE, source VARCHAR, is_final BOOLEAN"""
ACTION = """symbol VARCHAR, session_date DATE, kind VARCHAR, amount DOUBLE, ratio DOUBLE, currency VARCHAR,
    source VARCHAR"""
LANDED = "ingested_at TIMESTAMPTZ, batch_id BIGINT"

CONFIGURATION = {
    "landing.universe": "symbol VARCHAR",
    "landing.strategies": "strategy_id VARCHAR, strategy_name VARCHAR, grid_order INTEGER, is_live BOOLEAN, "
    + ", ".join(f"{name} {SQL_TYPES[kind]}" for name, kind in PARAMETERS.items()),
    "landing.settings": """parameters_hash VARCHAR, walk_depth INTEGER, train_months INTEGER, test_months INTEGER,
    objective VARCHAR, stale_after_sessions INTEGER, quarantine_sessions INTEGER,
    quarantine_policy VARCHAR, bad_day_share DOUBLE""",
    "landing.walk_depths": "scenario_id INTEGER, session_date DATE, depth BIGINT",
    "landing.source_ranks": "source VARCHAR, rank INTEGER, states_dividends BOOLEAN",
    "landing.symbol_changes": "symbol VARCHAR, continued_as VARCHAR, changed_on DATE, ended_on DATE",
}
"""Made anew whenever the configuration changes, so that a new parameter needs no migration."""

TABLES = CONFIGURATION | {
    "landing.bar_versions": f"{BAR}, {LANDED}",
    "quarantined_bars": f"{BAR}, code VARCHAR, reason VARCHAR, file VARCHAR, line BIGINT, {LANDED}",
    "landing.corporate_actions": f"{ACTION}, {LANDED}",
    "landing.exchange_sessions": "session_date DATE",
    "landing.verdict_events": """symbol VARCHAR, session_date DATE, code VARCHAR, severity VARCHAR, event VARCHAR,
    explanation VARCHAR, recorded_at TIMESTAMPTZ""",
    "landing.permutations": """test_id VARCHAR, is_walk_forward BOOLEAN, objective VARCHAR, window_start DATE,
    window_end DATE, seed BIGINT, scenario_id INTEGER, best DOUBLE, live DOUBLE, computed_at TIMESTAMPTZ""",
    "landing.inquiries": """kind VARCHAR, parameters_hash VARCHAR, asked VARCHAR, found VARCHAR,
    recorded_at TIMESTAMPTZ""",
    "landing.ledger_events": """sequence BIGINT, recorded_at TIMESTAMPTZ, account_id VARCHAR, mode VARCHAR,
    strategy_id VARCHAR, session_date DATE, run_id VARCHAR, kind VARCHAR, order_ref VARCHAR, payload VARCHAR,
    digest VARCHAR""",
    "runs": """run_id VARCHAR, kind VARCHAR, started_at TIMESTAMPTZ, finished_at TIMESTAMPTZ, as_of_session DATE,
    code_version VARCHAR, parameters_hash VARCHAR, snapshot_before BIGINT, snapshot_after BIGINT, outcome VARCHAR,
    message VARCHAR""",
    "schema_versions": "version INTEGER, reached_at TIMESTAMPTZ",
}
"""Columns by table. A change of one that is not made anew needs a migration."""

NEWEST_OF_SOURCE = """
    SELECT * FROM landing.bar_versions WHERE source = $source
    QUALIFY row_number() OVER (PARTITION BY symbol, session_date ORDER BY batch_id DESC) = 1
"""
"""The bars that the lake holds of one source: of each symbol and session the version that landed last."""


def create(connection: duckdb.DuckDBPyConnection, names: Iterable[str] = TABLES) -> None:
    """Make tables, empty, in place of those that are there."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS landing")
    for name in names:
        connection.execute(f"CREATE OR REPLACE TABLE {name} ({TABLES[name]})")
