"""References of orders: made from what an order is for, and read back."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.models import OrderRef, Side

REFS = st.builds(
    OrderRef,
    strategy_id=st.text("abc/-_0", min_size=1),
    session_date=st.dates(date(1990, 1, 1), date(2100, 1, 1)),
    symbol=st.text("ABC.0", min_size=1, max_size=5),
    side=st.sampled_from(Side),
    sequence=st.integers(1, 99),
)


def test_the_text_is_the_one_on_the_wire() -> None:
    """Strategy, session, symbol, side and sequence, in this order."""
    assert str(OrderRef("live", date(2024, 6, 11), "BRK.B", Side.SELL, 2)) == "live/20240611/BRK.B/SELL/2"


@given(REFS)
def test_a_reference_is_read_back(ref: OrderRef) -> None:
    """Whatever a strategy is called, its references come back as they were made."""
    assert OrderRef.parse(str(ref)) == ref


@pytest.mark.parametrize(
    "text", ["", "by hand", "live/20240611/SPY/BUY", "live/20241311/SPY/BUY/1", "live/20240611/SPY/HOLD/1", "a/b/c/d/e"]
)
def test_foreign_references_are_none_of_ours(text: str) -> None:
    """A text of another form is refused."""
    with pytest.raises(ValueError, match="SYMBOL"):
        OrderRef.parse(text)
