"""Published results beside each other over the same sessions: live parameters, walk-forward, a benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from research.report.names import LIVE, WALK_FORWARD
from research.what_if import SHORTEST, Tried, bought_and_held, closes_of, track
from warehouse import readers
from warehouse.readers import Question

if TYPE_CHECKING:
    import duckdb

    from research.statistics.samples import FloatArray
    from research.what_if import Days

LIVE_RETURNS = Question(
    """
    WITH live AS (SELECT strategy_id FROM strategies WHERE is_live)
    SELECT session_date, net_return, turnover
    FROM backtest_returns SEMI JOIN live USING (strategy_id)
    WHERE scenario_id = 0 AND session_date > (
        SELECT min(session_date) FROM strategy_allocations SEMI JOIN live USING (strategy_id) WHERE scenario_id = 0
    )
    ORDER BY session_date
    """
)
HONEST_RETURNS = Question(
    """
    SELECT session_date, net_return, turnover FROM walk_forward_daily
    WHERE scenario_id = 0 AND session_date > (
        SELECT min(session_date) FROM walk_forward_daily WHERE scenario_id = 0 AND is_invested
    )
    ORDER BY session_date
    """
)


def backtest_beside(connection: duckdb.DuckDBPyConnection, benchmark: str) -> Tried | None:
    """Measure the live parameters, and the benchmark if its bars reach back far enough.

    Returns:
        None where the live parameters have earned on fewer than two sessions.

    Raises:
        LakeError: The backtest was never built.
    """
    return _beside(connection, LIVE, LIVE_RETURNS, benchmark)


def walk_forward_beside(connection: duckdb.DuckDBPyConnection, benchmark: str) -> Tried | None:
    """Measure the walk-forward, the live parameters over its sessions, and the benchmark likewise.

    Returns:
        None where there are fewer than two sessions out of sample.

    Raises:
        LakeError: The walk-forward was never built.
    """
    found = _beside(connection, WALK_FORWARD, HONEST_RETURNS, benchmark)
    if found is None:
        return None
    days, returns, turnovers = _read(connection, LIVE_RETURNS)
    if not np.isin(found.sessions, days).all():
        return found
    at = np.searchsorted(days, found.sessions)
    live = track(LIVE, None, returns[at], turnovers[at])
    return Tried(found.sessions, [found.tracks[0], live, *found.tracks[1:]])


def _beside(connection: duckdb.DuckDBPyConnection, name: str, question: Question, benchmark: str) -> Tried | None:
    days, returns, turnovers = _read(connection, question)
    if len(days) < SHORTEST:
        return None
    held = bought_and_held(days, *closes_of(connection, benchmark))
    beside = [] if held is None else [track(benchmark, None, held, np.zeros(len(held)))]
    return Tried(days, [track(name, None, returns, turnovers), *beside])


def _read(connection: duckdb.DuckDBPyConnection, question: Question) -> tuple[Days, FloatArray, FloatArray]:
    rows = readers.rows(connection, question).rows
    days, returns, turnovers = zip(*rows, strict=True) if rows else ((), (), ())
    return np.array(days, "datetime64[D]"), np.array(returns, dtype=float), np.array(turnovers, dtype=float)
