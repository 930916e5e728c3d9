"""Looks at the broker and listens to it; what it shows or says of our orders is recorded before it is acted upon."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_exponential, wait_random

from execution.errors import BrokerError, BrokerRefusedError
from execution.models import Execution, Notice, OrderReport
from execution.orders.reconcile import trace
from warehouse.calendar.trading_hours import Phase

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from execution.ledger.events import Payload
    from execution.ledger.state import OrderState
    from execution.models import BrokerState
    from execution.orders.context import TradingContext


async def connect(context: TradingContext) -> BrokerState:
    """Open the connection and read the broker's state. Raises BrokerError."""
    return await _persistently(context, context.broker.open)


async def look(context: TradingContext) -> BrokerState:
    """Read the broker's state, reconnecting while there is time, and record our part of it. Raises BrokerError."""
    state = await _persistently(context)
    context.record(*_news(context, state))
    return state


async def hear(context: TradingContext, patience: float) -> bool:
    """Record the next report, if one comes in time; leave a broken connection to the next look."""
    try:
        report = await context.broker.report(patience)
    except BrokerError:
        await asyncio.sleep(patience)
        return False
    if report is None:
        return False
    if context.record(report):
        context.step(f"heard {_named(report)}")
    return True


def _news(context: TradingContext, state: BrokerState) -> Iterable[Payload]:
    """Yield what a state shows of our orders and the ledger does not know yet."""
    orders = context.session().orders
    others = [execution for execution in state.executions if execution.order_ref not in orders]
    if others:  # left by a rebalance that was cut off before this one: the positions count them
        ours = context.ledger.order_refs(context.scope.account_id)
        yield from (execution for execution in others if execution.order_ref in ours)
    for order_ref, known in orders.items():
        found = trace(order_ref, state)
        yield from found.executions
        report = found.report
        if report is not None and _is_news(report, known):
            yield report


def _is_news(report: OrderReport, known: OrderState) -> bool:
    """Return True if a report says more than the ledger: it may go back, as from inactive to submitted."""
    return (
        known.status is None
        or report.status.precedence > known.status.precedence
        or report.filled > known.reported_filled
        or bool({report.permanent_id} - {0, *known.permanent_ids})
    )


async def _persistently(context: TradingContext, first: Callable[[], Awaitable[None]] | None = None) -> BrokerState:
    """Read the broker's state; make a lost connection again while the session's window lasts."""
    is_open = context.window.phase(context.clock()) is Phase.OPEN
    left = (context.window.deadline - context.clock()).total_seconds() if is_open else 0.0
    attempts = AsyncRetrying(
        stop=stop_after_delay(left + context.pace.cancel_within),
        wait=wait_exponential(multiplier=0.2, max=5) + wait_random(0, 0.2),
        retry=retry_if_exception(
            lambda error: isinstance(error, BrokerError) and not isinstance(error, BrokerRefusedError)
        ),
        reraise=True,
    )
    async for attempt in attempts:
        with attempt:
            if attempt.retry_state.attempt_number > 1:
                context.step("reconnect")
                await context.broker.close()
                await context.broker.open()
            elif first is not None:
                await first()
            return await context.broker.state()
    raise AssertionError("tenacity ends with a result or an error")


def _named(report: Payload) -> str:
    match report:
        case OrderReport(order_ref=order_ref, status=status):
            return f"{status} {order_ref}"
        case Execution(order_ref=order_ref):
            return f"execution {order_ref}"
        case Notice(code=code, order_ref=order_ref):
            return f"notice {code} {order_ref}".rstrip()
    return type(report).__name__
