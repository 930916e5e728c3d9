"""What a person does outside a rebalance: cancel what is open, accept the broker's positions."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from execution.ledger.events import CancelRequest, Event, Reconciliation, Scope
from execution.orders.dispatch import connect
from execution.orders.reconcile import trace

if TYPE_CHECKING:
    from collections.abc import Collection

    from execution.models import BrokerState, OrderReport
    from execution.orders.dispatch import Desk


def _ours(known: Collection[str], state: BrokerState) -> list[OrderReport]:
    """Open orders that the ledger knows."""
    return [report for report in state.orders if not report.status.is_final and report.order_ref in known]


async def cancel_open_orders(desk: Desk) -> list[str]:
    """Cancel every open order of ours, whatever session it is of.

    Returns:
        What became of each, in words.

    Raises:
        BrokerError: The gateway cannot be reached.
        LedgerBusyError: A rebalance is at work.
    """
    try:
        state = await connect(desk)
        account_id = state.account.account_id
        with desk.ledger.lock(account_id):
            scope = Scope(account_id, desk.scope.run_id)
            open_orders = _ours(desk.ledger.order_refs(account_id), state)
            for report in open_orders:
                request = CancelRequest(report.order_ref, "cancelled by a person")
                desk.ledger.append(Event(scope, request))
                await desk.broker.cancel(report.order_ref)
            end = asyncio.get_running_loop().time() + desk.pace.cancel_within
            while _ours(desk.ledger.order_refs(account_id), state) and asyncio.get_running_loop().time() < end:
                await asyncio.sleep(desk.pace.look_every / 4)
                state = await desk.broker.state()
    finally:
        await desk.broker.close()
    said = []
    for report in open_orders:
        now = trace(report.order_ref, state).report
        status = now.status if now else "unknown: look at it in TWS"
        said.append(f"{report.side} {report.quantity} {report.symbol}: {status}")
    return said


async def accept_positions(desk: Desk) -> dict[str, str]:
    """Take the broker's positions for the right ones from now on.

    Returns:
        Shares by symbol.

    Raises:
        BrokerError: The gateway cannot be reached.
    """
    try:
        state = await connect(desk)
    finally:
        await desk.broker.close()
    account = state.account
    scope = Scope(account.account_id, desk.scope.run_id)
    desk.ledger.append(Event(scope, Reconciliation(account, state.at, is_baseline=True)))
    return {symbol: f"{held:f}" for symbol, held in sorted(account.positions.items())}
