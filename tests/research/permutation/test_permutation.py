"""Permuted worlds keep what they must: every move, the cross-section, the bars before the window."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markets import MARKETS

from research.permutation.worlds import HISTORY, PermutationWindow, World, p_value, permutation
from warehouse.errors import LakeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

WINDOW = PermutationWindow(date(2014, 6, 2), date(2015, 3, 2))
GOLDEN = [7, 2, 4, 6, 1, 0, 3, 5, 9, 8]


def staged(market: str) -> pd.DataFrame:
    """Adjust a market's bars as the staging model does."""
    bars = MARKETS[market]()
    adjustment = bars["adj_close"] / bars["close"]
    prices = {f"adjusted_{name}": bars[name] * adjustment for name in ("open", "high", "low", "close")}
    return bars[["symbol", "session_date", "close"]].assign(**prices)


def wide(world: World, seed: int, number: int) -> pd.DataFrame:
    """Lay a scenario's bars out as sessions by (price, symbol)."""
    rows = world.scenarios(seed, [number]).to_pandas().drop(columns="scenario_id")
    laid_out: pd.DataFrame = rows.pivot_table(index="session_date", columns="symbol")
    return laid_out


def log_moves(prices: pd.DataFrame, world: World) -> NDArray[np.float64]:
    """Each permuted session's moves of all symbols in one row."""
    close = np.log(prices["adjusted_close"])
    moves = [
        close.diff(),
        np.log(prices["adjusted_high"]) - close,
        np.log(prices["adjusted_low"]) - close,
        np.log(prices["close"]).diff(),
    ]
    return np.hstack([each.to_numpy()[world.first :] for each in moves])


@pytest.mark.parametrize("number", [1, 2, 77])
def test_every_session_keeps_its_moves_of_all_symbols(number: int) -> None:
    """A permuted world has the same sessions' rows of moves, in another order: the cross-section stays."""
    world = World.of(staged("dividends"), WINDOW)
    real, permuted = log_moves(wide(world, 5, HISTORY), world), log_moves(wide(world, 5, number), world)
    order = permutation(5, number, world.permuted)
    np.testing.assert_allclose(permuted, real[order], rtol=0, atol=1e-12)
    assert sorted(order) == list(range(world.permuted))


def test_the_way_changes_and_the_ends_do_not() -> None:
    """Bars before the window stay as they are, the last close is history's, the way there is another."""
    world = World.of(staged("dividends"), WINDOW)
    real, permuted = wide(world, 5, HISTORY), wide(world, 5, 1)
    assert permuted.iloc[: world.first].equals(real.iloc[: world.first])
    for price in ("adjusted_close", "close"):
        np.testing.assert_allclose(permuted[price].iloc[-1], real[price].iloc[-1], rtol=1e-12)
    assert not np.allclose(permuted["adjusted_close"].iloc[-2], real["adjusted_close"].iloc[-2])


def test_history_is_the_bars_themselves() -> None:
    """Scenario 0 holds the bars before the window's end, to the last bit."""
    bars = staged("dividends")
    world = World.of(bars, WINDOW)
    kept = bars[bars["session_date"] < WINDOW.end].sort_values(["symbol", "session_date"], ignore_index=True)
    rows = world.scenarios(1, [HISTORY]).to_pandas().sort_values(["symbol", "session_date"], ignore_index=True)
    pd.testing.assert_frame_equal(rows.drop(columns="scenario_id"), kept[rows.columns[1:]], check_dtype=False)


def test_symbols_without_a_full_history_are_left_out() -> None:
    """A symbol that misses a bar in the window is not permuted."""
    assert World.of(staged("gaps"), WINDOW).symbols == ("AAA",)
    late = World.of(staged("late_starts"), WINDOW)
    assert late.symbols == ("FIRST", "SECOND")


def test_the_first_bar_of_all_stays() -> None:
    """In a window that starts with the history, the first bar is where prices start."""
    world = World.of(staged("dividends"), PermutationWindow(date(2014, 1, 2), WINDOW.end))
    assert world.first == 1
    assert wide(world, 1, 3).iloc[0].equals(wide(world, 1, HISTORY).iloc[0])


def test_nothing_to_permute_is_refused() -> None:
    """A window without a whole symbol says so."""
    with pytest.raises(LakeError, match="nothing to permute"):
        World.of(staged("dividends"), PermutationWindow(date(2030, 1, 1), date(2031, 1, 1)))


def test_a_seed_gives_the_same_permutations_everywhere() -> None:
    """The order is a fixed function of seed, scenario and length; another of them gives another order."""
    assert permutation(1, 1, 10).tolist() == GOLDEN
    orders = {tuple(permutation(seed, number, 50)) for seed in range(20) for number in range(100)}
    assert len(orders) == 2_000


@pytest.mark.parametrize(
    ("real", "permuted", "p"),
    [
        (1.0, [0.0, 0.5, 2.0], 0.5),
        (1.0, [1.0, 0.0, 0.0], 0.5),
        (3.0, [0.0] * 199, 0.005),
        (None, [None, 1.0, 2.0], 1.0),
        (0.0, [None, None, None], 0.25),
    ],
)
def test_p_counts_history_among_the_worlds(real: float | None, permuted: list[float | None], p: float) -> None:
    """A tie counts against history; a world without an objective is the worst."""
    assert p_value(real, permuted) == p


@given(st.floats(-5, 5), st.lists(st.floats(-5, 5), min_size=1, max_size=50))
def test_p_falls_as_history_gets_better(real: float, permuted: list[float]) -> None:
    """P is above 0, at most 1, and never rises with the real figure."""
    assert 0 < p_value(real + 1, permuted) <= p_value(real, permuted) <= 1
