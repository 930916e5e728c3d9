"""Strategies that no build knows, computed in memory by the models and measured over the same sessions: what if."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from research.statistics.metrics import measure, total_return
from research.statistics.samples import SESSIONS_A_YEAR
from warehouse.errors import LakeError
from warehouse.settings.portfolio import live_parameters, strategy_id
from warehouse.settings.strategy import SHARED, StrategyRow
from warehouse.transformation.statements import FEW_BARS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import date

    import duckdb
    from numpy.typing import NDArray

    from research.statistics.samples import FloatArray
    from research.workbench import Bench
    from warehouse.settings.portfolio import Portfolio

    Days = NDArray[np.datetime64]

MEASURED = (
    "cagr",
    "sharpe",
    "calmar",
    "max_drawdown",
    "profit_factor",
    "turnover_annual",
    "total_return",
    "volatility_annual",
)
"""Metrics by the names of backtest_metrics, in its order."""
SHORTEST = 2
"""Sessions without which nothing is measured."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A strategy to try out.

    Attributes:
        name: For people.
        portfolio: The configuration whose live strategy it is.
        is_live: True for the one of the configuration on disk.
    """

    name: str
    portfolio: Portfolio = field(repr=False)
    is_live: bool = False

    @classmethod
    def of(cls, portfolio: Portfolio, told: Collection[str] = (), *, is_live: bool = False) -> Contender:
        """Name a configuration's live strategy by its parameters, and by what is told beside them."""
        row = StrategyRow("", None, is_live, live_parameters(portfolio), told)
        universe = [" ".join(portfolio.universe)] if "universe" in told else []
        return cls(" · ".join([row.name, *universe]), portfolio, is_live)

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters, by their names."""
        return live_parameters(self.portfolio)

    @property
    def identity(self) -> tuple[str, tuple[str, ...]]:
        """Whatever tells it from others: parameters and universe."""
        return strategy_id(self.parameters), tuple(sorted(self.portfolio.universe))

    def with_commission_of(self, minimum: float, maximum: float) -> Contender:
        """Return the same strategy paying at least so much an order, USD, and at most this fraction of its value."""
        return self.with_costs(commission_minimum=minimum, commission_maximum=maximum)

    def with_costs(self, **changes: float) -> Contender:
        """Return the same strategy with some of its costs replaced, by their names in the configuration."""
        costs = self.portfolio.costs.model_copy(update=changes)
        return replace(self, portfolio=self.portfolio.model_copy(update={"costs": costs}), is_live=False)


@dataclass(frozen=True, slots=True)
class Span:
    """The days asked for, both included; None for as far as the bars go."""

    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """A series measured over the common sessions.

    Attributes:
        contender: Its strategy; None for a benchmark, which is bought and held without costs.
        returns: Net, one a session, fractions.
        metrics: By the names of backtest_metrics; NaN where not defined.
    """

    name: str
    contender: Contender | None = field(repr=False)
    returns: FloatArray = field(repr=False)
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """Result of trying strategies out.

    Attributes:
        sessions: The days measured, the same for all: ascending.
        tracks: The contenders in their order, then the benchmark if its bars reach back far enough.
    """

    sessions: Days = field(repr=False)
    tracks: Sequence[Track]


@dataclass(frozen=True, slots=True, eq=False)
class Computed:
    """A strategy's decisions, priced: a value a session of the models' calendar."""

    first_target: date | None
    days: Days = field(repr=False)
    net_returns: FloatArray = field(repr=False)
    turnovers: FloatArray = field(repr=False)


def try_out(bench: Bench, contenders: Sequence[Contender], span: Span, benchmark: str = "") -> Tried:
    """Compute strategies over all history, and measure them over the sessions that all of them can earn on.

    Features are warm at the start of the span, and what was bought before it is not paid again within it.

    Args:
        bench: The bars and the models.
        contenders: The strategies.
        span: Sessions outside of it are not measured.
        benchmark: Symbol of the bench to measure beside them; empty for none.

    Raises:
        LakeError: Too few sessions are left, or a contender has no target at all.
    """
    computed: dict[tuple[str, tuple[str, ...]], Computed] = {}
    prices: tuple[Days, FloatArray] = (np.array([], "datetime64[D]"), np.array([]))
    for group in _groups(contenders):
        with replace(bench, portfolio=group[0].portfolio).opened(_threads(bench)) as connection:
            computed |= compute(bench, connection, group)
            if benchmark and not len(prices[0]):
                prices = closes_of(connection, benchmark)
    tried = compared(contenders, [computed[each.identity] for each in contenders], span)
    held = bought_and_held(tried.sessions, *prices)
    if held is None:
        return tried
    return replace(tried, tracks=[*tried.tracks, track(benchmark, None, held, np.zeros(len(held)))])


def compared(contenders: Sequence[Contender], found: Sequence[Computed], span: Span) -> Tried:
    """Measure what was computed over the sessions of a span that all can earn on. Raises LakeError, as `try_out`."""
    sessions = _common(contenders, found, span)
    tracks = [
        track(each.name, each, _at(sessions, one.days, one.net_returns), _at(sessions, one.days, one.turnovers))
        for each, one in zip(contenders, found, strict=True)
    ]
    return Tried(sessions, tracks)


def _groups(contenders: Sequence[Contender]) -> Iterator[list[Contender]]:
    """Gather what one computation can hold: strategies of one universe that share the windows of the features."""
    groups: dict[tuple[Any, ...], dict[Any, Contender]] = defaultdict(dict)
    for each in contenders:
        shared = tuple(each.parameters[name] for name in SHARED)
        groups[each.identity[1], shared][each.identity] = each
    return (list(group.values()) for group in groups.values())


def _threads(bench: Bench) -> int | None:
    return 1 if bench.bars.num_rows < FEW_BARS else None


def compute(
    bench: Bench,
    connection: duckdb.DuckDBPyConnection,
    group: Sequence[Contender],
    given: Mapping[str, str] | None = None,
) -> dict[tuple[str, tuple[str, ...]], Computed]:
    """Compute strategies by the models.

    Args:
        bench: The models.
        connection: A scratch database, with the bars or with what is given.
        group: Strategies of one universe that share the windows of the features.
        given: Relations that no model need compute, each with its query; that may read landing.strategies.
    """
    rows = [
        StrategyRow(each.identity[0], place, is_live=False, parameters=each.parameters).columns()
        for place, each in enumerate(group, start=1)
    ]
    connection.register("contenders", pa.Table.from_pylist(rows))
    connection.execute("DELETE FROM landing.strategies")
    connection.execute("INSERT INTO landing.strategies BY NAME FROM contenders")
    for relation, query in (given or {}).items():
        connection.execute(f"CREATE TABLE {relation} AS {query}")
    bench.compute(connection, ["backtest_returns"], given or {}, passing=["backtest_returns"])
    columns = connection.execute(
        """
        SELECT grid_order, session_date, net_return, turnover
        FROM backtest_returns JOIN strategies USING (strategy_id)
        ORDER BY grid_order, session_date
        """
    ).fetchnumpy()
    firsts = dict(
        connection.execute("SELECT strategy_id, min(session_date) FROM strategy_allocations GROUP BY ALL").fetchall()
    )
    days = np.asarray(columns["session_date"]).astype("datetime64[D]").reshape(len(group), -1)
    returns = np.asarray(columns["net_return"], dtype=float).reshape(days.shape)
    turnovers = np.asarray(columns["turnover"], dtype=float).reshape(days.shape)
    return {
        each.identity: Computed(firsts.get(each.identity[0]), days[at], returns[at], turnovers[at])
        for at, each in enumerate(group)
    }


def _common(contenders: Sequence[Contender], found: Sequence[Computed], span: Span) -> Days:
    """Return the sessions of the span on which each contender may have earned something."""
    never = [each.name for each, one in zip(contenders, found, strict=True) if one.first_target is None]
    if never:
        raise LakeError(
            f"{never[0]} never has a target: its features need a longer history than the bars that are landed, or no "
            "symbol ever passes its rules. Land more bars, or ask for other parameters."
        )
    start = np.datetime64(max(one.first_target for one in found if one.first_target is not None))
    sessions = np.unique(np.concatenate([one.days for one in found]))
    kept = sessions[sessions > start]
    if span.first is not None:
        kept = kept[kept >= np.datetime64(span.first)]
    if span.last is not None:
        kept = kept[kept <= np.datetime64(span.last)]
    if len(kept) < SHORTEST:
        raise LakeError(
            f"Fewer than {SHORTEST} sessions lie from {span.first or 'the beginning'} to {span.last or 'the end'}: "
            f"what is asked for earns after {start}, and the bars end on {sessions[-1]}. Choose other days."
        )
    return kept


def _at(sessions: Days, days: Days, values: FloatArray) -> FloatArray:
    """Return values by session; a session that another universe alone knows has earned nothing."""
    found: FloatArray = np.where(np.isin(sessions, days), values[np.searchsorted(days, sessions) % len(days)], 0.0)
    return found


def closes_of(connection: duckdb.DuckDBPyConnection, symbol: str) -> tuple[Days, FloatArray]:
    """Return the sessions of a symbol's bars, ascending, and its adjusted closes, USD."""
    columns = connection.execute(
        "SELECT session_date, adj_close FROM bars WHERE symbol = $symbol ORDER BY session_date", {"symbol": symbol}
    ).fetchnumpy()
    return np.asarray(columns["session_date"]).astype("datetime64[D]"), np.asarray(columns["adj_close"], dtype=float)


def bought_and_held(sessions: Days, days: Days, closes: FloatArray) -> FloatArray | None:
    """Return what holding a symbol has earned in each session; None if it has no bar before the first."""
    if not len(days) or days[0] >= sessions[0]:
        return None
    at = np.searchsorted(days, sessions, side="right") - 1
    before = np.append(np.searchsorted(days, sessions[0]) - 1, at[:-1])
    earned: FloatArray = closes[at] / closes[before] - 1
    return earned


def track(name: str, contender: Contender | None, returns: FloatArray, turnovers: FloatArray) -> Track:
    """Measure a series: net returns and turnover, fractions per session. Raises SampleError below two sessions."""
    measured = {str(metric): float(value[0]) for metric, value in measure(returns[None, :]).items()}
    others = {
        "total_return": total_return(returns),
        "turnover_annual": float(turnovers.mean()) * SESSIONS_A_YEAR,
    }
    return Track(name, contender, returns, measured | others)
