"""What must not matter does not: scale, order, names, and symbols that are never eligible."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from lakes import SMALL_GRID, Models, World
from markets import MARKETS
from sameness import ROUNDING, assert_same_rows

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


PRICES = ["open", "high", "low", "close", "adj_close"]
DECISIONS = ("correlations", "selections", "target_weights", "live_targets")
RESULTS = (
    "backtest_daily",
    "backtest_metrics",
    "(SELECT * EXCLUDE (objective) FROM walk_forward_folds)",  # rounded: a bit may move it a step
    "walk_forward_daily",
    "walk_forward_metrics",
)


def _world(bars: pd.DataFrame) -> World:
    months = {"train_months": 6, "test_months": 2}
    return World(bars, {"grid": dict(SMALL_GRID), "walk_forward": months})


def _assert_alike(one: duckdb.DuckDBPyConnection, other: duckdb.DuckDBPyConnection, *relations: str) -> None:
    """Compare what was computed from other numbers, or from symbols in another order."""
    for relation in relations:
        assert_same_rows(one, other, relation, ROUNDING)


@pytest.mark.parametrize("name", ["gaps", "dividends", "flash_crash"])
def test_the_scale_of_a_price_changes_costs_alone(models: Models, name: str) -> None:
    """A symbol quoted at 3.7 times its price is decided and earns alike, and pays less per dollar."""
    bars = MARKETS[name]()
    scaled = bars.copy()
    scaled[PRICES] = bars[PRICES].mul(np.where(bars["symbol"] == "AAA", 3.7, 1), axis=0)
    with models.computed(_world(bars)) as one, models.computed(_world(scaled)) as other:
        _assert_alike(
            one,
            other,
            *DECISIONS,
            "(SELECT symbol, session_date, ret, atr_pct, volatility FROM features)",
            "(SELECT strategy_id, session_date, gross_return, turnover FROM backtest_daily)",
        )
        total = "SELECT sum(cost) FROM backtest_daily"
        assert other.execute(total).fetchall() < one.execute(total).fetchall()


@pytest.mark.parametrize("name", ["gaps", "ties", "month_end_start"])
def test_the_order_of_rows_changes_nothing(models: Models, name: str) -> None:
    """Bars in any order, and a universe in any order, are the same portfolio."""
    bars = MARKETS[name]()
    world = _world(bars)
    universe = sorted(bars["symbol"].unique(), reverse=True)
    shuffled = World(bars.sample(frac=1, random_state=1), {**world.settings, "universe": universe})
    with models.computed(world) as one, models.computed(shuffled) as other:
        for relation in ("bars", "features", "emas", *DECISIONS):
            assert_same_rows(one, other, relation)
        _assert_alike(one, other, *RESULTS)
        hashed = "SELECT parameters_hash FROM landing.settings"
        assert one.execute(hashed).fetchall() == other.execute(hashed).fetchall()


@pytest.mark.parametrize("name", ["late_starts", "flash_crash"])
def test_a_symbols_name_does_not_matter(models: Models, name: str) -> None:
    """Names in the reverse order give the same results where no scores tie."""
    bars = MARKETS[name]()
    names = sorted(bars["symbol"].unique())
    renamed = dict(zip(names, [f"S{place}" for place in range(len(names), 0, -1)], strict=True))
    other_bars = bars.assign(symbol=bars["symbol"].map(renamed))
    with models.computed(_world(bars)) as one, models.computed(_world(other_bars)) as other:
        _assert_alike(one, other, *RESULTS)
        one.execute("CREATE TEMP TABLE names (symbol VARCHAR, new_name VARCHAR)")
        one.executemany("INSERT INTO names VALUES (?, ?)", list(renamed.items()))
        one.execute(
            """
            CREATE OR REPLACE TABLE target_weights AS
            SELECT target_weights.* REPLACE (names.new_name AS symbol)
            FROM target_weights INNER JOIN names USING (symbol)
            """
        )
        _assert_alike(one, other, "target_weights")


@pytest.mark.parametrize("name", ["late_starts", "delisting", "dividends"])
def test_a_symbol_that_is_never_eligible_changes_nothing(models: Models, name: str) -> None:
    """A price that never moves joins the universe, and no ranking, weight or result."""
    bars = MARKETS[name]()
    days = bars.drop_duplicates("session_date")
    still = days.assign(symbol="CASHLIKE", dividend=0.0, **dict.fromkeys(PRICES, 100.0))
    joined = _world(bars.merge(still, how="outer"))
    with models.computed(_world(bars)) as one, models.computed(joined) as other:
        for relation in DECISIONS:
            assert_same_rows(one, other, relation)
        _assert_alike(one, other, *RESULTS)
