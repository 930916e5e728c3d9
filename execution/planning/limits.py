"""The limits of one symbol's trade, before anything is rounded or paid for."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from execution.models import Side, Switch
from execution.refusals import Refusal, RefusalCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from execution.planning.situation import Situation
    from execution.planning.trades import PossibleTrade


@dataclass(frozen=True, slots=True)
class Limit:
    """Greatest number of lots, with its reason."""

    lots: int
    code: RefusalCode
    why: str
    numbers: Mapping[str, str] = field(default_factory=dict)


def within_limits(trades: Sequence[PossibleTrade], situation: Situation) -> tuple[list[PossibleTrade], list[Refusal]]:
    """Cut each trade to its own limits; return the trades by symbol, and a refusal for each cut."""
    allowed: list[PossibleTrade] = []
    refusals: list[Refusal] = []
    day_trades = situation.rules.limits.day_trades - situation.history.day_trades
    for trade in furthest_first(trades):
        within = trade
        for limit in [*_limits(trade, situation), *_day_trade(trade, situation, day_trades)]:
            if limit.lots < trade.nearest:
                refusals.append(refuse(trade, limit))
            within = within.within(limit.lots)
        day_trades -= bool(within.most and _is_day_trade(trade, situation))
        allowed.append(within)
    return sorted(allowed, key=lambda trade: trade.symbol), refusals


def furthest_first(trades: Iterable[PossibleTrade]) -> list[PossibleTrade]:
    """Sort trades by the distance of their weights from the targets, greatest first; equal ones by symbol."""
    return sorted(trades, key=lambda trade: (-trade.drift, trade.symbol))


def refuse(trade: PossibleTrade, limit: Limit) -> Refusal:
    """Refuse what a limit leaves out of a trade, with the quantities, in lots."""
    numbers = {"side": str(trade.side), "nearest": str(trade.nearest), "allowed": str(limit.lots), **limit.numbers}
    return Refusal(limit.code, f"{trade.symbol}: {limit.why}", trade.symbol, numbers)


def _limits(trade: PossibleTrade, situation: Situation) -> Iterator[Limit]:
    if trade.side is Side.BUY:
        yield from _limits_of_a_buy(trade, situation)
    else:
        yield from _limits_of_a_sale(trade, situation)
    most = situation.rules.limits.order_value
    price = max(trade.price, trade.worst)
    yield Limit(
        whole(most / (price * situation.rules.lot)),
        RefusalCode.LIMIT_ORDER_VALUE,
        f"an order may be worth {most}; at {price} a share that much is traded and the rest is not.",
        {"price": str(price), "order_value": str(most)},
    )


def _limits_of_a_buy(trade: PossibleTrade, situation: Situation) -> Iterator[Limit]:
    if situation.switch is Switch.REDUCE_ONLY:
        yield Limit(0, RefusalCode.MODE_REDUCE_ONLY, "nothing is bought in reduce-only mode.")
    if situation.history.bought:
        bought = ", ".join(sorted(situation.history.bought))
        yield Limit(
            0, RefusalCode.SESSION_DONE, f"this session's buys were already sent: {bought}.", {"bought": bought}
        )
    heaviest = situation.rules.heaviest
    yield Limit(
        max(0, whole((heaviest - trade.weight) / trade.step)),
        RefusalCode.LIMIT_WEIGHT,
        f"one lot more would lift its weight above {heaviest}.",
        {"weight": f"{trade.weight:.6f}", "lot": f"{trade.step:.6f}", "most": str(heaviest)},
    )


def _limits_of_a_sale(trade: PossibleTrade, situation: Situation) -> Iterator[Limit]:
    if trade.symbol in situation.history.sold:
        yield Limit(0, RefusalCode.SESSION_DONE, "this session's sale was already sent.")
    waiting = situation.history.bought_unsettled.get(trade.symbol, Decimal(0))
    yield Limit(
        max(0, whole((trade.held - waiting) / situation.rules.lot)),
        RefusalCode.CASH_GOOD_FAITH,
        f"{waiting} of {trade.held} shares were bought with unsettled money, and are not sold before it has settled.",
        {"held": str(trade.held), "locked": str(waiting)},
    )


def _day_trade(trade: PossibleTrade, situation: Situation, left: int) -> Iterator[Limit]:
    if left <= 0 and _is_day_trade(trade, situation):
        most = situation.rules.limits.day_trades
        yield Limit(
            0,
            RefusalCode.LIMIT_DAY_TRADES,
            f"it was traded the other way in this session, and {most} round trips are allowed in five sessions.",
            {"day_trades": str(situation.history.day_trades), "most": str(most)},
        )


def _is_day_trade(trade: PossibleTrade, situation: Situation) -> bool:
    other = situation.history.sold if trade.side is Side.BUY else situation.history.bought
    return trade.symbol in other


def whole(lots: Decimal) -> int:
    """Round down to whole lots."""
    return int(lots.to_integral_value(ROUND_FLOOR))
