"""Typed reads for risk and the tear sheet: histories, books, benchmarks, trials and folds, all of one snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from warehouse.errors import LakeError
from warehouse.lake import current_snapshot
from warehouse.readers import LIVE_DAILY, LIVE_TARGETS, Question, answer, folds
from warehouse.settings.strategy import AXES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb
    from numpy.typing import NDArray

CASH = "CASH"
MADE_UP = "synthetic"
"""The source of the sample market, which shares a warehouse with no other."""
SPY, IEF, SIXTY_FORTY, EQUAL_WEIGHT = "SPY", "IEF", "60/40", "Equal weight"
BENCHMARKS = (SPY, SIXTY_FORTY, EQUAL_WEIGHT)
"""Where the configuration names no others."""

STRATEGIES = Question(
    f"""
    SELECT strategy_id, strategy_name, grid_order, is_live, {", ".join(AXES)}, initial_equity,
        sessions, cagr, sharpe, calmar, max_drawdown, profit_factor, turnover_annual, volatility_annual
    FROM strategies LEFT JOIN (FROM backtest_metrics WHERE scenario_id = 0) AS metrics USING (strategy_id)
    ORDER BY grid_order NULLS LAST
    """
)
SETTINGS = Question("SELECT parameters_hash, train_months, test_months, objective FROM landing.settings")
LIVE_HOLDINGS = Question(
    """
    SELECT session_date, symbol, weight, weight * next_return AS contribution
    FROM held_allocations JOIN holdings USING (allocation_id)
    SEMI JOIN (SELECT strategy_id FROM strategies WHERE is_live) USING (strategy_id)
    WHERE scenario_id = 0 ORDER BY session_date, symbol
    """
)
# A session without a bar of the symbol is null here; the symbol's next return catches up.
ASSET_RETURNS = Question(
    """
    WITH returns AS (
        SELECT symbol, session_date,
            adj_close / lag(adj_close) OVER (PARTITION BY symbol ORDER BY session_date) - 1 AS ret
        FROM bars SEMI JOIN (
            SELECT symbol FROM landing.universe UNION SELECT unnest(['SPY', 'IEF']) UNION SELECT unnest($beside)
        ) USING (symbol)
    )
    SELECT session_date, symbol, ret
    FROM returns SEMI JOIN (SELECT session_date FROM sessions WHERE scenario_id = 0) USING (session_date)
    WHERE ret IS NOT NULL ORDER BY session_date, symbol
    """
)
SOURCES = Question("SELECT DISTINCT source FROM landing.bar_versions ORDER BY source")
UNIVERSE = Question("SELECT symbol FROM landing.universe ORDER BY symbol")
# A trade that is not closed has been held in its newest session as well, which has earned nothing yet.
TRADES = Question(
    f"""
    SELECT trades.symbol, entry_session AS entry, exit_session AS exit, exit_session IS NOT NULL AS is_closed,
        sessions_held + if(exit_session IS NULL, 1, 0) AS sessions, trades.weight, coalesce(gross_return, 0) AS gain,
        coalesce(sum(contribution ORDER BY session_date), 0) AS contribution
    FROM backtest_trades AS trades JOIN ({LIVE_HOLDINGS.sql}) AS held
        ON trades.symbol = held.symbol AND session_date >= entry_session
            AND (exit_session IS NULL OR session_date < exit_session)
    GROUP BY ALL ORDER BY entry DESC, trades.symbol
    """
)
POSITIONS = Question(
    """
    SELECT account_id, session_date, symbol, weight FROM positions
    WHERE weight IS NOT NULL
    QUALIFY dense_rank() OVER (PARTITION BY account_id ORDER BY session_date DESC) = 1
    ORDER BY account_id, symbol
    """
)
TRIALS = Question(
    """
    SELECT strategy_id, list(net_return ORDER BY session_date) AS net_returns
    FROM backtest_returns WHERE scenario_id = 0 AND session_date > (
        SELECT min(session_date)
        FROM strategy_allocations SEMI JOIN (SELECT strategy_id FROM strategies WHERE is_live) USING (strategy_id)
        WHERE scenario_id = 0
    )
    GROUP BY strategy_id
    """
)
WALK_FORWARD = Question(
    """
    SELECT session_date, fold_id, is_invested, gross_return, cost, net_return, turnover, equity, drawdown
    FROM walk_forward_daily WHERE scenario_id = 0 ORDER BY session_date
    """
)


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """Positions that are held, or are to be held. Weights are fractions of equity; the rest is cash."""

    name: str
    session_date: pd.Timestamp
    weights: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """The live strategy's past, with that of its assets and of the benchmarks.

    Attributes:
        sources: Names of the bar sources.
        parameters: The live strategy's row: its parameters and its metrics.
        live: One row a session it could earn on: session_date, gross_return, cost, net_return, turnover.
        holdings: session_date, symbol, weight, and contribution: what it earned to the next close, fraction of equity.
        assets: Returns to each session's close, sessions by symbols; null without a bar.
        benchmarks: Returns, sessions by benchmark; only those whose bars reach back to the strategy's first session.
        trades: One row a symbol held without a break, newest first: symbol, entry, exit (null while it is held),
            is_closed, sessions, weight, gain, contribution.
    """

    snapshot: int
    sources: tuple[str, ...]
    parameters: Mapping[str, Any]
    settings: Mapping[str, Any]
    universe: tuple[str, ...]
    live: pd.DataFrame
    holdings: pd.DataFrame
    books: tuple[Book, ...]
    assets: pd.DataFrame
    benchmarks: pd.DataFrame
    trades: pd.DataFrame

    @property
    def is_made_up(self) -> bool:
        """True where the bars are the sample market's."""
        return MADE_UP in self.sources


@dataclass(frozen=True, slots=True, eq=False)
class SearchRecord:
    """Record of every strategy that was tried before the parameters were chosen.

    Attributes:
        strategies: One row a strategy, the grid's in its order: parameters and metrics.
        trials: Net returns, strategies (in that order) by sessions of `History.live`.
        walk_forward: One row a session out of sample, from the first it could earn on.
        folds: One row a fold: its windows, its winner's parameters and objective.
    """

    strategies: pd.DataFrame
    trials: NDArray[np.float64]
    walk_forward: pd.DataFrame
    folds: pd.DataFrame


def read_history(connection: duckdb.DuckDBPyConnection, benchmarks: Sequence[str] = BENCHMARKS) -> History:
    """Read the live strategy's past.

    Args:
        connection: The lake, at one snapshot.
        benchmarks: Symbols, 60/40 (SPY and IEF), Equal weight (of the universe), the first before the others.

    Raises:
        LakeError: The backtest was never built, or the history is too short for a first target and a session after it.
    """
    holdings = answer(connection, LIVE_HOLDINGS)
    if holdings.empty:
        raise LakeError(
            "The live strategy has had no target yet: its features are still warming up. "
            "Import a longer history (`swing fetch`), then `swing backtest`."
        )
    live = answer(connection, LIVE_DAILY)
    live = live[live["session_date"] > holdings["session_date"].min()].reset_index(drop=True)
    if live.empty:
        raise LakeError(
            "The live strategy has its first target in the newest session: nothing is earned yet. "
            "Land a later session (`swing fetch`), then `swing backtest`."
        )
    strategies = answer(connection, STRATEGIES)
    universe = tuple(answer(connection, UNIVERSE)["symbol"])
    assets = _asset_returns(connection, benchmarks)
    needed = assets.columns.isin([*universe, SPY, IEF])
    return History(
        snapshot=current_snapshot(connection),
        sources=tuple(answer(connection, SOURCES)["source"]),
        parameters=_first(strategies[strategies["is_live"]]),
        settings=_first(answer(connection, SETTINGS)),
        universe=universe,
        live=live,
        holdings=holdings,
        books=_books(connection),
        assets=assets.loc[:, needed],
        benchmarks=_mixed(assets, benchmarks, universe, pd.DatetimeIndex(live["session_date"])),
        trades=answer(connection, TRADES),
    )


def read_benchmarks(
    connection: duckdb.DuckDBPyConnection, wanted: Sequence[str], sessions: pd.DatetimeIndex
) -> pd.DataFrame:
    """Read benchmarks alone: returns, sessions by benchmark; only those whose bars reach back to the first session."""
    universe = answer(connection, UNIVERSE)["symbol"].tolist()
    return _mixed(_asset_returns(connection, wanted), wanted, universe, sessions)


def read_search(connection: duckdb.DuckDBPyConnection) -> SearchRecord:
    """Read the trials and the walk-forward.

    Raises:
        LakeError: The walk-forward was never built, or the history is too short for one fold.
    """
    daily = answer(connection, WALK_FORWARD)
    invested = daily.loc[daily["is_invested"], "session_date"]
    measured = daily[daily["session_date"] > invested.min()] if len(invested) else daily[:0]
    if measured.empty:
        raise LakeError(
            "The walk-forward has no session out of sample, without which a report would show hindsight alone. "
            "Import a longer history, or shorten walk_forward.train_months; then `swing walkforward`."
        )
    strategies = answer(connection, STRATEGIES)
    rows = dict(connection.execute(TRIALS.sql).fetchall())
    trials = np.array([rows[strategy] for strategy in strategies["strategy_id"]], dtype=np.float64)
    return SearchRecord(strategies, trials, measured.reset_index(drop=True), answer(connection, folds()))


def if_built(connection: duckdb.DuckDBPyConnection, question: Question) -> pd.DataFrame:
    """Return the answer, or an empty frame where the relation was never made."""
    try:
        return answer(connection, question)
    except LakeError:
        return pd.DataFrame()


def _asset_returns(connection: duckdb.DuckDBPyConnection, beside: Sequence[str]) -> pd.DataFrame:
    """Read returns, sessions by symbols: the universe's, those of the mixes, and others."""
    returns = connection.execute(ASSET_RETURNS.sql, {"beside": [*beside]}).df()
    return returns.set_index(["session_date", "symbol"])["ret"].unstack()  # noqa: PD010 - each is there once


def _mixed(
    assets: pd.DataFrame, wanted: Sequence[str], universe: Sequence[str], sessions: pd.DatetimeIndex
) -> pd.DataFrame:
    """Mix returns, brought back to their weights at every close; an asset without a bar does not move."""
    known = assets.columns[assets.loc[: sessions[0]].notna().any()]
    moves = assets.reindex(sessions)
    mixed = {}
    for name in wanted:
        if name == EQUAL_WEIGHT:
            mixed[name] = moves.reindex(columns=[*universe]).mean(axis="columns")
        elif name == SIXTY_FORTY and {SPY, IEF} <= {*known}:
            mixed[name] = 0.6 * moves[SPY].fillna(0) + 0.4 * moves[IEF].fillna(0)
        elif name in known:
            mixed[name] = moves[name]
    return pd.DataFrame(mixed, index=sessions).fillna(0)


def _books(connection: duckdb.DuckDBPyConnection) -> tuple[Book, ...]:
    targets = answer(connection, LIVE_TARGETS)
    books = [_book("Targets", targets)] if len(targets) else []
    positions = if_built(connection, POSITIONS)
    accounts = positions.groupby("account_id", sort=True) if len(positions) else ()
    books += [_book(f"Account {account}", frame) for account, frame in accounts]
    return tuple(books)


def _book(name: str, frame: pd.DataFrame) -> Book:
    held = frame[(frame["symbol"] != CASH) & (frame["weight"] != 0)]
    weights = dict(zip(held["symbol"].tolist(), held["weight"].tolist(), strict=True))
    return Book(name, pd.Timestamp(frame["session_date"].iloc[0]), weights)


def _first(frame: pd.DataFrame) -> dict[str, Any]:
    return {name: frame[name].tolist()[0] for name in frame.columns} if len(frame) else {}
