"""The lots of one rebalance: rounded, paid for, and cut to the session's limits.

The distance to the targets is first minimised as if cash were no matter. The sales of that stand; the buys are then
what the cash pays for, at their limit prices and with their commissions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from execution.models import Side
from execution.planning.costs import Fee
from execution.planning.limits import Limit, furthest_first, refuse, whole, within_limits
from execution.planning.rounding import round_lots
from execution.planning.settlement import proceeds, spendable
from execution.planning.trades import positions, possible_trade
from execution.refusals import RefusalCode
from warehouse.settings.trading import Settlement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from execution.planning.inputs import PlanRequest, Rules
    from execution.planning.trades import Trade
    from execution.refusals import Refusal

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Draft:
    """What is traded: one entry a symbol in each of the lists.

    Attributes:
        equity: What the weights are fractions of, USD.
        wanted: Lots that targets and limits ask for.
        settled: Lots that could be paid for if all sales had settled.
        lots: Lots that are ordered.
    """

    equity: Decimal
    trades: list[Trade]
    wanted: list[int]
    settled: list[int]
    lots: list[int]
    refusals: list[Refusal]

    def commissions(self, rules: Rules) -> Decimal:
        """What the orders cost at the prices decided on, USD."""
        return sum(
            (Fee.of(rules, trade.price)(count) for trade, count in zip(self.trades, self.lots, strict=True)), NOTHING
        )


def make_draft(request: PlanRequest, equity: Decimal) -> Draft:
    """Round, and leave out what is too small or one order too many, until nothing has to be left out."""
    rules = request.rules
    trades, refusals = within_limits(
        [possible_trade(position, equity, rules) for position in positions(request)], request
    )
    while True:
        wanted = round_lots([trade.leg() for trade in trades])
        left_out = _too_small(trades, wanted, rules)
        lots = wanted if left_out else _paid(trades, wanted, rules, _cash(trades, wanted, request))
        left_out = left_out or _too_many(trades, lots, request)
        if not left_out:
            break
        refusals += [refuse(trades[at], limit) for at, limit in left_out.items()]
        trades = [trade.within(0) if at in left_out else trade for at, trade in enumerate(trades)]
    settled = lots
    if rules.trading.settlement is Settlement.SETTLED_ONLY and lots != wanted:
        settled = _paid(trades, wanted, rules, request.account.cash + proceeds(trades, wanted, rules))
    draft = Draft(equity, trades, wanted, settled, lots, refusals)
    return _within_day_value(draft, request)


def _too_small(trades: Sequence[Trade], lots: Sequence[int], rules: Rules) -> dict[int, Limit]:
    """Trades that are not worth their commission, by position; what is no longer wanted is worth it."""
    least = rules.limits.trade_value_minimum
    values = {at: trade.price * rules.lot * lots[at] for at, trade in enumerate(trades) if not trade.is_closing}
    return {
        at: Limit(
            0,
            RefusalCode.TRADE_TOO_SMALL,
            f"the trade is worth {value:.2f}; below {least} it is not worth its commission.",
            {"value": f"{value:.2f}", "least": str(least)},
        )
        for at, value in values.items()
        if 0 < value < least
    }


def _too_many(trades: Sequence[Trade], lots: Sequence[int], request: PlanRequest) -> dict[int, Limit]:
    """All orders but those that are furthest from their targets, by position."""
    most, sent = request.rules.limits.orders_per_session, request.history.orders_sent
    ordered = {trade.symbol: at for at, trade in enumerate(trades) if lots[at]}
    late = furthest_first(trade for trade in trades if trade.symbol in ordered)[max(0, most - sent) :]
    return {
        ordered[trade.symbol]: Limit(
            0,
            RefusalCode.LIMIT_ORDERS_A_DAY,
            f"{len(ordered)} orders are needed beside the {sent} that were sent, {most} are allowed in a session, and "
            f"its weight is off by {trade.drift:.4f} only.",
            {"needed": str(len(ordered)), "sent": str(sent), "most": str(most), "drift": f"{trade.drift:.6f}"},
        )
        for trade in late
    }


def _cash(trades: Sequence[Trade], lots: Sequence[int], request: PlanRequest) -> Decimal:
    """What the buys of this session may spend, USD."""
    settlement = request.rules.trading.settlement
    cash = spendable(request.account, settlement)
    return cash if settlement is Settlement.SETTLED_ONLY else cash + proceeds(trades, lots, request.rules)


def _paid(trades: Sequence[Trade], wanted: list[int], rules: Rules, cash: Decimal) -> list[int]:
    """The wanted lots as far as the cash goes; sales stay what they are."""
    legs = [
        trade.leg(rules, None if trade.side is Side.BUY else count) for trade, count in zip(trades, wanted, strict=True)
    ]
    if sum(leg.cost(count) for leg, count in zip(legs, wanted, strict=True)) <= cash:
        return wanted
    lots = round_lots(legs, max(cash, NOTHING))
    return [
        0 if at in _too_small(trades, lots, rules) and count < wanted[at] else count for at, count in enumerate(lots)
    ]


def _within_day_value(draft: Draft, request: PlanRequest) -> Draft:
    """Cut off what is beyond the session's value: sales come first, and after the first cut nothing follows."""
    rules, most = request.rules, request.rules.limits.day_value
    left, lots, refusals = most - request.history.value_sent, list(draft.lots), list(draft.refusals)
    places = {trade.symbol: at for at, trade in enumerate(draft.trades)}
    is_cut = False
    for trade in sorted(furthest_first(draft.trades), key=lambda trade: trade.side is Side.BUY):
        at = places[trade.symbol]
        price = max(trade.price, trade.worst) * rules.lot
        allowed = 0 if is_cut else max(0, min(lots[at], whole(left / price)))
        if allowed < lots[at]:
            is_cut = True
            if not trade.is_closing and allowed * trade.price * rules.lot < rules.limits.trade_value_minimum:
                allowed = 0
            value = lots[at] * price
            why = f"it is worth {value:.2f}, and {max(left, NOTHING):.2f} of the session's {most} are left."
            numbers = {"value": f"{value:.2f}", "left": f"{left:.2f}", "most": str(most)}
            refusals.append(refuse(trade, Limit(allowed, RefusalCode.LIMIT_DAY_VALUE, why, numbers)))
            lots[at] = allowed
        left -= lots[at] * price
    if not is_cut:
        return draft
    cut = [count < before for count, before in zip(lots, draft.lots, strict=True)]
    wanted, settled = (
        [count if is_cut else before for is_cut, count, before in zip(cut, lots, counts, strict=True)]
        for counts in (draft.wanted, draft.settled)
    )
    return replace(draft, wanted=wanted, settled=settled, lots=lots, refusals=refusals)
