"""Symbols set apart because they cannot be priced: they veto nothing else, and their value still counts.

A halted, delisted or doubted symbol keeps its shares and its share of equity; the others are brought to what the
targets would invest beyond it. If most symbols have no sound price the fault is the connection's, and the checks stop
everything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from execution.models import Price, PriceKind
from execution.planning.checks import missing_bars, price_refusals
from execution.refusals import Refusal, RefusalCode
from warehouse.calendar.sessions import close_time
from warehouse.settings.trading import Unpriced

if TYPE_CHECKING:
    from datetime import date

    from execution.planning.situation import Situation

APART = {RefusalCode.PRICE_MISSING, RefusalCode.PRICE_STALE, RefusalCode.PRICE_IMPLAUSIBLE}
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class SetAside:
    """A situation with some symbols set apart, and a refusal that names each of them."""

    situation: Situation
    refusals: tuple[Refusal, ...]


def set_aside(situation: Situation) -> SetAside:
    """Set apart what is held, wanted or without a bar, and has no sound price."""
    if situation.rules.trading.unpriced is Unpriced.STOP:
        return SetAside(situation, ())
    doubts: dict[str, Refusal] = {}
    for refusal in price_refusals(situation, sorted(situation.ours)):
        if refusal.code in APART:
            doubts.setdefault(refusal.symbol, refusal)
    if 2 * len(doubts) >= len(situation.ours):
        return SetAside(situation, ())
    doubts |= {
        symbol: _ended(symbol, last)
        for symbol, last in situation.rules.ended.items()
        if symbol in situation.held and last < situation.session_date
    }
    concerned = {*situation.symbols, *(refusal.symbol for refusal in missing_bars(situation))}
    shorts = {symbol for symbol, shares in situation.held.items() if not (shares.is_finite() and shares > 0)}
    apart = sorted((concerned & doubts.keys()) - shorts)
    prices = {symbol: price for symbol in apart if (price := _last_known(situation, symbol))}
    return SetAside(
        replace(situation, aside={symbol: prices.get(symbol) for symbol in apart}),
        tuple(_named(situation, doubts[symbol], prices.get(symbol)) for symbol in apart),
    )


def _last_known(situation: Situation, symbol: str) -> Price | None:
    """Return the last final close, else the price that was doubted; None if neither is an amount."""
    bar, price = situation.targets.final_bars.get(symbol), situation.prices.get(symbol)
    currency = situation.account.currency
    if bar is not None and bar.close.is_finite() and bar.close > 0:
        return Price(symbol, bar.close, PriceKind.CLOSE, close_time(bar.session_date), currency)
    if price is not None and price.amount.is_finite() and price.amount > 0 and price.currency == currency:
        return price
    return None


def _ended(symbol: str, last: date) -> Refusal:
    message = f"{symbol} traded for the last time on {last} (symbol_changes), and a price under its name is another's."
    return Refusal(RefusalCode.PRICE_STALE, message, symbol)


def _named(situation: Situation, doubt: Refusal, price: Price | None) -> Refusal:
    symbol, held = doubt.symbol, situation.held.get(doubt.symbol, NOTHING)
    if not held:
        message = f"{symbol} is not traded in this session, and the rest is: {doubt.message}"
        return Refusal(RefusalCode.HOLDING_SET_ASIDE, message, symbol, {"because": str(doubt.code)})
    worth = (
        f"worth {held * price.amount:.2f} at {price.amount:f} of {price.as_of:%Y-%m-%d}"
        if price
        else "of no known worth"
    )
    return Refusal(
        RefusalCode.HOLDING_SET_ASIDE,
        f"{held:f} shares of {symbol}, {worth}, are left as they are, and the rest is allocated: {doubt.message} "
        f"`swing release {symbol}` leaves them to you for good.",
        symbol,
        {"because": str(doubt.code), "held": f"{held:f}", "value": f"{held * price.amount:.2f}" if price else ""},
    )
