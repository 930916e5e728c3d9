"""Splits and dividends, there and back."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vendor_market import adjusted, traded

from warehouse.sources.adjustments import derived_dividends, later_splits


def test_later_splits_are_those_after_the_session() -> None:
    """A split counts for the sessions before its day, not for the day itself."""
    assert later_splits(np.array([1.0, 2.0, 1.0, 0.5, 3.0])).tolist() == [3.0, 1.5, 1.5, 3.0, 1.0]
    assert later_splits(np.array([4.0])).tolist() == [1.0]


@pytest.mark.parametrize("symbol", ["SPY", "QQQ", "TLT"])
def test_dividends_come_back_from_the_drift_of_two_closes(symbol: str) -> None:
    """What the adjustment took out is found again to the cent, ordinary and special payouts and none."""
    bars = adjusted(traded(symbol))
    close, adj_close = (np.array([getattr(bar, name) for bar in bars]) for name in ("close", "adj_close"))
    found = derived_dividends(close, adj_close.round(2))
    assert np.abs(found - [bar.dividend for bar in bars]).max() <= 0.02
    assert ((found > 0) == [bar.dividend > 0 for bar in bars]).all()


@given(
    st.lists(st.tuples(st.floats(10, 500), st.sampled_from([0.0, 0.0, 0.0, 0.25, 1.0, 3.5])), min_size=2, max_size=30)
)
def test_dividends_come_back_from_adjusted_closes(days: list[tuple[float, float]]) -> None:
    """The derivation inverts back-adjustment by 1 - D/C, within the cents of a vendor's rounding."""
    close = np.round([price for price, _ in days], 2)
    paid = np.array([0.0] + [dividend if dividend < price / 2 else 0.0 for (price, _), (_, dividend) in pairwise(days)])
    adj_close, factor = np.empty_like(close), 1.0
    for day in range(len(close) - 1, -1, -1):
        adj_close[day] = close[day] * factor
        if day:
            factor *= 1 - paid[day] / close[day - 1]
    exact = derived_dividends(close, adj_close)
    sure = paid[1:] > 0.02 * close[:-1] * (1 / adj_close[:-1] + 1 / adj_close[1:])
    assert np.allclose(exact[1:][sure], paid[1:][sure], atol=0.006)
    rounded = np.round(adj_close, 2)
    known = (rounded[1:] > 0) & (rounded[:-1] > 0)
    assert (derived_dividends(close, rounded)[1:][(paid[1:] == 0) & known] == 0).all()


def test_a_payout_beside_a_missing_price_is_unknown() -> None:
    """Neither the day without a price nor the next one says what it paid."""
    found = derived_dividends(np.array([10.0, np.nan, 9.0, 9.0]), np.array([9.0, 9.0, 9.0, 9.0]))
    assert np.isnan(found).tolist() == [False, True, True, False]
