"""Buys once the cash is known."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from situations import PRICES, SESSION, rules

from execution.models import Order, OrderRef, Side
from execution.planning.costs import Fee, limit_price
from execution.planning.funding import fund
from execution.refusals import RefusalCode

RULES = rules()
AMOUNTS = {symbol: Decimal(price) for symbol, price in PRICES.items()}


def _buy(symbol: str, quantity: int | str, *, is_limit: bool = True) -> Order:
    limit = limit_price(AMOUNTS[symbol], Side.BUY, Decimal("0.005")) if is_limit else None
    return Order(str(OrderRef("s1", SESSION, symbol, Side.BUY)), symbol, Side.BUY, Decimal(quantity), limit)


def test_enough_cash_changes_nothing() -> None:
    """The buys are handed back as they were."""
    buys = [_buy("TLT", 50), _buy("SPY", 8)]
    assert fund(buys, Decimal(10000), RULES, {}) == (tuple(buys), ())
    assert fund([], Decimal(0), RULES, {}) == ((), ())


def test_less_cash_shrinks_what_is_bought_and_says_so() -> None:
    """All buys give up about the same amount, each in whole shares, and each has its reason."""
    orders, refusals = fund([_buy("TLT", 50), _buy("BND", 60)], Decimal(7000), RULES, {})
    bought = {order.symbol: order.quantity for order in orders}
    assert bought.keys() == {"TLT", "BND"}
    assert abs((50 - bought["TLT"]) * 90 - (60 - bought["BND"]) * 72) < 400
    assert {(each.code, each.symbol) for each in refusals} == {
        (RefusalCode.CASH_SHORT, "TLT"),
        (RefusalCode.CASH_SHORT, "BND"),
    }


def test_no_cash_buys_nothing() -> None:
    """Without cash, or with some owed, every buy is refused."""
    for cash in ("0", "-100", "20"):
        orders, refusals = fund([_buy("TLT", 50)], Decimal(cash), RULES, {})
        assert orders == ()
        assert [each.code for each in refusals] == [RefusalCode.CASH_SHORT]


def test_market_orders_are_reckoned_above_their_price() -> None:
    """Without a limit a buy is taken to cost the price and the offset."""
    orders, _ = fund([_buy("TLT", 10, is_limit=False)], Decimal(900), RULES, AMOUNTS)
    assert [order.quantity for order in orders] == [9]


def test_parts_of_shares_shrink_by_parts() -> None:
    """An account that trades parts of shares spends the cash to the last ten-thousandth of a share."""
    orders, _ = fund([_buy("SPY", "8.6201")], Decimal(3000), rules(fractional=True), {})
    (order,) = orders
    left = Decimal(3000) - order.quantity * Decimal("582.90")
    assert Decimal("0.35") <= left < Decimal("0.45")


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(st.sampled_from(sorted(PRICES)), st.integers(1, 60), min_size=1),
    st.decimals(-100, 40000, places=2),
)
def test_buys_never_grow_and_never_cost_more_than_there_is(quantities: dict[str, int], cash: Decimal) -> None:
    """Whatever the cash: no buy grows, none is new, and limits with commissions stay within it."""
    buys = [_buy(symbol, quantity) for symbol, quantity in quantities.items()]
    orders, refusals = fund(buys, cash, RULES, {})
    wanted = {order.order_ref: order.quantity for order in buys}
    assert all(0 < order.quantity <= wanted[order.order_ref] for order in orders)
    spent = Decimal(0)
    for order in orders:
        assert order.limit_price is not None
        spent += order.quantity * order.limit_price + Fee.of(RULES, order.limit_price)(int(order.quantity))
    assert not orders or spent <= cash
    unchanged = {order.symbol for order in orders if order.quantity == wanted[order.order_ref]}
    assert {each.symbol for each in refusals} == quantities.keys() - unchanged
