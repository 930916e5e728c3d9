"""Composes what a person does outside a rebalance: halt, reduce only, resume, test the gateway."""

from __future__ import annotations

import asyncio
import getpass
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from execution import service
from execution.brokers.registry import adapter
from execution.errors import BrokerRefusedError, LedgerBusyError
from execution.ledger.events import Event, Scope, Switch, SwitchChange
from execution.orders.cancel import accept_positions, cancel_open_orders
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from execution.brokers.base import Finding
    from execution.installation import Installation
    from execution.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Halt:
    """How to stop.

    Attributes:
        confirmed_account: Names a live account that is to be flattened.
        is_gateway_clock: As in `service.Request`.
    """

    is_cancelling: bool = False
    is_flattening: bool = False
    confirmed_account: str = ""
    reason: str = ""
    is_gateway_clock: bool = False


def _switch(installation: Installation, ledger: Ledger, switch: Switch, reason: str) -> None:
    """Record a switch for the configured account; without one, for every account."""
    scope = Scope(installation.portfolio.broker.account)
    ledger.append(Event(scope, SwitchChange(switch, getpass.getuser(), reason)))


def halt(installation: Installation, request: Halt) -> Iterator[str]:
    """Halt before anything else can fail, then do what more is asked for, telling each thing."""
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
    sale = service.Request(mode, request.confirmed_account, request.is_gateway_clock, is_liquidation=True)
    _switch(installation, ledger, Switch.REDUCE_ONLY, f"to sell everything: {request.reason}")
    try:
        return f"Sold what the strategy held: {service.trade(installation, sale, lambda _step: None).message}"
    finally:
        _switch(installation, ledger, Switch.HALTED, request.reason)


def _cancel(installation: Installation, ledger: Ledger) -> Iterator[str]:
    desk = service.free_desk(installation, ledger)
    try:
        cancelled = asyncio.run(cancel_open_orders(desk))
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
    """Trade as configured from now on, and tell what was accepted."""
    with service.open_ledger(installation) as ledger:
        if is_accepting:
            positions = asyncio.run(accept_positions(service.free_desk(installation, ledger)))
            held = ", ".join(f"{shares} {symbol}" for symbol, shares in positions.items()) or "none"
            yield f"Accepted the broker's positions: {held}."
        _switch(installation, ledger, Switch.NORMAL, reason)
        yield "Trading goes on as configured."


def test_gateway(installation: Installation) -> list[Finding]:
    """Each step from the socket to the account, and what to do where one fails."""
    symbol = installation.portfolio.universe[0]
    return asyncio.run(adapter().diagnose(installation.gateway, symbol, datetime.now(UTC)))
