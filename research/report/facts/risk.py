"""Losses to expect, by the books of today and by the strategy's history, in figures and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from research.readers import SPY, read_history, read_search
from research.report.facts.crises import WINDOWS, Crisis, CrisisWindow, held, replay
from research.report.facts.series import DRAWS, SEED, Missing, Series, possible, series_of
from research.report.formats import day
from research.report.interpretation import Interpretation, interpret
from research.report.names import BENCHMARK, HINDSIGHT, HONEST, LIVE, WALK_FORWARD
from research.statistics.block_length import optimal_block_length
from research.statistics.bootstrap import Draws
from research.statistics.exposure import (
    Concentration,
    CorrelationStress,
    FactorShock,
    concentration,
    correlation_regime,
    factor_betas,
    shock_factors,
    stress_correlations,
)
from research.statistics.risk import (
    LEVELS,
    KupiecTest,
    TailMethod,
    TailRisk,
    backtest_value_at_risk,
    drawdown_distribution,
    tail_risks,
)
from research.statistics.samples import SESSIONS_A_YEAR, FloatArray, SampleError
from warehouse.errors import LakeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from research.readers import Book, History, SearchRecord
    from warehouse.lake import Lake

SHOCKS = {"SPY": -0.20, "TLT": -0.10, "GLD": -0.15, "XLE": -0.25}
# The other methods estimate a fourth moment, or draw 100,000 times, for every session: too slow to be tested so.
TESTED = (TailMethod.HISTORICAL, TailMethod.NORMAL)
TESTED_OVER = 500
BETA_SESSIONS = 2 * SESSIONS_A_YEAR
PROBABILITIES = (0.5, 0.25, 0.05, 0.01)
DEPTHS = (-0.1, -0.2, -0.3, -0.5)
BINS = 40


@dataclass(frozen=True, slots=True)
class Tested:
    """A method's value at risk against what happened, with the number of exceedances to be expected."""

    method: TailMethod
    test: KupiecTest
    expected: float
    words: Interpretation


@dataclass(frozen=True, slots=True)
class DrawdownOdds:
    """Maximum drawdowns of a year to come, by the block bootstrap.

    Attributes:
        exceeded: Probability -> the depth exceeded with it (a fraction, negative).
        beyond: Depth -> the probability of one at least as deep.
        edges: Of the histogram's bins, depths, one more than there are counts.
    """

    sessions: int
    block_length: float
    exceeded: Mapping[float, float]
    beyond: Mapping[float, float]
    edges: FloatArray
    counts: FloatArray
    words: Interpretation


@dataclass(frozen=True, slots=True)
class Tails:
    """Losses to expect, judged by a series of returns."""

    name: str
    caveat: str
    first: date | None
    last: date | None
    sessions: int
    risks: tuple[TailRisk, ...] | Missing
    tests: tuple[Tested, ...] | Missing
    drawdowns: DrawdownOdds | Missing


@dataclass(frozen=True, slots=True)
class BookRisk:
    """A book, its losses to expect, and the factors that move it."""

    name: str
    session: date
    weights: Mapping[str, float]
    cash: float
    tails: Tails
    concentration: Concentration | Missing
    stress: CorrelationStress | Missing
    shocks: tuple[FactorShock, ...] | Missing
    words: tuple[Interpretation, ...]


@dataclass(frozen=True, slots=True)
class Exposure:
    """Investment of the strategy, on average over its sessions.

    Attributes:
        effective_holdings: 1 / Σ of squared shares of what is invested, over the sessions with positions.
        in_cash: Share of sessions without a position.
    """

    invested: float
    largest: float
    effective_holdings: float
    in_cash: float


@dataclass(frozen=True, slots=True)
class CorrelationHistory:
    """Likeness of the assets' moves, against their own past.

    Attributes:
        left_out: Symbols without a bar in every session measured.
    """

    window: int
    symbols: tuple[str, ...]
    left_out: tuple[str, ...]
    current: float
    percentile: float
    sessions: pd.DatetimeIndex
    averages: FloatArray
    words: Interpretation


@dataclass(frozen=True, slots=True)
class Risk:
    """All facts of `swing risk`."""

    books: tuple[BookRisk, ...]
    histories: tuple[Tails, ...]
    crises: tuple[Crisis, ...]
    not_replayed: tuple[CrisisWindow, ...]
    exposure: Exposure
    regime: CorrelationHistory | Missing


def read_risk(lake: Lake) -> Risk:
    """Measure the risk of what the warehouse holds now.

    Raises:
        LakeError: The backtest was never built.
    """
    with lake.reader() as connection:
        history = read_history(connection)
        try:
            search = read_search(connection)
        except LakeError:  # without a walk-forward there is still a book
            search = None
    return risk_of(history, search)


def risk_of(history: History, search: SearchRecord | None = None) -> Risk:
    """Measure the risk of the books of today and of the strategy's history."""
    series = [series_of(LIVE, HINDSIGHT, history.live)]
    if search is not None:
        series.append(series_of(WALK_FORWARD, HONEST, search.walk_forward))
    sessions = pd.DatetimeIndex(history.benchmarks.index)
    spy = (
        [Series(SPY, "", sessions, history.benchmarks[SPY].to_numpy(dtype=float))] if SPY in history.benchmarks else []
    )
    assets = history.assets
    windows = () if history.is_made_up else WINDOWS  # a made-up market lived through none
    crises = replay(windows, [*series, *spy], assets, history.books)
    lived = {crisis.window for crisis in crises}
    return Risk(
        books=tuple(_book_risk(book, assets) for book in history.books),
        histories=tuple(_tails(each) for each in series),
        crises=tuple(crises),
        not_replayed=tuple(window for window in windows if window not in lived),
        exposure=_exposure(history),
        regime=possible(lambda: _regime(history)),
    )


def benchmarks_of(history: History) -> list[Series]:
    """Return the benchmarks that the bars allow."""
    sessions = pd.DatetimeIndex(history.benchmarks.index)
    return [
        Series(str(name), BENCHMARK, sessions, returns.to_numpy(dtype=float))
        for name, returns in history.benchmarks.items()
    ]


def _tails(series: Series) -> Tails:
    known = len(series.returns) > 0
    return Tails(
        name=series.name,
        caveat=series.caveat,
        first=series.sessions[0].date() if known else None,
        last=series.sessions[-1].date() if known else None,
        sessions=len(series.returns),
        risks=possible(lambda: tail_risks(series.returns, SEED)),
        tests=possible(lambda: tuple(_tested(series, method, level) for level in LEVELS for method in TESTED)),
        drawdowns=possible(lambda: _drawdown_odds(series.returns)),
    )


def _tested(series: Series, method: TailMethod, level: float) -> Tested:
    test = backtest_value_at_risk(series.returns, method, level, TESTED_OVER)
    return Tested(method, test, test.expected, interpret(test))


def _drawdown_odds(returns: FloatArray) -> DrawdownOdds:
    draws = Draws(optimal_block_length(returns), DRAWS, SEED)
    distribution = drawdown_distribution(returns, draws, SESSIONS_A_YEAR)
    counts, edges = np.histogram(distribution.depths, BINS)
    return DrawdownOdds(
        sessions=distribution.sessions,
        block_length=draws.block_length,
        exceeded={probability: distribution.depth(probability) for probability in PROBABILITIES},
        beyond={depth: distribution.probability_beyond(depth) for depth in DEPTHS},
        edges=edges,
        counts=counts.astype(np.float64),
        words=interpret(distribution),
    )


def _book_risk(book: Book, assets: pd.DataFrame) -> BookRisk:
    symbols = list(book.weights)
    common = assets.reindex(columns=symbols).dropna()
    weights = np.array([book.weights[symbol] for symbol in symbols])
    series = held(book.weights, common)
    start = f", which limits it to the {len(common):,} sessions that all of them have" if symbols else ""
    caveat = f"Its weights of {day(book.session_date)}, kept over the past of its symbols{start}; no costs."
    recent = common[-SESSIONS_A_YEAR:].to_numpy(dtype=float).T
    covariance = np.atleast_2d(np.cov(recent)) if symbols and len(common) > 1 else np.empty((len(symbols),) * 2)
    spread = possible(lambda: concentration(weights, covariance))
    stress = possible(lambda: _stressed(weights, covariance))
    found = (spread, stress)
    return BookRisk(
        name=book.name,
        session=book.session_date.date(),
        weights=book.weights,
        cash=1 - float(weights.sum()),
        tails=_tails(Series(book.name, caveat, series.sessions, series.returns)),
        concentration=spread,
        stress=stress,
        shocks=possible(lambda: _shocked(symbols, weights, assets)),
        words=tuple(interpret(each) for each in found if not isinstance(each, Missing)),
    )


def _stressed(weights: FloatArray, covariance: FloatArray) -> CorrelationStress:
    if len(weights) < 2:  # noqa: PLR2004 - a correlation takes two
        raise SampleError("Fewer than two positions have no correlation that could rise.")
    return stress_correlations(weights, covariance)


def _shocked(symbols: Sequence[str], weights: FloatArray, assets: pd.DataFrame) -> tuple[FactorShock, ...]:
    shocks = {factor: shock for factor, shock in SHOCKS.items() if factor in assets}
    if not symbols or not shocks:
        raise SampleError("All is cash, which no factor moves." if shocks else f"No bars of {', '.join(SHOCKS)}.")
    recent = assets.reindex(columns=[*dict.fromkeys([*symbols, *shocks])]).dropna()[-BETA_SESSIONS:]
    betas = factor_betas(recent[list(symbols)].to_numpy().T, recent[list(shocks)].to_numpy().T)
    return shock_factors(weights, betas, shocks)


def _exposure(history: History) -> Exposure:
    weights = history.holdings.pivot_table(index="session_date", columns="symbol", values="weight", fill_value=0)
    decided = history.live["session_date"]
    # Sessions without a position have no row of holdings.
    rows = weights.reindex(pd.DatetimeIndex(decided), fill_value=0).to_numpy(dtype=float)
    invested = rows.sum(axis=1)
    positioned = invested > 0
    shares = rows[positioned] / invested[positioned, None]
    return Exposure(
        invested=float(invested.mean()),
        largest=float(rows.max(axis=1).mean()),
        effective_holdings=float((1 / (shares**2).sum(axis=1)).mean()),
        in_cash=float(1 - positioned.mean()),
    )


def _regime(history: History) -> CorrelationHistory:
    universe = history.assets.reindex(columns=list(history.universe))
    since = universe[universe.index >= history.live["session_date"].iloc[0]]
    whole = since.dropna(axis="columns")
    regime = correlation_regime(whole.to_numpy(dtype=float).T)
    return CorrelationHistory(
        window=regime.window,
        symbols=tuple(whole.columns),
        left_out=tuple(symbol for symbol in history.universe if symbol not in whole),
        current=regime.current,
        percentile=regime.percentile,
        sessions=pd.DatetimeIndex(whole.index[regime.window - 1 :]),
        averages=regime.averages,
        words=interpret(regime),
    )
