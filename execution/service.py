"""Composes trading from its parts: gateway, ledger, warehouse and clock."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from execution import after_close, fraction_probe
from execution.brokers.base import Finding, Level
from execution.brokers.registry import adapter
from execution.errors import LedgerError, TradeRefusedError
from execution.ledger.events import EventKind, Reconciliation, Scope
from execution.ledger.ledger import Ledger, ledger_url
from execution.ledger.texts import to_text
from execution.orders.context import DEFAULT_PACE, RebalanceRequest, TradingContext
from execution.orders.preflight import planned_window
from execution.phases import pin_of
from execution.rebalance import rebalance
from execution.switch_files import SwitchFiles
from execution.targets import read_targets
from warehouse.calendar.sessions import close_time
from warehouse.errors import LakeBusyError
from warehouse.settings.trading import Fractional, Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from datetime import date

    from execution.brokers.base import Endpoint
    from execution.installation import Installation
    from execution.orders.context import Pace
    from execution.rebalance import RebalanceOutcome

T = TypeVar("T")


@contextlib.contextmanager
def open_ledger(installation: Installation) -> Iterator[Ledger]:
    """Open the installation's ledger. Raises LedgerError."""
    ledger = Ledger.open(installation.ledger_url or ledger_url(installation.home))
    try:
        yield ledger
    finally:
        ledger.close()


def machine_clock() -> datetime:
    """Return this machine's time, UTC."""
    return datetime.now(UTC)


def trading_context(
    installation: Installation, ledger: Ledger, clock: Callable[[], datetime] = machine_clock
) -> TradingContext:
    """Make a context that belongs to no session yet. Raises ConfigurationError."""
    portfolio = installation.portfolio
    return TradingContext(
        portfolio=portfolio,
        broker=adapter().broker(replace(installation.gateway, ledger_id=ledger.ledger_id)),
        ledger=ledger,
        scope=Scope("", uuid.uuid4().hex[:12]),
        window=planned_window(clock(), portfolio.trading.minutes_before_close),
        clock=clock,
        files=SwitchFiles.of(installation.home),
    )


def trade(
    installation: Installation, request: RebalanceRequest, step: Callable[[str], None], pace: Pace = DEFAULT_PACE
) -> RebalanceOutcome:
    """Rebalance the configured account; see `execution.rebalance.rebalance` for what it raises."""

    def work(context: TradingContext) -> Coroutine[Any, Any, RebalanceOutcome]:
        pin = pin_of(installation) if request.mode is Mode.LIVE else None
        context = replace(context, step=step, pace=pace, pin=pin)
        return rebalance(request, read_targets(installation.lake), context)

    return in_session(installation, request, work)


def in_session(
    installation: Installation, request: RebalanceRequest, work: Callable[[TradingContext], Coroutine[Any, Any, T]]
) -> T:
    """Do a work with the ledger open, by the clock that the request names."""
    endpoint = installation.gateway
    with open_ledger(installation) as ledger:
        return asyncio.run(work(trading_context(installation, ledger, _clock(request, endpoint))))


def test_gateway(installation: Installation) -> list[Finding]:
    """Test each step from the socket to the account, with advice where one fails."""
    symbol = installation.portfolio.universe[0]
    return asyncio.run(adapter().diagnose(installation.gateway, symbol, machine_clock()))


def probe_fractions(installation: Installation, *, is_gateway_clock: bool = False) -> Finding:
    """Order a part of a share on a paper account; see `execution.fraction_probe.probe_fractions`."""
    request = RebalanceRequest(Mode.PAPER, is_gateway_clock=is_gateway_clock)
    symbol = installation.portfolio.universe[0]
    found = in_session(installation, request, partial(fraction_probe.probe_fractions, symbol))
    tried = f"{found.quantity:f} {symbol} was ordered in account {found.account_id}: {found.words.rstrip('.')}."
    remedy = f"Set broker.fractional: {found.answer} in portfolio.yaml."
    if found.answer is not Fractional.UNTESTED:
        return Finding("fractions", Level.OK, tried, remedy)
    return Finding("fractions", Level.WARNING, tried, f"That answers nothing; try again. {remedy}")


def obstacle(installation: Installation, session: date) -> str:
    """Return the reason why the schedule has nothing to do for a session; empty if it has something."""
    if reason := _run_at_work(installation):
        return reason
    with open_ledger(installation) as ledger:
        if finish := ledger.finish(session):
            return f"The session {session} was rebalanced already: {finish.message}"
    return ""


def look_again(installation: Installation, *, is_gateway_clock: bool = False) -> str:
    """Look at the last session after its close; see `execution.after_close.look_again`."""
    request = RebalanceRequest(Mode.DRY_RUN, is_gateway_clock=is_gateway_clock)
    return in_session(installation, request, after_close.look_again)


def look_obstacle(installation: Installation, session: date) -> str:
    """Return the reason why the schedule has nothing to look at after a session's close; empty if it has something."""
    if reason := _run_at_work(installation):
        return reason
    with open_ledger(installation) as ledger:
        if not ledger.claims(session):
            return f"Nothing was traded in the session {session}."
        seen = ledger.newest(EventKind.RECONCILED)
    looked = seen.event.payload if seen else None
    if seen and isinstance(looked, Reconciliation) and looked.at >= close_time(session):
        return f"The session {session} was looked at already, at {seen.recorded_at:%H:%M} UTC."
    return ""


def held_symbols(installation: Installation) -> frozenset[str]:
    """Return the symbols that the newest reconciliation has seen and that are ours; nothing without a sound ledger."""
    try:
        with open_ledger(installation) as ledger:
            seen = ledger.newest(EventKind.RECONCILED)
            if seen is None or not isinstance(seen.event.payload, Reconciliation):
                return frozenset()
            account = seen.event.payload.account
            ours = ledger.symbols(account.account_id) - ledger.released(account.account_id)
            return ours & account.positions.keys()
    except LedgerError:
        return frozenset()


def _run_at_work(installation: Installation) -> str:
    try:
        with installation.lake.lock():
            return ""
    except LakeBusyError:
        return "A run is at work; the next tick looks again."


def as_record(outcome: RebalanceOutcome) -> dict[str, Any]:
    """Return an outcome as plain values, for a script."""
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


def as_metadata(outcome: RebalanceOutcome) -> dict[str, Any]:
    """Return an outcome as the Dagster UI shows it."""
    plan = outcome.plan
    metadata: dict[str, Any] = {"outcome": outcome.message, "mode": outcome.mode.value, "account": outcome.account_id}
    if plan is not None:
        metadata |= {"equity": float(plan.equity), "tracking_error": float(plan.tracking_error)}
    metadata["orders"] = len(outcome.orders)
    metadata["refusals"] = [f"{refusal.code}: {refusal.message}" for refusal in outcome.refusals]
    return metadata


def _clock(request: RebalanceRequest, endpoint: Endpoint) -> Callable[[], datetime]:
    """Choose this machine's clock or the gateway's. Raises BrokerError, TradeRefusedError."""
    if not request.is_gateway_clock:
        return machine_clock
    if request.mode is Mode.LIVE:
        raise TradeRefusedError("Real money is traded by this machine's clock. Leave --gateway-clock out.")
    return gateway_clock(endpoint)


def gateway_clock(endpoint: Endpoint) -> Callable[[], datetime]:
    """Return a clock that goes by the time that the gateway states now. Raises BrokerError."""
    offset = asyncio.run(_gateway_time(endpoint)) - machine_clock()
    return lambda: machine_clock() + offset


async def _gateway_time(endpoint: Endpoint) -> datetime:
    broker = adapter().broker(endpoint)
    try:
        await broker.open()
        return await broker.now()
    finally:
        await broker.close()
