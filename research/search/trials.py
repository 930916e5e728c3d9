"""Trials: strategies of a search, computed in batches by the models, measured over any fold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from research.search.space import Point, land_points
from research.statistics.metrics import Metric, measure
from research.statistics.samples import SESSIONS_A_YEAR
from warehouse.errors import LakeError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    import duckdb
    from numpy.typing import NDArray

    from research.statistics.samples import FloatArray
    from research.workbench import Bench

BATCH = 200
"""Strategies of one pass: few enough that every pair of averages and cap, which the models walk, fits memory."""

TURNOVER = "turnover"

SETTLED = ("bars", "stg_bars", "features")
"""What no parameter of a search changes."""


@dataclass(frozen=True, slots=True)
class Fold:
    """A train window and the test window after it; each starts on its first day and ends before its last."""

    fold_id: int
    train_start: date
    test_start: date
    test_end: date


@dataclass(frozen=True, slots=True)
class PointFigures:
    """Figures of points over a train window, one of each a point; NaN where not defined.

    Attributes:
        metrics: By name: Calmar, Sharpe, CAGR, profit factor and the (negative) drawdown, as fractions.
        turnover: A year, as a multiple of equity.
    """

    metrics: dict[Metric, FloatArray]
    turnover: FloatArray

    def to_maximise(self, name: str) -> FloatArray:
        """Return a figure such that more of it is better."""
        return -self.turnover if name == TURNOVER else self.metrics[Metric(name)]


@dataclass(frozen=True, slots=True)
class TriedPoints:
    """Store of the daily returns of every point tried so far.

    Attributes:
        bench: The bars and the models.
        sessions: All sessions, ascending.
    """

    bench: Bench = field(repr=False)
    connection: duckdb.DuckDBPyConnection = field(repr=False)
    sessions: NDArray[np.datetime64] = field(repr=False)
    _returns: dict[Point, FloatArray] = field(repr=False, default_factory=dict)
    _turnovers: dict[Point, FloatArray] = field(repr=False, default_factory=dict)

    @classmethod
    def on(cls, bench: Bench, connection: duckdb.DuckDBPyConnection) -> TriedPoints:
        """Start on an open scratch database of a bench."""
        bench.compute(connection, ["features", "sessions"])
        days = connection.execute("SELECT session_date FROM sessions ORDER BY session_date").fetchall()
        return cls(bench, connection, np.array([day for (day,) in days], dtype="datetime64[D]"))

    def __len__(self) -> int:
        """Count the points that were computed."""
        return len(self._returns)

    def compute(self, points: Collection[Point]) -> None:
        """Compute the points that were not tried before."""
        missing = sorted(set(points) - self._returns.keys())
        for at in range(0, len(missing), BATCH):
            self._compute(missing[at : at + BATCH])

    def measure(self, points: Sequence[Point], fold: Fold) -> PointFigures:
        """Measure computed points over every session of a fold's train window."""
        first, last = np.searchsorted(self.sessions, [np.datetime64(fold.train_start), np.datetime64(fold.test_start)])
        returns = np.array([self._returns[point][first:last] for point in points])
        turnover = np.array([self._turnovers[point][first:last].mean() * SESSIONS_A_YEAR for point in points])
        return PointFigures(measure(returns), turnover)

    def _compute(self, points: Sequence[Point]) -> None:
        land_points(self.connection, self.bench.portfolio, points)
        self.bench.compute(self.connection, ["backtest_returns"], SETTLED, passing=["backtest_returns"])
        columns = self.connection.execute(
            """
            SELECT net_return, turnover FROM backtest_returns JOIN strategies USING (strategy_id)
            ORDER BY grid_order, session_date
            """
        ).fetchnumpy()
        shape = (len(points), len(self.sessions))
        for store, name in ((self._returns, "net_return"), (self._turnovers, "turnover")):
            store.update(zip(points, np.asarray(columns[name], dtype=float).reshape(shape), strict=True))


def folds_of(bench: Bench, connection: duckdb.DuckDBPyConnection, count: int | None) -> list[Fold]:
    """Return the walk-forward's folds under the live strategy: all, or the last so many.

    Raises:
        LakeError: The history is too short for one.
    """
    connection.execute("DELETE FROM landing.strategies WHERE NOT is_live")
    bench.compute(connection, ["walk_forward_windows"])
    rows = connection.execute(
        "SELECT fold_id, train_start, test_start, test_end FROM walk_forward_windows ORDER BY fold_id"
    ).fetchall()
    if not rows:
        raise LakeError("The history is too short for one train window and a session after it. Land more bars.")
    return [Fold(*row) for row in rows[-(count or len(rows)) :]]
