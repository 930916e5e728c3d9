"""The facts, computed again from the bars and from the warehouse's own tables by other means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from report_market import LATE

from research.readers import read_benchmarks, read_history
from research.report.facts.figures import PERIODS
from research.report.facts.series import Missing
from research.statistics.metrics import Metric
from warehouse import readers

if TYPE_CHECKING:
    from lakes import World
    from report_market import Gathered, Read

    from warehouse.lake import Lake

EXACT = 1e-12


def closes(world: World) -> pd.DataFrame:
    """Adjusted closes, sessions by symbols."""
    table: pd.DataFrame = world.bars.pivot_table(index="session_date", columns="symbol", values="adj_close")
    return table.set_axis(pd.DatetimeIndex(table.index))


def test_the_live_metrics_are_the_warehouses(gathered: Gathered, report_lake: Lake) -> None:
    """What the page says of the live parameters is what backtest_metrics says."""
    live = gathered.facts.whole
    published = readers.ask(report_lake, readers.LIVE_METRICS).iloc[0]
    assert not isinstance(live, Missing)
    for metric in Metric:
        assert live.metrics[metric].estimate == pytest.approx(published[metric], rel=1e-9)
    assert live.sessions == published["sessions"]


def test_the_walk_forwards_metrics_are_the_warehouses(gathered: Gathered, report_lake: Lake) -> None:
    """What the page says of the walk-forward is what walk_forward_metrics says."""
    honest = gathered.facts.common[0]
    published = readers.ask(report_lake, readers.WALK_FORWARD_METRICS).iloc[0]
    assert not isinstance(honest, Missing)
    for metric in Metric:
        assert honest.metrics[metric].estimate == pytest.approx(published[metric], rel=1e-9)


def test_intervals_hold_their_estimates(gathered: Gathered) -> None:
    """Sharpe ratio and CAGR lie within their intervals, for every series."""
    for measured in (gathered.facts.whole, *gathered.facts.common):
        assert not isinstance(measured, Missing)
        for metric in (Metric.SHARPE, Metric.CAGR):
            found = measured.metrics[metric]
            assert found.low is not None
            assert found.estimate is not None
            assert found.high is not None
            assert found.low < found.estimate < found.high


def test_benchmarks_are_mixes_of_returns(read: Read, report_world: World) -> None:
    """SPY, 60/40 and the equal weights of what exists, brought back to their weights at every close."""
    returns = closes(report_world).pct_change(fill_method=None)
    expected = pd.DataFrame(
        {
            "SPY": returns["SPY"],
            "60/40": 0.6 * returns["SPY"] + 0.4 * returns["IEF"],
            "Equal weight": returns.mean(axis="columns"),
        }
    ).loc[read.history.benchmarks.index]
    np.testing.assert_allclose(read.history.benchmarks, expected, atol=EXACT)
    assert list(read.history.benchmarks) == ["SPY", "60/40", "Equal weight"]


def test_benchmarks_are_those_that_are_asked_for(report_lake: Lake, report_world: World) -> None:
    """Symbols and mixes in their order; a symbol without bars, or with a first bar too late, is left out."""
    with report_lake.reader() as connection:
        history = read_history(connection, ["GLD", "NONE", LATE, "60/40"])
        alone = read_benchmarks(connection, ["GLD"], pd.DatetimeIndex(history.live["session_date"]))
    assert list(history.benchmarks) == ["GLD", "60/40"]
    expected = closes(report_world)["GLD"].pct_change(fill_method=None).loc[history.benchmarks.index]
    np.testing.assert_allclose(history.benchmarks["GLD"], expected, atol=EXACT)
    np.testing.assert_array_equal(alone["GLD"], history.benchmarks["GLD"])


def test_trades_are_the_holdings_without_a_break(gathered: Gathered, read: Read) -> None:
    """Each session's holding belongs to one trade; the contributions add up, and gains compound the symbol's closes."""
    record = gathered.facts.trades
    assert sum(trade.sessions for trade in record.trades) == len(read.history.holdings)
    total = sum(trade.contribution for trade in record.trades)
    assert total == pytest.approx(read.history.holdings["contribution"].sum(), abs=EXACT)
    sessions = pd.DatetimeIndex(read.history.assets.index)
    for trade in record.trades[:20]:
        held = read.history.holdings.query("symbol == @trade.symbol")["session_date"]
        last = trade.exit or sessions[-1].date()
        inside = sessions[(sessions >= pd.Timestamp(trade.entry)) & (sessions <= pd.Timestamp(last))]
        assert len(inside) - (trade.exit is not None) == trade.sessions
        assert set(inside[: trade.sessions]) <= set(held)
        moved = read.history.assets[trade.symbol].reindex(inside[1:]).fillna(0)
        assert trade.gain == pytest.approx(np.prod(1 + moved) - 1, abs=1e-9)
    closed = [trade for trade in record.trades if trade.exit]
    assert record.count == len(closed) > 20
    assert record.mean_sessions == pytest.approx(np.mean([trade.sessions for trade in closed]))


def test_the_best_and_worst_are_found_again(gathered: Gathered) -> None:
    """Days, months and years of the live parameters, grouped by pandas' own calendar."""
    live = gathered.curves.live
    found = gathered.facts.figures_whole[0]
    assert not isinstance(found, Missing)
    returns = pd.Series(live.returns, live.sessions)
    for period, frequency in (("day", "D"), ("month", "ME"), ("year", "YE")):
        by = (1 + returns).resample(frequency).prod()[lambda each: each != 1] - 1
        assert found.periods[period].best.value == pytest.approx(by.max())
        assert found.periods[period].worst.value == pytest.approx(by.min())
        assert pd.DatetimeIndex([by.idxmin()]).strftime(PERIODS[period])[0] == found.periods[period].worst.period
        assert found.periods[period].win_rate == pytest.approx((by > 0).sum() / (by != 0).sum())
    assert found.against is not None
    assert gathered.facts.yearly.series[live.name][-1] == pytest.approx(gathered.facts.holdings.years[-1].net)


def test_contributions_add_up_to_the_gross_returns(gathered: Gathered, read: Read) -> None:
    """What the symbols contributed is what was earned before costs, to the last digit of a sum."""
    total = sum(each.total for each in gathered.facts.holdings.contributions)
    # The first session's earnings are those of the first target.
    assert total == pytest.approx(read.history.live["gross_return"].sum(), abs=EXACT)


def test_years_compound_to_the_whole(gathered: Gathered) -> None:
    """The years' returns compound to the growth, before and after costs; the months' do likewise."""
    holdings = gathered.facts.holdings
    assert np.prod([1 + year.net for year in holdings.years]) == pytest.approx(holdings.net_growth, rel=1e-12)
    assert np.prod([1 + year.gross for year in holdings.years]) == pytest.approx(holdings.gross_growth, rel=1e-12)
    assert np.prod(1 + gathered.facts.monthly["Year"]) == pytest.approx(holdings.net_growth, rel=1e-12)
    assert gathered.curves.live.growth[-1] == pytest.approx(holdings.net_growth, rel=1e-12)


def test_folds_compound_to_the_walk_forward(gathered: Gathered) -> None:
    """The folds' test returns compound to the walk-forward's growth, and every fold is there once."""
    folds = gathered.facts.selection.folds
    assert np.prod([1 + fold.total for fold in folds]) == pytest.approx(gathered.curves.walk_forward.growth[-1])
    assert len({fold.fold_id for fold in folds}) == len(folds)
    for tally in gathered.facts.selection.tallies:
        assert sum(tally.counts.values()) == len(folds)


def test_a_winners_training_is_measured_inside_its_window(gathered: Gathered, read: Read) -> None:
    """Each fold's Sharpe ratio before is the winner's over the train window alone."""
    sessions = pd.DatetimeIndex(read.history.live["session_date"])
    rows = dict(zip(read.search.strategies["strategy_id"], read.search.trials, strict=True))
    winners = read.search.folds.set_index("fold_id")["strategy_id"]
    for fold in gathered.facts.selection.folds:
        inside = (sessions >= pd.Timestamp(fold.train_start)) & (sessions < pd.Timestamp(fold.test_start))
        returns = rows[winners[fold.fold_id]][inside]
        assert fold.trained == pytest.approx(returns.mean() / returns.std(ddof=1) * np.sqrt(252), rel=1e-9)


def test_trials_are_the_recorded_returns(read: Read, report_lake: Lake) -> None:
    """Every trial is a row of the warehouse, over the sessions of the live strategy."""
    recorded = readers.ask(
        report_lake, readers.Question("SELECT * FROM backtest_returns WHERE scenario_id = 0")
    ).pivot_table(index="session_date", columns="strategy_id", values="net_return")
    expected = recorded.loc[pd.DatetimeIndex(read.history.live["session_date"]), read.search.strategies["strategy_id"]]
    np.testing.assert_array_equal(read.search.trials, expected.to_numpy().T)


def test_the_neighbourhood_counts_single_steps(gathered: Gathered) -> None:
    """Of a grid of two by two by two by one, each strategy has three neighbours."""
    near = gathered.facts.selection.neighbourhood
    assert not isinstance(near, Missing)
    assert near.neighbours == 3
    assert near.trials == 8


def test_every_statistic_of_overfitting_is_answered(gathered: Gathered) -> None:
    """Nine judgements, none left open, each in words and with its number where there is one."""
    luck = gathered.facts.luck
    assert not luck.unanswered
    assert [judgement.words.statistic for judgement in luck.judgements] == [
        "Probabilistic Sharpe ratio",
        "Minimum track record length",
        "Probabilistic Sharpe ratio",
        "Minimum track record length",
        "Deflated Sharpe ratio",
        "Deflated Sharpe ratio",
        "Probability of backtest overfitting",
        "Combinatorial purged cross-validation",
        "Reality check and superior predictive ability",
    ]
