"""Published results beside each other over the same sessions: live parameters, walk-forward, a benchmark."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from research.report.names import LIVE, WALK_FORWARD
from research.statistics.metrics import Metric, measure, total_return
from research.what_if import SHORTEST, Tried, bought_and_held, closes_of, track
from warehouse import readers
from warehouse.readers import Question

if TYPE_CHECKING:
    from datetime import date

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


FOLD_RETURNS = Question(
    """
    SELECT fold_id, any_value(train_start) AS trained_from, min(session_date) AS tested_from,
        max(session_date) AS tested_to, any_value(strategy_name) AS choice, any_value(objective) AS objective,
        list(net_return ORDER BY session_date) AS net_returns
    FROM walk_forward_daily JOIN walk_forward_folds USING (scenario_id, fold_id)
        JOIN strategies ON walk_forward_folds.strategy_id = strategies.strategy_id
    WHERE scenario_id = 0 GROUP BY fold_id ORDER BY fold_id
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


@dataclass(frozen=True, slots=True)
class TestedFold:
    """One choice of the walk-forward, and what came of it.

    Attributes:
        trained_from: First day of its train window, which ends before `tested_from`.
        tested_to: Last session that its test window has so far.
        choice: Name of the strategy that was best on the train window.
        objective: What it was chosen by, on the train window; None where nothing could be measured.
        test_return: Fraction over the test window, after costs.
        test_sharpe: Over the test window, annual; None where it is not defined.
    """

    fold_id: int
    trained_from: date
    tested_from: date
    tested_to: date
    sessions: int
    choice: str
    objective: float | None
    test_return: float
    test_sharpe: float | None


def folds_of(connection: duckdb.DuckDBPyConnection) -> list[TestedFold]:
    """Measure each fold of the walk-forward over its own test window, oldest first.

    Raises:
        LakeError: The walk-forward was never built.
    """
    found = []
    for row in readers.rows(connection, FOLD_RETURNS).records():
        returns = np.array(row.pop("net_returns"), dtype=float)
        measured = float(measure(returns[None, :])[Metric.SHARPE][0]) if len(returns) >= SHORTEST else math.nan
        sharpe = measured if math.isfinite(measured) else None
        found.append(TestedFold(sessions=len(returns), test_return=total_return(returns), test_sharpe=sharpe, **row))
    return found


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
