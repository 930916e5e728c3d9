"""Possible trades: one a symbol, from its position towards its target."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from execution.models import Side
from execution.planning.costs import Fee, worst_price
from execution.planning.rounding import Leg

if TYPE_CHECKING:
    from execution.planning.rules import Rules
    from execution.planning.situation import Situation

NONE = Decimal(0)
FINEST = Decimal("1e-9")
"""Finest fraction of a lot; the digits of a division beyond it are noise."""


@dataclass(frozen=True, slots=True)
class PossibleTrade:
    """Possible trade of one symbol; quantities in shares, weights as fractions of equity.

    Attributes:
        worst: Price assumed for a share before it has traded, USD.
        weight: Of the position at `price`.
        goal: The target, or the nearest weight to it that may be reached.
        step: Weight of one lot.
        nearest: Lots that this symbol alone would trade, without any limit.
        least: Fewest lots to trade.
        most: Most lots to trade.
        is_closing: True if it is no longer wanted and all of it goes.
    """

    symbol: str
    side: Side
    price: Decimal
    worst: Decimal
    held: Decimal
    weight: Decimal
    target: Decimal
    goal: Decimal
    step: Decimal
    nearest: int
    least: int
    most: int
    is_closing: bool

    @property
    def drift(self) -> Decimal:
        """Distance of the weight from its target."""
        return abs(self.weight - self.target)

    def after(self, lots: int) -> Decimal:
        """Return the weight after these lots."""
        return self.weight + self.side.sign * lots * self.step

    def within(self, lots: int) -> PossibleTrade:
        """Cut the trade to these lots at most."""
        return self if lots >= self.most else self.up_to(lots)

    def up_to(self, most: int) -> PossibleTrade:
        """Set the most lots to trade.

        If this leaves a lot or more undone, the weight reached becomes the goal: other symbols make up for the
        coarseness of a lot, and not for a trade that a limit has postponed.
        """
        is_enough = self.side.sign * (self.target - self.after(most)) < self.step
        return replace(
            self,
            most=most,
            least=most if self.is_closing else 0,
            goal=self.target if is_enough else self.after(most),
        )

    def leg(self, payer: Rules | None = None, lots: int | None = None) -> Leg:
        """Return the trade as rounding needs it.

        Args:
            payer: Rules by which a buy takes cash; None where cash does not bind.
            lots: Number already decided; None if it is still open.
        """
        least, most = (self.least, self.most) if lots is None else (lots, lots)
        off, step = float(self.weight - self.goal), float(self.side.sign * self.step)
        if payer is None or self.side is Side.SELL:
            return Leg(off, step, least, most)
        return Leg(off, step, least, most, self.worst * payer.lot, Fee.of(payer, self.worst))


@dataclass(frozen=True, slots=True)
class Position:
    """Shares held of a symbol, and its target weight, a fraction of equity."""

    symbol: str
    price: Decimal
    held: Decimal
    target: Decimal


def positions(situation: Situation) -> list[Position]:
    """Return one position for each symbol held or wanted, by symbol."""
    held, wanted = situation.held, situation.wanted
    return [
        Position(symbol, situation.prices[symbol].amount, held.get(symbol, NONE), wanted.get(symbol, NONE))
        for symbol in situation.symbols
    ]


def possible_trade(position: Position, equity: Decimal, rules: Rules) -> PossibleTrade:
    """Trade towards the target, past it by less than a lot or the no-trade band; nothing within the band."""
    price, held, target, lot = position.price, position.held, position.target, rules.lot
    weight, step, band = held * price / equity, lot * price / equity, rules.limits.no_trade_band
    side = Side.SELL if weight > target else Side.BUY
    available = int((held / lot).to_integral_value(ROUND_FLOOR))
    is_closing = bool(held) and not target
    need = (abs(target - weight) / step).quantize(FINEST)
    most = int(max(need.to_integral_value(ROUND_CEILING), (need + band / step).to_integral_value(ROUND_FLOOR)))
    nearest = int(need.to_integral_value(ROUND_HALF_UP))
    if side is Side.SELL:
        most, nearest = min(most, available), min(nearest, available)
    if is_closing:
        most = nearest = available
    trade = PossibleTrade(
        symbol=position.symbol,
        side=side,
        price=price,
        worst=worst_price(price, side, rules),
        held=held,
        weight=weight,
        target=target,
        goal=target,
        step=step,
        nearest=nearest,
        least=0,
        most=most,
        is_closing=is_closing,
    )
    if not is_closing and trade.drift < band:
        return replace(trade, nearest=0, most=0)  # it stays off, and the others may make up for it
    return trade.up_to(most)
