"""Prices from a snapshot's ticks, with their kind and time."""

from __future__ import annotations

import sys
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulators import AFTERNOON

from execution.brokers.tws.quotes import DELAY, Ticks, best_price
from execution.brokers.tws.session import KIND
from execution.models import PriceKind

TRADED_AT = AFTERNOON - timedelta(minutes=20)
TIME = str(int(TRADED_AT.timestamp()))


@pytest.mark.parametrize(
    ("ticks", "amount"),
    [
        ({1: 99.0, 2: 101.0, 4: 100.5}, "100.5"),
        ({1: 99.0, 2: 101.0, 4: 98.0}, "99"),
        ({1: 99.0, 2: 101.0, 4: 102.0}, "101"),
        ({1: 99.0, 2: 101.0}, "100"),
        ({4: 100.5}, "100.5"),
        ({1: -1.0, 2: -1.0, 4: 100.5}, "100.5"),
        ({66: 99.0, 67: 101.0, 68: 100.25}, "100.25"),
        ({1: 99.0}, None),
        ({9: 100.0}, None),
        ({4: 0.0}, None),
        ({4: float("inf")}, None),
        ({4: float("nan")}, None),
        ({4: sys.float_info.max}, None),
        ({KIND: 7, 4: 100.0}, None),
        ({1: 99.0, 2: 101.0, 4: 100.5, 49: 1.0}, None),
        ({66: 99.0, 67: 101.0, 68: 100.5, 90: 2.0}, None),
        ({1: 99.0, 2: 101.0, 4: 100.5, 49: 0.0}, "100.5"),
        ({}, None),
    ],
)
def test_the_last_trade_counts_within_the_spread(ticks: Ticks, amount: str | None) -> None:
    """A last trade outside the spread is moved to its edge; without one the middle counts; yesterday's close never."""
    price = best_price("SPY", ticks, AFTERNOON)
    assert (price and price.amount) == (amount and Decimal(amount))


@pytest.mark.parametrize(
    ("ticks", "kind", "as_of"),
    [
        ({KIND: 1, 4: 100.0}, PriceKind.LIVE, AFTERNOON),
        ({KIND: 1, 4: 100.0, 45: TIME}, PriceKind.LIVE, TRADED_AT),
        ({KIND: 1, 1: 99.0, 2: 101.0, 4: 100.0, 45: TIME}, PriceKind.LIVE, AFTERNOON),
        ({KIND: 1, 1: -1.0, 2: -1.0, 4: 100.0, 45: TIME}, PriceKind.LIVE, TRADED_AT),
        ({KIND: 3, 68: 100.0, 88: TIME}, PriceKind.DELAYED, TRADED_AT),
        ({KIND: 2, 4: 100.0, 45: "99999999999999999"}, PriceKind.FROZEN, AFTERNOON),  # no time that there is
        ({KIND: 3, 68: 100.0}, PriceKind.DELAYED, AFTERNOON - DELAY),
        ({KIND: 4, 68: 100.0, 88: TIME}, PriceKind.DELAYED_FROZEN, TRADED_AT),
        ({KIND: 2, 4: 100.0, 45: TIME}, PriceKind.FROZEN, TRADED_AT),
        ({68: 100.0}, PriceKind.DELAYED, AFTERNOON - DELAY),
        ({4: 100.0}, PriceKind.LIVE, AFTERNOON),
    ],
)
def test_a_price_is_as_old_as_its_kind_says(ticks: Ticks, kind: PriceKind, as_of: object) -> None:
    """Live prices are from now, others from their last trade, delayed ones without it from 15 minutes ago."""
    price = best_price("SPY", ticks, AFTERNOON)
    assert price
    assert (price.kind, price.as_of) == (kind, as_of)


def test_a_frozen_price_without_a_time_is_none() -> None:
    """A price whose age nobody knows is not traded on."""
    assert best_price("SPY", {KIND: 2, 4: 100.0}, AFTERNOON) is None


PRICES = st.floats(0.01, 1000)


@given(PRICES, PRICES, PRICES)
def test_no_price_is_outside_its_spread(one: float, other: float, last: float) -> None:
    """Whatever the ticks, the price lies between bid and ask."""
    bid, ask = sorted((one, other))
    price = best_price("SPY", {1: bid, 2: ask, 4: last}, AFTERNOON)
    assert price
    assert round(bid, 6) <= float(price.amount) <= round(ask, 6)
