"""The simulator as a server: one market, one account, and the connections to them, on the loopback interface only."""

from __future__ import annotations

import asyncio
import math
import signal
import time
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from execution.simulator.account import CashAccount, Holding
from execution.simulator.book import BrokerBook
from execution.simulator.clock import Clock
from execution.simulator.connection import ClientConnection
from execution.simulator.faults import Faults
from execution.simulator.gateway import Gateway
from execution.simulator.grammar import read_scenario
from execution.simulator.journal import Journal
from execution.simulator.market import Market
from warehouse.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    import pyarrow as pa

LOOPBACK = "127.0.0.1"
PATIENCE = 0.05
"""Seconds between looks at orders that wait for a price or for the exchange to open."""


@dataclass(frozen=True, slots=True)
class SimulatorConfig:
    """Settings of a simulation.

    Attributes:
        bars: Daily bars with the warehouse's columns: symbol, session_date, open … adj_close, volume.
        start: First time of the simulator's clock, an aware datetime; it goes at `speed`.
        port: Port to listen on; 0 for any free one.
        cash: All settled, in USD.
        positions: Shares by symbol.
        scenario: Faults as text; `scenario_name` stands for it in errors.
        journal: File for orders, fills and cancels, as JSON lines.
    """

    bars: pa.Table
    start: datetime
    port: int = 0
    cash: Decimal = Decimal(10_000)
    positions: Mapping[str, Decimal] = field(default_factory=dict)
    account_id: str = "DU1234567"
    scenario: str = ""
    scenario_name: str = "scenario"
    journal: Path | None = None
    speed: float = 1.0


class Simulator:
    """A gateway with its account; everything happens in the event loop that started it."""

    def __init__(self, config: SimulatorConfig) -> None:
        scenario = read_scenario(config.scenario, config.scenario_name)
        self.clock = Clock(config.start, config.speed)
        self.port = config.port
        market = Market(config.bars)
        self.account = CashAccount(config.account_id, config.cash, _holdings(config, market))
        self.book = BrokerBook(self.account, market, self.clock, scenario)
        self.book.journal = Journal(config.journal)
        self.gateway = Gateway(self.book, market, self.clock, scenario)
        self.faults = Faults(scenario)
        self.is_paced = scenario.is_paced
        self.zone = scenario.zone
        self._connections: dict[ClientConnection, asyncio.Task[None]] = {}
        self._server: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._opens_at = 0.0

    async def start(self) -> None:
        """Listen on `port`, which is set to the port taken."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """End every connection and listen no more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._server is not None:
            self._server.close()
        serving = list(self._connections.values())
        self._end_connections()
        await asyncio.gather(*serving, return_exceptions=True)

    def restart(self, away: float = 0, *, ids_roll_back: bool = False) -> None:
        """End every connection and take none for `away` seconds; orders, cash and shares stay."""
        self._opens_at = time.monotonic() + away
        if ids_roll_back:
            self.gateway.desk.next_ids.clear()
        self._end_connections()

    def wake(self) -> None:
        """Make due changes, and wake again when more are due."""
        for event in self.book.advance():
            self.gateway.desk.report(event)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wait = self.book.next_change() - time.monotonic()
        if wait < math.inf:
            self._timer = asyncio.get_running_loop().call_later(wait if wait > 0 else PATIENCE, self.wake)

    def _end_connections(self) -> None:
        for connection in list(self._connections):
            connection.drop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = ClientConnection(reader, writer, self)
        task = asyncio.current_task()
        if task is None or time.monotonic() < self._opens_at:
            connection.drop()
            return
        self._connections[connection] = task
        try:
            await connection.run()
        finally:
            del self._connections[connection]


async def serve(config: SimulatorConfig, ready: Callable[[int], None]) -> None:
    """Simulate until the process is interrupted or terminated; call `ready` with the port once clients can connect."""
    simulator, stopped = Simulator(config), asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):  # a shell starts what runs in its background with SIGINT ignored
        asyncio.get_running_loop().add_signal_handler(each, stopped.set)
    await simulator.start()
    ready(simulator.port)
    try:
        await stopped.wait()
    finally:
        await simulator.stop()


def _holdings(config: SimulatorConfig, market: Market) -> dict[str, Holding]:
    holdings = {}
    for symbol, quantity in config.positions.items():
        quote = market.quote(symbol, config.start) if market.symbol(symbol) else None
        if quote is None or quantity <= 0:
            raise ConfigurationError(
                f"position {symbol}={quantity}: a position is a number of shares above 0 of a symbol that has bars"
                f" before {config.start:%Y-%m-%d %H:%M %Z}; choose another symbol, quantity or clock"
            )
        holdings[symbol] = Holding(quantity, quote.price)
    return holdings
