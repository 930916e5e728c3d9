"""Contradictions after a rebalance between the broker's own record, the plan and the ledger."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from execution.ledger.ledger import Ledger, ledger_url
from execution.models import Side

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from simulators import RunningSimulator

    from execution.ledger.state import SessionState

STRATEGY = "live"
CENT = Decimal("0.01")


def session_of(home: Path, simulator: RunningSimulator, order_ref: str = "") -> SessionState:
    """State, by the ledger, of the rebalance an order belongs to; of the strategy's of today without one."""
    strategy, day, *_ = order_ref.split("/") if order_ref else (STRATEGY, f"{simulator.clock.now():%Y%m%d}")
    ledger = Ledger.open(ledger_url(home))
    try:
        return ledger.session(simulator.account_id, strategy, datetime.strptime(f"{day}Z", "%Y%m%d%z").date())
    finally:
        ledger.close()


def contradictions(
    home: Path, simulator: RunningSimulator, cash: Decimal, held: Mapping[str, Decimal]
) -> tuple[str, ...]:
    """Every contradiction once a rebalance is over.

    Args:
        home: The folder of the ledger.
        simulator: The broker.
        cash: At first, USD.
        held: At first, shares by symbol.
    """
    return (*_as_planned(home, simulator), *exactly_once(home, simulator), *_conserved(simulator, cash, held))


def exactly_once(home: Path, simulator: RunningSimulator) -> Iterator[str]:
    """No order reached the broker twice or unknown to the ledger, and both tell the same of each."""
    ledger = Ledger.open(ledger_url(home))
    try:
        ledger.verify()
        intended = ledger.order_refs(simulator.account_id)
        positions = ledger.positions(simulator.account_id)
    finally:
        ledger.close()
    received = Counter(entry.order_ref for entry in simulator.record)
    yield from (f"{ref} reached the broker {times} times" for ref, times in received.items() if times > 1)
    yield from (f"{ref} is not in the ledger" for ref in received if ref not in intended)
    if positions is not None and positions != simulator.positions:
        yield f"positions: {positions} by the ledger, {simulator.positions} at the broker"
    for order in simulator.orders:
        session = session_of(home, simulator, order.order_ref)
        known = session.orders[order.order_ref].executions if order.order_ref in session.orders else ()
        ours = {(each.exec_id, each.quantity, each.price, each.commission) for each in known}
        theirs = {(each.exec_id, each.quantity, each.price, each.commission) for each in order.fills}
        if ours != theirs:
            yield f"executions of {order.order_ref}: {ours} by the ledger, {theirs} at the broker"


def _as_planned(home: Path, simulator: RunningSimulator) -> Iterator[str]:
    session = session_of(home, simulator)
    if session.plan is None or session.finish is None:
        yield "the session was not finished"
        return
    planned = {line.symbol: line.planned for line in session.plan.lines if line.planned}
    if planned != simulator.positions:
        yield f"positions: {planned} planned, {simulator.positions} at the broker"
    wanted = {order.order_ref: order.quantity for order in session.plan.orders}
    received = {entry.order_ref: entry.quantity for entry in simulator.record}
    if wanted != received:
        yield f"orders: {wanted} planned, {received} received"
    cash = simulator.cash.quantize(CENT)  # the broker tells no more of it
    if (session.finish.cash, session.finish.positions) != (cash, simulator.positions):
        yield f"the account: {session.finish.cash} {session.finish.positions} by the ledger, {cash} at the broker"


def _conserved(simulator: RunningSimulator, cash: Decimal, held: Mapping[str, Decimal]) -> Iterator[str]:
    """Cash and shares at the broker are those of the beginning and what its executions moved."""
    shares = dict(held)
    for order in simulator.orders:
        for fill in order.fills:
            sign = 1 if order.side is Side.BUY else -1
            cash -= sign * fill.quantity * fill.price + fill.commission
            shares[order.symbol] = shares.get(order.symbol, Decimal(0)) + sign * fill.quantity
    if cash != simulator.cash:
        yield f"cash: {cash} by the executions, {simulator.cash} at the broker"
    if {symbol: quantity for symbol, quantity in shares.items() if quantity} != simulator.positions:
        yield f"shares: {shares} by the executions, {simulator.positions} at the broker"
