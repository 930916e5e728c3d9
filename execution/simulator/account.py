"""A cash account: its shares, its settled cash, and the commissions of its trades.

Amounts are USD. Proceeds of a sale settle on the next session (T+1); purchases are paid from settled cash at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from execution.models import Side
from warehouse.calendar.sessions import next_session

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

COMMISSION_PER_SHARE = Decimal("0.0035")
COMMISSION_MINIMUM = Decimal("0.35")
COMMISSION_MAXIMUM = Decimal("0.01")
"""IBKR Pro, tiered, the first tier: USD per share, USD per order, share of the value."""


def commission(quantity: Decimal, value: Decimal) -> Decimal:
    """Return the commission of a whole order, worth `value`."""
    least = max(quantity * COMMISSION_PER_SHARE, COMMISSION_MINIMUM)
    return min(least, value * COMMISSION_MAXIMUM).quantize(Decimal("0.0001"))


@dataclass(slots=True)
class Holding:
    """Shares of one symbol, with their average cost, commission included."""

    quantity: Decimal = Decimal(0)
    average_cost: Decimal = Decimal(0)
    realized: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Trade:
    """Shares that changed hands on `day`; for a correction, `price` is the difference."""

    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    commission: Decimal
    day: date


@dataclass(slots=True)
class CashAccount:
    """Cash and shares; `cash` counts proceeds that have not settled."""

    account_id: str
    cash: Decimal
    holdings: dict[str, Holding] = field(default_factory=dict)
    _proceeds: list[tuple[date, Decimal]] = field(default_factory=list)

    def quantity(self, symbol: str) -> Decimal:
        """Return the shares held."""
        return self.holdings[symbol].quantity if symbol in self.holdings else Decimal(0)

    def positions(self) -> dict[str, Decimal]:
        """Return the shares by symbol, without zeros."""
        return {symbol: holding.quantity for symbol, holding in self.holdings.items() if holding.quantity}

    def settled_cash(self, today: date) -> Decimal:
        """Return the cash that has settled by `today`."""
        return self.cash - sum((amount for settles, amount in self._proceeds if settles > today), Decimal(0))

    def apply(self, trade: Trade) -> Decimal | None:
        """Book a trade; return the realized profit of a sale."""
        holding = self.holdings.setdefault(trade.symbol, Holding())
        value = trade.quantity * trade.price
        if trade.side is Side.BUY:
            self.cash -= value + trade.commission
            cost = holding.quantity * holding.average_cost + value + trade.commission
            holding.quantity += trade.quantity
            holding.average_cost = cost / holding.quantity
            return None
        proceeds = value - trade.commission
        self.cash += proceeds
        self._proceeds.append((next_session(trade.day), proceeds))
        realized = proceeds - trade.quantity * holding.average_cost
        holding.quantity -= trade.quantity
        holding.realized += realized
        return realized

    def correct(self, trade: Trade) -> None:
        """Book a corrected price; `trade.price` is its difference a share."""
        difference = trade.quantity * trade.price
        holding = self.holdings[trade.symbol]
        if trade.side is Side.BUY:
            self.cash -= difference
            if holding.quantity:
                holding.average_cost += difference / holding.quantity
            return
        self.cash += difference
        holding.realized += difference
        self._proceeds.append((next_session(trade.day), difference))

    def value(self, prices: Mapping[str, Decimal]) -> Decimal:
        """Return the value of the shares."""
        return sum((shares * prices[symbol] for symbol, shares in self.positions().items()), Decimal(0))
