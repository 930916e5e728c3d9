"""The permutation test: history is history's, luck is uniform, an edge is found, a killed run goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from benches import bench_of
from lakes import SMALL_GRID, land_lake
from lakes import World as Market
from markets import MARKETS
from scipy import stats

from research.permutation.experiment import Design, PermutationTest
from research.permutation.record import recorded
from research.permutation.worlds import PermutationWindow, World, p_value
from research.workbench import Bench, put
from warehouse.calendar.sessions import sessions
from warehouse.errors import LakeError
from warehouse.settings.portfolio import Objective
from warehouse.sources.base import silent

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from research.workbench import Models
    from warehouse.lake import Lake

QUICK: dict[str, Any] = {
    "strategy": {
        "ema_fast": 4,
        "ema_slow": 8,
        "top_n": 1,
        "corr_window": 10,
        "corr_min_obs": 5,
        "atr_window": 5,
        "vol_window": 5,
    },
    "grid": {"ema_fast": [2, 4], "ema_slow": [8], "top_n": [1, 2], "corr_cap": [0.9]},
}
"""Four strategies that are warm after eleven bars."""

SYMBOLS = ("AAA", "BBB", "CCC", "DDD")
LENGTH = 90
DAYS = sessions(date(2014, 1, 2), date(2016, 12, 31))
INSIDE = PermutationWindow(date(2014, 6, 2), date(2014, 11, 3))
GRIDDED = {"grid": dict(SMALL_GRID), "walk_forward": {"train_months": 6, "test_months": 3}}


def prices(returns: NDArray[np.float64], noise: NDArray[np.float64]) -> pd.DataFrame:
    """Make staged bars whose closes move by `returns` (sessions by symbols), within small ranges."""
    close = 100 * np.cumprod(1 + returns, axis=0)
    before = np.vstack([np.full(close.shape[1], 100.0), close[:-1]])
    opened = before * (1 + 0.2 * noise)
    days, symbols = close.shape
    return pd.DataFrame(
        {
            "symbol": np.tile(SYMBOLS[:symbols], days),
            "session_date": [day for day in DAYS[:days] for _symbol in range(symbols)],
            "adjusted_open": opened.ravel(),
            "adjusted_high": (np.maximum(opened, close) * (1 + np.abs(noise))).ravel(),
            "adjusted_low": (np.minimum(opened, close) * (1 - np.abs(noise))).ravel(),
            "adjusted_close": close.ravel(),
            "close": close.ravel(),
        }
    )


def quick_test(bench: Bench, bars: pd.DataFrame) -> PermutationTest:
    """Prepare a test of given staged bars; everything after the first twelve is permuted."""
    window = PermutationWindow(DAYS[12], date(2016, 12, 31))
    return PermutationTest("quick", Objective.SHARPE, window, World.of(bars, window), bench, Design())


@pytest.fixture(scope="module")
def quick_bench(bench_models: Models) -> Bench:
    """Four quick strategies; the bars are the test's own."""
    return bench_of(bench_models, Market(MARKETS["ties"](), QUICK))


@pytest.mark.slow
def test_p_is_uniform_where_there_is_nothing_to_find(quick_bench: Bench) -> None:
    """Over 220 markets of independent sessions p is uniform, for the optimised grid and for the live parameters."""
    markets, runs = 220, 19
    random = np.random.default_rng(1)
    tables, tests = [], []
    for market in range(markets):
        common = 0.006 * random.standard_normal((LENGTH, 1))
        returns = 0.0004 + common + 0.008 * random.standard_normal((LENGTH, 3))
        test = quick_test(quick_bench, prices(returns, 0.004 * random.standard_normal((LENGTH, 3))))
        rows = test.world.scenarios(market, range(runs + 1))
        shifted = pa.array(rows["scenario_id"].to_numpy() + market * (runs + 1), pa.int32())
        tables.append(rows.set_column(0, "scenario_id", shifted))
        tests.append(test)
    with quick_bench.opened() as connection:
        connection.execute("UPDATE landing.settings SET objective = 'sharpe'")
        put(connection, "stg_bars", pa.concat_tables(tables))
        outcomes = tests[0]._in_sample(connection, range(markets * (runs + 1)))
    for name in ("best", "live"):
        figures = np.array([getattr(each, name) or 0.0 for each in outcomes]).reshape(markets, runs + 1)
        p = np.array([p_value(row[0], list(row[1:])) for row in figures])
        # Of 20 equally likely values: spread over the twentieth that each stands for.
        spread = p - random.random(markets) / (runs + 1)
        assert stats.kstest(spread, "uniform").pvalue > 0.01, name
        assert (p <= 0.05).mean() < 0.05 + 3 * np.sqrt(0.05 * 0.95 / markets)


def test_an_edge_is_found(quick_bench: Bench) -> None:
    """Where trends last, history beats all but a few permuted worlds."""
    random = np.random.default_rng(2)
    days, run = 240, 20
    drifts = np.repeat(random.permuted(np.tile([0.006, 0.0, -0.006], (days // run, 1)), axis=1), run, axis=0)
    returns = drifts + 0.004 * random.standard_normal((days, 3))
    test = quick_test(quick_bench, prices(returns, 0.002 * random.standard_normal((days, 3))))
    real, *permuted = test.outcomes(range(100))
    assert p_value(real.best, [each.best for each in permuted]) <= 0.02
    assert p_value(real.live, [each.live for each in permuted]) <= 0.02


def test_batches_do_not_change_a_world(quick_bench: Bench) -> None:
    """A scenario's outcome is the same whichever others are computed with it, and follows its seed."""
    random = np.random.default_rng(3)
    test = quick_test(quick_bench, prices(*(0.01 * random.standard_normal((2, LENGTH, 3)))))
    together = test.outcomes(range(6))
    assert together == [*test.outcomes([0]), *test.outcomes([1, 2]), *test.outcomes([3, 4, 5])]
    other = replace(test, _design=Design(seed=2)).outcomes(range(6))
    assert other[0] == together[0]
    assert all(one != another for one, another in zip(other[1:], together[1:], strict=True))


@pytest.mark.slow
def test_history_gives_the_objectives_of_the_lake(default_lake: Lake) -> None:
    """On real bars scenario 0 has the first fold's best and live objectives, to the last digit; BITO is left out."""
    test = PermutationTest.of(Bench.of(default_lake), Design())
    assert test.left_out == ["BITO"]
    with default_lake.reader() as connection:
        window = connection.execute(
            "SELECT train_start, test_start FROM walk_forward_windows WHERE fold_id = 1"
        ).fetchone()
        wanted = connection.execute(
            """
            SELECT max(objective), any_value(objective) FILTER (is_live)
            FROM walk_forward_objectives JOIN strategies USING (strategy_id) WHERE fold_id = 1
            """
        ).fetchone()
    assert (test.window.start, test.window.end) == window
    (real,) = test.outcomes([0])
    assert (real.best, real.live) == wanted


def test_history_gives_the_walk_forward_itself(bench_models: Models) -> None:
    """The walk-forward variant's scenario 0 has the walk-forward's own metric."""
    bench = bench_of(bench_models, Market(MARKETS["dividends"](), GRIDDED))
    test = PermutationTest.of(bench, Design(is_walk_forward=True, objective=Objective.SHARPE))
    real, other = test.outcomes([0, 1])
    with bench.opened() as connection:
        connection.execute("UPDATE landing.settings SET objective = 'sharpe'")
        bench.compute(connection, ["walk_forward_metrics"])
        sharpe = connection.execute("SELECT round(sharpe, 10) FROM walk_forward_metrics").fetchone()
        first = connection.execute("SELECT test_start FROM walk_forward_windows WHERE fold_id = 1").fetchone()
    assert sharpe == (real.best,)
    assert first == (test.window.start,)
    assert other.best != real.best


def test_a_stopped_run_goes_on_where_it_stopped(bench_models: Models, tmp_path: Path) -> None:
    """What was appended before a stop is not computed again; more runs add to it; the lake tells the same."""
    market = Market(MARKETS["dividends"](), GRIDDED)
    lake = land_lake(tmp_path, market)
    test = PermutationTest.of(bench_of(bench_models, market), Design(window=INSIDE))
    said: list[tuple[int, int]] = []

    def stop_after_a_batch(done: int, total: int, _label: str) -> None:
        said.append((done, total))
        if done:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        test.run(lake, range(9), stop_after_a_batch)
    kept = recorded(lake, test.test_id)
    assert 0 < len(kept) < 9
    with pytest.raises(LakeError, match="not computed yet"):
        test.result(lake, 8)
    resumed: list[int] = []
    test.run(lake, range(9), lambda done, _total, _label: resumed.append(done))
    assert resumed[0] == len(kept)
    test.run(lake, range(12), silent)
    result = test.result(lake, 11)
    assert [result.real, *result.permuted] == test.outcomes(range(12))
    with lake.reader() as connection:
        assert connection.execute("SELECT count(*) FROM landing.permutations").fetchone() == (12,)


@pytest.mark.parametrize(
    "design",
    [Design(seed=2), Design(objective=Objective.CAGR), Design(window=INSIDE), Design(is_walk_forward=True)],
    ids=str,
)
def test_another_question_is_another_test(bench_models: Models, design: Design) -> None:
    """Seed, objective, window and variant are part of a test's identity; asking again is the same test."""
    bench = bench_of(bench_models, Market(MARKETS["dividends"](), GRIDDED))
    identity = PermutationTest.of(bench, Design()).test_id
    assert PermutationTest.of(bench, Design()).test_id == identity
    assert PermutationTest.of(bench, design).test_id != identity


def test_a_history_too_short_for_a_window_is_refused(bench_models: Models) -> None:
    """Without a whole train window, and without --window, there is nothing to permute."""
    bench = bench_of(bench_models, Market(MARKETS["short_history"]()))
    with pytest.raises(LakeError, match="too short for one train window"):
        PermutationTest.of(bench, Design())
