"""Checks before anything is traded: each that fails refuses the whole rebalance.

A check that cannot be made has failed. Prices of symbols that are neither held nor wanted stop nothing.
"""

from __future__ import annotations

from datetime import UTC, date, timedelta
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING

from execution.refusals import Refusal, RefusalCode
from warehouse.calendar.sessions import sessions_behind
from warehouse.settings.trading import DecideOn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from execution.models import Price
    from execution.planning.situation import Reference, Situation
    from execution.targets import NewestBar, TargetsOrigin

CLOCK_SKEW = timedelta(minutes=1)
"""Tolerated difference of two sound clocks."""

WEIGHT_NOISE = Decimal("1e-9")
"""Tolerated rounding of sums of binary fractions."""

CALMEST = Decimal("0.0025")
"""Least daily volatility assumed: a distribution moves the calmest symbols by many of their own."""

SATURDAY = 6

FEWEST_PEERS = 3
"""Fewest symbols whose common move may explain that of another."""


def blocking(situation: Situation) -> list[Refusal]:
    """Return everything that forbids this rebalance; nothing if it may go on."""
    found = [*_session(situation), *_targets(situation), *_positions(situation)]
    prices = price_refusals(situation, situation.symbols)
    return [*found, *prices, *([] if prices else _equity(situation))]


def _session(situation: Situation) -> Iterator[Refusal]:
    now, window = situation.judged_at, situation.window
    numbers = {"now": _text(now), "deadline": _text(window.deadline), "close": _text(window.close)}
    if now >= window.close:
        yield Refusal(
            RefusalCode.SESSION_CLOSED,
            f"The session of {window.session_date} closed at {_text(window.close)}; it is {_text(now)}.",
            numbers=numbers,
        )
    elif now >= window.deadline:
        yield Refusal(
            RefusalCode.SESSION_TOO_LATE,
            f"Nothing is sent after {_text(window.deadline)}, a minute before the close; it is {_text(now)}.",
            numbers=numbers,
        )


def _targets(situation: Situation) -> Iterator[Refusal]:
    seen, due = situation.targets.session_date, situation.due_date
    yield from _origin(situation.targets.origin, situation.rules.parameters_hash)
    if seen != due:
        yield Refusal(
            RefusalCode.TARGETS_STALE,
            f"The targets have seen the bars up to {seen} and should have seen those of {due}; run the pipeline.",
            numbers={"session_date": str(seen), "due_date": str(due)},
        )
    yield from _weights(situation.weights, situation.rules.max_weight)


def _origin(origin: TargetsOrigin, parameters_hash: str) -> Iterator[Refusal]:
    """Refuse targets of another configuration or program: the record would name the wrong one."""
    pairs = {
        "parameters": (origin.parameters_hash, parameters_hash),
        "program": (origin.code_version, origin.read_by),
    }
    for name, (theirs, ours) in pairs.items():
        if theirs != ours:
            yield Refusal(
                RefusalCode.TARGETS_FOREIGN,
                f"The targets were built with other {name} ({theirs[:40] or 'unknown'}) than today's ({ours[:40]}). "
                "Run the pipeline (`swing backtest`; the scheduled rebalance does).",
                numbers={"built_with": theirs, "today": ours},
            )


def _weights(weights: Mapping[str, Decimal], most: Decimal) -> Iterator[Refusal]:
    for symbol, weight in sorted(weights.items()):
        if not (weight.is_finite() and 0 <= weight <= most + WEIGHT_NOISE):
            yield Refusal(
                RefusalCode.TARGETS_IMPLAUSIBLE,
                f"The target weight of {symbol} is {weight}; allowed is 0 to max_weight, {most}.",
                symbol,
                {"weight": str(weight), "max_weight": str(most)},
            )
    total = sum((weight for weight in weights.values() if weight.is_finite()), Decimal(0))
    if total > 1 + WEIGHT_NOISE:
        yield Refusal(
            RefusalCode.TARGETS_IMPLAUSIBLE,
            f"The target weights add up to {total}, which is more than there is.",
            numbers={"sum": str(total)},
        )


def _positions(situation: Situation) -> Iterator[Refusal]:
    for symbol, quantity in sorted(situation.held.items()):
        if not (quantity.is_finite() and quantity > 0):
            yield Refusal(
                RefusalCode.POSITION_SHORT,
                f"The account holds {quantity} of {symbol}; this strategy is never short. Buy it back by hand.",
                symbol,
                {"held": str(quantity)},
            )


def price_refusals(situation: Situation, symbols: Sequence[str]) -> list[Refusal]:
    """Return every doubt about the prices of these symbols."""
    return [*_prices(situation, symbols)]


def _prices(situation: Situation, symbols: Sequence[str]) -> Iterator[Refusal]:
    references = situation.references
    moves = {
        symbol: _sigmas(price, references[symbol], situation.session_date)
        for symbol, price in sorted(situation.prices.items())
        if symbol in references and _is_price(price) and _is_reference(references[symbol])
    }
    for symbol in symbols:
        price, reference = situation.prices.get(symbol), references.get(symbol)
        if price is None or reference is None or not _is_reference(reference):
            what = "price" if price is None else "final close and volatility to judge its price by"
            yield Refusal(RefusalCode.PRICE_MISSING, f"{symbol} is held or wanted and has no {what}.", symbol)
        elif not _is_price(price) or price.currency != situation.account.currency:
            yield Refusal(
                RefusalCode.PRICE_IMPLAUSIBLE,
                f"The price of {symbol} is {price.amount} {price.currency}; the account is in "
                f"{situation.account.currency}.",
                symbol,
                {"price": str(price.amount), "currency": price.currency},
            )
        else:
            yield from _age(price, situation)
            yield from _move(price, reference, moves, situation.rules.limits.price_move_sigmas)


def _age(price: Price, situation: Situation) -> Iterator[Refusal]:
    now, most = situation.judged_at, timedelta(minutes=situation.rules.limits.price_age_minutes)
    age = now - price.as_of
    numbers = {"kind": str(price.kind), "as_of": _text(price.as_of), "now": _text(now), "most": str(most)}
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

    On 2020-03-09 XOP lost 37 % and the others fell with it: a move of the market, and no mistake. Peers explain at most
    `most` themselves, so that a feed of halved prices is not believed, and they never turn a sound move into a doubt.
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
    """Return the move since the reference in units of its volatility over the weekdays passed."""
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


def _equity(situation: Situation) -> Iterator[Refusal]:
    """Compare our equity, at our prices, with the broker's figure and with the ledger's last one.

    The broker's may be greater: an account can hold more than the strategy's positions.
    """
    equity, stated, most = situation.equity, situation.account.net_liquidation, situation.rules.limits.equity_jump
    if not (_is_positive(equity) and _is_positive(stated) and situation.account.settled_cash.is_finite()):
        yield Refusal(
            RefusalCode.EQUITY_NOT_POSITIVE,
            f"The account is worth {equity:.2f} by its positions and {stated:.2f} by the broker; there is nothing to "
            "invest.",
            numbers={"equity": str(equity), "net_liquidation": str(stated)},
        )
        return
    last = situation.history.previous_equity
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


def doubtful_bars(situation: Situation) -> list[Refusal]:
    """Refuse targets whose bars break off, or were landed too long ago."""
    return [*missing_bars(situation), *_old_bars(_universe_bars(situation), situation)]


def missing_bars(situation: Situation) -> list[Refusal]:
    """Doubt symbols whose bars end shortly before the session decided on: to the strategy they look delisted."""
    return [*_missing_bars(_universe_bars(situation), situation)]


def _universe_bars(situation: Situation) -> list[NewestBar]:
    universe = set(situation.targets.universe) - situation.aside.keys()
    return [bar for bar in situation.targets.bars.values() if bar.symbol in universe]


def _missing_bars(bars: Sequence[NewestBar], situation: Situation) -> Iterator[Refusal]:
    due, patience = situation.due_date, situation.rules.stale_after_sessions
    for bar in bars:
        if bar.session_date < due and sessions_behind(bar.session_date, due) < patience:
            yield Refusal(
                RefusalCode.TARGETS_STALE,
                f"{bar.symbol} has no bar of {due}; its newest is of {bar.session_date}, so the targets would sell it "
                f"unseen. Fetch it again. After {patience} sessions without a bar it counts as delisted.",
                bar.symbol,
                {"newest": bar.session_date.isoformat(), "due": due.isoformat()},
            )


def barren_symbols(situation: Situation) -> list[Refusal]:
    """Name the symbols of the universe without a bar: a typo would shrink the portfolio unseen."""
    barren = sorted(set(situation.targets.universe) - situation.targets.bars.keys())
    return [
        Refusal(
            RefusalCode.UNIVERSE_WITHOUT_BARS,
            f"{symbol} stands in the universe and has no bar at all, so it is never held. Correct the typo in "
            "portfolio.yaml, or fetch its bars.",
            symbol,
        )
        for symbol in barren
    ]


def held_targets(situation: Situation) -> list[Refusal]:
    """Say what of the targets is held, because newest bars are doubted."""
    hold = situation.targets.hold
    if hold is None:
        return []
    numbers = {
        "symbols": ", ".join(hold.symbols),
        "decided_on": hold.decided_on.isoformat(),
        "is_whole_book": str(hold.is_whole_book).lower(),
    }
    remedy = "`swing status` says what is wrong; `swing acknowledge` lets bars pass that are right."
    kept = {f"kept_{symbol}": str(weight) for symbol, weight in hold.kept.items()}
    return [Refusal(RefusalCode.TARGETS_HELD, f"{hold.explanation} {remedy}", numbers=numbers | kept)]


def _old_bars(bars: Sequence[NewestBar], situation: Situation) -> Iterator[Refusal]:
    """Doubt today's provisional bars that were landed too long ago to decide on."""
    if situation.is_rehearsal or situation.rules.trading.decide_on is not DecideOn.PROVISIONAL_BAR:
        return
    patience = timedelta(minutes=situation.rules.limits.price_age_minutes)
    for bar in bars:
        if not bar.is_final and situation.now - bar.ingested_at > patience:
            yield Refusal(
                RefusalCode.TARGETS_STALE,
                f"The targets have seen a bar of {bar.symbol} that was landed at {bar.ingested_at:%H:%M:%S %Z}, more "
                f"than {patience} ago. Fetch and build again; the scheduled rebalance does.",
                bar.symbol,
                {"ingested_at": bar.ingested_at.isoformat(), "now": situation.now.isoformat()},
            )


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds")
