"""The warm-up check measures how long each indicator remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from benches import bench_of
from lakes import SMALL_GRID, World
from markets import MARKETS

from research.checks.warmup import check_warm_up
from warehouse.errors import LakeError
from warehouse.sources.base import silent

if TYPE_CHECKING:
    from research.workbench import Models

WORLD = World(MARKETS["dividends"](), {"grid": dict(SMALL_GRID)})


def test_a_window_forgets_and_an_average_does_not(bench_models: Models) -> None:
    """A volatility is the same to the bit with more history, an average moves by what is left of early prices."""
    moved = {
        (each.column, each.history): each for each in check_warm_up(bench_of(bench_models, WORLD), silent, [100, 200])
    }
    assert moved["volatility", 100].difference == 0
    assert moved["correlation", 100].difference == 0
    forgotten = (1 - 2 / 51) ** 100
    slow = moved["ema(050)", 100].difference
    assert 0 < slow < forgotten
    assert moved["ema(050)", 200].difference < slow * (forgotten**0.5)
    assert moved["ema(010)", 100].difference < slow


def test_what_a_short_history_cannot_say_is_undefined(bench_models: Models) -> None:
    """With 60 sessions no correlation of 90 is known and no symbol ranks."""
    moved = {each.column: each for each in check_warm_up(bench_of(bench_models, WORLD), silent, [40])}
    assert moved["correlation"].undefined > 0
    assert moved["score"].undefined > 0
    assert moved["volatility"].undefined == 0


def test_a_short_lake_is_refused(bench_models: Models) -> None:
    """A lake with no more sessions than the shortest history is an error that says so."""
    with pytest.raises(LakeError, match="too few to compare"):
        check_warm_up(bench_of(bench_models, World(MARKETS["short_history"]())), silent)
