"""One rebalance: preflight, reconcile, plan, record, sells, funding, buys, reconcile, report.

Cut off anywhere, the next start takes up the recorded plan: it looks before it sends, and never plans a session twice.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from execution.brokers.base import Fault
from execution.errors import HaltedError, StateDisagreesError, TradeRefusedError
from execution.ledger.events import Claim, Finish, Funding, Reconciliation, Scope, Stop, Switch
from execution.models import Plan, Side
from execution.orders.context import LIQUIDATION, Assignment, Tools
from execution.orders.dispatch import Desk, carry_out, connect, look, unfilled
from execution.orders.preflight import check_account, check_clock, check_window, planned_window
from execution.orders.reconcile import Expectation, disagreements
from execution.planning.situation import Situation, decide, equity, fund_buys
from execution.refusals import Refusal, RefusalCode
from warehouse.calendar.trading_hours import window_of
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from execution.ledger.state import OrderState
    from execution.models import BrokerState, Order
    from execution.proposal import Proposal

WHOLE_SESSION = 390
"""Minutes of a regular session."""
POSITION_LAG_LOOKS = 4
"""Positions may follow executions with a delay: so often they are looked at before they count as different."""
COMMISSION_LOOKS = 3
"""Commissions follow executions; one that does not come in time is told by the next session's look."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a rebalance ended.

    Attributes:
        plan: None if there was nothing to plan.
        orders: Every order of the session, as it ended.
        refusals: What was not traded, and why.
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


async def rebalance(assignment: Assignment, tools: Tools) -> Outcome:
    """Bring the account to the live targets, once a session.

    A dry run plans on the account as it is and sends nothing; its window may be closed.

    Raises:
        TradeRefusedError: A check forbids it; nothing was sent.
        StateDisagreesError: Ledger and broker disagree; nothing more is sent.
        HaltedError: A person has halted trading.
        BrokerError: The gateway cannot be reached.
        LedgerError: The ledger cannot be read or written, or another process trades the account.
    """
    tools.step("preflight")
    proposal = tools.propose()
    desk = _desk(assignment, tools, proposal)
    if assignment.mode is not Mode.DRY_RUN and not _is_begun(desk):
        check_window(tools.clock(), _minutes(assignment))
    tools.step("connect")
    try:
        state = await connect(desk)
        check_clock(state.at, tools.clock())
        check_account(assignment, state.account)
        desk = replace(desk, scope=replace(desk.scope, account_id=state.account.account_id))
        if assignment.mode is Mode.DRY_RUN:
            return await _rehearse(assignment, desk, proposal, state)
        with tools.ledger.lock(desk.scope.account_id):
            return await _trade(assignment, desk, proposal)
    finally:
        await tools.broker.close()


def _minutes(assignment: Assignment) -> int:
    """How long before the close trading may begin: a liquidation may at any hour of the session."""
    return WHOLE_SESSION if assignment.is_liquidation else assignment.portfolio.trading.minutes_before_close


def _desk(assignment: Assignment, tools: Tools, proposal: Proposal) -> Desk:
    now, minutes = tools.clock(), _minutes(assignment)
    window, today = planned_window(now, minutes), window_of(now, minutes)
    strategy = assignment.strategy_id(proposal)
    if today is not None and tools.ledger.is_begun(strategy, today.session_date):
        window = today  # what an earlier start has left is looked after, even when the session is over
    return Desk(
        broker=tools.broker,
        ledger=tools.ledger,
        scope=Scope("", assignment.run_id, assignment.mode, strategy, window.session_date),
        window=window,
        clock=tools.clock,
        step=tools.step,
        pace=tools.pace,
    )


def _is_begun(desk: Desk) -> bool:
    """Whether an earlier start has left this session unfinished: it is taken up at any hour, if only to look."""
    return desk.ledger.is_begun(desk.scope.strategy_id, desk.window.session_date)


async def _rehearse(assignment: Assignment, desk: Desk, proposal: Proposal, state: BrokerState) -> Outcome:
    """Plan as a trade would, and record it as a dry run."""
    situation = await _situation(assignment, desk, proposal, state)
    decision, plan = decide(situation)
    desk.record(decision, plan)
    message = "A dry run: nothing was sent." if plan.orders else "A dry run: there is nothing to trade."
    return _outcome(desk, plan, (), message, state)


async def _trade(assignment: Assignment, desk: Desk, proposal: Proposal) -> Outcome:
    """The whole rebalance, from wherever an earlier start left it."""
    if desk.ledger.switch(desk.scope.account_id) is Switch.HALTED:
        raise HaltedError("Trading is halted. `swing status` says by whom and why; `swing resume` ends it.")
    session = desk.session()
    if session.finish is not None:
        refusal = Refusal(
            RefusalCode.SESSION_DONE,
            f"The session {desk.window.session_date} was rebalanced already: {session.finish.message} "
            "There is one rebalance a session.",
        )
        return _outcome(desk, session.plan, tuple(session.orders.values()), refusal.message, None, (refusal,))
    desk.step("reconcile")
    state = await _agree(desk, proposal)
    desk.step("claim")
    others = desk.ledger.claimants(desk.scope.account_id, desk.window.session_date) - {
        desk.scope.strategy_id,
        LIQUIDATION,
    }
    if others and not assignment.is_liquidation:
        _refuse(desk, RefusalCode.SESSION_DONE, "Another strategy was rebalanced in this session already.")
    desk.record(Claim(desk.window.deadline))
    plan = session.plan
    if plan is None:
        check_window(desk.clock(), _minutes(assignment))
        desk.step("decide")
        decision, plan = decide(await _situation(assignment, desk, proposal, state))
        desk.record(decision)
        desk.step("plan")
        desk.record(plan)
        if plan.is_blocked:
            reasons = "; ".join(refusal.message for refusal in plan.refusals)
            desk.record(Stop(f"the plan was refused: {reasons}", plan.refusals))
            raise TradeRefusedError(f"Nothing was traded: {reasons}", plan.refusals)
    return await _carry_out(assignment, desk, proposal, plan)


async def _carry_out(assignment: Assignment, desk: Desk, proposal: Proposal, plan: Plan) -> Outcome:
    """Sells, funding, buys, and the account afterwards."""
    desk.step("sells")
    await _with_whole_shares(desk, [order for order in plan.orders if order.side is Side.SELL])
    funding = desk.session().funding
    if funding is None:
        desk.step("fund")
        is_buying = any(order.side is Side.BUY for order in plan.orders)
        funding = fund_buys(assignment.portfolio, plan, (await look(desk)).account) if is_buying else Funding(())
        desk.record(funding)
    desk.step("buys")
    await _with_whole_shares(desk, funding.orders)
    desk.step("settle")
    for _ in range(COMMISSION_LOOKS):
        state = await _agree(desk, proposal)
        orders = tuple(desk.session().orders.values())
        if all(order.commission is not None for order in orders):
            break
        await asyncio.sleep(desk.pace.look_every / 2)
    left = [order for order in orders if not order.is_done and order.is_known]
    if left:
        reason = f"{len(left)} orders may still fill: {', '.join(order.order.order_ref for order in left)}"
        desk.record(Stop(reason))
        raise StateDisagreesError(f"The deadline has passed and {reason}. Look at them in TWS before the close.")
    desk.step("finish")
    account = state.account
    message = _message(desk, orders, (*plan.orders, *funding.orders))
    worth = equity(account, _ours(desk, proposal), desk.session().decision)
    desk.record(Finish(worth, account.cash, account.positions, message))
    desk.step("finished")
    return _outcome(desk, plan, orders, message, state, funding.refusals)


async def _with_whole_shares(desk: Desk, orders: Sequence[Order]) -> None:
    """Carry out orders; one that is refused for its fraction of a share goes again as whole shares, as a new order."""
    await carry_out(desk, orders)
    states = desk.session().orders
    refused = [
        states[order.order_ref].order
        for order in orders
        if order.order_ref in states
        and Fault.FRACTION in states[order.order_ref].faults
        and not states[order.order_ref].filled
    ]
    whole = [
        replace(order, order_ref=f"{order.order_ref.rpartition('/')[0]}/2", quantity=quantity)
        for order in refused
        if (quantity := order.quantity.quantize(Decimal(1), ROUND_FLOOR)) > 0
    ]
    await carry_out(desk, whole)


async def _agree(desk: Desk, proposal: Proposal) -> BrokerState:
    """The broker's state, recorded, once it agrees with the ledger."""
    for attempt in range(POSITION_LAG_LOOKS):
        if attempt:
            await asyncio.sleep(desk.pace.look_every / 2)
        state = await look(desk)
        positions = desk.ledger.positions(desk.scope.account_id)
        strategy = desk.scope.strategy_id
        expected = Expectation(
            positions=positions,
            order_refs=desk.session().orders.keys(),
            session_prefix=f"{strategy}/{desk.window.session_date:%Y%m%d}/",
            symbols=_ours(desk, proposal),
        )
        differences = disagreements(expected, state)
        if not differences:
            break
    desk.record(Reconciliation(state.account, state.at, differences, is_baseline=positions is None))
    if differences:
        reasons = " ".join(difference.message for difference in differences)
        desk.record(Stop(f"ledger and broker disagree: {reasons}", differences))
        raise StateDisagreesError(f"Ledger and broker disagree, so nothing more is sent. {reasons}")
    return state


async def _situation(assignment: Assignment, desk: Desk, proposal: Proposal, state: BrokerState) -> Situation:
    """Everything a decision is made from."""
    desk.step("prices")
    ours = _ours(desk, proposal)
    return Situation(
        portfolio=assignment.portfolio,
        strategy_id=desk.scope.strategy_id,
        proposal=proposal,
        account=state.account,
        ours=ours,
        prices=await desk.broker.prices(sorted(ours)),
        history=desk.ledger.history(desk.scope.account_id, desk.window.session_date),
        switch=desk.ledger.switch(desk.scope.account_id),
        window=desk.window,
        now=desk.clock(),
        is_rehearsal=desk.scope.mode is Mode.DRY_RUN,
        is_liquidation=assignment.is_liquidation,
    )


def _ours(desk: Desk, proposal: Proposal) -> frozenset[str]:
    """What the strategy may hold, and what it has traded; other positions of the account are left alone."""
    return frozenset(proposal.universe) | desk.ledger.symbols(desk.scope.account_id)


def _refuse(desk: Desk, code: RefusalCode, message: str) -> None:
    refusal = Refusal(code, message)
    desk.record(Stop(message, (refusal,)))
    raise TradeRefusedError(message, (refusal,))


def _message(desk: Desk, orders: Sequence[OrderState], planned: Sequence[Order]) -> str:
    never = {order.order_ref for order in planned} - {state.order.order_ref for state in orders}
    filled = sum(state.remaining <= 0 for state in orders)
    said = [f"{filled} of {len(orders)} orders filled." if orders else "Nothing to trade."]
    if left := unfilled(orders):
        said.append(f"Not filled: {'; '.join(left)}.")
    if never:
        said.append(f"Not sent: {', '.join(sorted(never))}; {desk.objection(Side.BUY) or 'their time had passed'}.")
    return " ".join(said)


def _outcome(  # noqa: PLR0913, PLR0917 - it gathers what is known at the end
    desk: Desk,
    plan: Plan | None,
    orders: tuple[OrderState, ...],
    message: str,
    state: BrokerState | None,
    more: tuple[Refusal, ...] = (),
) -> Outcome:
    scope = desk.scope
    refusals = (*(plan.refusals if plan else ()), *more)
    assert scope.mode is not None  # noqa: S101 - a rebalance always has a mode
    return Outcome(scope.mode, scope.account_id, scope.strategy_id, plan, orders, refusals, message, state)
