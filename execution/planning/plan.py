"""Plans: one pure function from a situation to orders; the same situation always makes the same plan.

Weights are fractions of equity after the plan's own commissions, so that the same situation after the plan's fills
finds nothing left to do.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from execution.models import Order, OrderRef, Plan, PlanLine, Side
from execution.planning.checks import blocking
from execution.planning.limits import Limit, furthest_first, refuse
from execution.planning.lots import choose_lots
from execution.refusals import RefusalCode
from warehouse.settings.trading import OrderType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from execution.planning.lots import ChosenLots
    from execution.planning.rules import Rules
    from execution.planning.situation import Situation
    from execution.planning.trades import PossibleTrade
    from execution.refusals import Refusal

NOTHING = Decimal(0)
CENT = Decimal("0.01")
SHARE_PLACES = Decimal("0.0001")
WEIGHT_PLACES = Decimal("1e-8")
MOST_PASSES = 4
"""The second choice of lots nearly always costs as much as the first; one at the edge of a lot may alternate."""


def plan(situation: Situation) -> Plan:
    """Plan a rebalance, or refuse it as a whole."""
    refusals = blocking(situation)
    if refusals:
        return Plan(
            strategy_id=situation.strategy_id,
            session_date=situation.session_date,
            equity=situation.account.net_liquidation,
            orders=(),
            lines=(),
            refusals=tuple(refusals),
            tracking_error=NOTHING,
            waits_for_settlement=NOTHING,
            is_blocked=True,
            currency=situation.account.currency,
        )
    chosen = choose_lots(situation, situation.equity)
    for _ in range(MOST_PASSES):
        equity = situation.equity - chosen.commissions(situation.rules)
        if equity == chosen.equity or equity <= 0:
            break
        chosen = choose_lots(situation, equity)
    return _plan(situation, chosen)


def _plan(situation: Situation, chosen: ChosenLots) -> Plan:
    rules, traded = situation.rules, list(zip(chosen.trades, chosen.ordered, strict=True))
    waits = sum(
        (
            max(0, settled - count) * trade.price * rules.lot
            for trade, settled, count in zip(chosen.trades, chosen.settled, chosen.ordered, strict=True)
        ),
        NOTHING,
    )
    off = [trade.after(count) - trade.target for trade, count in traded]
    amounts = {trade.symbol: count for trade, count in traded if count}
    return Plan(
        strategy_id=situation.strategy_id,
        session_date=situation.session_date,
        equity=chosen.equity.quantize(CENT),
        orders=tuple(
            _order(trade, amounts[trade.symbol], situation)
            for side in (Side.SELL, Side.BUY)
            for trade in furthest_first(chosen.trades)
            if trade.side is side and trade.symbol in amounts
        ),
        lines=tuple(_line(trade, count, chosen.equity, rules) for trade, count in traded),
        refusals=tuple(
            sorted([*chosen.refusals, *_explanations(chosen, rules)], key=lambda each: (each.symbol, each.code))
        ),
        tracking_error=(sum((each * each for each in off), NOTHING) + sum(off) ** 2).sqrt().quantize(WEIGHT_PLACES),
        waits_for_settlement=waits.quantize(CENT),
        is_blocked=False,
        currency=situation.account.currency,
    )


def _order(trade: PossibleTrade, lots: int, situation: Situation) -> Order:
    is_limit = situation.rules.trading.order_type is OrderType.LIMIT
    return Order(
        order_ref=str(OrderRef(situation.strategy_id, situation.session_date, trade.symbol, trade.side)),
        symbol=trade.symbol,
        side=trade.side,
        quantity=lots * situation.rules.lot,
        limit_price=trade.worst if is_limit else None,
    )


def _line(trade: PossibleTrade, lots: int, equity: Decimal, rules: Rules) -> PlanLine:
    return PlanLine(
        symbol=trade.symbol,
        price=trade.price,
        held=trade.held,
        wanted=(trade.target * equity / trade.price).quantize(SHARE_PLACES),
        planned=trade.held + trade.side.sign * lots * rules.lot,
        weight_before=trade.weight.quantize(WEIGHT_PLACES),
        weight_target=trade.target.quantize(WEIGHT_PLACES),
        weight_after=trade.after(lots).quantize(WEIGHT_PLACES),
    )


def _explanations(chosen: ChosenLots, rules: Rules) -> Iterator[Refusal]:
    """Explain each symbol that stays off its target, or is not brought as near as it could be."""
    band = rules.limits.no_trade_band
    for trade, wanted, settled, lots in zip(chosen.trades, chosen.wanted, chosen.settled, chosen.ordered, strict=True):
        lot = trade.price * rules.lot
        if not trade.is_closing and 0 < trade.drift < band:
            why = f"its weight, {trade.weight:.4f}, is off its target, {trade.target:.4f}, by less than {band}."
            yield refuse(trade, Limit(0, RefusalCode.TRADE_WITHIN_BAND, why, {"band": str(band)}))
        elif not wanted and trade.most:
            why = (
                f"its weight is off by {trade.drift:.4f}, and a lot, {trade.step:.4f}, comes no nearer to the targets."
            )
            yield refuse(trade, Limit(0, RefusalCode.TRADE_TOO_SMALL, why, {"lot": f"{trade.step:.6f}"}))
        part = trade.held % rules.lot
        if trade.is_closing and part:
            why = f"{part} of a share is left, which the broker's interface does not trade."
            yield refuse(trade, Limit(wanted, RefusalCode.FRACTIONS_REFUSED, why, {"held": str(trade.held)}))
        if settled > lots:
            why = (
                f"a buy of {(settled - lots) * lot:.2f} waits for sales to settle (T+1): what is sold today buys in "
                "the next session, so that a full rotation takes two."
            )
            yield refuse(
                trade, Limit(lots, RefusalCode.CASH_UNSETTLED, why, {"waits": f"{(settled - lots) * lot:.2f}"})
            )
        if wanted > max(settled, lots):
            why = (
                f"cash is short of {(wanted - max(settled, lots)) * lot:.2f} for it, with limit prices and commissions."
            )
            yield refuse(trade, Limit(lots, RefusalCode.CASH_SHORT, why, {"wanted": str(wanted)}))
