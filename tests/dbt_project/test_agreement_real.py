"""SQL and the oracle agree on real bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from agreement import Opinion, assert_agrees
from lakes import Models, World, build_lake, land_lake

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from warehouse.lake import Lake

LIVE_ONLY = {"ema_fast": [20], "ema_slow": [50], "top_n": [2], "corr_cap": [0.7]}


@pytest.mark.slow
def test_all_strategies_agree_on_the_default_universe(default_world: World, default_lake: Lake) -> None:
    """81 strategies over ten years: every relation, every session, the folds and their splice."""
    with default_lake.reader() as connection:
        for expected in Opinion(connection, default_world.bars).everything():
            assert_agrees(connection, expected)
        assert connection.execute("SELECT count(*) FROM strategies").fetchone() == (81,)


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["sharpe", "cagr", "profit_factor"])
def test_walk_forward_agrees_for_every_objective(default_world: World, models: Models, objective: str) -> None:
    """The winners are the best at what portfolio.yaml asks for."""
    settings = {
        "grid": LIVE_ONLY | {"ema_fast": [10, 20], "top_n": [1, 2, 3]},
        "walk_forward": {"objective": objective},
    }
    world = World(default_world.bars, settings)
    with models.computed(world) as connection:
        for expected in Opinion(connection, world.bars).walk_forward(objective):
            assert_agrees(connection, expected)


@pytest.mark.slow
def test_the_live_strategy_agrees_on_all_etfs(real_bars: pd.DataFrame, tmp_path: Path) -> None:
    """71 ETFs over twenty years, where walks must look deeper than correlations first reach."""
    lake = land_lake(tmp_path / "all", World(real_bars, {"grid": LIVE_ONLY}))
    assert build_lake(lake).deepened > 0
    with lake.reader() as connection:
        opinion = Opinion(connection, real_bars)
        sample = "(SELECT * FROM correlations WHERE hash(session_date, symbol_1, symbol_2) % 50 = 0)"
        assert_agrees(connection, opinion.features())
        assert_agrees(connection, opinion.correlations(sample))
        assert_agrees(connection, opinion.selections())
        for expected in (*opinion.results(), *opinion.walk_forward()):
            assert_agrees(connection, expected)
