"""Splits and dividends, there and back."""

from __future__ import annotations

import numpy as np
import pytest
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


def test_a_payout_beside_a_missing_price_is_unknown() -> None:
    """Neither the day without a price nor the next one says what it paid."""
    found = derived_dividends(np.array([10.0, np.nan, 9.0, 9.0]), np.array([9.0, 9.0, 9.0, 9.0]))
    assert np.isnan(found).tolist() == [False, True, True, False]
