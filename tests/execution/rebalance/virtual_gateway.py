"""The broker's simulator and the real client of it in one process, over sockets, in virtual time: hours in a moment."""

from __future__ import annotations

import asyncio
import socket
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar
from unittest.mock import patch

from rebalancing import trading_context
from simulators import calm_bars, impose
from virtual_time import VirtualLoop, VirtualTime

from execution.brokers.base import Endpoint
from execution.brokers.tws.broker import IbkrBroker
from execution.orders.context import DEFAULT_PACE
from execution.simulator.orders import Status
from execution.simulator.server import Simulator, SimulatorConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping
    from datetime import datetime
    from decimal import Decimal
    from pathlib import Path

    from execution.ledger.ledger import Ledger
    from execution.models import Order, Ticket
    from execution.orders.context import TradingContext
    from execution.simulator.orders import BrokerOrder

CLIENT_ID = 17
T = TypeVar("T")


class NotingBroker(IbkrBroker):
    """The product's broker, which notes each order that it hands over, and when."""

    def __init__(self, gateway: VirtualGateway) -> None:
        super().__init__(Endpoint("simulator", 1, CLIENT_ID))
        self._gateway = gateway

    async def send(self, order: Order, ticket: Ticket) -> None:
        """See Broker.send."""
        self._gateway.sent.append((self._gateway.time.now(), order, ticket))
        await super().send(order, ticket)


class VirtualGateway:
    """A gateway and its account; time passes only while somebody waits.

    Attributes:
        sent: Time, order and number of each that was handed over, in whatever process.
    """

    def __init__(self, runner: asyncio.Runner, time: VirtualTime, config: SimulatorConfig) -> None:
        self._runner = runner
        self.time = time
        self.simulator = Simulator(config)
        self.sent: list[tuple[datetime, Order, Ticket]] = []
        self.first_cash, self.first_held = self.simulator.account.cash, self.simulator.account.positions()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work while the gateway serves; it stands still otherwise."""
        return self._runner.run(work)

    def impose(self, text: str) -> None:
        """Replace the scenario."""
        impose(self.simulator, text)

    def pass_until(self, instant: datetime) -> None:
        """Let the time pass, and with it what is due at the broker."""
        self.time.jump(instant)

        async def wake() -> None:
            self.simulator.wake()
            await asyncio.sleep(0)

        self.run(wake())

    def context(self, home: Path, ledger: Ledger, step: Callable[[str], None] = lambda _name: None) -> TradingContext:
        """Means of a process to trade here, with the product's own patience."""
        context = trading_context(home, NotingBroker(self), ledger, self.time.now)
        return replace(context, pace=DEFAULT_PACE, step=step)

    def alive(self) -> list[BrokerOrder]:
        """Orders that may still fill."""
        return [order for order in self.simulator.book.orders if order.status.is_open or order.is_sleeping]

    def delete_orders(self) -> None:
        """Delete in the gateway what is open or held, as a person does."""
        for order in self.alive():
            self.simulator.gateway.desk.report(self.simulator.book.cancel(order, "deleted by a person"))
            order.status = Status.CANCELLED


@contextmanager
def virtual_gateway(start: datetime, cash: Decimal, held: Mapping[str, Decimal]) -> Iterator[VirtualGateway]:
    """Keep a gateway while the block lasts; all that asks for monotonic time gets its time."""
    time = VirtualTime(start)
    config = SimulatorConfig(calm_bars(), start, cash=cash, positions=held)
    with (
        patch("time.monotonic", lambda: time.seconds),
        asyncio.Runner(loop_factory=lambda: _WiredLoop(time)) as runner,
    ):
        gateway = VirtualGateway(runner, time, config)
        loop = runner.get_loop()
        assert isinstance(loop, _WiredLoop)
        loop.simulator = gateway.simulator
        asyncio.set_event_loop(loop)  # ib_insync asks for the thread's
        try:
            yield gateway
            runner.run(gateway.simulator.stop())
        finally:
            asyncio.set_event_loop(None)


class _WiredLoop(VirtualLoop):
    """Every connection leads to the simulator, by a pair of sockets, in which nothing is ever under way."""

    simulator: Simulator

    async def create_connection(self, protocol_factory: Any, *_args: Any, **_settings: Any) -> Any:  # noqa: ANN401 - as inherited
        def serve() -> asyncio.StreamReaderProtocol:
            return asyncio.StreamReaderProtocol(asyncio.StreamReader(loop=self), self.simulator._serve, loop=self)

        ours, theirs = socket.socketpair()
        await self.connect_accepted_socket(serve, theirs)
        return await super().create_connection(protocol_factory, sock=ours)
