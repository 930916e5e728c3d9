"""Composes a rebalance from its parts: gateway, ledger, warehouse and clock."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from execution.brokers.registry import adapter
from execution.errors import TradeRefusedError
from execution.ledger.events import EventKind, Finish, Scope, Switch, SwitchChange, to_text
from execution.ledger.ledger import Ledger, ledger_url
from execution.orders.context import Assignment, Tools
from execution.orders.dispatch import DEFAULT_PACE, Desk
from execution.orders.preflight import planned_window
from execution.proposal import read_proposal
from execution.rebalance import Outcome, rebalance
from warehouse.errors import LakeBusyError
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from execution.brokers.base import Endpoint
    from execution.installation import Installation
    from execution.orders.dispatch import Pace


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for.

    Attributes:
        confirmed_account: The account named with --confirm.
        is_gateway_clock: Go by the gateway's clock, which is what a simulated one needs; never with real money.
        connection: Where the gateway is; None goes by environment and configuration.
    """

    mode: Mode
    confirmed_account: str = ""
    is_gateway_clock: bool = False
    connection: Endpoint | None = None
    is_liquidation: bool = False


@contextlib.contextmanager
def open_ledger(installation: Installation) -> Iterator[Ledger]:
    """The installation's ledger. Raises LedgerError."""
    ledger = Ledger.open(installation.ledger_url or ledger_url(installation.home))
    try:
        yield ledger
    finally:
        ledger.close()


def free_desk(installation: Installation, ledger: Ledger) -> Desk:
    """A desk that belongs to no session, for what a person does."""
    portfolio = installation.portfolio
    now = datetime.now(UTC)
    return Desk(
        broker=adapter().broker(installation.gateway),
        ledger=ledger,
        scope=Scope(portfolio.broker.account, uuid.uuid4().hex[:12]),
        window=planned_window(now, portfolio.trading.minutes_before_close),
        clock=lambda: datetime.now(UTC),
        step=lambda _name: None,
    )


def trade(
    installation: Installation, request: Request, step: Callable[[str], None], pace: Pace = DEFAULT_PACE
) -> Outcome:
    """Rebalance the configured account; see `execution.rebalance.rebalance` for what it raises."""
    portfolio = installation.portfolio
    connection = request.connection or installation.gateway
    assignment = Assignment(
        request.mode, portfolio, uuid.uuid4().hex[:12], request.confirmed_account, request.is_liquidation
    )
    with open_ledger(installation) as ledger:
        tools = Tools(
            broker=adapter().broker(connection),
            ledger=ledger,
            clock=_clock(request, connection),
            propose=lambda: read_proposal(installation.lake),
            step=step,
            pace=pace,
        )
        return asyncio.run(rebalance(assignment, tools))


def obstacle(installation: Installation, session: date) -> str:
    """Why the schedule has nothing to do for a session; empty if it has."""
    try:
        with installation.lake.lock():
            pass
    except LakeBusyError:
        return "A run is at work; the next tick looks again."
    with open_ledger(installation) as ledger:
        if finish := ledger.finish(session):
            return f"The session {session} was rebalanced already: {finish.message}"
    return ""


def standing(installation: Installation) -> dict[str, str]:
    """What a person last allowed, and how the last rebalance ended."""
    with open_ledger(installation) as ledger:
        switched, finished = ledger.newest(EventKind.SWITCH_CHANGED), ledger.newest(EventKind.SESSION_FINISHED)
    said = {"switch": Switch.NORMAL.value, "last_rebalance": "none"}
    if switched and isinstance(switched.event.payload, SwitchChange):
        change = switched.event.payload
        why = f" ({change.reason})" if change.reason else ""
        said["switch"] = f"{change.switch.value} since {switched.recorded_at:%Y-%m-%d %H:%M} UTC, by {change.by}{why}"
    if finished and isinstance(finished.event.payload, Finish):
        said["last_rebalance"] = f"{finished.event.scope.session_date}: {finished.event.payload.message}"
    return said


def as_record(outcome: Outcome) -> dict[str, Any]:
    """An outcome as plain values, for a script."""
    plan = outcome.plan
    return {
        "mode": outcome.mode,
        "account_id": outcome.account_id,
        "strategy_id": outcome.strategy_id,
        "message": outcome.message,
        "plan": json.loads(to_text(plan)) if plan else None,
        "orders": [
            {
                "order_ref": state.order.order_ref,
                "symbol": state.order.symbol,
                "side": state.order.side,
                "quantity": str(state.order.quantity),
                "limit_price": None if state.order.limit_price is None else str(state.order.limit_price),
                "status": state.status,
                "filled": str(state.filled),
                "average_price": None if state.average_price is None else str(state.average_price),
                "commission": None if state.commission is None else str(state.commission),
                "reasons": list(state.reasons),
            }
            for state in outcome.orders
        ],
        "fills": [json.loads(to_text(execution)) for state in outcome.orders for execution in state.executions],
        "refusals": [asdict(refusal) for refusal in outcome.refusals],
        "positions": {symbol: str(held) for symbol, held in outcome.state.account.positions.items()}
        if outcome.state
        else None,
    }


def as_metadata(outcome: Outcome) -> dict[str, Any]:
    """An outcome as the Dagster UI shows it."""
    plan = outcome.plan
    about: dict[str, Any] = {"outcome": outcome.message, "mode": outcome.mode.value, "account": outcome.account_id}
    if plan is not None:
        about |= {"equity": float(plan.equity), "tracking_error": float(plan.tracking_error)}
    about["orders"] = len(outcome.orders)
    about["refusals"] = [f"{refusal.code}: {refusal.message}" for refusal in outcome.refusals]
    return about


def _clock(request: Request, connection: Endpoint) -> Callable[[], datetime]:
    """The true time, or the gateway's. Raises BrokerError, TradeRefusedError."""
    if not request.is_gateway_clock:
        return lambda: datetime.now(UTC)
    if request.mode is Mode.LIVE:
        raise TradeRefusedError("Real money is traded by this machine's clock. Leave --gateway-clock out.")
    offset = asyncio.run(_theirs(connection)) - datetime.now(UTC)
    return lambda: datetime.now(UTC) + offset


async def _theirs(connection: Endpoint) -> datetime:
    broker = adapter().broker(connection)
    try:
        await broker.open()
        return await broker.now()
    finally:
        await broker.close()
