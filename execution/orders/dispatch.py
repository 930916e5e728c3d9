"""Sends planned orders, each exactly once, and follows them to their end.

The rule: an order's intent is in the ledger before the order leaves. An intended order that the broker has not shown is
looked for in its open orders, completed orders and executions; only when it was in none of them, twice and some seconds
apart, may it be sent again. Whatever a broker's message says is recorded before it is acted upon.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from execution.brokers.base import Fault
from execution.errors import BrokerError, BrokerRefusedError, HaltedError, StateDisagreesError
from execution.ledger.events import Resent, Sent
from execution.models import Notice, OrderStatus, Side, Switch
from execution.orders.cancel import cancel
from execution.orders.observe import hear, look
from execution.orders.reconcile import trace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from execution.ledger.state import OrderState
    from execution.models import BrokerState, Order
    from execution.orders.context import TradingContext


async def carry_out(context: TradingContext, orders: Sequence[Order]) -> None:
    """Send what was not intended before, then follow all of them until each is done or the deadline has come.

    Raises:
        BrokerError: The connection is gone and could not be made again.
        HaltedError: A person has halted trading; what was open is cancelled.
    """
    for order in orders:
        if order.order_ref not in context.session().orders and not context.objection(order.side):
            context.step(f"intend {order.order_ref}")
            if not context.record(order):
                raise StateDisagreesError(
                    f"{order.order_ref} was intended before, by another rebalance, and is not sent again. Look at its "
                    "fills in TWS, and at the ledger (`swing ledger export`)."
                )
            context.step(f"send {order.order_ref}")
            await _send(context, order)
    await _follow(context, [order.order_ref for order in orders])
    if context.switch() is Switch.HALTED:
        raise HaltedError("Trading was halted midway; what was open is cancelled. `swing resume` lifts the halt.")


async def _send(context: TradingContext, order: Order) -> None:
    """Hand an order over, until the deadline; if that breaks off, the search for traces goes on from there."""
    left = (context.window.deadline - context.clock()).total_seconds()
    if left <= 0:
        return
    try:
        async with asyncio.timeout(left):
            await context.broker.send(order)
    except BrokerRefusedError:
        raise
    except (BrokerError, TimeoutError) as error:
        why = f"it was cut off while it was sent: {str(error) or 'the deadline came'}"
        context.record(Notice(0, why, order.order_ref, Fault.TRANSIENT))
        return
    context.record(Sent(order.order_ref))
    context.step(f"sent {order.order_ref}")


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
            await search.seek(await look(context), refs)
            next_look = time() + context.pace.look_every


class _TraceSearch:
    """Looks for intended orders that the broker has never shown."""

    def __init__(self, context: TradingContext) -> None:
        self._context = context
        self._absent: dict[str, int] = {}
        self._since = asyncio.get_running_loop().time()

    def is_given_up(self, state: OrderState) -> bool:
        """Return True if the broker refused it in words alone, and was then twice found not to have it."""
        return state.is_rejected and not state.is_known and self._absent.get(state.order.order_ref, 0) > 1

    async def seek(self, state: BrokerState, refs: Iterable[str]) -> None:
        """Count the states in which each has been absent; send again what may be."""
        context = self._context
        for known in context.session().states(refs):
            order = known.order
            if known.is_known or trace(order.order_ref, state).is_known:
                continue
            self._absent[order.order_ref] = absent = self._absent.get(order.order_ref, 0) + 1
            waited = asyncio.get_running_loop().time() - self._since
            is_certain = absent > 1 and waited >= context.pace.ambiguous_for
            if not is_certain or known.is_rejected or context.objection(order.side):
                continue
            context.step(f"resend {order.order_ref}")
            context.record(Resent(order.order_ref, f"absent from {absent} states of the broker over {waited:.0f} s"))
            self._absent.clear()
            self._since = asyncio.get_running_loop().time()
            await _send(context, order)


def unfilled(states: Iterable[OrderState]) -> list[str]:
    """Say of each order that did not fill how far it came."""
    return [
        f"{'sold' if state.order.side is Side.SELL else 'bought'} {state.filled:f} of {state.order.quantity:f} "
        f"{state.order.symbol}: {', '.join(state.reasons) or (state.status or OrderStatus.PENDING)}"
        for state in states
        if state.remaining > 0
    ]
