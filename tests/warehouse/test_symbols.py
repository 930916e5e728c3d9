"""One form of a symbol."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.symbols import canonical


@pytest.mark.parametrize("text", ["BRK.B", "BRK-B", "BRK B", "BRK/B", "brk.b", " brk-b "])
def test_every_writing_of_a_class_is_one_symbol(text: str) -> None:
    """Vendors differ in the sign between a share and its class."""
    assert canonical(text) == "BRK.B"


@pytest.mark.parametrize("text", ["", "1SPY", ".SPY", "SPY.", "SPY--B", "^GSPC", "SPY US ETF FUND", "SPÄ", "S" * 13])
def test_other_texts_are_no_symbols(text: str) -> None:
    """An index, a description and an unfinished text name no share."""
    assert canonical(text) is None


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,5}([.\- /][A-Za-z0-9]{1,4})?", fullmatch=True))
def test_the_one_form_is_its_own(text: str) -> None:
    """A symbol in its one form stays as it is."""
    symbol = canonical(text)
    assert symbol is not None
    assert canonical(symbol) == symbol
