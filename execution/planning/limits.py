"""What every refusal means, and the limits of one symbol's trade, before anything is rounded or paid for."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING

from execution.models import Refusal, RefusalCode, Side
from execution.planning.settlement import locked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from execution.planning.inputs import PlanRequest
    from execution.planning.trades import Trade

MEANINGS: Mapping[RefusalCode, str] = MappingProxyType(
    {
        RefusalCode.TARGETS_MISSING: "There are no target weights. Run the pipeline; until then nothing is traded.",
        RefusalCode.TARGETS_STALE: "The target weights have not seen the bars they should have. Run the pipeline.",
        RefusalCode.TARGETS_IMPLAUSIBLE: (
            "A target weight is negative or above strategy.max_weight, or together they are more than 1. Look at "
            "live_targets."
        ),
        RefusalCode.PRICE_MISSING: (
            "A symbol that is held or wanted has no price, or no final bar to judge one by. Fetch its bars, check the "
            "market data subscription, or sell it by hand."
        ),
        RefusalCode.PRICE_STALE: "A price is older than limits.price_age_minutes. Check the market data connection.",
        RefusalCode.PRICE_IMPLAUSIBLE: (
            "A price is no positive amount of the account's currency, or has moved by more than "
            "limits.price_move_sigmas of the symbol's volatility without its peers. Compare it with a second source."
        ),
        RefusalCode.EQUITY_JUMP: (
            "What is held is worth much more than the broker says, or much more or less than the ledger remembers. "
            "Look for deposits, withdrawals and wrong prices."
        ),
        RefusalCode.EQUITY_NOT_POSITIVE: "The account is worth nothing. Fund it.",
        RefusalCode.POSITION_SHORT: "A position is negative, which this system never makes. Close it by hand.",
        RefusalCode.TRADE_WITHIN_BAND: "The weight is off by less than limits.no_trade_band. Nothing to do.",
        RefusalCode.TRADE_TOO_SMALL: (
            "The trade is worth less than limits.trade_value_minimum, or no share more or less comes nearer to the "
            "targets. Nothing to do."
        ),
        RefusalCode.CASH_UNSETTLED: (
            "A buy waits for sales to settle (T+1); a full rotation takes two sessions in a cash account. The next "
            "session buys it."
        ),
        RefusalCode.CASH_SHORT: (
            "There is not enough cash for a buy, whatever settles. It is bought as far as the cash goes."
        ),
        RefusalCode.CASH_GOOD_FAITH: (
            "Shares were bought with unsettled money, and selling them before it has settled would violate good "
            "faith. They are sold once it has."
        ),
        RefusalCode.LIMIT_ORDERS_A_DAY: (
            "More orders are needed than limits.orders_per_session. What is furthest from its target goes first, and "
            "the rest in the next session."
        ),
        RefusalCode.LIMIT_ORDER_VALUE: (
            "A trade is worth more than limits.order_value. That much is traded, and the rest in the next session; "
            "raise the limit if the account has grown."
        ),
        RefusalCode.LIMIT_DAY_VALUE: (
            "The session's trades are worth more than limits.day_value. Sales go first, and the rest in the next "
            "session; raise the limit if the account has grown."
        ),
        RefusalCode.LIMIT_DAY_TRADES: (
            "It would be bought and sold within one session more often than limits.day_trades allows in five. It "
            "waits for the next session."
        ),
        RefusalCode.LIMIT_WEIGHT: (
            "One lot more would lift the weight above strategy.max_weight and limits.weight_excess. It stays below."
        ),
        RefusalCode.MODE_REDUCE_ONLY: (
            "Trading is in reduce-only mode: sales go on, buys do not. `swing resume` ends it."
        ),
        RefusalCode.MODE_HALTED: "Trading is halted. `swing resume` ends it.",
        RefusalCode.SESSION_CLOSED: "There is no session now, or it is over. The next session trades.",
        RefusalCode.SESSION_TOO_EARLY: (
            "The rebalance begins trading.minutes_before_close before the close. Wait for it."
        ),
        RefusalCode.SESSION_TOO_LATE: (
            "Nothing is sent in the last minute before the close. The next session trades; find out what made the run "
            "late."
        ),
        RefusalCode.SESSION_DONE: "This session's rebalance, or this trade of it, was already made. Nothing to do.",
        RefusalCode.FRACTIONS_REFUSED: (
            "A part of a share cannot be traded over the broker's interface. Trade it by hand, or set "
            "broker.fractional if the account can."
        ),
        RefusalCode.ACCOUNT_NOT_PAPER: (
            "A paper run met an account that is not a simulated one. Check broker.port and the login."
        ),
        RefusalCode.ACCOUNT_UNEXPECTED: (
            "The gateway's account is not the one that was named. Check broker.account and the login."
        ),
        RefusalCode.CLOCK_DISAGREES: (
            "Our clock and the broker's, or a price's, differ. Set this machine's clock by NTP."
        ),
        RefusalCode.STATE_DISAGREES: (
            "Ledger and broker disagree about orders, executions or positions. Nothing is sent until a person has "
            "looked."
        ),
    }
)


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
