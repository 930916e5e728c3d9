"""What-if: a strategy tried out in memory earns what a build would give it, over the sessions asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc
import pytest
from benches import bench_of
from lakes import World
from markets import MARKETS

from research import dearer_trading
from research.dearer_trading import commission_effect, cost_effects
from research.what_if import Contender, Span, try_out
from research.workbench import Bench
from warehouse.errors import LakeError

if TYPE_CHECKING:
    import duckdb
    from lakes import Pipeline

    from research.workbench import Models

GRID: dict[str, Any] = {"ema_fast": [8, 20], "ema_slow": [50], "top_n": [1, 2], "corr_cap": [0.5, 0.7]}


@pytest.fixture(scope="module")
def bench(bench_models: Models) -> Bench:
    """Four years of four symbols; one of the symbols is nobody's to hold, and a benchmark."""
    whole = bench_of(bench_models, World(MARKETS["month_end_start"](), {"grid": GRID}))
    symbols = sorted(set(whole.bars.column("symbol").to_pylist()))
    return replace(whole, portfolio=whole.portfolio.model_copy(update={"universe": tuple(symbols[:-1])}))


def variant(bench: Bench, told: tuple[str, ...] = (), **changes: Any) -> Contender:  # noqa: ANN401 - any parameter
    """Return the live strategy with other parameters."""
    strategy = bench.portfolio.strategy.model_copy(update=changes)
    return Contender.of(bench.portfolio.model_copy(update={"strategy": strategy}), told)


def benchmark(bench: Bench) -> str:
    """Return the symbol beside the universe."""
    (symbol,) = set(bench.bars.column("symbol").to_pylist()) - set(bench.portfolio.universe)
    return str(symbol)


def _metrics(connection: duckdb.DuckDBPyConnection, **parameters: float) -> dict[str, float]:
    """Read what the models measure for one strategy."""
    where = " AND ".join(f"{name} = {value}" for name, value in parameters.items())
    rows = connection.execute(
        f"SELECT backtest_metrics.* FROM backtest_metrics JOIN strategies USING (strategy_id) WHERE {where}"
    ).to_arrow_table()
    (row,) = rows.to_pylist()
    return dict(row)


def test_what_is_tried_out_is_what_a_build_gives(bench: Bench) -> None:
    """Strategies of the grid have the metrics of backtest_metrics when each is asked for alone."""
    with bench.opened() as connection:
        bench.compute(connection, ["backtest_metrics", "strategies"])
        for ema_fast, top_n in ((8, 1), (20, 2)):
            built = _metrics(connection, ema_fast=ema_fast, top_n=top_n, corr_cap=0.7)
            tried = try_out(bench, [variant(bench, ema_fast=ema_fast, top_n=top_n)], Span())
            (track,) = tried.tracks
            assert len(tried.sessions) == built["sessions"]
            assert dict(track.metrics) == pytest.approx({name: built[name] for name in track.metrics}, rel=1e-9)


def test_all_are_measured_over_the_sessions_that_all_can_earn_on(bench: Bench) -> None:
    """A slower strategy begins later, and so do the others beside it; the span cuts further; windows may differ."""
    fast = variant(bench)
    slow = variant(bench, ("vol_window",), ema_slow=200, vol_window=60)
    alone, both = try_out(bench, [fast], Span()), try_out(bench, [fast, slow], Span())
    assert both.sessions[0] > alone.sessions[0]
    cut = Span(date(2015, 6, 1), date(2016, 5, 31))
    within = try_out(bench, [fast, slow], cut)
    is_kept = (both.sessions >= np.datetime64(cut.first)) & (both.sessions <= np.datetime64(cut.last))
    assert within.sessions.tolist() == both.sessions[is_kept].tolist()
    for track, whole in zip(within.tracks, both.tracks, strict=True):
        np.testing.assert_array_equal(track.returns, whole.returns[is_kept])
    assert [track.name for track in both.tracks] == ["20/50 · top 2 · 0.7", "20/200 · top 2 · 0.7 · vol_window 60"]


def test_a_benchmark_is_bought_and_held(bench: Bench) -> None:
    """It earns the moves of its adjusted close, over the same sessions, and is left out where its bars begin later."""
    symbol = benchmark(bench)
    tried = try_out(bench, [variant(bench)], Span(), symbol)
    held = tried.tracks[-1]
    bars = bench.bars.filter(pc.field("symbol") == symbol).sort_by("session_date")
    days = bars.column("session_date").to_numpy().astype("datetime64[D]")
    closes = bars.column("adj_close").to_numpy()
    before, last = closes[days < tried.sessions[0]][-1], closes[days <= tried.sessions[-1]][-1]
    assert held.contender is None
    assert held.metrics["total_return"] == pytest.approx(last / before - 1, rel=1e-9)
    late = replace(
        bench,
        bars=bench.bars.filter((pc.field("symbol") != symbol) | (pc.field("session_date") > date(2016, 1, 4))),
    )
    assert [track.contender is None for track in try_out(late, [variant(bench)], Span(), symbol).tracks] == [False]


def test_another_universe_is_another_computation(bench: Bench) -> None:
    """Its strategy may hold the symbol beside the universe, and its name tells the symbols."""
    wider = bench.portfolio.model_copy(update={"universe": (*bench.portfolio.universe[:2], benchmark(bench))})
    tried = try_out(bench, [variant(bench), Contender.of(wider, {"universe"})], Span())
    one, other = tried.tracks
    assert other.name == f"{one.name} · {' '.join(wider.universe)}"
    assert not np.array_equal(one.returns, other.returns)


@pytest.mark.parametrize(
    ("span", "changes", "says"),
    [
        (Span(date(2050, 1, 1)), {}, "Fewer than 2 sessions"),
        (Span(None, date(2000, 1, 1)), {}, "the beginning"),
        (Span(), {"ema_slow": 4000}, "never has a target"),
    ],
)
def test_what_cannot_be_measured_is_refused(bench: Bench, span: Span, changes: dict[str, Any], says: str) -> None:
    """Days without bars, and a strategy that needs a longer history, are named."""
    with pytest.raises(LakeError, match=says):
        try_out(bench, [variant(bench, **changes)], span)


def test_the_brokers_minimum_is_charged_as_a_build_would(bench: Bench, crowded: Pipeline) -> None:
    """A small account earns less than a large one; the home's own effect names minimum and equity."""
    live = variant(bench)
    small = live.with_commission_of(0.35, 0.01)
    capital = live.portfolio.capital.model_copy(update={"initial_equity": 1_000_000.0})
    large = Contender("large", small.portfolio.model_copy(update={"capital": capital}))
    usual, charged, rich = (track.metrics["cagr"] for track in try_out(bench, [live, small, large], Span()).tracks)
    assert charged < rich < usual + 1e-9
    effect = commission_effect(crowded.lake)
    assert effect is not None
    assert (effect.minimum, effect.initial_equity) == (0.35, 10_000)
    assert effect.charged["cagr"] < effect.usual["cagr"]


def test_costs_are_charged_on_decisions_as_built(crowded: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are the last build's, with the result that computing them anew has; of no other configuration, though."""
    slippages = (0.0001, 0.001)
    whole = Bench.of(crowded.lake)
    live = Contender.of(whole.portfolio, is_live=True)
    contenders = [live.with_costs(slippage=slippage) for slippage in slippages]
    computed = [track.metrics for track in try_out(whole, [live, *contenders], Span()).tracks[1:]]
    monkeypatch.setattr(dearer_trading, "try_out", lambda *_: pytest.fail("computed anew"))
    effects = cost_effects(crowded.lake, slippages)
    assert [*effects.by_slippage.values()] == [pytest.approx(metrics, rel=1e-12) for metrics in computed]
    other = whole.portfolio.model_copy(
        update={"capital": whole.portfolio.capital.model_copy(update={"initial_equity": 1.0})}
    )
    assert dearer_trading._repriced(crowded.lake, other, contenders) is None
