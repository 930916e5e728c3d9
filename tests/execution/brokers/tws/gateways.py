"""Brokers and bar sources on the simulator's socket, impatient enough for tests."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from execution.brokers.base import Endpoint
from execution.brokers.retrying import RetryPolicy
from execution.brokers.tws.broker import IbkrBroker
from execution.brokers.tws.session import Timing
from execution.models import Execution, Notice, Order, OrderRef, OrderReport, OrderStatus, Side, Ticket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from simulators import RunningSimulator

    from execution.models import Report

T = TypeVar("T")

FAST = Timing(messages_per_second=0, history_pause=0.05, retries=RetryPolicy(3, 0.01, 0.05))
PATIENT = replace(FAST, connect=10, request=10, quote=10)
"""For what must come, however busy the machine is."""
IMPATIENT = replace(FAST, connect=0.7, request=0.5, quote=0.5, history=0.5)
"""For answers that will not come."""
SESSION = date(2024, 6, 11)
PATIENCE = 30.0


def at(gateway: RunningSimulator, client_id: int = 7, account_id: str = "") -> Endpoint:
    """Return where a simulator listens."""
    return Endpoint("127.0.0.1", gateway.port, client_id, account_id)


@asynccontextmanager
async def trading(gateway: RunningSimulator, timing: Timing = FAST, client_id: int = 7) -> AsyncIterator[IbkrBroker]:
    """Open a broker while the block lasts."""
    broker = IbkrBroker(at(gateway, client_id), timing)
    await broker.open()
    try:
        yield broker
    finally:
        await broker.close()


async def place(broker: IbkrBroker, order: Order) -> Ticket:
    """Send an order under a number of its own."""
    ticket = await broker.ticket(order)
    await broker.send(order, ticket)
    return ticket


def run(talk: Callable[[], Coroutine[None, None, T]]) -> T:
    """Run a conversation in a loop of its own."""
    return asyncio.run(talk())


def buy(symbol: str, quantity: str | int, limit: str | None = None, sequence: int = 1) -> Order:
    """Return an order to buy."""
    ref = str(OrderRef("test", SESSION, symbol, Side.BUY, sequence))
    return Order(ref, symbol, Side.BUY, Decimal(quantity), Decimal(limit) if limit else None)


async def heard(broker: IbkrBroker, is_last: Callable[[Report], bool]) -> list[Report]:
    """Return what is reported up to the first report that `is_last`."""
    reports = []
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        report = await broker.report(1)
        if report is not None:
            reports.append(report)
            if is_last(report):
                return reports
    raise AssertionError(f"only this was heard: {reports}")


def ends(order: Order) -> Callable[[Report], bool]:
    """Tell the report after which no more of an order can fill."""
    return lambda report: (
        isinstance(report, OrderReport) and report.order_ref == order.order_ref and report.status.is_final
    )


def notes(code: int) -> Callable[[Report], bool]:
    """Tell a notice with that code."""
    return lambda report: isinstance(report, Notice) and report.code == code


def filled(reports: list[Report], order: Order) -> Decimal:
    """Return how many shares the executions among the reports sum to."""
    return sum(
        (
            report.quantity
            for report in reports
            if isinstance(report, Execution) and report.order_ref == order.order_ref
        ),
        Decimal(0),
    )


def statuses(reports: list[Report], order: Order) -> list[OrderStatus]:
    """Return the statuses an order went through."""
    return [
        report.status for report in reports if isinstance(report, OrderReport) and report.order_ref == order.order_ref
    ]
