"""Recent trading of an account, as far as it bears on a plan: a pure fold over the ledger's events."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from execution.ledger.events import Decision, Finish, Reconciliation, Release
from execution.ledger.state import counted, newest
from execution.models import PROBE, Execution, Order, Side, TradingHistory
from warehouse.calendar.sessions import EXCHANGE_ZONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from execution.ledger.events import Event

DAY_TRADE_SESSIONS = 5


def trading_history(events: Iterable[Event], sessions: Sequence[date]) -> TradingHistory:
    """Fold an account's events.

    Args:
        events: Of one account in the ledger's order: its finished sessions, and everything of `sessions`.
        sessions: The last five, ascending, up to the session asked about.
    """
    session_date = sessions[-1]
    before: dict[date, Finish] = {}
    orders: list[Order] = []
    executions: list[Execution] = []
    prices: dict[str, Decimal] = {}
    settled_cash: Decimal | None = None
    for event in counted(events):
        if event.scope.strategy_id == PROBE:
            continue
        is_today = event.scope.session_date == session_date
        match event.payload:
            case Reconciliation() | Release() if event.scope.session_date is None:
                before.clear()  # a person has accepted the account as it is: earlier equity no longer compares
            case Finish() if event.scope.session_date is not None and event.scope.session_date < session_date:
                before[event.scope.session_date] = event.payload
            case Execution():
                executions.append(event.payload)
            case Order() if is_today:
                orders.append(event.payload)
            case Decision() if is_today:
                prices |= {price.symbol: price.amount for price in event.payload.prices}
            case Reconciliation(account=account) if is_today and settled_cash is None:
                settled_cash = account.settled_cash
    previous = max(before, default=None)
    by_session = _by_session(newest(executions))
    today = by_session.get(session_date, [])
    values = (order.quantity * (order.limit_price or prices.get(order.symbol, Decimal(0))) for order in orders)
    return TradingHistory(
        previous_equity=before[previous].equity if previous else None,
        orders=len(orders),
        value=sum(values, Decimal(0)),
        bought=_shares(today, Side.BUY),
        sold=_shares(today, Side.SELL),
        bought_unsettled=_beyond(today, settled_cash or Decimal(0)),
        day_trades=sum(
            len(_shares(traded, Side.BUY).keys() & _shares(traded, Side.SELL).keys())
            for session, traded in by_session.items()
            if session in sessions
        ),
    )


def _by_session(executions: Iterable[Execution]) -> dict[date, list[Execution]]:
    found: dict[date, list[Execution]] = defaultdict(list)
    for execution in executions:
        found[execution.executed_at.astimezone(EXCHANGE_ZONE).date()].append(execution)
    return found


def _shares(executions: Iterable[Execution], side: Side) -> dict[str, Decimal]:
    shares: dict[str, Decimal] = defaultdict(Decimal)
    for execution in executions:
        if execution.side is side:
            shares[execution.symbol] += execution.quantity
    return dict(shares)


def _beyond(executions: Iterable[Execution], settled_cash: Decimal) -> dict[str, Decimal]:
    """Sum the shares bought, by symbol, beyond settled cash; a share paid for in part is one of them."""
    shares: dict[str, Decimal] = defaultdict(Decimal)
    for execution in executions:
        if execution.side is Side.BUY:
            paid = min(execution.quantity, max(settled_cash, Decimal(0)) / execution.price)
            whole = paid if paid == execution.quantity else paid // 1
            settled_cash -= execution.quantity * execution.price
            if whole < execution.quantity:
                shares[execution.symbol] += execution.quantity - whole
    return dict(shares)
