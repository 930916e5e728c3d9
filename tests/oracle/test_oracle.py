"""The oracle's features, selections and weights against hand-worked numbers and other libraries."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import talib
from markets import MARKETS, points

from oracle import (
    Market,
    Parameters,
    atr,
    correlation,
    ema,
    features,
    inverse_volatility_weights,
    selections,
    target_weights,
    true_range,
    volatility,
)

if TYPE_CHECKING:
    from oracle.features import Vector

LIVE = Parameters()


def _walk() -> Vector:
    steps = 0.01 * np.random.default_rng(7).standard_normal(600)
    return (100 * np.cumprod(1 + steps)).astype(np.float64)


def test_ema_follows_its_recursion_by_hand() -> None:
    """The mean starts at the first close and moves by 2 / (span + 1) of the distance."""
    assert ema(np.array([10.0, 13.0, 7.0]), 2).tolist() == pytest.approx([10.0, 12.0, 26 / 3])


@pytest.mark.parametrize("span", [10, 50])
def test_ema_equals_pandas(span: int) -> None:
    """The mean is pandas' `ewm(span, adjust=False)`."""
    expected = pd.Series(_walk()).ewm(span=span, adjust=False).mean()
    np.testing.assert_allclose(ema(_walk(), span), expected, rtol=1e-13)


def test_ema_meets_talib_after_warm_up() -> None:
    """Another start (TA-Lib's simple mean) is forgotten after enough bars."""
    np.testing.assert_allclose(ema(_walk(), 20)[300:], talib.EMA(_walk(), 20)[300:], rtol=1e-10)


def test_true_range_counts_the_gap() -> None:
    """The previous close widens the range on both sides; the first bar has none."""
    bars = points(SPY=[10.0, 14.5, 9.5])
    # adj_close is half of close, so every indicator price is half of the traded one.
    bars = bars.assign(high=[11.0, 15.0, 10.0], low=[9.0, 14.0, 9.0], adj_close=[5.0, 7.25, 4.75])
    own = Market.of(bars).own_bars[0]
    assert true_range(own).tolist() == pytest.approx([1.0, 2.5, 2.75])


def test_atr_meets_talib_after_warm_up() -> None:
    """Wilder's mean forgets its start: 20 bars a time constant, 1e-10 after 500."""
    bars = MARKETS["month_end_start"]()
    own = Market.of(bars, ["AAA"]).own_bars[0]
    expected = talib.ATR(own.high, own.low, own.close, 20)
    np.testing.assert_allclose(atr(own, 20)[600:], expected[600:], rtol=1e-10)


def test_volatility_is_the_sample_deviation_of_full_windows() -> None:
    """A value needs a full window of returns; the divisor is one less than their number."""
    own = Market.of(points(SPY=[100.0, 110.0, 110.0, 121.0])).own_bars[0]
    assert volatility(own, 2).tolist() == pytest.approx([np.nan, np.nan, 0.1 / 2**0.5, 0.1 / 2**0.5], nan_ok=True)


def test_features_run_over_a_symbols_own_bars() -> None:
    """A session without a bar is skipped, and the next return spans it."""
    market = Market.of(points(GLD=[50.0, None, 55.0], SPY=[1.0, 2.0, 3.0]))
    table = features(market, LIVE)
    gld = table[table["symbol"] == "GLD"]
    assert gld["bar_number"].tolist() == [0, 1]
    assert gld["ret"].tolist() == pytest.approx([np.nan, 0.1], nan_ok=True)


@pytest.mark.parametrize("session", [150, 199, 250, 398])
def test_correlation_uses_the_joint_returns_of_the_window(session: int) -> None:
    """It equals numpy's over the sessions of the trailing window on which both have a return."""
    market = Market.of(MARKETS["gaps"]())
    joint = pd.DataFrame(market.returns).loc[session - 89 : session, [0, 2]].dropna()
    expected = np.corrcoef(joint.to_numpy().T)[0, 1]
    assert correlation(market, (0, 2), session, LIVE) == pytest.approx(expected, rel=1e-12)


def test_correlation_is_unknown_without_a_return_on_the_session() -> None:
    """Where a symbol has no bar its correlation is unknown, whatever the window holds."""
    market = Market.of(MARKETS["gaps"]())
    assert market.symbols[1] == "HOLE"
    assert np.isnan(correlation(market, (0, 1), 180, LIVE))
    assert not np.isnan(correlation(market, (0, 1), 179, LIVE))


def test_correlation_needs_the_least_observations() -> None:
    """Sixty joint returns are enough, fifty-nine are not."""
    market = Market.of(points(AAA=[n**1.1 for n in range(1, 70)], BBB=[n**1.2 for n in range(1, 70)]))
    assert np.isnan(correlation(market, (0, 1), 59, LIVE))
    assert correlation(market, (0, 1), 60, LIVE) == pytest.approx(1, abs=0.1)


def test_correlation_is_unknown_where_a_series_is_constant() -> None:
    """A price that does not move has no correlation, not a correlation of zero."""
    market = Market.of(MARKETS["constant_prices"]())
    assert market.symbols[1] == "ALWAYS"
    assert np.isnan(correlation(market, (0, 1), 399, LIVE))


def test_equal_scores_rank_by_symbol() -> None:
    """Of twins the first by name is picked, and their correlation of one bars the other."""
    picks = selections(Market.of(MARKETS["ties"]()), LIVE)
    assert "TWINA" in set(picks["symbol"])
    assert "TWINB" not in set(picks["symbol"])


def test_the_walk_passes_over_correlated_symbols() -> None:
    """Where twelve copies rank first, the one stranger is taken from rank 13."""
    picks = selections(Market.of(MARKETS["crowd"]()), LIVE)
    second = picks[(picks["pick"] == 2) & (picks["symbol"] == "ALONE")]
    assert second["rank"].max() == 13


def test_the_walk_stops_at_top_n() -> None:
    """No session holds more symbols than top_n, and with one pick it is the first rank."""
    picks = selections(Market.of(MARKETS["dividends"]()), replace(LIVE, top_n=1))
    assert not picks["session_date"].duplicated().any()
    assert set(picks["rank"]) == {1}


@pytest.mark.parametrize("name", ["no_eligible_symbol", "short_history"])
def test_without_an_eligible_symbol_all_is_cash(name: str) -> None:
    """Falling prices or too few bars select nothing."""
    assert (target_weights(Market.of(MARKETS[name]()), LIVE) == 0).all(axis=None)


@pytest.mark.parametrize(
    ("volatilities", "expected"),
    [
        ([], []),
        ([0.01], [0.50]),
        ([0.01, 0.02], [0.50, 0.45]),
        ([0.01, 0.01], [0.475, 0.475]),
        ([0.01, 0.02, 0.04], [0.50, 0.30, 0.15]),
        ([0.001, 0.02, 0.02], [0.50, 0.225, 0.225]),
    ],
)
def test_weights_share_inversely_to_volatility(volatilities: list[float], expected: list[float]) -> None:
    """A weight over the cap is pinned and the rest shared again, up to the invested fraction."""
    assert inverse_volatility_weights(volatilities, LIVE) == pytest.approx(expected)


def test_pinning_one_weight_can_push_the_next_over_the_cap() -> None:
    """With a cap of 0.4 the second pass pins the second symbol, and cash remains."""
    tight = replace(LIVE, max_weight=0.4, cash_buffer=0.1)
    assert inverse_volatility_weights([0.01, 0.02], tight) == pytest.approx([0.4, 0.4])
    assert inverse_volatility_weights([0.01, 0.015, 0.1], tight) == pytest.approx([0.4, 0.4, 0.1])


@pytest.mark.parametrize("name", MARKETS)
def test_weights_respect_their_caps_in_every_market(name: str) -> None:
    """Long only, each at most max_weight, together at most what the cash buffer leaves."""
    weights = target_weights(Market.of(MARKETS[name]()), replace(LIVE, top_n=3)).to_numpy()
    assert weights.min() >= 0
    assert weights.max() <= LIVE.max_weight
    assert weights.sum(axis=1).max() <= 1 - LIVE.cash_buffer + 1e-12
