"""What must be true before anything is traded: each failed check refuses the whole rebalance.

A check that cannot be made has failed. Prices of symbols that are neither held nor wanted stop nothing.
"""

from __future__ import annotations

from datetime import UTC, date, timedelta
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING

from execution.refusals import Refusal, RefusalCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from execution.models import Price
    from execution.planning.inputs import PlanRequest, Reference, Targets

LAST_MINUTE = timedelta(minutes=1)
"""Nothing is sent later than this before the close."""

CLOCK_SKEW = timedelta(minutes=1)
"""How far two sound clocks may differ."""

WEIGHT_NOISE = Decimal("1e-9")
"""What sums of binary fractions may be off."""

CALMEST = Decimal("0.0025")
"""Daily volatility below which no symbol is reckoned: a distribution moves the calmest by many of their own."""

SATURDAY = 6

FEWEST_PEERS = 3
"""So many symbols make a market whose move may explain another one's."""


def blocking(request: PlanRequest) -> list[Refusal]:
    """Everything that forbids this rebalance; nothing if it may go on."""
    found = [*_session(request), *_targets(request), *_positions(request)]
    prices = [*_prices(request)]
    return [*found, *prices, *([] if prices else _equity(request))]


def _session(request: PlanRequest) -> Iterator[Refusal]:
    deadline = request.close - LAST_MINUTE
    numbers = {"now": _text(request.now), "deadline": _text(deadline), "close": _text(request.close)}
    if request.now >= request.close:
        yield Refusal(
            RefusalCode.SESSION_CLOSED,
            f"The session of {request.session_date} closed at {_text(request.close)}; it is {_text(request.now)}.",
            numbers=numbers,
        )
    elif request.now >= deadline:
        yield Refusal(
            RefusalCode.SESSION_TOO_LATE,
            f"Nothing is sent after {_text(deadline)}, a minute before the close; it is {_text(request.now)}.",
            numbers=numbers,
        )


def _targets(request: PlanRequest) -> Iterator[Refusal]:
    targets = request.targets
    if targets is None:
        yield Refusal(
            RefusalCode.TARGETS_MISSING,
            f"There are no target weights for the session of {request.session_date}; run the pipeline.",
        )
        return
    if targets.session_date != targets.due_date:
        yield Refusal(
            RefusalCode.TARGETS_STALE,
            f"The targets have seen the bars up to {targets.session_date} and should have seen those of "
            f"{targets.due_date}; run the pipeline.",
            numbers={"session_date": str(targets.session_date), "due_date": str(targets.due_date)},
        )
    yield from _weights(targets, request.rules.max_weight)


def _weights(targets: Targets, most: Decimal) -> Iterator[Refusal]:
    for symbol, weight in sorted(targets.weights.items()):
        if not (weight.is_finite() and 0 <= weight <= most + WEIGHT_NOISE):
            yield Refusal(
                RefusalCode.TARGETS_IMPLAUSIBLE,
                f"The target weight of {symbol} is {weight}; allowed is 0 to max_weight, {most}.",
                symbol,
                {"weight": str(weight), "max_weight": str(most)},
            )
    total = sum((weight for weight in targets.weights.values() if weight.is_finite()), Decimal(0))
    if total > 1 + WEIGHT_NOISE:
        yield Refusal(
            RefusalCode.TARGETS_IMPLAUSIBLE,
            f"The target weights add up to {total}, which is more than there is.",
            numbers={"sum": str(total)},
        )


def _positions(request: PlanRequest) -> Iterator[Refusal]:
    for symbol, quantity in sorted(request.held.items()):
        if not (quantity.is_finite() and quantity > 0):
            yield Refusal(
                RefusalCode.POSITION_SHORT,
                f"The account holds {quantity} of {symbol}; this strategy is never short. Buy it back by hand.",
                symbol,
                {"held": str(quantity)},
            )


def _prices(request: PlanRequest) -> Iterator[Refusal]:
    moves = {
        symbol: _sigmas(price, request.references[symbol], request.session_date)
        for symbol, price in sorted(request.prices.items())
        if symbol in request.references and _is_price(price) and _is_reference(request.references[symbol])
    }
    for symbol in request.symbols:
        price, reference = request.prices.get(symbol), request.references.get(symbol)
        if price is None or reference is None or not _is_reference(reference):
            what = "price" if price is None else "final close and volatility to judge its price by"
            yield Refusal(RefusalCode.PRICE_MISSING, f"{symbol} is held or wanted and has no {what}.", symbol)
        elif not _is_price(price) or price.currency != request.account.currency:
            yield Refusal(
                RefusalCode.PRICE_IMPLAUSIBLE,
                f"The price of {symbol} is {price.amount} {price.currency}; the account is in "
                f"{request.account.currency}.",
                symbol,
                {"price": str(price.amount), "currency": price.currency},
            )
        else:
            yield from _age(price, request)
            yield from _move(price, reference, moves, request.rules.limits.price_move_sigmas)


def _age(price: Price, request: PlanRequest) -> Iterator[Refusal]:
    age, most = request.now - price.as_of, timedelta(minutes=request.rules.limits.price_age_minutes)
    numbers = {"kind": str(price.kind), "as_of": _text(price.as_of), "now": _text(request.now), "most": str(most)}
    if age > most:
        yield Refusal(
            RefusalCode.PRICE_STALE,
            f"The {price.kind} price of {price.symbol} is {age} old; at most {most} is traded on.",
            price.symbol,
            numbers,
        )
    elif age < -CLOCK_SKEW:
        yield Refusal(
            RefusalCode.CLOCK_DISAGREES,
            f"The {price.kind} price of {price.symbol} is of {_text(price.as_of)}, which is still to come.",
            price.symbol,
            numbers,
        )


def _move(price: Price, reference: Reference, moves: Mapping[str, Decimal], most: Decimal) -> Iterator[Refusal]:
    """Doubt a move beyond `most` of the symbol's own sigmas, unless its peers moved so too.

    On 2020-03-09 XOP lost 37 % and the others fell with it: that is a market, not a mistake. Peers explain no more
    than `most` themselves, so that a feed whose prices are all halved explains nothing, and they only excuse.
    """
    own = moves[price.symbol]
    peers = [sigmas for symbol, sigmas in moves.items() if symbol != price.symbol]
    market = max(-most, min(most, median(peers))) if len(peers) >= FEWEST_PEERS else Decimal(0)
    if min(abs(own), abs(own - market)) > most:
        yield Refusal(
            RefusalCode.PRICE_IMPLAUSIBLE,
            f"{price.symbol} at {price.amount} is {own:.1f} of its daily volatilities away from {reference.close}, its "
            f"close of {reference.session_date}, and the market {market:.1f}; beyond {most} it is not believed.",
            price.symbol,
            {
                "price": str(price.amount),
                "close": str(reference.close),
                "close_of": str(reference.session_date),
                "volatility": str(reference.volatility),
                "sigmas": f"{own:.2f}",
                "market_sigmas": f"{market:.2f}",
                "most": str(most),
            },
        )


def _sigmas(price: Price, reference: Reference, session: date) -> Decimal:
    """The move since the reference in its volatility over as many weekdays as have passed."""
    days = range((session - reference.session_date).days)
    weekdays = sum((reference.session_date + timedelta(days=day + 1)).isoweekday() < SATURDAY for day in days)
    volatility = max(reference.volatility, CALMEST) * Decimal(max(1, weekdays)).sqrt()
    return (price.amount / reference.close - 1) / volatility


def _is_price(price: Price) -> bool:
    return _is_positive(price.amount)


def _is_reference(reference: Reference) -> bool:
    return _is_positive(reference.close) and reference.volatility.is_finite()


def _is_positive(value: Decimal) -> bool:
    return value.is_finite() and value > 0


def _equity(request: PlanRequest) -> Iterator[Refusal]:
    """Compare what is held, at our prices, with the broker's figure and with the ledger's last one.

    The broker's may be greater: an account can hold what is not the strategy's.
    """
    equity, stated, most = request.equity, request.account.net_liquidation, request.rules.limits.equity_jump
    if not (_is_positive(equity) and _is_positive(stated) and request.account.settled_cash.is_finite()):
        yield Refusal(
            RefusalCode.EQUITY_NOT_POSITIVE,
            f"The account is worth {equity:.2f} by its positions and {stated:.2f} by the broker; there is nothing to "
            "invest.",
            numbers={"equity": str(equity), "net_liquidation": str(stated)},
        )
        return
    last = request.history.equity
    if equity - stated > most * stated:
        yield _jump(equity, stated, most, "the broker says that the whole account is worth")
    if last is not None and not abs(equity - last) <= most * last:
        yield _jump(equity, last, most, "after the last rebalance it was")


def _jump(equity: Decimal, other: Decimal, most: Decimal, whose: str) -> Refusal:
    return Refusal(
        RefusalCode.EQUITY_JUMP,
        f"What is held is worth {equity:.2f} at the prices given, and {whose} {other:.2f}; a difference above "
        f"{most:.0%} needs a person to look.",
        numbers={"equity": str(equity), "compared_with": str(other), "most": str(most)},
    )


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds")
