"""Rounding against brute force, and costs against IBKR's schedule."""

from __future__ import annotations

import math
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from situations import rules

from execution.models import Side
from execution.planning.costs import Fee, limit_price
from execution.planning.rounding import EXACT_UP_TO, LEAST_GAIN, Leg, distance, round_lots

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_CHOICES = 4_000
EQUITY = 10_000
PRICES = (22, 72, 90, 94, 240, 290, 510, 580)


@st.composite
def books(draw: st.DrawFn) -> tuple[list[Leg], Decimal | None]:
    """A few buys and sales in whole shares of real-looking prices, some of them decided; and the cash."""
    legs, choices = [], 1
    for price in draw(st.lists(st.sampled_from(PRICES), min_size=1, max_size=6, unique=True)):
        is_sale = draw(st.booleans())
        most = draw(st.integers(0, max(0, min(12, MOST_CHOICES // choices - 1))))
        choices *= most + 1
        distance_ = draw(st.floats(-0.5, 0.5))
        least = most if draw(st.integers(0, 4)) == 0 and is_sale else 0
        worst = Decimal(price) * Decimal("1.005")
        fee = Fee.of(rules(), worst)
        step = price / EQUITY
        legs.append(Leg(distance_, -step, least, most) if is_sale else Leg(distance_, step, 0, most, worst, fee))
    cash = draw(st.none() | st.decimals(0, EQUITY, places=2))
    return legs, cash


def _cost(legs: Sequence[Leg], lots: Sequence[int]) -> Decimal:
    return sum((leg.cost(count) for leg, count in zip(legs, lots, strict=True)), Decimal(0))


@settings(deadline=None, max_examples=150)
@given(books())
def test_few_symbols_are_rounded_as_well_as_can_be(book: tuple[list[Leg], Decimal | None]) -> None:
    """No choice at all within the cash is nearer to the goals than the one that is found."""
    legs, cash = book
    found = round_lots(legs, cash)
    assert all(leg.least <= lots <= leg.most for leg, lots in zip(legs, found, strict=True))
    assert cash is None or _cost(legs, found) <= cash
    best = min(
        distance(legs, lots)
        for lots in product(*(range(leg.least, leg.most + 1) for leg in legs))
        if cash is None or _cost(legs, lots) <= cash
    )
    assert distance(legs, found) <= best + LEAST_GAIN


def _buys(seed: int, count: int, equity: float) -> list[Leg]:
    generator = np.random.default_rng(seed)
    weights = generator.dirichlet(np.ones(count)) * 0.95
    prices = generator.uniform(20, 600, count).round(2)
    return [
        Leg(
            -weight,
            price / equity,
            0,
            math.ceil(weight * equity / price) + 1,
            Decimal(str(price)) * Decimal("1.005"),
            Fee.of(rules(), Decimal(str(price))),
        )
        for weight, price in zip(weights.tolist(), prices.tolist(), strict=True)
    ]


@pytest.mark.parametrize("cash", ["100", "5000", "9000", "9600", None])
def test_ten_symbols_are_searched_to_the_end(cash: str | None) -> None:
    """At the greatest size that is exact, no single lot and no exchange of two lots is an improvement."""
    budget = None if cash is None else Decimal(cash)
    for seed in range(10):
        legs = _buys(seed, EXACT_UP_TO, EQUITY)
        found = round_lots(legs, budget)
        nearest = distance(legs, found)
        for first, second in product(range(len(legs)), repeat=2):
            for change in (-1, 1):
                other = list(found)
                other[first] += change
                other[second] -= change * (first != second)
                if all(0 <= lots <= leg.most for leg, lots in zip(legs, other, strict=True)) and (
                    budget is None or _cost(legs, other) <= budget
                ):
                    assert distance(legs, other) >= nearest - LEAST_GAIN


@pytest.mark.parametrize("cash", [None, Decimal(500_000), Decimal(1_000)])
def test_many_symbols_are_rounded_nearly_as_well(cash: Decimal | None) -> None:
    """For hundreds the climb stays within the cash, and no single lot improves on it."""
    legs = _buys(1, 300, 1_000_000)
    found = round_lots(legs, cash)
    assert cash is None or _cost(legs, found) <= cash
    nearest = distance(legs, found)
    for at, leg in enumerate(legs):
        for change in (-1, 1):
            other = [*found[:at], found[at] + change, *found[at + 1 :]]
            if leg.least <= other[at] <= leg.most and (cash is None or _cost(legs, other) <= cash):
                assert distance(legs, other) >= nearest - 1e-12
    floor = [int(-leg.distance / leg.step) for leg in legs]
    if cash is None:
        assert nearest < distance(legs, floor) / 10


def test_the_last_cent_is_spent() -> None:
    """A lot that costs exactly what is left is taken, by the climb as by the search."""
    for count in (EXACT_UP_TO, 3 * EXACT_UP_TO):
        legs = [Leg(-0.02, 0.01, 0, 3, Decimal(100)) for _ in range(count)]
        assert sum(round_lots(legs, Decimal(100 * count))) == count


def test_nothing_to_round_is_nothing() -> None:
    """No symbols make no lots."""
    assert round_lots([]) == []


@pytest.mark.parametrize(
    ("price", "side", "offset", "expected"),
    [
        ("90", Side.BUY, "0.005", "90.45"),
        ("90", Side.SELL, "0.005", "89.55"),
        ("90.01", Side.BUY, "0.005", "90.47"),  # 90.46005
        ("90.01", Side.SELL, "0.005", "89.55"),  # 89.55995
        ("90.01", Side.BUY, "0", "90.01"),
        ("0.5", Side.BUY, "0.005", "0.5025"),
        ("0.51239", Side.SELL, "0.005", "0.5098"),
        ("0.9999", Side.BUY, "0.005", "1.01"),
        ("1.001", Side.SELL, "0.005", "0.9959"),
        ("0.0001", Side.SELL, "0.1", "0.0001"),
    ],
)
def test_limits_are_rounded_outward_to_the_tick(price: str, side: Side, offset: str, expected: str) -> None:
    """A buy's limit is rounded up and a sale's down: to the cent, below a dollar to 0.0001."""
    assert limit_price(Decimal(price), side, Decimal(offset)) == Decimal(expected)


@pytest.mark.parametrize(
    ("shares", "price", "expected"),
    [
        (0, "90", "0"),
        (50, "90", "0.35"),  # the minimum
        (1000, "90", "3.5"),  # the rate
        (1, "22", "0.22"),  # 1 % caps the minimum
        (100_000, "0.1", "100"),  # and the rate
    ],
)
def test_commissions_have_a_rate_a_minimum_and_a_maximum(shares: int, price: str, expected: str) -> None:
    """IBKR's schedule: 0.0035 a share, at least 0.35 an order, at most 1 % of its value."""
    assert Fee.of(rules(), Decimal(price))(shares) == Decimal(expected)
