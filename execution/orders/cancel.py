"""Cancels open orders: a session's own, or all of ours when a person asks for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from execution.brokers.base import Fault
from execution.errors import BrokerError
from execution.ledger.events import CancelRequest, Event, Scope
from execution.models import Notice
from execution.orders.observe import connect, hear, look
from execution.orders.reconcile import trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from execution.ledger.state import OrderState
    from execution.models import BrokerState, OrderReport
    from execution.orders.context import TradingContext


async def cancel(context: TradingContext, refs: Sequence[str], reason: str) -> None:
    """Cancel open orders of the session and wait, beyond the deadline if need be, until they have ended.

    The request is repeated after each look, for it may be lost with its connection, and an order that nobody has shown
    may still arrive.
    """
    time = asyncio.get_running_loop().time
    start = next_look = time()
    while time() < start + context.pace.cancel_within:
        is_on_its_way = time() < start + context.pace.ambiguous_for
        states = context.session().states(refs)
        waiting = [state for state in states if not state.is_done and (state.is_known or is_on_its_way)]
        if not waiting:
            return
        if time() >= next_look:
            for state in waiting:
                await request(context, state, reason)
            await look(context)
            next_look = time() + context.pace.look_every
        await hear(context, min(0.5, max(next_look - time(), 0.01)))


async def request(context: TradingContext, state: OrderState, reason: str) -> None:
    """Request the end of an order once, by its number if it was never shown."""
    order_ref = state.order.order_ref
    context.step(f"cancel {order_ref}")
    context.record(CancelRequest(order_ref, reason))
    try:
        await context.broker.cancel(order_ref, state.ticket)
    except BrokerError as error:
        context.record(Notice(0, f"the cancellation could not be sent: {error}", order_ref, Fault.TRANSIENT))


async def cancel_all(context: TradingContext) -> list[str]:
    """Cancel every open order of ours, of whatever session.

    Returns:
        The fate of each, in words.

    Raises:
        BrokerError: The gateway cannot be reached.
        LedgerBusyError: A rebalance is at work.
    """
    try:
        state = await connect(context)
        account_id = state.account.account_id
        with context.ledger.lock(account_id):
            scope = Scope(account_id, context.scope.run_id)
            open_orders = _open(context, state)
            for report in open_orders:
                request = CancelRequest(report.order_ref, "cancelled by a person")
                context.ledger.append(Event(scope, request))
                await context.broker.cancel(report.order_ref)
            end = asyncio.get_running_loop().time() + context.pace.cancel_within
            while _open(context, state) and asyncio.get_running_loop().time() < end:
                await asyncio.sleep(context.pace.look_every / 4)
                state = await context.broker.state()
    finally:
        await context.broker.close()
    fates = []
    for report in open_orders:
        now = trace(report.order_ref, state).report
        status = now.status if now else "unknown: look at it in TWS"
        fates.append(f"{report.side} {report.quantity} {report.symbol}: {status}")
    return fates


def _open(context: TradingContext, state: BrokerState) -> list[OrderReport]:
    """Return the open orders that the ledger knows."""
    ours = context.ledger.order_refs(state.account.account_id)
    return [report for report in state.orders if not report.status.is_final and report.order_ref in ours]
