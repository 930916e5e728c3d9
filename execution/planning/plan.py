"""From target weights to orders: one pure function, the same request always makes the same plan.

Weights are fractions of what the account is worth after the plan's own commissions, so that the same request after the
plan's fills finds nothing left to do.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from execution.models import Order, Plan, PlanLine, Side, order_ref
from execution.planning.checks import blocking
from execution.planning.draft import make_draft
from execution.planning.limits import Limit, furthest_first, refuse
from execution.refusals import RefusalCode
from warehouse.settings.trading import OrderType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from execution.planning.draft import Draft
    from execution.planning.inputs import PlanRequest, Rules
    from execution.planning.trades import Trade
    from execution.refusals import Refusal

NOTHING = Decimal(0)
CENT = Decimal("0.01")
SHARE_PLACES = Decimal("0.0001")
WEIGHT_PLACES = Decimal("1e-8")
MOST_DRAFTS = 4
"""The second draft nearly always costs what the first one did; one at the edge of a lot may go back and forth."""


def plan(request: PlanRequest) -> Plan:
    """What this rebalance does, or why it does nothing."""
    refusals = blocking(request)
    if refusals:
        return Plan(
            strategy_id=request.strategy_id,
            session_date=request.session_date,
            equity=request.account.net_liquidation,
            orders=(),
            lines=(),
            refusals=tuple(refusals),
            tracking_error=NOTHING,
            waits_for_settlement=NOTHING,
            is_blocked=True,
            currency=request.account.currency,
        )
    draft = make_draft(request, request.equity)
    for _ in range(MOST_DRAFTS):
        equity = request.equity - draft.commissions(request.rules)
        if equity == draft.equity or equity <= 0:
            break
        draft = make_draft(request, equity)
    return _plan(request, draft)


def _plan(request: PlanRequest, draft: Draft) -> Plan:
    rules, traded = request.rules, list(zip(draft.trades, draft.lots, strict=True))
    waits = sum(
        (
            max(0, settled - count) * trade.price * rules.lot
            for trade, settled, count in zip(draft.trades, draft.settled, draft.lots, strict=True)
        ),
        NOTHING,
    )
    off = [trade.after(count) - trade.target for trade, count in traded]
    amounts = {trade.symbol: count for trade, count in traded if count}
    return Plan(
        strategy_id=request.strategy_id,
        session_date=request.session_date,
        equity=draft.equity.quantize(CENT),
        orders=tuple(
            _order(trade, amounts[trade.symbol], request)
            for side in (Side.SELL, Side.BUY)
            for trade in furthest_first(draft.trades)
            if trade.side is side and trade.symbol in amounts
        ),
        lines=tuple(_line(trade, count, draft.equity, rules) for trade, count in traded),
        refusals=tuple(
            sorted([*draft.refusals, *_explanations(draft, rules)], key=lambda each: (each.symbol, each.code))
        ),
        tracking_error=(sum((each * each for each in off), NOTHING) + sum(off) ** 2).sqrt().quantize(WEIGHT_PLACES),
        waits_for_settlement=waits.quantize(CENT),
        is_blocked=False,
        currency=request.account.currency,
    )


def _order(trade: Trade, lots: int, request: PlanRequest) -> Order:
    is_limit = request.rules.trading.order_type is OrderType.LIMIT
    return Order(
        order_ref=order_ref(request.strategy_id, request.session_date, trade.symbol, trade.side),
        symbol=trade.symbol,
        side=trade.side,
        quantity=lots * request.rules.lot,
        limit_price=trade.worst if is_limit else None,
    )


def _line(trade: Trade, lots: int, equity: Decimal, rules: Rules) -> PlanLine:
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


def _explanations(draft: Draft, rules: Rules) -> Iterator[Refusal]:
    """Why a symbol that is off its target is left there, or is not brought as near as it could be."""
    band = rules.limits.no_trade_band
    for trade, wanted, settled, lots in zip(draft.trades, draft.wanted, draft.settled, draft.lots, strict=True):
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
