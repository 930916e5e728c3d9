"""Funding of a plan's buys, once its sales are done and the cash is known."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from execution.models import Side
from execution.planning.costs import Fee, worst_price
from execution.planning.limits import whole
from execution.planning.rounding import Leg, round_lots
from execution.refusals import Refusal, RefusalCode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from execution.models import Order
    from execution.planning.rules import Rules

NOTHING = Decimal(0)


def fund(
    buys: Sequence[Order], cash: Decimal, rules: Rules, prices: Mapping[str, Decimal]
) -> tuple[tuple[Order, ...], tuple[Refusal, ...]]:
    """Return the buys that the cash pays for at limit prices and with commissions: shrunk where needed, never grown.

    Args:
        buys: None of them sent yet.
        cash: `settlement.spendable` of the account after the sales, USD.
        rules: Of the configuration.
        prices: Decided on, by symbol, USD a share; only market orders need them.
    """
    worst = [order.limit_price or worst_price(prices[order.symbol], Side.BUY, rules) for order in buys]
    wanted = [whole(order.quantity / rules.lot) for order in buys]
    total = sum((price * rules.lot * lots for price, lots in zip(worst, wanted, strict=True)), NOTHING)
    if not total:
        return tuple(buys), ()
    legs = [
        Leg(
            distance=-float(price * rules.lot * lots / total),
            step=float(price * rules.lot / total),
            least=0,
            most=lots,
            price=price * rules.lot,
            fee=Fee.of(rules, price),
        )
        for price, lots in zip(worst, wanted, strict=True)
    ]
    if sum(leg.cost(leg.most) for leg in legs) <= cash:
        return tuple(buys), ()
    least = rules.limits.trade_value_minimum
    funded = [
        replace(order, quantity=lots * rules.lot)
        for order, price, lots in zip(buys, worst, round_lots(legs, max(cash, NOTHING)), strict=True)
        if lots and (lots * rules.lot == order.quantity or lots * rules.lot * price >= least)
    ]
    left = {order.order_ref: order.quantity for order in funded}
    return tuple(funded), tuple(
        Refusal(
            RefusalCode.CASH_SHORT,
            f"{order.symbol}: {left.get(order.order_ref, NOTHING)} of {order.quantity} shares are bought; the cash, "
            f"{cash:.2f}, pays for no more at {price} and with commissions.",
            order.symbol,
            {"wanted": str(order.quantity), "cash": f"{cash:.2f}", "price": str(price)},
        )
        for order, price in zip(buys, worst, strict=True)
        if left.get(order.order_ref) != order.quantity
    )
