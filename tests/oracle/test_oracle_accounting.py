"""The oracle's accounting, metrics and walk-forward against hand-worked numbers and empyrical."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import empyrical
import numpy as np
import pandas as pd
import pytest
from markets import MARKETS, points

from oracle import (
    Market,
    Metrics,
    Parameters,
    backtest,
    grid,
    held_through_gaps,
    measured,
    metrics,
    target_weights,
    walk_forward,
)
from oracle.walk_forward import best, windows

if TYPE_CHECKING:
    from collections.abc import Sequence

LIVE = Parameters()


def _weights(market: Market, *rows: Sequence[float]) -> pd.DataFrame:
    return pd.DataFrame(rows, index=market.sessions, columns=list(market.symbols), dtype=float)


def _daily(*net_returns: float) -> pd.DataFrame:
    return pd.DataFrame({"net_return": net_returns, "turnover": 0.1})


def test_backtest_by_hand() -> None:
    """Weights earn the next return; trades against the drifted weights pay slippage and shares."""
    market = Market.of(points(GLD=[50.0, 50.0, 60.0], SPY=[100.0, 110.0, 99.0]))
    weights = _weights(market, [0.0, 0.5], [0.4, 0.5], [0.0, 0.0])
    daily = backtest(market, weights, LIVE)
    entry = 0.5 * (0.0001 + 0.0035 / 100)
    # The second session: SPY gains 10 %, so the account gains 5 % and SPY drifts to 0.55 / 1.05.
    trim = 0.55 / 1.05 - 0.5
    second = 0.4 * (0.0001 + 0.0035 / 50) + trim * (0.0001 + 0.0035 / 110)
    # The third: 0.4 · 20 % - 0.5 · 10 % = 3 %, and all is sold.
    gld, spy = 0.48 / 1.03, 0.45 / 1.03
    exit_cost = gld * (0.0001 + 0.0035 / 60) + spy * (0.0001 + 0.0035 / 99)
    net = [-entry, 1.05 * (1 - second) - 1, 1.03 * (1 - exit_cost) - 1]
    equity = 10_000 * np.cumprod(1 + np.array(net))
    assert daily["gross_return"].tolist() == pytest.approx([0.0, 0.05, 0.03])
    assert daily["turnover"].tolist() == pytest.approx([0.5, 0.4 + trim, gld + spy])
    assert daily["cost"].tolist() == pytest.approx([entry, second, exit_cost])
    assert daily["net_return"].tolist() == pytest.approx(net)
    assert daily["equity"].tolist() == pytest.approx(equity.tolist())
    assert daily["drawdown"].tolist() == pytest.approx([-entry, 0.0, 0.0])


def test_a_missing_bar_earns_nothing_until_the_next_one() -> None:
    """A held symbol without a bar returns 0, catches up at its next bar, and sells at its close."""
    market = Market.of(points(GLD=[50.0, 55.0, None, 66.0, 66.0], SPY=[1.0] * 5))
    weights = _weights(market, [0.5, 0.0], [0.5, 0.0], [0.5, 0.0], [0.5, 0.0], [0.0, 0.0])
    daily = backtest(market, weights, LIVE)
    assert daily["gross_return"].tolist() == pytest.approx([0.0, 0.05, 0.0, 0.1, 0.0])

    sold = _weights(market, [0.5, 0.0], [0.5, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0])
    costs = backtest(market, sold, LIVE)["cost"]
    assert costs.iloc[2] == pytest.approx(0.5 * (0.0001 + 0.0035 / 55))
    assert costs.iloc[3] == 0


def test_nothing_is_traded_while_a_held_symbol_has_no_bar() -> None:
    """What is held drifts until the bar comes, which takes the whole move; then the newest decision is carried out."""
    market = Market.of(points(GLD=[50.0, 55.0, None, 44.0, 44.0], SPY=[100.0, 100.0, 110.0, 110.0, 110.0]))
    decided = _weights(market, [0.4, 0.4], [0.4, 0.4], [0.0, 0.9], [0.0, 0.9], [0.0, 0.9])
    held = held_through_gaps(market, decided, stale_after=5)
    assert held.iloc[2].tolist() == pytest.approx([0.4 / 1.04, 0.44 / 1.04])
    assert held.drop(index=held.index[2]).equals(decided.drop(index=held.index[2]))
    daily = backtest(market, held, LIVE)
    assert daily["turnover"].iloc[2] == pytest.approx(0)
    assert daily["gross_return"].tolist()[2:4] == pytest.approx([0.04, -0.2 * 0.4 / 1.04])


def test_a_symbol_without_bars_counts_as_ended() -> None:
    """On the session on which the patience runs out, its last close is what it is sold at."""
    market = Market.of(points(GLD=[50.0, 50.0, None, None, None, None], SPY=[1.0] * 6))
    decided = _weights(market, [0.5, 0.0], [0.5, 0.0], *[[0.0, 0.0]] * 4)
    held = held_through_gaps(market, decided, stale_after=3)
    assert held["GLD"].tolist() == [0.5, 0.5, 0.5, 0.5, 0.0, 0.0]
    cost = backtest(market, held, LIVE)["cost"]
    assert cost.tolist()[2:] == pytest.approx([0, 0, 0.5 * (0.0001 + 0.0035 / 50), 0])
    assert held_through_gaps(market, decided, stale_after=1).equals(decided)


def test_a_decision_that_was_not_carried_out_starts_no_waiting() -> None:
    """While the first holding is awaited, a later pick's missing bar delays nothing."""
    market = Market.of(points(GLD=[1.0, None, 1.0, 1.0], SPY=[1.0, 1.0, None, 1.0], TLT=[1.0] * 4))
    decided = _weights(market, [0.5, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.5], [0.0, 0.0, 0.5])
    held = held_through_gaps(market, decided, stale_after=5)
    assert held["GLD"].tolist() == [0.5, 0.5, 0.0, 0.0]
    assert held["SPY"].tolist() == [0.0] * 4
    assert held["TLT"].tolist() == [0.0, 0.0, 0.5, 0.5]


@pytest.mark.parametrize(
    ("change", "close", "commission"),
    [
        (0.5, 100.0, 0.35),  # 50 shares at 0.0035 USD are 0.175: the minimum
        (0.5, 10.0, 1.75),  # 500 shares: the rate
        (0.002, 100.0, 0.20),  # an order of 20 USD: at most 1 % of it
    ],
)
def test_commissions_have_a_minimum_and_a_maximum(change: float, close: float, commission: float) -> None:
    """The rate counts between a minimum an order and a part of the order's value."""
    market = Market.of(points(SPY=[close, close]))
    parameters = replace(LIVE, slippage=0.0, commission_minimum=0.35, commission_maximum=0.01)
    daily = backtest(market, _weights(market, [change], [change]), parameters)
    assert daily["cost"].tolist() == pytest.approx([commission / 10_000, 0])


def test_commissions_follow_the_equity_that_they_leave() -> None:
    """The second order's minimum weighs more, because the first one's cost is gone."""
    market = Market.of(points(SPY=[100.0, 100.0]))
    parameters = replace(LIVE, slippage=0.0, commission_minimum=100.0)
    daily = backtest(market, _weights(market, [0.5], [0.0]), parameters)
    assert daily["cost"].tolist() == pytest.approx([100 / 10_000, 100 / 9_900])
    assert daily["equity"].tolist() == pytest.approx([9_900, 9_800])


def test_metrics_by_hand() -> None:
    """Up 10 %, down 10 %, up 5 %: every metric from its definition."""
    found = metrics(_daily(0.10, -0.10, 0.05))
    cagr = (1.1 * 0.9 * 1.05) ** 84 - 1
    assert found.sessions == 3
    assert found.cagr == pytest.approx(cagr)
    assert found.max_drawdown == pytest.approx(-0.10)
    assert found.calmar == pytest.approx(cagr / 0.10)
    assert found.profit_factor == pytest.approx(1.5)
    assert found.sharpe == pytest.approx((0.05 / 3) / (0.0325 / 3) ** 0.5 * 252**0.5)
    assert found.turnover_annual == pytest.approx(25.2)


def test_a_loss_on_the_first_session_is_a_drawdown() -> None:
    """The running maximum includes the start."""
    assert metrics(_daily(-0.02, 0.01)).max_drawdown == pytest.approx(-0.02)


def test_metrics_equal_empyrical() -> None:
    """Sharpe, CAGR, drawdown and Calmar agree with empyrical on an ordinary series."""
    market = Market.of(MARKETS["month_end_start"]())
    weights = target_weights(market, LIVE)
    daily = measured(backtest(market, weights, LIVE), weights)
    net, found = daily["net_return"], metrics(daily)
    assert found.sharpe == pytest.approx(empyrical.sharpe_ratio(net), rel=1e-9)
    assert found.cagr == pytest.approx(empyrical.annual_return(net), rel=1e-9)
    assert found.max_drawdown == pytest.approx(empyrical.max_drawdown(net), rel=1e-9)
    assert found.calmar == pytest.approx(empyrical.calmar_ratio(net), rel=1e-9)


def test_undefined_metrics_are_none() -> None:
    """No spread: no Sharpe; no drawdown: no Calmar; no loss: no profit factor."""
    found = metrics(_daily(0.0, 0.0))
    assert (found.sharpe, found.calmar, found.profit_factor) == (None, None, None)
    assert (found.cagr, found.max_drawdown) == (0.0, 0.0)


def test_measuring_starts_after_the_first_target() -> None:
    """The session of the first decision earns nothing yet, and does not count."""
    market = Market.of(points(SPY=[1.0, 2.0, 3.0, 4.0]))
    weights = _weights(market, [0.0], [0.5], [0.0], [0.5])
    assert len(measured(backtest(market, weights, LIVE), weights)) == 2


def test_without_a_target_nothing_is_measured() -> None:
    """A strategy that never held anything has no session and no metric."""
    market = Market.of(points(SPY=[1.0, 2.0]))
    weights = _weights(market, [0.0], [0.0])
    assert metrics(measured(backtest(market, weights, LIVE), weights)) == Metrics(sessions=0)


@pytest.mark.parametrize("name", ["gaps", "delisting", "dividends"])
def test_the_future_does_not_move_the_past(name: str) -> None:
    """Bars cut at a session give the same daily rows up to it."""
    bars = MARKETS[name]()
    whole = Market.of(bars, bars["symbol"].unique())
    cut = Market.of(bars[bars["session_date"] <= whole.sessions[260].date()], whole.symbols)
    rows = [backtest(each, target_weights(each, LIVE), LIVE) for each in (whole, cut)]
    pd.testing.assert_frame_equal(rows[0].iloc[:261], rows[1], check_exact=True, check_freq=False)


def test_the_grid_is_in_grid_order() -> None:
    """81 strategies, the last axis fastest, the live one among them."""
    strategies = grid()
    keys = [(each.ema_fast, each.ema_slow, each.top_n, each.corr_cap) for each in strategies]
    assert len(set(keys)) == 81
    assert keys == sorted(keys)
    assert LIVE in strategies


def test_test_windows_follow_each_other_without_gap_or_overlap() -> None:
    """From a 31st on, days are clipped once, so one window ends where the next begins."""
    sessions = pd.bdate_range("2012-01-02", "2016-06-30")
    folds = windows(pd.Timestamp("2012-01-31"), sessions)
    assert [str(fold[2].date()) for fold in folds[:3]] == ["2015-01-31", "2015-04-30", "2015-07-31"]
    assert all(earlier[3] == later[2] for earlier, later in pairwise(folds))
    assert folds[-1][2] <= sessions[-1] < folds[-1][3]


def test_a_fold_needs_a_test_session() -> None:
    """Data that end on the eve of a test window make no fold of it; one session more does."""
    first = pd.Timestamp("2012-01-03")
    assert windows(first, pd.bdate_range("2012-01-03", "2015-01-02")) == []
    assert len(windows(first, pd.bdate_range("2012-01-03", "2015-01-05"))) == 1


@pytest.mark.parametrize(
    ("objectives", "winner"),
    [
        ([0.5, 0.7, 0.6], 1),
        ([0.7, 0.7 + 1e-12, 0.6], 0),
        ([None, -0.3, None], 1),
        ([None, None, None], 0),
    ],
)
def test_the_best_objective_wins_and_the_first_of_equals(objectives: list[float | None], winner: int) -> None:
    """Equal to ten decimals is equal; no objective loses even against a negative one."""
    strategies = grid()[:3]
    assert best(strategies, objectives) == (strategies[winner], objectives[winner])


def test_walk_forward_splices_the_winners_targets() -> None:
    """Out of sample each session holds its fold's winner's target, and switching is paid."""
    market = Market.of(MARKETS["month_end_start"]())
    weights = {each: target_weights(market, each) for each in grid()[::9]}
    found = walk_forward(market, weights, LIVE)
    assert [str(fold.test_start.date()) for fold in found.folds] == [
        "2015-01-31",
        "2015-04-30",
        "2015-07-31",
        "2015-10-31",
    ]
    assert found.daily.index[0] == pd.Timestamp("2015-02-02")
    assert found.daily.index[-1] == market.sessions[-1]
    for fold in found.folds:
        inside = (found.weights.index >= fold.test_start) & (found.weights.index < fold.test_end)
        expected = weights[fold.winner].loc[found.weights.index[inside]]
        pd.testing.assert_frame_equal(found.weights[inside], expected, check_freq=False)
    first = found.daily.iloc[0]
    assert first["gross_return"] == 0
    assert first["turnover"] == pytest.approx(found.weights.iloc[0].sum())
    assert found.metrics.sessions == len(found.daily) - 1


def test_walk_forward_without_a_first_target_has_no_fold() -> None:
    """Nothing eligible: no folds, no series, and metrics of no session."""
    market = Market.of(MARKETS["no_eligible_symbol"]())
    found = walk_forward(market, {LIVE: target_weights(market, LIVE)}, LIVE)
    assert (found.folds, len(found.daily), found.metrics.sessions) == ([], 0, 0)
