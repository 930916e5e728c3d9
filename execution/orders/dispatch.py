"""Sends planned orders, each exactly once, and follows them to their end.

The rule: an order's intent is in the ledger before the order leaves; an intended order that the broker has not shown is
looked for in its open orders, completed orders and executions, and only when it was in none of them, twice and some
seconds apart, may it be sent again. Whatever a broker's message says is recorded before it is acted upon.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_exponential, wait_random

from execution.brokers.base import Fault
from execution.errors import BrokerError, BrokerRefusedError, HaltedError, StateDisagreesError
from execution.ledger.events import CancelRequest, Event, Resent, Sent, Switch
from execution.models import Execution, Notice, OrderReport, OrderStatus, Side
from execution.orders.reconcile import trace
from warehouse.calendar.trading_hours import Phase

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from datetime import datetime

    from execution.brokers.base import Broker
    from execution.ledger.events import Payload, Scope
    from execution.ledger.ledger import Ledger
    from execution.ledger.state import OrderState, SessionState
    from execution.models import BrokerState, Order
    from warehouse.calendar.trading_hours import Window


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient a rebalance is, in seconds.

    Attributes:
        look_every: Between two looks at the broker's state while an order is open.
        ambiguous_for: How long an order that nobody has seen counts as on its way.
        cancel_within: How long a cancellation at the deadline may take.
    """

    look_every: float = 2.0
    ambiguous_for: float = 10.0
    cancel_within: float = 20.0


DEFAULT_PACE = Pace()


@dataclass(frozen=True, slots=True)
class Desk:
    """What a rebalance works with.

    Attributes:
        scope: What its events belong to.
        clock: The current time, aware.
        step: Told the name of each step as it begins.
    """

    broker: Broker
    ledger: Ledger
    scope: Scope
    window: Window
    clock: Callable[[], datetime]
    step: Callable[[str], None]
    pace: Pace = DEFAULT_PACE

    def record(self, *payloads: Payload) -> int:
        """Write to the ledger; returns how many were new."""
        return self.ledger.append(*(Event(self.scope, payload) for payload in payloads))

    def session(self) -> SessionState:
        """What the ledger knows of this rebalance."""
        assert self.scope.session_date is not None  # noqa: S101 - a rebalance always has a session
        return self.ledger.session(self.scope.account_id, self.scope.strategy_id, self.scope.session_date)

    @property
    def is_open(self) -> bool:
        """Whether something may still be sent."""
        return self.clock() < self.window.deadline

    def objection(self, side: Side) -> str:
        """Why no order on that side may leave at this moment; empty if it may."""
        if not self.is_open:
            return "the deadline has come"
        match self.ledger.switch(self.scope.account_id):
            case Switch.HALTED:
                return "trading is halted"
            case Switch.REDUCE_ONLY if side is Side.BUY:
                return "positions may only be reduced"
        return ""


async def connect(desk: Desk) -> BrokerState:
    """Open the connection and ask the broker for everything. Raises BrokerError."""
    return await _persistently(desk, desk.broker.open)


async def look(desk: Desk) -> BrokerState:
    """Ask the broker for everything, reconnecting while there is time, and record what is ours. Raises BrokerError."""
    state = await _persistently(desk)
    desk.record(*_news(desk, state))
    return state


def _news(desk: Desk, state: BrokerState) -> Iterable[Payload]:
    """What a state shows of our orders and the ledger does not know yet."""
    orders = desk.session().orders
    others = [execution for execution in state.executions if execution.order_ref not in orders]
    if others:  # a rebalance that was cut off before this one may have left them: the positions count them
        ours = desk.ledger.order_refs(desk.scope.account_id)
        yield from (execution for execution in others if execution.order_ref in ours)
    for order_ref, known in orders.items():
        found = trace(order_ref, state)
        yield from found.executions
        report = found.report
        if report is not None and (report.status, report.filled) != (known.status, known.reported_filled):
            yield report


async def _persistently(desk: Desk, first: Callable[[], Awaitable[None]] | None = None) -> BrokerState:
    """The broker's state; a connection that is lost is made again while the session's window lasts."""
    is_open = desk.window.phase(desk.clock()) is Phase.OPEN
    left = (desk.window.deadline - desk.clock()).total_seconds() if is_open else 0.0
    attempts = AsyncRetrying(
        stop=stop_after_delay(left + desk.pace.cancel_within),
        wait=wait_exponential(multiplier=0.2, max=5) + wait_random(0, 0.2),
        retry=retry_if_exception(
            lambda error: isinstance(error, BrokerError) and not isinstance(error, BrokerRefusedError)
        ),
        reraise=True,
    )
    async for attempt in attempts:
        with attempt:
            if attempt.retry_state.attempt_number > 1:
                desk.step("reconnect")
                await desk.broker.close()
                await desk.broker.open()
            elif first is not None:
                await first()
            return await desk.broker.state()
    raise AssertionError("tenacity ends with a result or an error")


async def carry_out(desk: Desk, orders: Sequence[Order]) -> None:
    """Send what was not intended before, then follow all of them until each is done or the deadline has come.

    Raises:
        BrokerError: The connection is gone and could not be made again.
        HaltedError: A person has halted trading; what was open is cancelled.
    """
    refs = [order.order_ref for order in orders]
    for order in orders:
        if order.order_ref not in desk.session().orders and not desk.objection(order.side):
            desk.step(f"intend {order.order_ref}")
            if not desk.record(order):
                raise StateDisagreesError(
                    f"{order.order_ref} was intended before, by another rebalance, and is not sent again. Look at its "
                    "fills in TWS, and at the ledger (`swing ledger export`)."
                )
            desk.step(f"send {order.order_ref}")
            await _send(desk, order)
    await _follow(desk, refs)
    if desk.ledger.switch(desk.scope.account_id) is Switch.HALTED:
        raise HaltedError("Trading was halted midway; what was open is cancelled. `swing resume` lifts the halt.")


async def _send(desk: Desk, order: Order) -> None:
    """Hand an order over, until the deadline; what breaks here leaves it to the search for traces."""
    left = (desk.window.deadline - desk.clock()).total_seconds()
    if left <= 0:
        return
    try:
        async with asyncio.timeout(left):
            await desk.broker.send(order)
    except BrokerRefusedError:
        raise
    except (BrokerError, TimeoutError) as error:
        why = f"it was cut off while it was sent: {str(error) or 'the deadline came'}"
        desk.record(Notice(0, why, order.order_ref, Fault.TRANSIENT))
        return
    desk.record(Sent(order.order_ref))
    desk.step(f"sent {order.order_ref}")


async def _follow(desk: Desk, refs: Sequence[str]) -> None:
    """Record reports until every order is done; look again, and search for what nobody has shown."""
    search = _Search(desk)
    time = asyncio.get_running_loop().time
    next_look = time() + desk.pace.look_every
    while waiting := [state for state in _states(desk, refs) if not state.is_done and not search.is_given_up(state)]:
        if reason := desk.objection(waiting[0].order.side):
            await cancel(desk, [state.order.order_ref for state in waiting], reason)
            return
        if await _hear(desk, min(0.5, max(next_look - time(), 0.01))) and time() < next_look:
            continue
        if time() >= next_look:
            desk.step("look")
            await search.seek(await look(desk), refs)
            next_look = time() + desk.pace.look_every


async def _hear(desk: Desk, patience: float) -> bool:
    """Record the next report, if there is one; a broken connection is left to the next look."""
    try:
        report = await desk.broker.report(patience)
    except BrokerError:
        await asyncio.sleep(patience)
        return False
    if report is None:
        return False
    if desk.record(report):
        desk.step(f"heard {_about(report)}")
    return True


def _about(report: Payload) -> str:
    match report:
        case OrderReport(order_ref=order_ref, status=status):
            return f"{status} {order_ref}"
        case Execution(order_ref=order_ref):
            return f"execution {order_ref}"
        case Notice(code=code, order_ref=order_ref):
            return f"notice {code} {order_ref}".rstrip()
    return type(report).__name__


def _states(desk: Desk, refs: Iterable[str]) -> list[OrderState]:
    orders = desk.session().orders
    return [orders[ref] for ref in refs if ref in orders]


def _is_rejected(state: OrderState) -> bool:
    return any(fault.is_rejection for fault in state.faults)


class _Search:
    """Looks for intended orders that the broker has never shown."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._absent: dict[str, int] = {}
        self._since = asyncio.get_running_loop().time()

    def is_given_up(self, state: OrderState) -> bool:
        """Whether the broker refused it with a code alone, and was then twice found not to have it."""
        return _is_rejected(state) and not state.is_known and self._absent.get(state.order.order_ref, 0) > 1

    async def seek(self, state: BrokerState, refs: Iterable[str]) -> None:
        """Count in how many states each has been absent; send again what may be."""
        desk = self._desk
        for known in _states(desk, refs):
            order = known.order
            if known.is_known or trace(order.order_ref, state).is_known:
                continue
            self._absent[order.order_ref] = absent = self._absent.get(order.order_ref, 0) + 1
            waited = asyncio.get_running_loop().time() - self._since
            is_certain = absent > 1 and waited >= desk.pace.ambiguous_for
            if not is_certain or _is_rejected(known) or desk.objection(order.side):
                continue
            desk.step(f"resend {order.order_ref}")
            desk.record(Resent(order.order_ref, f"absent from {absent} states of the broker over {waited:.0f} s"))
            self._absent.clear()
            self._since = asyncio.get_running_loop().time()
            await _send(desk, order)


async def cancel(desk: Desk, refs: Sequence[str], reason: str) -> None:
    """Ask for open orders to be cancelled and wait, beyond the deadline if need be, for how they ended.

    It is asked again after each look, for a request may be lost with its connection, and an order that nobody has shown
    may still arrive.
    """
    time = asyncio.get_running_loop().time
    start = next_look = time()
    while time() < start + desk.pace.cancel_within:
        is_on_its_way = time() < start + desk.pace.ambiguous_for
        waiting = [state for state in _states(desk, refs) if not state.is_done and (state.is_known or is_on_its_way)]
        if not waiting:
            return
        if time() >= next_look:
            for state in waiting:
                await _ask_to_cancel(desk, state.order.order_ref, reason)
            await look(desk)
            next_look = time() + desk.pace.look_every
        await _hear(desk, min(0.5, max(next_look - time(), 0.01)))


async def _ask_to_cancel(desk: Desk, order_ref: str, reason: str) -> None:
    desk.step(f"cancel {order_ref}")
    desk.record(CancelRequest(order_ref, reason))
    try:
        await desk.broker.cancel(order_ref)
    except BrokerError as error:
        desk.record(Notice(0, f"the cancellation could not be sent: {error}", order_ref, Fault.TRANSIENT))


def unfilled(states: Iterable[OrderState]) -> list[str]:
    """What did not fill, in words."""
    return [
        f"{'sold' if state.order.side is Side.SELL else 'bought'} {state.filled:f} of {state.order.quantity:f} "
        f"{state.order.symbol}: {', '.join(state.reasons) or (state.status or OrderStatus.PENDING)}"
        for state in states
        if state.remaining > 0
    ]
