"""Sends planned orders, each exactly once, and follows them to their end.

The rule: an order's intent and its number are in the ledger before the order leaves. An intended order that the broker
has not shown is looked for in its open orders, completed orders and executions; only when it was in none of them, twice
and some seconds apart, may it be sent again: once, and under the same number. Whatever a broker's message says is
recorded before it is acted upon.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from execution.brokers.base import Fault
from execution.errors import BrokerError, BrokerRefusedError, HaltedError, StateDisagreesError
from execution.ledger.events import Resent, Sent
from execution.models import Notice, OrderStatus, Side, Switch
from execution.orders.cancel import cancel, request
from execution.orders.observe import hear, look
from execution.orders.reconcile import trace
from execution.orders.verdict import require_consistent, require_over

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from execution.ledger.state import OrderState
    from execution.models import BrokerState, Order, Ticket
    from execution.orders.context import TradingContext


async def carry_out(context: TradingContext, orders: Sequence[Order]) -> None:
    """Follow what an earlier start has left, send the rest, and follow all until each is done or the deadline has come.

    Raises:
        BrokerError: The connection is gone and could not be made again.
        StateDisagreesError: An order is held, was never shown, or is not what was ordered.
        HaltedError: A person has halted trading; what was open is cancelled.
    """
    refs = [order.order_ref for order in orders]
    if begun := [order_ref for order_ref in refs if order_ref in context.session().orders]:
        # Their course first: an order that has to leave again bears a lower number than those that follow.
        await _follow(context, begun)
        await require_over(context, begun)
    for order in orders:
        if order.order_ref not in context.session().orders and not context.objection(order.side):
            context.step(f"intend {order.order_ref}")
            if not context.record(order):
                raise StateDisagreesError(
                    f"{order.order_ref} was intended before, by another rebalance, and is not sent again. Look at its "
                    "fills in TWS, and at the ledger (`swing ledger export`)."
                )
            await _send(context, order)
    await _follow(context, refs)
    await require_over(context, refs)
    if context.switch() is Switch.HALTED:
        raise HaltedError("Trading was halted midway; what was open is cancelled. `swing resume` lifts the halt.")


async def _send(context: TradingContext, order: Order) -> None:
    """Hand an order over, until the deadline; if that breaks off, the search for traces goes on from there."""
    left = (context.window.deadline - context.clock()).total_seconds()
    if left <= 0:
        return
    try:
        async with asyncio.timeout(left):
            is_first = not context.session().orders[order.order_ref].has_left
            ticket = await _ticket(context, order)
            context.step(f"send {order.order_ref}")
            if reason := context.objection(order.side):
                if is_first:
                    context.record(Notice(0, f"it did not leave: {reason}", order.order_ref, Fault.PERMANENT))
                return
            await context.broker.send(order, ticket)
    except BrokerRefusedError:
        raise
    except (BrokerError, TimeoutError) as error:
        why = f"it was cut off while it was sent: {str(error) or 'the deadline came'}"
        context.record(Notice(0, why, order.order_ref, Fault.TRANSIENT))
        return
    context.record(Sent(order.order_ref))
    context.step(f"sent {order.order_ref}")


async def _ticket(context: TradingContext, order: Order) -> Ticket:
    """Return the order's identity, recorded: a new one if it has none, or none that the broker accepts."""
    orders = context.session().orders
    known = orders[order.order_ref]
    if known.ticket is not None and not known.is_number_taken:
        return known.ticket
    numbers = [ticket.number for state in orders.values() for ticket in state.tickets]
    ticket = await context.broker.ticket(order, max(numbers, default=0))
    context.record(ticket)
    return ticket


async def _follow(context: TradingContext, refs: Sequence[str]) -> None:
    """Record reports until every order is done; look again, and search for what nobody has shown."""
    search = _TraceSearch(context)
    time = asyncio.get_running_loop().time
    next_look = time() + context.pace.look_every
    while waiting := [
        state for state in context.session().states(refs) if not state.is_done and not search.is_given_up(state)
    ]:
        if reason := context.objection(waiting[0].order.side):
            await cancel(context, [state.order.order_ref for state in waiting], reason)
            return
        if await hear(context, min(0.5, max(next_look - time(), 0.01))) and time() < next_look:
            continue
        if time() >= next_look:
            context.step("look")
            state = await look(context)
            await require_consistent(context, state)
            while await hear(context, 0):  # all that was said counts before anything leaves again
                pass
            await search.seek(state, refs)
            await _cancel_idle(context, refs)
            next_look = time() + context.pace.look_every
    await _cancel_refused(context, refs)


async def _cancel_idle(context: TradingContext, refs: Sequence[str]) -> None:
    """Request the end of orders that do not work now and might later: inactive ones, and held ones."""
    for state in context.session().states(refs):
        if not state.is_done and (state.status is OrderStatus.INACTIVE or (state.is_held and not state.is_known)):
            await request(context, state, "it does not work, and might later")


async def _cancel_refused(context: TradingContext, refs: Sequence[str]) -> None:
    """Request, by its number, the end of what was refused in words and never shown: words may be wrong."""
    for state in context.session().states(refs):
        if state.is_rejected and not state.is_known and not state.is_cancel_requested:
            await request(context, state, "it was refused in words alone")


class _TraceSearch:
    """Looks for intended orders that the broker has never shown."""

    def __init__(self, context: TradingContext) -> None:
        self._context = context
        self._absent: dict[str, int] = {}
        self._since: dict[str, float] = {}
        self._began = asyncio.get_running_loop().time()

    def is_given_up(self, state: OrderState) -> bool:
        """Return True if it was twice found absent, and is not sent again."""
        order_ref = state.order.order_ref
        if self._absent.get(order_ref, 0) < 2:  # noqa: PLR2004 - twice
            return False
        return state.is_refused or (not state.is_known and not state.may_leave_again and self._is_late(order_ref))

    def _waited(self, order_ref: str) -> float:
        return asyncio.get_running_loop().time() - self._since.get(order_ref, self._began)

    def _is_late(self, order_ref: str) -> bool:
        return self._waited(order_ref) >= self._context.pace.ambiguous_for

    async def seek(self, state: BrokerState, refs: Iterable[str]) -> None:
        """Count the states in which each has been absent; send one again that may be."""
        context = self._context
        for known in context.session().states(refs):
            order = known.order
            order_ref = order.order_ref
            if trace(order_ref, state).is_known or (known.is_known and not known.is_refused):
                continue
            self._absent[order_ref] = absent = self._absent.get(order_ref, 0) + 1
            is_certain = absent > 1 and self._is_late(order_ref)
            if not is_certain or known.is_rejected or not known.may_leave_again or context.objection(order.side):
                continue
            context.step(f"resend {order_ref}")
            if known.tickets and not known.is_number_taken:
                why = f"absent from {absent} states of the broker over {self._waited(order_ref):.0f} s"
                context.record(Resent(order_ref, why))
            del self._absent[order_ref]
            self._since[order_ref] = asyncio.get_running_loop().time()
            await _send(context, order)
            return  # the next look shows that the connection holds, and numbers stay in their order


def unfilled(states: Iterable[OrderState]) -> list[str]:
    """Say of each order that did not fill how far it came."""
    return [
        f"{'sold' if state.order.side is Side.SELL else 'bought'} {state.filled:f} of {state.order.quantity:f} "
        f"{state.order.symbol}: {', '.join(state.reasons) or (state.status or OrderStatus.PENDING)}"
        for state in states
        if state.remaining > 0
    ]
