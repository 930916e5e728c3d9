"""Costs of an order at worst: limit prices on the exchange's ticks, and commissions."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from execution.models import Side
from warehouse.settings.trading import OrderType

if TYPE_CHECKING:
    from execution.planning.rules import Rules

CENT = Decimal("0.01")
SUB_DOLLAR_TICK = Decimal("0.0001")


def limit_price(price: Decimal, side: Side, offset: Decimal) -> Decimal:
    """Return a marketable limit: `offset` (a fraction) worse than the price, rounded outward to the tick.

    Ticks are those of Regulation NMS rule 612: a cent, or 0.0001 USD below one dollar.
    """
    worst = price * (1 + side.sign * offset)
    tick = CENT if worst >= 1 else SUB_DOLLAR_TICK
    ticks = (worst / tick).to_integral_value(ROUND_CEILING if side is Side.BUY else ROUND_FLOOR)
    return max(ticks * tick, tick)


def worst_price(price: Decimal, side: Side, rules: Rules) -> Decimal:
    """Return the price assumed for a share before it has traded, USD; no bound for a market order."""
    if rules.trading.order_type is OrderType.LIMIT:
        return limit_price(price, side, rules.trading.limit_offset)
    return price * (1 + side.sign * rules.trading.limit_offset)


@dataclass(frozen=True, slots=True)
class Fee:
    """Commission of an order by its lots: a rate between a minimum and a maximum (IBKR's schedule).

    Attributes:
        rate: USD a lot.
        minimum: USD an order.
        ceiling: USD a lot, a fraction of its value; it bounds the minimum too.
    """

    rate: Decimal = Decimal(0)
    minimum: Decimal = Decimal(0)
    ceiling: Decimal = Decimal(0)

    @classmethod
    def of(cls, rules: Rules, price: Decimal) -> Fee:
        """Make the commission on lots of shares at `price` each, USD."""
        return cls(
            rate=rules.commission_per_share * rules.lot,
            minimum=rules.broker.commission_minimum,
            ceiling=rules.broker.commission_maximum * price * rules.lot,
        )

    def __call__(self, lots: int) -> Decimal:
        """Return the commission of an order, USD."""
        return min(max(self.rate * lots, self.minimum), self.ceiling * lots)
