"""One more look at a session after its close: an order that was over may have filled or live all the same.

Nothing is ever sent here. Late fills are recorded; what still lives is cancelled; what lives or differs is an alarm.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from execution.errors import StateDisagreesError, TradeRefusedError
from execution.ledger.events import Scope
from execution.models import Alarm, Side
from execution.orders.cancel import cancel_open
from execution.orders.context import RebalanceRequest
from execution.orders.observe import connect, look
from execution.orders.preflight import check_account
from execution.orders.reconcile import compare
from execution.orders.verdict import require_consistent, require_over
from execution.refusals import Refusal, RefusalCode
from warehouse.calendar.sessions import close_time, last_completed_session
from warehouse.calendar.trading_hours import window_of
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from execution.models import BrokerState, Execution
    from execution.orders.context import TradingContext

PATIENCE = timedelta(minutes=5)
"""From a session's close to the look: what the exchange still reports has come by then."""


async def look_again(context: TradingContext) -> str:
    """Compare the account with the ledger after the last close, for every rebalance of that session.

    Returns:
        The result in a sentence or two.

    Raises:
        TradeRefusedError: A session is about to close, or the gateway's account is another one.
        StateDisagreesError: An order lives, was never shown or is held, or positions differ; an alarm is recorded.
        BrokerError: The gateway cannot be reached.
        LedgerError: The ledger cannot be used, or a rebalance is at work.
    """
    context = _after_close(context)
    session = context.window.session_date
    try:
        state = await connect(context)
        account_id = state.account.account_id
        check_account(RebalanceRequest(Mode.DRY_RUN), context.portfolio, state.account)
        with context.ledger.lock(account_id):
            claims = context.ledger.claims(session, account_id)
            if not claims:
                return f"Nothing was traded in account {account_id} in the session {session}."
            scopes = [replace(scope, run_id=context.scope.run_id) for scope in claims]
            said = [await _look_at(replace(context, scope=scope)) for scope in scopes]
    finally:
        await context.broker.close()
    return f"Session {session}, account {account_id}: ledger and broker agree. {' '.join(said)}".strip()


def _after_close(context: TradingContext) -> TradingContext:
    """Choose the last session that has closed. Raises TradeRefusedError while another is about to."""
    now, minutes = context.clock(), context.portfolio.trading.minutes_before_close
    today = window_of(now, minutes)
    if today is not None and today.opens <= now < today.close:
        message = f"The session {today.session_date} closes at {today.close:%H:%M}; look at it after that."
        raise TradeRefusedError(message, (Refusal(RefusalCode.SESSION_TOO_EARLY, message),))
    closed = window_of(close_time(last_completed_session(now)), minutes)
    assert closed is not None  # noqa: S101 - a session has a window
    return replace(context, window=closed, scope=Scope("", context.scope.run_id))


async def _look_at(context: TradingContext) -> str:
    """Look at one rebalance of the session; return what is to be said of it."""
    context.step("look")
    before = {execution.exec_id for execution in _executions(context)}
    state = await look(context)
    await require_consistent(context, state)
    await require_over(context, context.session().orders)
    alive = await cancel_open(context, state, "it lives after the close")

    async def read() -> BrokerState:
        return await look(context)

    _, differences = await compare(context, context.portfolio.universe, read)
    late = [execution for execution in _executions(context) if execution.exec_id not in before]
    said = _told(late)
    if not context.session().finish:
        said = f"Its rebalance was begun and not finished. {said}".strip()
    if alive or differences:
        lives = [f"{fate.order.order_ref} lived, and its end was requested: {fate}." for fate in alive]
        message = " ".join(filter(None, [*lives, *(it.message for it in differences), said]))
        context.record(Alarm(message))
        raise StateDisagreesError(f"After the close of {context.window.session_date}: {message}")
    return said


def _executions(context: TradingContext) -> list[Execution]:
    return [execution for order in context.session().orders.values() for execution in order.executions]


def _told(late: Iterable[Execution]) -> str:
    fills = [
        f"{'sold' if each.side is Side.SELL else 'bought'} {each.quantity:f} {each.symbol} at {each.price:f} "
        f"({each.order_ref})"
        for each in late
    ]
    return f"Recorded now, for it came after the rebalance had ended: {'; '.join(fills)}." if fills else ""
