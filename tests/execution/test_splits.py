"""What a split makes of a holding, and of the closes that a price is judged by."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rebalancing import live_targets

from execution.splits import Split, between, explains, ratio_of

TUESDAY = date(2024, 6, 11)


@pytest.mark.parametrize(
    ("ratio", "before", "after", "expected"),
    [
        (4, "100", "400", True),
        (4, "100", "300", False),
        (4, "100", "401", False),
        (0.1, "105", "10", True),  # half a share is paid in cash
        (0.1, "105", "11", False),
        (0.1, "105", "10.5", True),  # an account that holds fractions
        (0.1, "5", "0", False),  # nothing is left to confirm the ratio
        (1.3333, "30", "40", True),
        (1.5, "0.3333", "0.5", True),  # the broker keeps four places
        (0.1, "-100", "-10", False),
    ],
)
def test_a_holding_is_explained_by_a_split(ratio: float, before: str, after: str, *, expected: bool) -> None:
    """Exactly, or in whole shares with cash for the fraction; anything else is not explained."""
    split = Split.of("SPY", TUESDAY, ratio, "tiingo")
    assert explains(split.ratio, Decimal(before), Decimal(after)) is expected


@given(st.integers(1, 10**6), st.integers(2, 50), st.booleans())
def test_only_one_number_of_whole_shares_is_explained(before: int, shares: int, is_reverse: bool) -> None:  # noqa: FBT001
    """Of all whole holdings at most the split one fits, and it is there unless it is less than a share."""
    ratio = Fraction(1, shares) if is_reverse else Fraction(shares)
    split = before * ratio.numerator // ratio.denominator
    near = range(max(1, split - 2), split + 3)
    assert [after for after in near if explains(ratio, Decimal(before), Decimal(after))] == ([split] if split else [])


def test_splits_between_two_looks_count_together() -> None:
    """That of the first day was seen already, that of tomorrow is still to come."""
    days = [date(2024, 6, 7), date(2024, 6, 10), TUESDAY, date(2024, 6, 12)]
    splits = [Split.of("SPY", day, 2, "tiingo") for day in days]
    found = between(splits, "SPY", days[0], TUESDAY)
    assert [split.session_date for split in found] == days[1:3]
    assert ratio_of(found) == Fraction(4)
    assert between(splits, "QQQ", days[0], TUESDAY) == ()


def test_closes_of_before_an_announced_split_count_in_new_shares() -> None:
    """Until the source has a bar of the day it has not taken the split out of its prices."""
    announced = Split.of("SPY", TUESDAY, 4, "tiingo")
    known = replace(live_targets(date(2024, 6, 10)), splits=(announced,))
    assert known.in_shares_of(date(2024, 6, 10)) == known
    restated = known.in_shares_of(TUESDAY)
    assert restated.final_bars["SPY"].close == known.final_bars["SPY"].close / 4
    assert restated.final_bars["QQQ"] == known.final_bars["QQQ"]
    seen = replace(live_targets(TUESDAY), splits=(announced,))
    assert seen.in_shares_of(TUESDAY) == seen
