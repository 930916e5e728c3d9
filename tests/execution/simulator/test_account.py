"""The account: commissions, settlement, and nothing made or lost whatever is ordered."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulators import AFTERNOON, NEW_YORK, calm_bars

from execution.models import Side
from execution.simulator.account import CashAccount, Holding, Trade, commission
from execution.simulator.book import BrokerBook
from execution.simulator.clock import Clock
from execution.simulator.market import Market
from execution.simulator.orders import BrokerOrder, OrderRefusedError
from execution.simulator.scenario import EVERY, Filling, Scenario

CASH = Decimal(10_000)
HELD = {"TLT": Decimal(20), "BITO": Decimal(50)}
SYMBOLS = ["SPY", "TLT", "BITO"]


@pytest.mark.parametrize(
    ("quantity", "price", "cost"),
    [
        ("3", "500", "0.35"),  # the minimum
        ("100", "50", "0.35"),
        ("101", "50", "0.3535"),
        ("1000", "20", "3.50"),
        ("1", "20", "0.20"),  # 1 % of the value
        ("1000", "0.20", "2.00"),
        ("0.5", "90", "0.35"),
    ],
)
def test_a_commission_follows_the_schedule(quantity: str, price: str, cost: str) -> None:
    """0.0035 USD a share, at least 0.35, and never more than 1 % of the value."""
    assert commission(Decimal(quantity), Decimal(quantity) * Decimal(price)) == Decimal(cost)


@pytest.mark.parametrize(
    ("traded", "settles"),
    [
        (date(2024, 6, 11), date(2024, 6, 12)),
        (date(2024, 8, 30), date(2024, 9, 3)),  # over a weekend and Labor Day
        (date(2024, 7, 3), date(2024, 7, 5)),  # over Independence Day
    ],
)
def test_proceeds_settle_on_the_next_session(traded: date, settles: date) -> None:
    """Proceeds of a sale are cash at once, and settled cash from the next session on; a purchase is paid at once."""
    account = CashAccount("DU1", Decimal(100), {"SPY": Holding(Decimal(2), Decimal(40))})
    account.apply(Trade("SPY", Side.SELL, Decimal(1), Decimal(50), Decimal("0.35"), traded))
    assert account.cash == Decimal("149.65")
    assert account.settled_cash(settles - timedelta(days=1)) == 100
    assert account.settled_cash(settles) == Decimal("149.65")
    account.apply(Trade("TLT", Side.BUY, Decimal(1), Decimal(90), Decimal("0.35"), traded))
    assert account.settled_cash(traded) == Decimal("9.65")


@st.composite
def _steps(draw: st.DrawFn) -> list[tuple[str, Decimal, str, int]]:
    """Orders and pauses: side, shares, symbol, and minutes that pass before."""
    step = st.tuples(
        st.sampled_from(["BUY", "SELL", "CANCEL"]),
        st.integers(1, 40).map(Decimal),
        st.sampled_from(SYMBOLS),
        st.sampled_from([0, 1, 30, 600, 2000]),
    )
    return draw(st.lists(step, min_size=1, max_size=15))


def _book(scenario: Scenario) -> tuple[BrokerBook, Clock]:
    clock = Clock(AFTERNOON)
    account = CashAccount("DU1", CASH, {symbol: Holding(shares, Decimal(50)) for symbol, shares in HELD.items()})
    return BrokerBook(account, Market(calm_bars()), clock, scenario), clock


@settings(max_examples=60, deadline=None)
@given(_steps(), st.sampled_from([1, 3]), st.booleans())
def test_nothing_is_made_or_lost(
    steps: list[tuple[str, Decimal, str, int]],
    parts: int,
    accepts_unsettled: bool,  # noqa: FBT001 - Hypothesis passes it
) -> None:
    """Cash and shares are to the cent what executions and commissions say; no short, no debt, nothing filled twice."""
    scenario = Scenario(fillings={EVERY: Filling(parts, 0, parts)}, latency=0, accepts_unsettled=accepts_unsettled)
    book, clock = _book(scenario)
    now = AFTERNOON
    for number, (side, quantity, symbol, minutes) in enumerate(steps):
        now += timedelta(minutes=minutes)
        clock.set(now)
        list(book.advance())
        if side == "CANCEL":
            for order in book.working():
                book.cancel(order, "")
            continue
        try:
            book.place(BrokerOrder(1, number, str(number), symbol, Side(side), quantity, None))
        except OrderRefusedError as refusal:
            assert refusal.code == 201  # noqa: PT017 - most orders are taken
        list(book.advance())
        fills = [(order, fill) for order in book.orders for fill in order.fills]
        spent = sum((o.side.sign * f.quantity * f.price + f.commission for o, f in fills), Decimal(0))
        assert book.account.cash == CASH - spent
        assert book.account.cash >= 0
        assert accepts_unsettled or book.account.settled_cash(now.astimezone(NEW_YORK).date()) >= 0
        for held in SYMBOLS:
            traded = sum((o.side.sign * f.quantity for o, f in fills if o.symbol == held), Decimal(0))
            assert book.account.quantity(held) == HELD.get(held, Decimal(0)) + traded
            assert book.account.quantity(held) >= 0
        assert all(order.filled <= order.quantity for order in book.orders)
        assert len({fill.exec_id for _, fill in fills}) == len(fills)


def test_a_rotation_waits_for_settlement() -> None:
    """Proceeds of a sale buy nothing until the next session, unless the account may spend them at once."""
    for may_spend in (False, True):
        book, clock = _book(Scenario(latency=0, accepts_unsettled=may_spend))
        book.account.cash = Decimal(0)
        book.place(BrokerOrder(1, 1, "sell", "TLT", Side.SELL, Decimal(20), None))
        list(book.advance())
        purchase = BrokerOrder(1, 2, "buy", "SPY", Side.BUY, Decimal(3), None)
        if may_spend:
            book.place(purchase)
        else:
            with pytest.raises(OrderRefusedError, match=r"available cash of 0\.00 USD is less"):
                book.place(purchase)
        clock.set(datetime(2024, 6, 12, 10, tzinfo=NEW_YORK))
        book.place(BrokerOrder(1, 3, "later", "BITO", Side.BUY, Decimal(1), None))
