"""Stops a rebalance whose orders are not what was ordered, are held, or cannot be seen; each stop is an alarm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from execution.errors import BrokerRefusedError, OrderHeldError, OrderUnseenError, StateDisagreesError
from execution.ledger.events import Stop
from execution.models import Alarm
from execution.orders.cancel import cancel, request
from execution.orders.observe import look
from execution.orders.reconcile import contradictions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from execution.ledger.state import OrderState, SessionState
    from execution.models import BrokerState
    from execution.orders.context import TradingContext
    from execution.refusals import Refusal

DELETE = (
    "Look in the gateway (or TWS) for a window that asks something and for orders with a Transmit button, and delete "
    "the order there; then set the precautions as in the runbook"
)


async def require_consistent(context: TradingContext, state: BrokerState) -> None:
    """Stop if orders at the broker contradict what was ordered, in two looks. Raises StateDisagreesError."""
    if not contradictions(context, state):
        return
    state = await look(context)
    if problems := contradictions(context, state):
        orders = context.session().orders
        for order_ref in {report.order_ref for report in state.orders if not report.status.is_final} & orders.keys():
            await request(context, orders[order_ref], "it is not what was ordered")  # a second one beside a filled one
        await _stop(context, " ".join(problem.message for problem in problems), StateDisagreesError, problems)


def require_client(context: TradingContext) -> None:
    """Stop while an order that another client has sent is unseen: only that client can cancel it.

    Raises:
        StateDisagreesError: There is such an order.
    """
    ours = context.broker.client_id
    unseen = [state for state in context.session().orders.values() if not state.is_known and not state.is_over]
    theirs = [state for state in unseen if state.ticket and state.ticket.client_id != ours]
    if theirs:
        client = ", ".join(sorted({str(state.ticket.client_id) for state in theirs if state.ticket}))
        message = (
            f"{_named(theirs)} left under client id {client} and was never shown; this one is {ours}, and cannot "
            f"cancel it. Nothing more is sent. Set broker.client_id to {client} again, and start again."
        )
        context.record(Alarm(message), Stop(message))
        raise StateDisagreesError(message)


async def require_over(context: TradingContext, refs: Iterable[str]) -> None:
    """Stop unless every order that left is known to be over.

    Raises:
        OrderHeldError: The gateway holds one.
        OrderUnseenError: One was never shown.
        StateDisagreesError: One may still fill.
    """
    states = context.session().states(refs)
    if held := [state for state in states if state.is_held and state.remaining > 0]:
        words = "; ".join(f"{state.order.order_ref}: {', '.join(state.reasons)}" for state in held)
        await _stop(context, f"The gateway holds orders until somebody answers ({words}). {DELETE}.", OrderHeldError)
    left = [state for state in states if not state.is_over]
    if unseen := [state for state in states if (state in left and not state.is_known) or state.is_kept_back]:
        await _stop(
            context,
            f"Nobody knows what became of {_named(unseen)}: it left and was not shown when it should have been. It may "
            f"still fill; it is not sent again. {DELETE}, and compare the positions.",
            OrderUnseenError,
        )
    if left:
        await _stop(
            context,
            f"The deadline has passed and {len(left)} orders may still fill: {_named(left)}. Look at them in TWS "
            "before the close.",
            StateDisagreesError,
        )


def refused(states: Iterable[OrderState]) -> str:
    """Say which orders the broker refused until a person mends something, and what; empty if it took them all."""
    found = [state for state in states if state.rejections and state.remaining > 0]
    if not found:
        return ""
    remedies = dict.fromkeys(notice.remedy for state in found for notice in state.rejections if notice.remedy)
    what = " ".join(remedies) or "Read the broker's words."
    return f"The broker refused {len(found)} orders, and will do so again until you mend it: {what}"


def require_taken(session: SessionState) -> None:
    """Fail for all to see if the broker refused orders of a finished session; its record stays as it is.

    Raises:
        BrokerRefusedError: It refused some until a person mends something.
    """
    if session.finish is not None and refused(session.orders.values()):
        raise BrokerRefusedError(f"{session.finish.message} This session is over and is not traded again.")


def _named(states: Sequence[OrderState]) -> str:
    return ", ".join(
        state.order.order_ref + (f" (number {state.ticket.number})" if state.ticket else "") for state in states
    )


async def _stop(
    context: TradingContext,
    message: str,
    error: type[StateDisagreesError],
    problems: Sequence[Refusal] = (),
) -> None:
    """Cancel what is open of the session, record alarm and stop, and raise the error."""
    await cancel(context, list(context.session().orders), message)
    context.record(Alarm(message), Stop(message, tuple(problems)))
    raise error(message)
