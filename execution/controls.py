"""Controls of a person outside a rebalance: halt, sell everything, reduce only, resume."""

from __future__ import annotations

import asyncio
import getpass
from dataclasses import dataclass
from typing import TYPE_CHECKING

from execution import service
from execution.errors import BrokerRefusedError, LedgerBusyError
from execution.ledger.events import Event, Reconciliation, Scope, SwitchChange
from execution.models import Switch
from execution.orders.cancel import cancel_all
from execution.orders.context import RebalanceRequest
from execution.orders.observe import connect
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from execution.installation import Installation
    from execution.ledger.ledger import Ledger
    from execution.orders.context import TradingContext


@dataclass(frozen=True, slots=True)
class Halt:
    """A halt, and what follows it.

    Attributes:
        confirmed_account: A live account that is to be flattened.
        is_gateway_clock: As in RebalanceRequest.
    """

    is_cancelling: bool = False
    is_flattening: bool = False
    confirmed_account: str = ""
    reason: str = ""
    is_gateway_clock: bool = False


def halt(installation: Installation, request: Halt) -> Iterator[str]:
    """Halt before anything else can fail, then do the rest; yield a line for each thing done."""
    with service.open_ledger(installation) as ledger:
        _switch(installation, ledger, Switch.HALTED, request.reason)
        yield "Trading is halted until `swing resume`."
        if request.is_cancelling or request.is_flattening:  # an order of a cut-off rebalance would stop the sale
            yield from _cancel(installation, ledger)
        if request.is_flattening:
            yield _flatten(installation, ledger, request)


def _flatten(installation: Installation, ledger: Ledger, request: Halt) -> str:
    """Sell everything; while it lasts, and if it is killed, positions can only become smaller."""
    mode = Mode.LIVE if request.confirmed_account else Mode.PAPER
    sale = RebalanceRequest(
        mode, request.confirmed_account, is_liquidation=True, is_gateway_clock=request.is_gateway_clock
    )
    _switch(installation, ledger, Switch.REDUCE_ONLY, f"to sell everything: {request.reason}")
    try:
        return f"Sold what the strategy held: {service.trade(installation, sale, lambda _step: None).message}"
    finally:
        _switch(installation, ledger, Switch.HALTED, request.reason)


def _cancel(installation: Installation, ledger: Ledger) -> Iterator[str]:
    try:
        cancelled = asyncio.run(cancel_all(service.trading_context(installation, ledger)))
    except (LedgerBusyError, BrokerRefusedError) as error:
        yield f"A rebalance that is at work cancels its open orders itself. ({error})"
        return
    yield from cancelled or ["There was no open order to cancel."]


def reduce_only(installation: Installation, reason: str) -> str:
    """Buy nothing from now on."""
    with service.open_ledger(installation) as ledger:
        _switch(installation, ledger, Switch.REDUCE_ONLY, reason)
    return "From now on the rebalance only sells. `swing resume` ends it."


def resume(installation: Installation, reason: str, *, is_accepting: bool) -> Iterator[str]:
    """Trade as configured from now on; yield a line for each thing done."""
    with service.open_ledger(installation) as ledger:
        if is_accepting:
            positions = asyncio.run(accept_positions(service.trading_context(installation, ledger)))
            held = ", ".join(f"{shares} {symbol}" for symbol, shares in positions.items()) or "none"
            yield f"Accepted the broker's positions: {held}."
        _switch(installation, ledger, Switch.NORMAL, reason)
        yield "Trading goes on as configured."


async def accept_positions(context: TradingContext) -> dict[str, str]:
    """Record the broker's positions as the baseline from which positions count from now on.

    Returns:
        Shares by symbol.

    Raises:
        BrokerError: The gateway cannot be reached.
    """
    try:
        state = await connect(context)
    finally:
        await context.broker.close()
    account = state.account
    scope = Scope(account.account_id, context.scope.run_id)
    context.ledger.append(Event(scope, Reconciliation(account, state.at, is_baseline=True)))
    return {symbol: f"{held:f}" for symbol, held in sorted(account.positions.items())}


def _switch(installation: Installation, ledger: Ledger, switch: Switch, reason: str) -> None:
    """Record a switch for the configured account; without one, for every account."""
    scope = Scope(installation.portfolio.broker.account)
    ledger.append(Event(scope, SwitchChange(switch, getpass.getuser(), reason)))
