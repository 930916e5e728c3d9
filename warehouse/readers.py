"""Typed reads of the published relations; everything that shows or trades figures reads them here."""

from __future__ import annotations

import contextlib
import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from warehouse.errors import LakeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    import pandas as pd

    from warehouse.lake import Lake


@dataclass(frozen=True, slots=True)
class Question:
    """A query and what to do when the relation it asks for is not there yet."""

    sql: str
    remedy: str = "Build it first: `swing backtest`, then `swing walkforward`."


@dataclass(frozen=True, slots=True)
class PlainRows:
    """An answer as plain values."""

    names: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def records(self) -> list[dict[str, Any]]:
        """Return each row by the names of its columns."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]


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
BACKTEST_TRADES = Question(
    """
    SELECT symbol, entry_session, entry_price, exit_session, exit_price, sessions_held, weight, gross_return, cost,
        profit
    FROM backtest_trades ORDER BY entry_session, symbol
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
    "Import price bars first: `swing fetch --help` shows how.",
)
SOURCES_LANDED = Question(
    """
    SELECT source, count(DISTINCT symbol) AS symbols, max(session_date) AS last_session, max(ingested_at) AS landed_at
    FROM landing.bar_versions SEMI JOIN landing.universe USING (symbol)
    GROUP BY source ORDER BY last_session DESC, source
    """
)
NEWEST_CLOSES = Question("SELECT symbol, max_by(close, session_date) AS close FROM bars GROUP BY symbol")
RUNS = Question("SELECT * FROM runs ORDER BY started_at DESC LIMIT 5")
SYMBOLS = Question(
    """
    SELECT universe.symbol, count(versions.session_date) AS versions, min(versions.session_date) AS first_session,
        max(versions.session_date) AS last_session
    FROM landing.universe LEFT JOIN landing.bar_versions AS versions USING (symbol)
    GROUP BY universe.symbol ORDER BY universe.symbol
    """
)
LIVE_STRATEGY = Question(
    "SELECT * EXCLUDE (strategy_id, grid_order, is_live, ranking_id) FROM strategies WHERE is_live"
)
SESSIONS = Question("SELECT session_date FROM sessions WHERE scenario_id = 0 ORDER BY session_date")
WEIGHTS_ON = Question(
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
    """
)
EXPLANATIONS_ON = Question(
    "SELECT * FROM explanations WHERE session_date = $day ORDER BY rank NULLS LAST, bars IS NULL, symbol",
    "Build it first: `swing backtest`.",
)
TRADES_ON = Question(
    """
    SELECT symbol, side, quantity, filled, average_price, status
    FROM orders WHERE session_date = $day ORDER BY intended_at
    """
)


def folds() -> Question:
    """The folds of the walk-forward, each with its winner and the parameters that the grid varies."""
    from warehouse.settings.strategy import AXES  # noqa: PLC0415 - what asks for no parameter need not wait for them

    return Question(
        f"""
        SELECT fold_id, train_start, test_start, test_end, objective, strategy_name, {", ".join(AXES)}, strategy_id
        FROM walk_forward_folds JOIN strategies USING (strategy_id)
        WHERE scenario_id = 0 ORDER BY fold_id
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
    with _told_if_missing(question):
        return connection.execute(question.sql).df()


def rows(
    connection: duckdb.DuckDBPyConnection, question: Question, values: Mapping[str, Any] | None = None
) -> PlainRows:
    """The same as plain values, which need no library to be imported. Raises LakeError if it was never built."""
    with _told_if_missing(question):
        result = connection.execute(question.sql, dict(values or {}))
        return PlainRows(tuple(column[0] for column in result.description), result.fetchall())


@contextlib.contextmanager
def _told_if_missing(question: Question) -> Iterator[None]:
    try:
        yield
    except duckdb.CatalogException as error:
        missing = re.search(r"with name (\S+) does not exist", str(error))
        what = missing[1] if missing else str(error).splitlines()[0]
        raise LakeError(f"The warehouse does not hold {what} yet. {question.remedy}") from error
    except duckdb.BinderException as error:
        raise LakeError(
            f"The warehouse was built by another version of this program: {str(error).splitlines()[0]} "
            f"{question.remedy}"
        ) from error


def session_on(connection: duckdb.DuckDBPyConnection, day: date | None) -> date:
    """Return the session of a day, or the newest for None.

    Raises:
        LakeError: The day is no session with a bar of the universe; the message names the nearest ones.
    """
    known: list[date] = [each for (each,) in rows(connection, SESSIONS).rows]
    if not known:
        raise LakeError("No session has a bar of the universe yet. Import price bars first: `swing fetch --help`.")
    if day is None:
        return known[-1]
    at = bisect_left(known, day)
    if at < len(known) and known[at] == day:
        return day
    nearest = " and ".join(f"{each}" for each in known[max(at - 1, 0) : at + 1])
    raise LakeError(
        f"{day} is no session with a bar of the universe. Nearest: {nearest}; the warehouse knows {known[0]} to "
        f"{known[-1]}."
    )


def weights_on(connection: duckdb.DuckDBPyConnection, session: date | None) -> PlainRows:
    """The live strategy's target weights of a session, with CASH, as the connection's snapshot knows them.

    Args:
        connection: The lake, for reading.
        session: The session; None for the newest.

    Returns:
        session_date, symbol, weight; CASH last.

    Raises:
        LakeError: The session is unknown at that snapshot.
    """
    day = session_on(connection, session)
    if session is None:  # a held book differs from what the session alone would want
        return rows(connection, LIVE_TARGETS)
    return rows(connection, WEIGHTS_ON, {"day": day})


def explanations_on(connection: duckdb.DuckDBPyConnection, session: date | None) -> PlainRows:
    """The live strategy's decision of a session about each symbol of the universe, best ranks first.

    Returns:
        The columns of `explanations`.

    Raises:
        LakeError: The session is unknown, or the relation was never built.
    """
    day = session_on(connection, session)
    return rows(connection, EXPLANATIONS_ON, {"day": day})


def trades_on(connection: duckdb.DuckDBPyConnection, session: date) -> PlainRows:
    """The orders of a session, as the ledger's marts have them; none where no mart was ever built.

    Returns:
        symbol, side, quantity, filled, average_price, status.
    """
    try:
        return rows(connection, TRADES_ON, {"day": session})
    except LakeError:
        return PlainRows((), [])
