"""SQL agrees with TA-Lib, pandas and empyrical where they compute the same thing."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import empyrical
import numpy as np
import pandas as pd
import pytest
import talib
from lakes import SMALL_GRID, Models, World
from markets import MARKETS, _Stage

from warehouse.calendar.sessions import sessions

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb
    from numpy.typing import NDArray


WARM = 600  # bars after which another start is forgotten


@pytest.fixture(scope="module")
def market(models: Models) -> Iterator[duckdb.DuckDBPyConnection]:
    """Four years of ordinary symbols."""
    world = World(MARKETS["month_end_start"](), {"grid": dict(SMALL_GRID)})
    with models.computed(world) as connection:
        yield connection


def _column(connection: duckdb.DuckDBPyConnection, query: str) -> NDArray[np.float64]:
    values = connection.execute(query).fetchdf().iloc[:, 0]
    return values.to_numpy(dtype=np.float64)


def _bars(connection: duckdb.DuckDBPyConnection, column: str) -> NDArray[np.float64]:
    return _column(connection, f"SELECT {column} FROM bars WHERE symbol = 'AAA' ORDER BY session_date")


@pytest.mark.parametrize("span", [10, 30, 50])
def test_emas_meet_talib(market: duckdb.DuckDBPyConnection, span: int) -> None:
    """TA-Lib starts from a simple mean; after the warm-up both are one."""
    found = _column(
        market,
        f"SELECT ema FROM emas WHERE symbol = 'AAA' AND span = {span} ORDER BY session_date",
    )
    expected = talib.EMA(_bars(market, "adj_close"), span)
    np.testing.assert_allclose(found[WARM:], expected[WARM:], rtol=1e-9)


def test_atr_meets_talib(market: duckdb.DuckDBPyConnection) -> None:
    """So does Wilder's average true range, whose start is forgotten more slowly."""
    found = _column(market, "SELECT atr FROM features WHERE symbol = 'AAA' ORDER BY session_date")
    high, low, close = (_bars(market, name) for name in ("high", "low", "close"))
    expected = talib.ATR(high, low, close, 20)
    np.testing.assert_allclose(found[WARM:], expected[WARM:], rtol=1e-9)


def test_true_range_is_talibs(market: duckdb.DuckDBPyConnection) -> None:
    """From the second bar on they are the same."""
    found = _column(market, "SELECT true_range FROM features WHERE symbol = 'AAA' ORDER BY session_date")
    high, low, close = (_bars(market, name) for name in ("high", "low", "close"))
    np.testing.assert_allclose(found[1:], talib.TRANGE(high, low, close)[1:], rtol=1e-9)


def test_metrics_are_empyricals(market: duckdb.DuckDBPyConnection) -> None:
    """Sharpe, CAGR, drawdown and Calmar of every strategy, over the sessions that count."""
    metrics = market.execute("SELECT * FROM backtest_metrics").fetchdf()
    assert len(metrics) == 13
    for row in metrics.to_dict("records"):
        net = _column(
            market,
            f"""
            SELECT net_return FROM backtest_daily WHERE strategy_id = '{row["strategy_id"]}'
            QUALIFY row_number() OVER (ORDER BY session_date DESC) <= {row["sessions"]}
            ORDER BY session_date
            """,
        )
        expected: dict[str, Any] = {
            "sharpe": empyrical.sharpe_ratio(net),
            "cagr": empyrical.annual_return(net),
            "max_drawdown": empyrical.max_drawdown(net),
            "calmar": empyrical.calmar_ratio(net),
            "total_return": empyrical.cum_returns_final(net),
            "volatility_annual": empyrical.annual_volatility(net),
        }
        assert {name: row[name] for name in expected} == pytest.approx(expected, rel=1e-9)


@pytest.mark.slow
def test_thirty_years_of_averages_are_exact(models: Models) -> None:
    """Averages stay exact where the blocks of their sums meet: after 546 to 2,990 bars and on."""
    length = len(sessions(date(1990, 1, 2), date(2019, 12, 31)))
    stage = _Stage(14, length, date(1990, 1, 2))
    bars = stage.bars("LONG", stage.closes(drift=0.0003))
    spans = [2, 3, 10]
    settings = {
        "strategy": {"ema_fast": 2, "ema_slow": 50, "atr_window": 2},
        "grid": {"ema_fast": spans, "ema_slow": [50], "top_n": [1], "corr_cap": [0.7]},
    }
    with models.computed(World(bars, settings)) as connection:
        for span in spans:
            found = _column(connection, f"SELECT ema FROM emas WHERE span = {span} ORDER BY session_date")
            expected = bars["adj_close"].ewm(span=span, adjust=False).mean()
            np.testing.assert_allclose(found, expected, rtol=1e-12)
        ranges = _column(connection, "SELECT true_range FROM features ORDER BY session_date")
        found = _column(connection, "SELECT atr FROM features ORDER BY session_date")
        expected = pd.Series(ranges).ewm(alpha=0.5, adjust=False).mean()
        np.testing.assert_allclose(found, expected, rtol=1e-12)
