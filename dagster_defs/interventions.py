"""Composes what a person does outside a rebalance: halt, reduce only, resume, test the gateway."""

from __future__ import annotations

import asyncio
import getpass
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dagster_defs import trading
from dagster_defs.environment import gateway, home
from execution.diagnosis import diagnose
from execution.errors import BrokerRefusedError, LedgerBusyError
from execution.intervention import accept_positions, cancel_open_orders
from execution.ledger_events import Event, Mode, Scope, Switch, SwitchChange
from warehouse import config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from execution.diagnosis import Finding
    from execution.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Halt:
    """How to stop.

    Attributes:
        confirmed_account: Names a live account that is to be flattened.
        is_gateway_clock: As in `trading.Request`.
    """

    is_cancelling: bool = False
    is_flattening: bool = False
    confirmed_account: str = ""
    reason: str = ""
    is_gateway_clock: bool = False


def _account() -> str:
    """The configured account; empty means every account."""
    return config.load(home()).broker.account


def _switch(ledger: Ledger, switch: Switch, reason: str) -> None:
    ledger.append(Event(Scope(_account()), SwitchChange(switch, getpass.getuser(), reason)))


def halt(request: Halt) -> Iterator[str]:
    """Halt before anything else can fail, then do what more is asked for, telling each thing."""
    with trading.open_ledger() as ledger:
        _switch(ledger, Switch.HALTED, request.reason)
        yield "Trading is halted until `swing resume`."
        if request.is_cancelling or request.is_flattening:  # an order of a cut-off rebalance would stop the sale
            yield from _cancel(ledger)
        if request.is_flattening:
            yield _flatten(ledger, request)


def _flatten(ledger: Ledger, request: Halt) -> str:
    """Sell everything; while it lasts, and if it is killed, positions can only become smaller."""
    mode = Mode.LIVE if request.confirmed_account else Mode.PAPER
    sale = trading.Request(mode, request.confirmed_account, request.is_gateway_clock, is_liquidation=True)
    _switch(ledger, Switch.REDUCE_ONLY, f"to sell everything: {request.reason}")
    try:
        return f"Sold what the strategy held: {trading.trade(sale, lambda _step: None).message}"
    finally:
        _switch(ledger, Switch.HALTED, request.reason)


def _cancel(ledger: Ledger) -> Iterator[str]:
    desk = trading.free_desk(ledger)
    try:
        cancelled = asyncio.run(cancel_open_orders(desk))
    except (LedgerBusyError, BrokerRefusedError) as error:
        yield f"A rebalance that is at work cancels its open orders itself. ({error})"
        return
    yield from cancelled or ["There was no open order to cancel."]


def reduce_only(reason: str) -> str:
    """Buy nothing from now on."""
    with trading.open_ledger() as ledger:
        _switch(ledger, Switch.REDUCE_ONLY, reason)
    return "From now on the rebalance only sells. `swing resume` ends it."


def resume(reason: str, *, is_accepting: bool) -> Iterator[str]:
    """Trade as configured from now on, and tell what was accepted."""
    with trading.open_ledger() as ledger:
        if is_accepting:
            positions = asyncio.run(accept_positions(trading.free_desk(ledger)))
            held = ", ".join(f"{shares} {symbol}" for symbol, shares in positions.items()) or "none"
            yield f"Accepted the broker's positions: {held}."
        _switch(ledger, Switch.NORMAL, reason)
        yield "Trading goes on as configured."


def test_gateway() -> list[Finding]:
    """Each step from the socket to the account, and what to do where one fails."""
    portfolio = config.load(home())
    connection = gateway(portfolio)
    return asyncio.run(diagnose(connection, portfolio.universe[0], datetime.now(UTC)))
