"""A wire tap between a client and the simulator: it names each message that passes, and can act before or after one."""

from __future__ import annotations

import asyncio
import struct
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from execution.simulator.messages import MESSAGE_NAMES, REQUEST_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from simulators import RunningSimulator

LENGTH = struct.Struct(">I")
FIRST_ORDER = "placeOrder"
HANDLED = 0.02
"""Seconds for the side that got a message to do something about it."""


class Way(StrEnum):
    """Direction of a message."""

    REQUEST = "to the broker"
    ANSWER = "to the client"


class Moment(StrEnum):
    """Moment of an action at a message; before, it never arrives."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Frame:
    """A message of the conversation.

    Attributes:
        nth: Number among those of its name, from 1; those before the first order are counted apart.
        is_early: It came before the first order.
    """

    way: Way
    name: str
    nth: int
    is_early: bool

    def __str__(self) -> str:
        """Return it as text for a table."""
        arrow = "→" if self.way is Way.REQUEST else "←"
        return f"{arrow} {self.name} {self.nth}{' before any order' if self.is_early else ''}"


class Tap:
    """Listens at `port`, and passes everything on to the simulator and back."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._counts: Counter[tuple[Way, str, bool]] = Counter()
        self._is_early = True
        self.port = 0
        self.frames: list[Frame] = []
        self._trigger: tuple[Moment, Frame] | None = None
        self._act: Callable[[], None] = lambda: None
        self._stalled: tuple[Frame, Frame] | None = None
        self._kept = b""

    def arm(self, moment: Moment, frame: Frame, act: Callable[[], None]) -> None:
        """Do something, once, before or after a message."""
        self._act = act
        self._trigger = moment, frame

    def stall(self, frame: Frame, until: Frame) -> None:
        """Keep a message back until right before another one, as a busy gateway would."""
        self._stalled = frame, until

    async def serve(self) -> asyncio.Server:
        """Listen."""
        server = await asyncio.start_server(self._pass, "127.0.0.1")
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _pass(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            broker, to_broker = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            to_client.close()
            return
        ways = [
            asyncio.create_task(self._forward(Way.REQUEST, client, to_broker)),
            asyncio.create_task(self._forward(Way.ANSWER, broker, to_client)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            to_broker.close()
            to_client.close()

    async def _forward(self, way: Way, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            if way is Way.REQUEST:
                sink.write(await source.readexactly(4))  # the greeting has no length
            is_greeting = True
            while True:
                head = await source.readexactly(LENGTH.size)
                body = await source.readexactly(*LENGTH.unpack(head))
                frame = self._frame(way, "versions" if is_greeting else _name(way, body))
                is_greeting = False
                if self._is_due(Moment.BEFORE, frame) or sink.is_closing():
                    return
                if self._stalled and frame == self._stalled[0]:
                    self._kept = head + body
                    continue
                if self._stalled and frame == self._stalled[1]:
                    sink.write(self._kept)
                sink.write(head + body)
                if self._is_due(Moment.AFTER, frame, later=True):
                    await sink.drain()
                    await asyncio.sleep(HANDLED)
                    self._act()

    def _frame(self, way: Way, name: str) -> Frame:
        self._is_early = self._is_early and name != FIRST_ORDER
        key = way, name, self._is_early
        self._counts[key] += 1
        frame = Frame(way, name, self._counts[key], self._is_early)
        self.frames.append(frame)
        return frame

    def _is_due(self, moment: Moment, frame: Frame, *, later: bool = False) -> bool:
        if self._trigger != (moment, frame):
            return False
        self._trigger = None
        if not later:
            self._act()
        return True


def _name(way: Way, body: bytes) -> str:
    number = int(body.split(b"\0", 1)[0])
    return (REQUEST_NAMES if way is Way.REQUEST else MESSAGE_NAMES).get(number, str(number))


@contextmanager
def tapped(simulator: RunningSimulator) -> Iterator[Tap]:
    """Tap a simulator, in its own thread, while the block lasts."""
    tap, loop = Tap(simulator.port), simulator._loop
    server = asyncio.run_coroutine_threadsafe(tap.serve(), loop).result(30)
    try:
        yield tap
    finally:

        async def end() -> None:
            server.close()

        asyncio.run_coroutine_threadsafe(end(), loop).result(30)
