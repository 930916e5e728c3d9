"""The broker's simulator in a thread of the test process, for tests that speak to it over its socket."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import pyarrow as pa

from execution.simulator.faults import Faults
from execution.simulator.grammar import read_scenario
from execution.simulator.server import Simulator, SimulatorConfig
from warehouse.calendar.sessions import sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from decimal import Decimal

    from execution.simulator.journal import Entry
    from execution.simulator.orders import BrokerOrder, Fill

NEW_YORK = ZoneInfo("America/New_York")
AFTERNOON = datetime(2024, 6, 11, 15, 55, tzinfo=NEW_YORK)
"""Five minutes before the close of a Tuesday."""
FIRST_DAY, LAST_DAY = date(2023, 1, 3), date(2024, 12, 31)
LEVELS = {
    "SPY": 500, "QQQ": 400, "VTI": 250, "TLT": 90, "IEF": 95, "GLD": 200, "XLE": 90, "BND": 72, "BITO": 20
}  # fmt: skip
PATIENCE = 30

T = TypeVar("T")


@cache
def calm_bars() -> pa.Table:
    """Daily bars that swing by less than 1 % around LEVELS, in rhythms of their own, with a dividend of 1 % in June."""
    rows = []
    for rhythm, (symbol, level) in enumerate(LEVELS.items(), start=5):
        for at, day in enumerate(sessions(FIRST_DAY, LAST_DAY)):
            swing = (at % (2 * rhythm) - rhythm) / rhythm / 200
            close = round(level * (1 + swing), 2)
            opened = round(level * (1 + 0.9 * swing), 2)
            rows.append(
                {
                    "symbol": symbol,
                    "session_date": day,
                    "open": opened,
                    "high": round(max(opened, close) * 1.002, 2),
                    "low": round(min(opened, close) * 0.998, 2),
                    "close": close,
                    "adj_close": close * (1 if day >= date(2024, 6, 3) else 0.99),
                    "volume": 1_000_000 + 1000 * at,
                }
            )
    return pa.Table.from_pylist(rows)


def impose(simulator: Simulator, text: str) -> None:
    """Replace the scenario of a running simulator; what was counted by then counts no more."""
    scenario = read_scenario(text, "an imposed scenario")
    simulator.faults = Faults(scenario)
    simulator.zone, simulator.is_paced = scenario.zone, scenario.is_paced
    gateway = simulator.gateway
    gateway._has_live_data = scenario.has_live_data
    gateway._scenario = gateway.desk._scenario = simulator.book._scenario = scenario


class RunningClock:
    """The simulator's clock, from any thread."""

    def __init__(self, running: RunningSimulator) -> None:
        self._running = running

    def now(self) -> datetime:
        """Return the simulated instant, UTC."""
        return self._running.ask(lambda simulator: simulator.clock.now())

    def set(self, instant: datetime) -> None:
        """Jump to an aware datetime; what is due by then happens at once."""

        def jump(simulator: Simulator) -> None:
            simulator.clock.set(instant)
            simulator.wake()

        self._running.ask(jump)

    def advance(self, step: timedelta) -> None:
        """Jump by `step`."""
        self.set(self.now() + step)


class RunningSimulator:
    """A simulator at `port` of 127.0.0.1; every attribute may be read from any thread."""

    def __init__(self, simulator: Simulator, loop: asyncio.AbstractEventLoop) -> None:
        self._simulator = simulator
        self._loop = loop
        self.port = simulator.port
        self.account_id = simulator.account.account_id
        self.clock = RunningClock(self)

    def ask(self, question: Callable[[Simulator], T]) -> T:
        """Return what `question` finds in the simulator, asked in its own thread."""

        async def answer() -> T:
            return question(self._simulator)

        return asyncio.run_coroutine_threadsafe(answer(), self._loop).result(PATIENCE)

    @property
    def record(self) -> list[Entry]:
        """Every order that reached the broker, taken or refused, in order."""
        return [entry for entry in self.journal if entry.kind == "order"]

    @property
    def journal(self) -> list[Entry]:
        """Events at the broker, in order."""
        return self.ask(lambda simulator: list(simulator.book.journal.entries))

    @property
    def orders(self) -> list[BrokerOrder]:
        """Every order that the broker keeps, rejected ones too."""
        return self.ask(lambda simulator: [replace(order, fills=[*order.fills]) for order in simulator.book.orders])

    @property
    def executions(self) -> list[Fill]:
        """Every execution, as corrected."""
        return [fill for order in self.orders for fill in order.fills]

    @property
    def positions(self) -> dict[str, Decimal]:
        """Shares by symbol, without zeros."""
        return self.ask(lambda simulator: simulator.account.positions())

    @property
    def cash(self) -> Decimal:
        """All cash in USD, settled or not."""
        return self.ask(lambda simulator: simulator.account.cash)

    @property
    def settled_cash(self) -> Decimal:
        """Cash that has settled, USD."""
        return self.ask(
            lambda simulator: simulator.account.settled_cash(simulator.clock.now().astimezone(NEW_YORK).date())
        )

    def restart(self, away: float = 0, *, ids_roll_back: bool = False) -> None:
        """End every connection, and take none for `away` seconds."""
        self.ask(lambda simulator: simulator.restart(away, ids_roll_back=ids_roll_back))


@contextmanager
def running(scenario: str = "", **settings: Any) -> Iterator[RunningSimulator]:  # noqa: ANN401 - fields of SimulatorConfig
    """Run a simulator in a thread while the block lasts.

    Args:
        scenario: Faults as text.
        settings: Fields of SimulatorConfig; by default calm bars, a Tuesday's 15:55 and 10,000 USD.
    """
    config = SimulatorConfig(**{"bars": calm_bars(), "start": AFTERNOON, "scenario": scenario} | settings)
    simulator, loop = Simulator(config), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="simulator")
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(simulator.start(), loop).result(PATIENCE)
        try:
            yield RunningSimulator(simulator, loop)
        finally:
            asyncio.run_coroutine_threadsafe(simulator.stop(), loop).result(PATIENCE)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()
