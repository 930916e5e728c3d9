"""One rebalance: preflight, reconcile, plan, record, sells, funding, buys, reconcile, report.

Cut off anywhere, the next start takes up the recorded plan: it looks before it sends, and never plans a session twice.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from execution.adoption import require_adopted
from execution.brokers.base import Fault
from execution.decision import decide, equity, fund_buys
from execution.errors import HaltedError, StateDisagreesError, TradeRefusedError
from execution.ledger.events import Claim, Finish, Funding, Scope, Stop
from execution.models import OrderRef, Plan, Side, Switch
from execution.orders.context import LIQUIDATION
from execution.orders.dispatch import carry_out, unfilled
from execution.orders.observe import connect, look
from execution.orders.preflight import check_account, check_clock, check_permission, check_window, planned_window
from execution.orders.reconcile import compare
from execution.orders.verdict import refused, require_client, require_consistent, require_over, require_taken
from execution.phases import require_live
from execution.planning.rules import Rules
from execution.planning.situation import Situation
from execution.refusals import Refusal, RefusalCode
from warehouse.calendar.trading_hours import window_of
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from execution.ledger.state import OrderState
    from execution.models import BrokerState, Order
    from execution.orders.context import RebalanceRequest, TradingContext
    from execution.targets import LiveTargets

COMMISSION_LOOKS = 3
"""Looks for commissions, which follow executions; one that comes later is recorded by the next session."""


@dataclass(frozen=True, slots=True)
class RebalanceOutcome:
    """End of a rebalance.

    Attributes:
        plan: None if there was nothing to plan.
        orders: Every order of the session, as it ended.
        refusals: Everything that was not traded, and why.
        message: The whole in a sentence.
    """

    mode: Mode
    account_id: str
    strategy_id: str
    plan: Plan | None
    orders: tuple[OrderState, ...]
    refusals: tuple[Refusal, ...]
    message: str
    state: BrokerState | None = None


async def rebalance(request: RebalanceRequest, targets: LiveTargets, context: TradingContext) -> RebalanceOutcome:
    """Bring the account to the live targets, once a session.

    A dry run plans on the account as it is and sends nothing; its window may be closed.

    Args:
        request: Mode, and the account that was confirmed.
        targets: Of the strategy.
        context: Means to trade; the session is chosen here.

    Raises:
        TradeRefusedError: A check forbids it; nothing was sent. Of real money before its phase, a LiveRefusedError.
        StateDisagreesError: Ledger and broker disagree; nothing more is sent.
        BrokerRefusedError: The broker refused orders until a person mends something; the session is finished.
        HaltedError: A person has halted trading.
        BrokerError: The gateway cannot be reached.
        LedgerError: The ledger cannot be read or written, or another process trades the account.
    """
    context.step("preflight")
    check_permission(request, context.portfolio)
    context = _in_session(request, targets, context)
    if request.mode is not Mode.DRY_RUN and not _is_begun(context):
        _require_phase(request, context)
        check_window(context.clock(), context.portfolio.trading.minutes_before_close)
    context.step("connect")
    try:
        state = await connect(context)
        check_clock(state.at, context.clock())
        check_account(request, context.portfolio, state.account)
        context = replace(context, scope=replace(context.scope, account_id=state.account.account_id))
        require_adopted(targets, context, state)
        if request.mode is Mode.DRY_RUN:
            return await _rehearse(request, targets, context, state)
        with context.ledger.lock(context.scope.account_id):
            return await _trade(request, targets, context)
    finally:
        await context.broker.close()


def _in_session(request: RebalanceRequest, targets: LiveTargets, context: TradingContext) -> TradingContext:
    """Choose the session: the one planned for now, or today's if an earlier start has left it unfinished."""
    now, minutes = context.clock(), context.portfolio.trading.minutes_before_close
    window, today = planned_window(now, minutes), window_of(now, minutes)
    if today is not None and context.ledger.is_begun(targets.strategy_id, today.session_date):
        window = today  # its orders are looked after even when the session is over
    scope = Scope("", context.scope.run_id, request.mode, targets.strategy_id, window.session_date)
    return replace(context, scope=scope, window=window)


def _require_phase(request: RebalanceRequest, context: TradingContext) -> None:
    """Refuse real money outside the phase live. Raises LiveRefusedError."""
    if request.mode is Mode.LIVE:
        require_live(context.ledger, context.pin, context.portfolio.phases)


def _is_begun(context: TradingContext) -> bool:
    """Return True if an earlier start has left this session unfinished: it is taken up at any hour, if only to look."""
    return context.ledger.is_begun(context.scope.strategy_id, context.window.session_date)


async def _rehearse(
    request: RebalanceRequest, targets: LiveTargets, context: TradingContext, state: BrokerState
) -> RebalanceOutcome:
    """Plan as a trade would, and record it as a dry run."""
    decision, plan = decide(await _situation(request, targets, context, state))
    context.record(decision, plan)
    message = "A dry run: nothing was sent." if plan.orders else "A dry run: there is nothing to trade."
    return _outcome(context, plan, (), message, state)


async def _trade(request: RebalanceRequest, targets: LiveTargets, context: TradingContext) -> RebalanceOutcome:
    """Rebalance, from wherever an earlier start has stopped."""
    if context.switch() is Switch.HALTED:
        raise HaltedError("Trading is halted. `swing status` says by whom and why; `swing resume` ends it.")
    session = context.session()
    if session.finish is not None:
        require_taken(session)
        refusal = Refusal(
            RefusalCode.SESSION_DONE,
            f"The session {context.window.session_date} was rebalanced already: {session.finish.message} "
            "There is one rebalance a session.",
        )
        return _outcome(context, session.plan, tuple(session.orders.values()), refusal.message, None, (refusal,))
    context.step("reconcile")
    state = await _agree(targets, context)
    require_client(context)
    context.step("claim")
    claims = context.ledger.claims(context.window.session_date, context.scope.account_id)
    if {claim.strategy_id for claim in claims} - {context.scope.strategy_id, LIQUIDATION}:
        _refuse(context, RefusalCode.SESSION_DONE, "Another strategy was rebalanced in this session already.")
    context.record(Claim(context.window.deadline))
    plan = session.plan
    if plan is None:
        _require_phase(request, context)  # a session that was begun may have been left before it was planned
        check_window(context.clock(), context.portfolio.trading.minutes_before_close)
        context.step("decide")
        decision, plan = decide(await _situation(request, targets, context, state))
        context.record(decision)
        context.step("plan")
        context.record(plan)
        if plan.is_blocked:
            reasons = "; ".join(refusal.message for refusal in plan.refusals)
            context.record(Stop(f"the plan was refused: {reasons}", plan.refusals))
            raise TradeRefusedError(f"Nothing was traded: {reasons}", plan.refusals)
    return await _carry_out(targets, context, plan)


async def _carry_out(targets: LiveTargets, context: TradingContext, plan: Plan) -> RebalanceOutcome:
    """Sells, funding, buys, and the account afterwards."""
    context.step("sells")
    await _with_whole_shares(context, [order for order in plan.orders if order.side is Side.SELL])
    funding = context.session().funding
    if funding is None:
        context.step("fund")
        funding = Funding(())
        if any(order.side is Side.BUY for order in plan.orders):
            state = await look(context)
            await require_consistent(context, state)
            funding = fund_buys(Rules.of(context.portfolio), plan, state.account)
        context.record(funding)
    context.step("buys")
    await _with_whole_shares(context, funding.orders)
    context.step("settle")
    for _ in range(COMMISSION_LOOKS):
        state = await _agree(targets, context)
        orders = tuple(context.session().orders.values())
        if all(order.commission is not None for order in orders):
            break
        await asyncio.sleep(context.pace.look_every / 2)
    await require_over(context, context.session().orders)
    context.step("finish")
    account = state.account
    message = _message(context, orders, plan, funding)
    worth = equity(account, _ours(targets, context), context.session().decision)
    context.record(Finish(worth, account.cash, account.positions, message))
    context.step("finished")
    require_taken(context.session())
    return _outcome(context, plan, orders, message, state, funding.refusals)


async def _with_whole_shares(context: TradingContext, orders: Sequence[Order]) -> None:
    """Carry out orders; one refused for its fraction of a share goes again as whole shares, as a new order."""
    await carry_out(context, orders)
    refused = [
        state.order
        for state in context.session().states(order.order_ref for order in orders)
        if Fault.FRACTION in state.faults and not state.filled
    ]
    whole = [
        replace(order, order_ref=str(replace(OrderRef.parse(order.order_ref), sequence=2)), quantity=quantity)
        for order in refused
        if (quantity := order.quantity.quantize(Decimal(1), ROUND_FLOOR)) > 0
    ]
    await carry_out(context, whole)


async def _agree(targets: LiveTargets, context: TradingContext) -> BrokerState:
    """Return the broker's state, recorded, once it agrees with the ledger."""

    async def read() -> BrokerState:
        state = await look(context)
        await require_consistent(context, state)
        return state

    state, differences = await compare(context, targets.universe, read, targets.splits)
    if differences:
        reasons = " ".join(difference.message for difference in differences)
        context.record(Stop(f"ledger and broker disagree: {reasons}", differences))
        raise StateDisagreesError(f"Ledger and broker disagree, so nothing more is sent. {reasons}")
    return state


async def _situation(
    request: RebalanceRequest, targets: LiveTargets, context: TradingContext, state: BrokerState
) -> Situation:
    """Gather everything that a decision is made from."""
    context.step("prices")
    ours = _ours(targets, context)
    return Situation(
        strategy_id=context.scope.strategy_id,
        targets=targets.in_shares_of(context.window.session_date),
        account=state.account,
        ours=ours,
        prices=await context.broker.prices(sorted(ours)),
        rules=Rules.of(context.portfolio),
        window=context.window,
        now=context.clock(),
        history=context.ledger.history(context.scope.account_id, context.window.session_date),
        switch=context.switch(),
        is_rehearsal=request.mode is Mode.DRY_RUN,
    )


def _ours(targets: LiveTargets, context: TradingContext) -> frozenset[str]:
    return context.ours(targets.universe)


def _refuse(context: TradingContext, code: RefusalCode, message: str) -> None:
    refusal = Refusal(code, message)
    context.record(Stop(message, (refusal,)))
    raise TradeRefusedError(message, (refusal,))


def _message(context: TradingContext, orders: Sequence[OrderState], plan: Plan, funding: Funding) -> str:
    sells = {order.order_ref for order in plan.orders if order.side is Side.SELL}
    funded = {order.order_ref for order in funding.orders}
    unfunded = {order.order_ref for order in plan.orders} - sells - funded
    never = (sells | funded) - {state.order.order_ref for state in orders}
    filled = sum(state.remaining <= 0 for state in orders)
    parts = [f"{filled} of {len(orders)} orders filled." if orders else "Nothing to trade."]
    if left := unfilled(orders):
        parts.append(f"Not filled: {'; '.join(left)}.")
    if never:
        reason = context.objection(Side.BUY) or "their time had passed"
        parts.append(f"Not sent: {', '.join(sorted(never))}; {reason}.")
    if unfunded:
        parts.append(f"Unfunded, for the cash did not reach: {', '.join(sorted(unfunded))}.")
    if cause := refused(orders):
        parts.append(cause)
    return " ".join(parts)


def _outcome(  # noqa: PLR0913, PLR0917 - it gathers all that is known at the end
    context: TradingContext,
    plan: Plan | None,
    orders: tuple[OrderState, ...],
    message: str,
    state: BrokerState | None,
    more: tuple[Refusal, ...] = (),
) -> RebalanceOutcome:
    scope = context.scope
    refusals = (*(plan.refusals if plan else ()), *more)
    assert scope.mode is not None  # noqa: S101 - a rebalance always has a mode
    return RebalanceOutcome(scope.mode, scope.account_id, scope.strategy_id, plan, orders, refusals, message, state)
