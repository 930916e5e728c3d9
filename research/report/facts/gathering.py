"""Gathering of all facts of the tear sheet, before a word of it is written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from research.dearer_trading import commission_effect
from research.readers import read_history, read_search
from research.report.facts.account import read_accounts
from research.report.facts.figures import figures_of, rolling_figures, yearly_returns
from research.report.facts.holdings import holdings_of
from research.report.facts.inquiries import read_inquiries
from research.report.facts.luck import Evidence, luck_of, read_permutations
from research.report.facts.risk import benchmarks_of, risk_of
from research.report.facts.selection import PARAMETERS, selection_of
from research.report.facts.series import (
    Missing,
    measured,
    monthly_returns,
    possible,
    resampling,
    series_of,
    sharpe_differences,
    worst_drawdowns,
)
from research.report.facts.trades import trades_of
from research.report.formats import length_caveat
from research.report.names import HINDSIGHT, HONEST, LIVE, WALK_FORWARD
from research.statistics.samples import SESSIONS_A_YEAR
from warehouse.settings.portfolio import load_portfolio

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import pandas as pd

    from research.dearer_trading import CommissionEffect
    from research.readers import History
    from research.report.facts.account import AccountCurves, AccountRecord
    from research.report.facts.figures import Rolling, SeriesFigures, YearlyReturns
    from research.report.facts.holdings import Holdings
    from research.report.facts.inquiries import Inquiry
    from research.report.facts.luck import Luck
    from research.report.facts.risk import Risk
    from research.report.facts.selection import Selection
    from research.report.facts.series import Difference, Drawdown, MeasuredSeries, Series
    from research.report.facts.trades import TradeRecord
    from warehouse.lake import Lake
    from warehouse.sources.base import Progress

STEPS = 6
"""Of the progress: reading, measuring, choosing, luck, risk, drawing."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Origin of the facts: snapshot, parameters, universe, sources."""

    snapshot: int
    as_of: date
    parameters_hash: str
    strategy_id: str
    strategy_name: str
    parameters: Mapping[str, float]
    universe: tuple[str, ...]
    sources: tuple[str, ...]
    is_made_up: bool
    initial_equity: float


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Series that pictures are drawn from.

    Attributes:
        live: Over all its sessions.
        walk_forward: Over all its sessions.
        benchmarks: Over the sessions of `live`.
        accounts: Each over its own sessions.
    """

    live: Series
    walk_forward: Series
    benchmarks: tuple[Series, ...]
    accounts: tuple[AccountCurves, ...] = ()

    @property
    def since(self) -> tuple[Series, ...]:
        """Every series over the sessions of the walk-forward, which comes first."""
        first, last = self.walk_forward.sessions[0], self.walk_forward.sessions[-1]
        return (self.walk_forward, *(each.between(first, last) for each in (self.live, *self.benchmarks)))


@dataclass(frozen=True, slots=True)
class Facts:
    """All facts of the tear sheet.

    Attributes:
        whole: The live strategy over all sessions.
        common: Every series over the sessions of the walk-forward, which comes first.
        differences: Sharpe ratios of the first of `common` less those of the others.
        accounts: Those of the ledger beside the backtest; empty where nothing was traded.
        inquiries: The newest search and checks, by kind; empty where nobody asked.
        commission: What the broker's minimum commission would leave; None where the costs have one.
        figures: Of every series over the sessions of the walk-forward, in the order of `common`.
        figures_whole: Of the live strategy and the benchmarks over all sessions.
        monthly: Returns of the live parameters by year, columns Jan to Dec and Year.
        monthly_honest: Likewise, of the walk-forward.
        yearly: Returns of every series by year, over the sessions of each.
        benchmark: The first benchmark's name; empty where no bars allow one.
    """

    provenance: Provenance
    whole: MeasuredSeries | Missing
    common: tuple[MeasuredSeries | Missing, ...]
    differences: tuple[Difference, ...] | Missing
    figures: tuple[SeriesFigures | Missing, ...]
    figures_whole: tuple[SeriesFigures | Missing, ...]
    drawdowns: Mapping[str, tuple[Drawdown, ...]]
    monthly: pd.DataFrame
    monthly_honest: pd.DataFrame
    yearly: YearlyReturns
    benchmark: str
    rolling: tuple[Rolling, ...]
    holdings: Holdings
    trades: TradeRecord
    selection: Selection
    luck: Luck
    risk: Risk
    commission: CommissionEffect | None
    accounts: tuple[AccountRecord, ...]
    inquiries: Mapping[str, Inquiry]

    @property
    def caveat(self) -> str:
        """The caveat of the shortest history's annual figures; empty where they need none."""
        return length_caveat(min(each.sessions for each in self.risk.histories))


def gather(lake: Lake, progress: Progress) -> tuple[Facts, Curves]:
    """Read and measure everything.

    Args:
        lake: The lake, read at one snapshot.
        progress: Told (done, total, label).

    Raises:
        ConfigurationError: The configuration is not valid.
        LakeError: The backtest or the walk-forward was never built, or the history is too short for one.
    """
    benchmarks = load_portfolio(lake.home).report.benchmarks
    progress(0, STEPS, "reading the warehouse")
    with lake.reader() as connection:
        history, search = read_history(connection, benchmarks), read_search(connection)
        permutations, inquiries = read_permutations(connection), read_inquiries(connection)
        live = series_of(LIVE, HINDSIGHT, history.live)
        accounts = read_accounts(connection, live)
    curves = Curves(
        live,
        series_of(WALK_FORWARD, HONEST, search.walk_forward),
        tuple(benchmarks_of(history)),
        tuple(lines for _, lines in accounts),
    )
    benchmark = curves.benchmarks[0] if curves.benchmarks else None
    # Most of the work is numpy's, which leaves the interpreter to a second thread.
    with ThreadPoolExecutor(1) as beside:
        risk = beside.submit(risk_of, history, search)
        progress(1, STEPS, "resampling histories")
        whole = possible(partial(_measured, live))
        common = tuple(possible(partial(_measured, each)) for each in curves.since)
        differences = possible(lambda: sharpe_differences(curves.since))
        progress(2, STEPS, "following the choices")
        selection, holdings = selection_of(history, search), holdings_of(history)
        progress(3, STEPS, "asking what luck explains")
        commission = commission_effect(lake, str(history.settings["parameters_hash"]))
        luck = luck_of(Evidence(live, curves.walk_forward, search.trials, benchmark), permutations)
        progress(4, STEPS, "measuring risk")
        facts = Facts(
            provenance=_provenance(history),
            whole=whole,
            common=common,
            differences=differences,
            figures=figures_of(curves.since, curves.since[2] if benchmark else None),
            figures_whole=figures_of((live, *curves.benchmarks), benchmark),
            drawdowns={each.name: worst_drawdowns(each) for each in (live, curves.walk_forward)},
            monthly=monthly_returns(live),
            monthly_honest=monthly_returns(curves.walk_forward),
            yearly=yearly_returns((live, curves.walk_forward, *curves.benchmarks)),
            benchmark=benchmark.name if benchmark else "",
            rolling=tuple(rolling_figures(each, benchmark) for each in (live, curves.walk_forward)),
            holdings=holdings,
            trades=trades_of(history.trades, len(live.returns) / SESSIONS_A_YEAR),
            selection=selection,
            luck=luck,
            risk=risk.result(),
            commission=commission,
            accounts=tuple(record for record, _ in accounts),
            inquiries=inquiries,
        )
    return facts, curves


def _provenance(history: History) -> Provenance:
    row = history.parameters
    return Provenance(
        snapshot=history.snapshot,
        as_of=history.live["session_date"].iloc[-1].date(),
        parameters_hash=str(history.settings["parameters_hash"]),
        strategy_id=str(row["strategy_id"]),
        strategy_name=str(row["strategy_name"]),
        parameters={name: row[name] for name in PARAMETERS},
        universe=history.universe,
        sources=history.sources,
        is_made_up=history.is_made_up,
        initial_equity=float(row["initial_equity"]),
    )


def _measured(series: Series) -> MeasuredSeries:
    return measured(series, resampling(series))
