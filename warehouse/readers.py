"""Typed reads of the published relations; everything that shows or trades figures reads them here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from warehouse.errors import LakeError
from warehouse.settings.strategy import AXES

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from warehouse.lake import Lake


@dataclass(frozen=True, slots=True)
class Question:
    """A query and what to do when the relation it asks for is not there yet."""

    sql: str
    remedy: str = "Build it first: `swing backtest`, then `swing walkforward`."


LIVE_DAILY = Question(
    """
    SELECT session_date, gross_return, cost, net_return, turnover, equity, drawdown
    FROM backtest_daily SEMI JOIN (SELECT strategy_id FROM strategies WHERE is_live) USING (strategy_id)
    WHERE scenario_id = 0 ORDER BY session_date
    """
)
LIVE_METRICS = Question(
    """
    SELECT backtest_metrics.* EXCLUDE (scenario_id)
    FROM backtest_metrics SEMI JOIN (SELECT strategy_id FROM strategies WHERE is_live) USING (strategy_id)
    WHERE scenario_id = 0
    """
)
LIVE_TARGETS = Question(
    "SELECT session_date, symbol, weight FROM live_targets ORDER BY symbol = 'CASH', weight DESC, symbol"
)
LIVE_WEIGHTS = Question(
    """
    SELECT session_date, symbol, weight
    FROM target_weights SEMI JOIN (SELECT strategy_id FROM strategies WHERE is_live) USING (strategy_id)
    WHERE scenario_id = 0 ORDER BY session_date, symbol
    """
)
FOLDS = Question(
    f"""
    SELECT fold_id, train_start, test_start, test_end, objective, {", ".join(AXES)}, strategy_id
    FROM walk_forward_folds JOIN strategies USING (strategy_id)
    WHERE scenario_id = 0 ORDER BY fold_id
    """
)
WALK_FORWARD_DAILY = Question(
    """
    SELECT session_date, gross_return, cost, net_return, turnover, equity, drawdown
    FROM walk_forward_daily WHERE scenario_id = 0 ORDER BY session_date
    """
)
WALK_FORWARD_METRICS = Question("SELECT * EXCLUDE (scenario_id) FROM walk_forward_metrics WHERE scenario_id = 0")
BARS_LANDED = Question(
    """
    SELECT count(*) AS versions, count(DISTINCT symbol) AS symbols, min(session_date) AS first_session,
        max(session_date) AS last_session,
        (SELECT count(*) FROM quarantined_bars) AS quarantined
    FROM landing.bar_versions
    """,
    "Land bars first: `swing fetch --help` shows how.",
)
RUNS = Question("SELECT * FROM runs ORDER BY started_at DESC LIMIT 5")
SYMBOLS = Question(
    """
    SELECT universe.symbol, count(versions.session_date) AS versions, min(versions.session_date) AS first_session,
        max(versions.session_date) AS last_session
    FROM landing.universe LEFT JOIN landing.bar_versions AS versions USING (symbol)
    GROUP BY universe.symbol ORDER BY universe.symbol
    """
)


def ask(lake: Lake, question: Question, snapshot: int | None = None) -> pd.DataFrame:
    """The answer, as of the newest state or of a snapshot.

    Raises:
        LakeError: There is no lake, no such snapshot, or the relation was never built.
    """
    with lake.reader(snapshot) as connection:
        return answer(connection, question)


def answer(connection: duckdb.DuckDBPyConnection, question: Question) -> pd.DataFrame:
    """The answer over an open connection. Raises LakeError if the relation was never built."""
    try:
        return connection.execute(question.sql).df()
    except duckdb.CatalogException as error:
        missing = re.search(r"with name (\S+) does not exist", str(error))
        what = missing[1] if missing else str(error).splitlines()[0]
        raise LakeError(f"The warehouse does not hold {what} yet. {question.remedy}") from error


def weights_on(connection: duckdb.DuckDBPyConnection, session: date | None) -> pd.DataFrame:
    """The live strategy's target weights of a session, with CASH, as the connection's snapshot knows them.

    Args:
        connection: The lake, for reading.
        session: The session; None for the newest.

    Returns:
        session_date, symbol, weight; CASH last.

    Raises:
        LakeError: The session is unknown at that snapshot.
    """
    known = answer(
        connection,
        Question("SELECT session_date FROM sessions WHERE scenario_id = 0 ORDER BY session_date"),
    )["session_date"]
    if known.empty:
        raise LakeError("No session has a bar of the universe yet. Land bars first: `swing fetch --help`.")
    day: Any = known.iloc[-1] if session is None else session
    if not (known == str(day)).any():
        raise LakeError(
            f"{day} is no session with a bar of the universe; the warehouse knows "
            f"{known.iloc[0]:%Y-%m-%d} to {known.iloc[-1]:%Y-%m-%d}."
        )
    if session is None:  # a held book differs from what the session alone would want
        return answer(connection, LIVE_TARGETS)
    return connection.execute(
        """
        WITH positions AS (
            SELECT symbol, weight
            FROM target_weights SEMI JOIN (SELECT strategy_id FROM strategies WHERE is_live) USING (strategy_id)
            WHERE scenario_id = 0 AND session_date = $day
        )
        SELECT $day::DATE AS session_date, symbol, weight
        FROM (
            FROM positions
            UNION ALL SELECT 'CASH', 1 - coalesce(sum(weight), 0) FROM positions
        )
        ORDER BY symbol = 'CASH', weight DESC, symbol
        """,
        {"day": day},
    ).df()
