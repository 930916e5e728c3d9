"""The limits of one symbol's trade, before anything is rounded or paid for."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from execution.models import Side
from execution.planning.settlement import locked
from execution.refusals import Refusal, RefusalCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from execution.planning.inputs import PlanRequest
    from execution.planning.trades import Trade


@dataclass(frozen=True, slots=True)
class Limit:
    """So many lots and no more, and why."""

    lots: int
    code: RefusalCode
    why: str
    numbers: Mapping[str, str] = field(default_factory=dict)


def within_limits(trades: Sequence[Trade], request: PlanRequest) -> tuple[list[Trade], list[Refusal]]:
    """Each trade as far as it may go by itself, and what that leaves out."""
    allowed: list[Trade] = []
    refusals: list[Refusal] = []
    day_trades = request.rules.limits.day_trades - request.history.day_trades
    for trade in furthest_first(trades):
        within = trade
        for limit in [*_limits(trade, request), *_day_trade(trade, request, day_trades)]:
            if limit.lots < trade.nearest:
                refusals.append(refuse(trade, limit))
            within = within.within(limit.lots)
        day_trades -= bool(within.most and _is_day_trade(trade, request))
        allowed.append(within)
    return sorted(allowed, key=lambda trade: trade.symbol), refusals


def furthest_first(trades: Iterable[Trade]) -> list[Trade]:
    """Which trades matter most: those whose weight is off most; equal ones by symbol."""
    return sorted(trades, key=lambda trade: (-trade.drift, trade.symbol))


def refuse(trade: Trade, limit: Limit) -> Refusal:
    """What a limit leaves out of a trade, with the quantities, in lots."""
    numbers = {"side": str(trade.side), "nearest": str(trade.nearest), "allowed": str(limit.lots), **limit.numbers}
    return Refusal(limit.code, f"{trade.symbol}: {limit.why}", trade.symbol, numbers)


def _limits(trade: Trade, request: PlanRequest) -> Iterator[Limit]:
    if trade.side is Side.BUY:
        yield from _limits_of_a_buy(trade, request)
    else:
        yield from _limits_of_a_sale(trade, request)
    most = request.rules.limits.order_value
    price = max(trade.price, trade.worst)
    yield Limit(
        whole(most / (price * request.rules.lot)),
        RefusalCode.LIMIT_ORDER_VALUE,
        f"an order may be worth {most}; at {price} a share that much is traded and the rest is not.",
        {"price": str(price), "order_value": str(most)},
    )


def _limits_of_a_buy(trade: Trade, request: PlanRequest) -> Iterator[Limit]:
    if request.is_reduce_only:
        yield Limit(0, RefusalCode.MODE_REDUCE_ONLY, "nothing is bought in reduce-only mode.")
    if request.history.bought:
        bought = ", ".join(sorted(request.history.bought))
        yield Limit(
            0, RefusalCode.SESSION_DONE, f"this session's buys were already sent: {bought}.", {"bought": bought}
        )
    heaviest = request.rules.heaviest
    yield Limit(
        max(0, whole((heaviest - trade.weight) / trade.step)),
        RefusalCode.LIMIT_WEIGHT,
        f"one lot more would lift its weight above {heaviest}.",
        {"weight": f"{trade.weight:.6f}", "lot": f"{trade.step:.6f}", "most": str(heaviest)},
    )


def _limits_of_a_sale(trade: Trade, request: PlanRequest) -> Iterator[Limit]:
    if trade.symbol in request.history.sold:
        yield Limit(0, RefusalCode.SESSION_DONE, "this session's sale was already sent.")
    waiting = locked(request.history.unsettled, trade.symbol, request.session_date)
    yield Limit(
        max(0, whole((trade.held - waiting) / request.rules.lot)),
        RefusalCode.CASH_GOOD_FAITH,
        f"{waiting} of {trade.held} shares were bought with unsettled money, and are not sold before it has settled.",
        {"held": str(trade.held), "locked": str(waiting)},
    )


def _day_trade(trade: Trade, request: PlanRequest, left: int) -> Iterator[Limit]:
    if left <= 0 and _is_day_trade(trade, request):
        most = request.rules.limits.day_trades
        yield Limit(
            0,
            RefusalCode.LIMIT_DAY_TRADES,
            f"it was traded the other way in this session, and {most} round trips are allowed in five sessions.",
            {"day_trades": str(request.history.day_trades), "most": str(most)},
        )


def _is_day_trade(trade: Trade, request: PlanRequest) -> bool:
    other = request.history.sold if trade.side is Side.BUY else request.history.bought
    return trade.symbol in other


def whole(lots: Decimal) -> int:
    """Without what is not a lot."""
    return int(lots.to_integral_value(ROUND_FLOOR))
