"""SQL and the oracle agree on hostile and on random markets."""

from __future__ import annotations

import importlib
from datetime import date
from typing import Any

import pandas as pd
import pytest
from agreement import Opinion, assert_agrees
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lakes import SMALL_GRID, Models, Pipeline, World
from markets import MARKETS, _Stage


@pytest.mark.parametrize("name", MARKETS)
def test_hostile_markets_agree(models: Models, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in a market, every relation is what the definition says.

    Windows are short enough for folds in a market of 400 sessions.
    """
    windows = importlib.import_module("oracle.walk_forward")  # the package's name is its function
    monkeypatch.setattr(windows, "TRAIN_MONTHS", 6)
    monkeypatch.setattr(windows, "TEST_MONTHS", 2)
    months = {"train_months": 6, "test_months": 2}
    world = World(MARKETS[name](), {"grid": dict(SMALL_GRID), "walk_forward": months})
    with models.computed(world) as connection:
        for expected in Opinion(connection, world.bars).everything():
            assert_agrees(connection, expected)


def test_folds_that_start_at_a_months_end_agree(models: Models) -> None:
    """With the default windows, days are clipped to months of 30 and 28 days."""
    world = World(MARKETS["month_end_start"](), {"grid": dict(SMALL_GRID)})
    with models.computed(world) as connection:
        folds = connection.execute("SELECT count(*) FROM walk_forward_folds").fetchone()
        assert folds == (4,)
        for expected in Opinion(connection, world.bars).walk_forward():
            assert_agrees(connection, expected)


def test_a_deepened_walk_agrees(crowded: Pipeline) -> None:
    """Where three ranks are looked at first, the stranger at rank 13 is found all the same."""
    assert crowded.built.deepened > 0
    with crowded.lake.reader() as connection:
        for expected in Opinion(connection, crowded.world.bars).everything():
            assert_agrees(connection, expected)


def test_minimum_and_maximum_commissions_agree(models: Models) -> None:
    """On a small account each order's commission depends on the equity that the ones before it left."""
    costs = {"commission_minimum": 0.35, "commission_maximum": 0.01}
    configured = {"grid": dict(SMALL_GRID), "costs": costs, "capital": {"initial_equity": 1_000}}
    world = World(MARKETS["gaps"](), configured)
    with models.computed(world) as connection:
        for expected in Opinion(connection, world.bars).results():
            assert_agrees(connection, expected)


@pytest.mark.parametrize("sessions", [399, 391, 333])
def test_twins_tie_to_the_last_bit(models: Models, sessions: int) -> None:
    """Equal bars make equal averages and scores, wherever their sums stand among the others'."""
    bars = MARKETS["ties"]().groupby("symbol").head(sessions)
    bars = bars.replace({"symbol": {"TWINA": "A", "TWINB": "AA"}})
    with models.computed(World(bars, {"grid": dict(SMALL_GRID)})) as connection:
        misranked = connection.execute(
            """
            SELECT count(*) FILTER (one.score <> other.score OR one.rank > other.rank), count(*)
            FROM selections AS one
            INNER JOIN selections AS other USING (strategy_id, session_date)
            WHERE one.symbol = 'A' AND other.symbol = 'AA'
            """
        ).fetchone()
    assert misranked is not None
    assert misranked[0] == 0, f"{misranked[0]} of {misranked[1]} ties are broken by rounding"


def _axis(values: st.SearchStrategy[Any], most: int = 2) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=1, max_size=most, unique=True).map(sorted)


@st.composite
def _worlds(draw: st.DrawFn) -> World:
    """Up to seven symbols with holes, late starts, a calm one and a twin; any parameters."""
    stage = _Stage(draw(st.integers(0, 2**32 - 1)), draw(st.integers(30, 150)), date(2014, 1, 2))
    frames = stage.some(*"ABCDE"[: draw(st.integers(1, 5))])
    if draw(st.booleans()):
        frames.append(stage.bars("CALM", stage.closes(0.001, 0.0005, 0.0)))
    holes = draw(st.sampled_from([0.0, 0.03, 0.3]))
    frames = [
        frame[draw(st.sampled_from([0, 0, 20])) :].sample(frac=1 - holes, random_state=position)
        for position, frame in enumerate(frames)
    ]
    if draw(st.booleans()):
        frames.append(frames[0].assign(symbol="AA"))
    window = draw(st.integers(4, 30))
    strategy = {
        "ema_fast": draw(st.integers(2, 8)),
        "ema_slow": draw(st.integers(9, 20)),
        "top_n": draw(st.integers(1, 4)),
        "corr_cap": draw(st.floats(-0.3, 1)),
        "corr_window": window,
        "corr_min_obs": draw(st.integers(3, window)),
        "atr_window": draw(st.integers(2, 20)),
        "vol_window": draw(st.integers(2, 20)),
        "max_weight": draw(st.floats(0.1, 1)),
        "cash_buffer": draw(st.floats(0, 0.5)),
    }
    grid = {
        "ema_fast": draw(_axis(st.integers(2, 8))),
        "ema_slow": draw(_axis(st.integers(9, 20))),
        "top_n": draw(_axis(st.integers(1, 4))),
        "corr_cap": draw(_axis(st.sampled_from([-0.2, 0.0, 0.5, 0.9]))),
    }
    return World(pd.concat(frames, ignore_index=True), {"strategy": strategy, "grid": grid})


@pytest.mark.slow
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(world=_worlds())
def test_random_markets_agree(models: Models, world: World) -> None:
    """No market and no allowed parameters make SQL and the oracle differ."""
    with models.computed(world) as connection:
        for expected in Opinion(connection, world.bars).everything():
            assert_agrees(connection, expected)
