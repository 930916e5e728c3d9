"""Cancels open orders: a session's own, or all of ours when a person asks for it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
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
    from execution.models import BrokerState, OrderReport, OrderStatus
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


@dataclass(frozen=True, slots=True)
class Fate:
    """Fate of an order that was to be cancelled.

    Attributes:
        status: None if the broker shows it no more.
        objection: Reason why the request could not be sent; empty if it was.
    """

    order: OrderReport
    status: OrderStatus | None
    objection: str = ""

    @property
    def is_open(self) -> bool:
        """True if it may still fill."""
        return self.status is None or not self.status.is_final

    def __str__(self) -> str:
        """Return it as a line for a person."""
        status = self.status or "unknown: look at it in TWS"
        objection = f" (it could not be cancelled: {self.objection})" if self.objection else ""
        return f"{self.order.side} {self.order.quantity} {self.order.symbol}: {status}{objection}"


async def cancel_all(context: TradingContext) -> list[Fate]:
    """Cancel every open order of ours, of whatever session; one that cannot be cancelled does not hold up the others.

    Returns:
        The fate of each.

    Raises:
        BrokerError: The gateway cannot be reached.
        LedgerBusyError: A rebalance is at work.
    """
    try:
        state = await connect(context)
        with context.ledger.lock(state.account.account_id):
            return await cancel_open(context, state, "cancelled by a person")
    finally:
        await context.broker.close()


async def cancel_open(context: TradingContext, state: BrokerState, reason: str) -> list[Fate]:
    """Cancel every open order of ours that a state shows, of whatever session, and wait for their end.

    Args:
        context: It is connected, and the account is locked.
        state: The broker's, just read.
        reason: Of the cancellation, for the record.

    Returns:
        The fate of each.

    Raises:
        BrokerError: The gateway is gone.
    """
    scope = Scope(state.account.account_id, context.scope.run_id)
    open_orders = _open(context, state)
    objections: dict[str, str] = {}
    for report in open_orders:
        context.ledger.append(Event(scope, CancelRequest(report.order_ref, reason)))
        try:
            await context.broker.cancel(report.order_ref)
        except BrokerError as error:
            objections[report.order_ref] = str(error)
    end = asyncio.get_running_loop().time() + context.pace.cancel_within
    while _open(context, state) and asyncio.get_running_loop().time() < end:
        await asyncio.sleep(context.pace.look_every / 4)
        state = await context.broker.state()
    return [
        Fate(
            report,
            now.status if (now := trace(report.order_ref, state).report) else None,
            objections.get(report.order_ref, ""),
        )
        for report in open_orders
    ]


def _open(context: TradingContext, state: BrokerState) -> list[OrderReport]:
    """Return the open orders that the ledger knows."""
    ours = context.ledger.order_refs(state.account.account_id)
    return [report for report in state.orders if not report.status.is_final and report.order_ref in ours]
