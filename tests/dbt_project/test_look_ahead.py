"""Nothing looks ahead: what a session's rows say does not depend on any later bar.

What leads to a decision is compared exactly, and so is every key, rank, pick, count and date. What a
decision earns is compared to 1e-12: the engine may add up a portfolio's symbols in another order.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from lakes import SMALL_GRID, Models, World
from markets import MARKETS
from sameness import ROUNDING, assert_same_rows, relations_by_session

if TYPE_CHECKING:
    import duckdb

    from warehouse.lake import Lake

CRASH = date(2020, 3, 9)  # XLE lost a fifth
INSIDE_A_FOLD = date(2019, 6, 14)
BITCOIN_CRASH = date(2022, 6, 13)
EVE = date(2024, 12, 30)  # one bar less

EARNED = frozenset({"backtest_returns", "backtest_daily", "walk_forward_daily"})


@pytest.mark.slow
@pytest.mark.parametrize("day", [INSIDE_A_FOLD, CRASH, BITCOIN_CRASH, EVE], ids=str)
def test_bars_cut_at_a_session_give_the_same_past(
    default_world: World, default_lake: Lake, models: Models, day: date
) -> None:
    """On real bars every row up to the cut is what it is with ten years of bars."""
    with default_lake.reader() as whole, models.computed(_until(default_world, day)) as cut:
        _assert_same_past(whole, cut, day)


@pytest.mark.parametrize("name", ["gaps", "late_starts", "delisting", "ties", "dividends"])
def test_appended_bars_change_no_past_row(models: Models, name: str) -> None:
    """In hostile markets, too, the bars after session 260 change nothing up to it."""
    world = World(MARKETS[name](), {"grid": dict(SMALL_GRID)})
    day = sorted(world.bars["session_date"].unique())[260]
    with models.computed(world) as whole, models.computed(_until(world, day)) as cut:
        _assert_same_past(whole, cut, day)


@pytest.mark.slow
def test_the_cut_lies_inside_a_fold(default_lake: Lake) -> None:
    """One of the cuts is neither the first nor the last session of its fold's test window."""
    with default_lake.reader() as connection:
        fold = connection.execute(
            "SELECT count(*) FROM walk_forward_folds WHERE test_start < ? AND test_end > ?",
            [INSIDE_A_FOLD, date(2019, 6, 17)],
        ).fetchone()
    assert fold == (1,)


def _until(world: World, day: date) -> World:
    """Return the world as it was, with the same universe: some of its symbols may have no bar yet."""
    universe = sorted(world.bars["symbol"].unique().tolist())
    return World(world.bars[world.bars["session_date"] <= day], world.settings | {"universe": universe})


def _assert_same_past(whole: duckdb.DuckDBPyConnection, cut: duckdb.DuckDBPyConnection, day: date) -> None:
    past = f"session_date <= DATE '{day}'"
    relations = relations_by_session(whole)
    assert {"features", "selections", "backtest_daily", "walk_forward_daily"} <= set(relations)
    for relation in relations:
        rounding = ROUNDING if relation in EARNED else 0
        assert_same_rows(whole, cut, f"(SELECT * FROM {relation} WHERE {past})", rounding)
    # What a holding becomes at the next session is known one session later.
    holdings = "holdings INNER JOIN allocations USING (allocation_id)"
    assert_same_rows(
        whole,
        cut,
        f"(SELECT allocation_id, symbol, weight, close FROM {holdings} WHERE {past})",
    )
    before = f"(SELECT holdings.* FROM {holdings} WHERE session_date < DATE '{day}')"
    assert_same_rows(whole, cut, before, ROUNDING)
    # A train window ends where its test window starts: a fold's winner is known from then on.
    # (Its objective is rounded: a last bit may move it by a whole step.)
    for relation in ("(SELECT * EXCLUDE (objective) FROM walk_forward_folds)", "walk_forward_windows"):
        started = f"(SELECT * FROM {relation} WHERE test_start <= DATE '{day}')"
        assert_same_rows(whole, cut, started)
    live = f"""(
        SELECT target_weights.symbol, target_weights.weight
        FROM target_weights
        INNER JOIN strategies USING (strategy_id)
        WHERE is_live AND session_date = DATE '{day}'
    )"""
    tonight = "(SELECT symbol, weight FROM live_targets WHERE symbol <> 'CASH')"
    assert_same_rows(whole, cut, live)
    assert cut.execute(f"FROM {live} EXCEPT FROM {tonight}").fetchall() == []
    assert cut.execute(f"FROM {tonight} EXCEPT FROM {live}").fetchall() == []
