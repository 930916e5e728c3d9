"""The lots of one rebalance: rounded, paid for, and cut to the session's limits.

The distance to the targets is first minimised without regard to cash. Its sales stand; its buys are then cut to those
that the cash pays for, at their limit prices and with their commissions.
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

    from execution.planning.rules import Rules
    from execution.planning.situation import Situation
    from execution.planning.trades import PossibleTrade
    from execution.refusals import Refusal

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class ChosenLots:
    """Lots to trade; each list has one entry a symbol.

    Attributes:
        equity: Base of the weights, USD.
        wanted: Lots by targets and limits.
        settled: Lots that could be paid for if all sales had settled.
        ordered: Lots that are ordered.
    """

    equity: Decimal
    trades: list[PossibleTrade]
    wanted: list[int]
    settled: list[int]
    ordered: list[int]
    refusals: list[Refusal]

    def commissions(self, rules: Rules) -> Decimal:
        """Sum the orders' commissions at the prices decided on, USD."""
        return sum(
            (Fee.of(rules, trade.price)(count) for trade, count in zip(self.trades, self.ordered, strict=True)), NOTHING
        )


def choose_lots(situation: Situation, equity: Decimal) -> ChosenLots:
    """Round, and leave out trades that are too small or too many, until none has to be left out."""
    rules = situation.rules
    trades, refusals = within_limits(
        [possible_trade(position, equity, rules) for position in positions(situation)], situation
    )
    while True:
        wanted = round_lots([trade.leg() for trade in trades])
        left_out = _too_small(trades, wanted, rules)
        lots = wanted if left_out else _paid(trades, wanted, rules, _cash(trades, wanted, situation))
        left_out = left_out or _too_many(trades, lots, situation)
        if not left_out:
            break
        refusals += [refuse(trades[at], limit) for at, limit in left_out.items()]
        trades = [trade.within(0) if at in left_out else trade for at, trade in enumerate(trades)]
    settled = lots
    if rules.trading.settlement is Settlement.SETTLED_ONLY and lots != wanted:
        settled = _paid(trades, wanted, rules, situation.account.cash + proceeds(trades, wanted, rules))
    chosen = ChosenLots(equity, trades, wanted, settled, lots, refusals)
    return _within_day_value(chosen, situation)


def _too_small(trades: Sequence[PossibleTrade], lots: Sequence[int], rules: Rules) -> dict[int, Limit]:
    """Find trades not worth their commission, by place; a closing trade always is."""
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


def _too_many(trades: Sequence[PossibleTrade], lots: Sequence[int], situation: Situation) -> dict[int, Limit]:
    """Find the orders beyond the allowed number, by place; those furthest from their targets go first."""
    most, sent = situation.rules.limits.orders_per_session, situation.history.orders
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


def _cash(trades: Sequence[PossibleTrade], lots: Sequence[int], situation: Situation) -> Decimal:
    """Return the cash that the buys of this session may spend, USD."""
    settlement = situation.rules.trading.settlement
    cash = spendable(situation.account, settlement)
    return cash if settlement is Settlement.SETTLED_ONLY else cash + proceeds(trades, lots, situation.rules)


def _paid(trades: Sequence[PossibleTrade], wanted: list[int], rules: Rules, cash: Decimal) -> list[int]:
    """Cut the wanted buys to the cash; sales stay as they are."""
    legs = [
        trade.leg(rules, None if trade.side is Side.BUY else count) for trade, count in zip(trades, wanted, strict=True)
    ]
    if sum(leg.cost(count) for leg, count in zip(legs, wanted, strict=True)) <= cash:
        return wanted
    lots = round_lots(legs, max(cash, NOTHING))
    return [
        0 if at in _too_small(trades, lots, rules) and count < wanted[at] else count for at, count in enumerate(lots)
    ]


def _within_day_value(chosen: ChosenLots, situation: Situation) -> ChosenLots:
    """Cut trades beyond the session's value: sales go first, and nothing goes after the first cut."""
    rules, most = situation.rules, situation.rules.limits.day_value
    left, lots, refusals = most - situation.history.value, list(chosen.ordered), list(chosen.refusals)
    places = {trade.symbol: at for at, trade in enumerate(chosen.trades)}
    is_cut = False
    for trade in sorted(furthest_first(chosen.trades), key=lambda trade: trade.side is Side.BUY):
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
        return chosen
    cut = [count < before for count, before in zip(lots, chosen.ordered, strict=True)]
    wanted, settled = (
        [count if is_cut else before for is_cut, count, before in zip(cut, lots, counts, strict=True)]
        for counts in (chosen.wanted, chosen.settled)
    )
    return replace(chosen, wanted=wanted, settled=settled, ordered=lots, refusals=refusals)
