"""One client's connection: greeting, requests, messages, and the scenario's faults both ways."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from execution.simulator.client import Message, error
from execution.simulator.faults import Pacing
from execution.simulator.market import exchange_text
from execution.simulator.messages import (
    MESSAGES,
    NEWEST_VERSION,
    OLDEST_VERSION,
    REQUEST_NAMES,
    REQUESTS,
)
from execution.simulator.orders import OrderRefusedError
from execution.simulator.scenario import ACCEPT, Action, ActionKind
from execution.simulator.wire import (
    LENGTH,
    MalformedMessageError,
    UnsupportedFieldError,
    from_payload,
    to_frame,
)

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from execution.simulator.clock import Clock
    from execution.simulator.faults import Faults
    from execution.simulator.gateway import Gateway
    from execution.simulator.wire import Values

GREETING = b"API\0"
CONNECTION_CODES = {*range(1100, 1103), *range(2103, 2109), 2110, 2119, 2157, 2158}
"""Errors about the connection, which name no request."""


class Host(Protocol):
    """The server, as a connection needs it."""

    gateway: Gateway
    faults: Faults
    clock: Clock
    is_paced: bool
    zone: str

    def wake(self) -> None:
        """Make due changes."""

    def restart(self, away: float = 0, *, ids_roll_back: bool = False) -> None:
        """End every connection."""


class ClientConnection:
    """One client, from its greeting until either side leaves."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: Host) -> None:
        self.client_id = -1
        self.market_data_type = 1
        self.wants_positions = False
        self.wants_account = False
        self._version = 0
        self._reader = reader
        self._writer = writer
        self._host = host
        self._pacing = Pacing()
        self._outbox: asyncio.Queue[tuple[Action, bytes]] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    async def run(self) -> None:
        """Serve the client until the connection ends."""
        try:
            if await self._is_greeted():
                self._start(self._deliver())
                while not self._is_closed:
                    await self._take(await self._receive())
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            pass  # it left, or does not speak the protocol
        finally:
            self.drop()
            for task in self._tasks:
                task.cancel()

    def close(self) -> None:
        """End the connection after what was sent until now."""
        self._outbox.put_nowait((Action(ActionKind.DROP), b""))

    def drop(self) -> None:
        """End the connection; messages not yet sent are lost."""
        self._is_closed = True
        self._writer.close()
        self._host.gateway.leave(self)

    def send(self, *messages: Message) -> None:
        """Send messages, in order, with the scenario's faults."""
        for message in messages:
            if self._is_closed:
                return
            frame = self._frame(message)
            actions = self._host.faults.at(message.name, message.symbol)
            for action in (ACCEPT,) if actions is None else actions:
                if action.kind is ActionKind.ERROR:
                    instead = error(message.number, int(action.number), action.text)
                    self._outbox.put_nowait((ACCEPT, self._frame(instead)))
                else:
                    self._outbox.put_nowait((action, frame))

    def _frame(self, message: Message) -> bytes:
        values = message.values
        if message.name == "error" and values["code"] in CONNECTION_CODES:
            values = {**values, "id": -1}
        return to_frame(MESSAGES[message.name].encode(self._version, values, message.rows))

    async def _is_greeted(self) -> bool:
        if await self._reader.readexactly(len(GREETING)) != GREETING:
            return False
        size = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))[0]
        versions = (await self._reader.readexactly(size)).decode().split(" ")[0].removeprefix("v")
        oldest, _, newest = versions.partition("..")
        self._version = min(int(newest or oldest), NEWEST_VERSION)
        if not int(oldest) <= self._version or self._version < OLDEST_VERSION:
            self._writer.write(self._frame(error(-1, 503, "The TWS is out of date and must be upgraded.")))
            return False
        zone = self._host.zone
        now = exchange_text(self._host.clock.now(), "naive", zone).replace("  ", " ")
        self._writer.write(to_frame([str(self._version), f"{now} {zone or 'EST'}"]))
        return True

    async def _receive(self) -> list[str]:
        size = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))[0]
        return from_payload(await self._reader.readexactly(size))

    async def _take(self, fields: list[str]) -> None:
        name = REQUEST_NAMES.get(int(fields[0]))
        if name is None:
            self.send(error(-1, 321, f"Error validating request.-'bN' : cause - Message {fields[0]} is not simulated"))
            return
        try:
            asked = REQUESTS[name].decode(self._version, fields)
        except UnsupportedFieldError as problem:
            code = 200 if problem.name == "secType" else 321
            self.send(error(_number(problem.seen), code, f"Error validating request.-'bN' : cause - {problem}"))
            return
        except MalformedMessageError as problem:
            self.send(error(-1, 320, f"Error reading request. {problem}"))
            return
        violation = self._pacing.violation(name, asked) if self._host.is_paced else None
        if violation is not None:
            self.send(error(_number(asked), *violation))
            return
        actions = self._host.faults.at(name, self._host.gateway.symbol(asked, self.client_id))
        if actions is None:
            self._answer(name, asked)
        elif any(action.kind is ActionKind.DELAY for action in actions):
            self._start(self._follow(actions, name, asked))
        else:
            await self._follow(actions, name, asked)

    def _answer(self, name: str, asked: Values, rejection: OrderRefusedError | None = None) -> None:
        try:
            self._host.gateway.answer(self, name, asked, rejection)
        except (ValueError, ArithmeticError) as problem:
            self.send(error(_number(asked), 320, f"Error reading request. {problem}"))
        self._host.wake()

    async def _follow(self, actions: tuple[Action, ...], name: str, asked: Values) -> None:
        for action in actions:
            match action.kind:
                case ActionKind.ACCEPT:
                    self._answer(name, asked)
                case ActionKind.REJECT:
                    self._answer(name, asked, OrderRefusedError(int(action.number), action.text, is_known=True))
                case ActionKind.HOLD | ActionKind.INACTIVE | ActionKind.DOUBLE:
                    self._mistreat(action, asked)
                case ActionKind.ERROR:
                    # Past the outbox, so that it arrives even if the connection is dropped next.
                    self._writer.write(self._frame(error(_number(asked), int(action.number), action.text)))
                case ActionKind.DELAY:
                    await asyncio.sleep(action.number)
                case _:
                    self._end(action)

    def _mistreat(self, action: Action, asked: Values) -> None:
        desk = self._host.gateway.desk
        match action.kind:
            case ActionKind.HOLD:
                desk.hold(self, asked, action.number)
            case ActionKind.INACTIVE:
                desk.set_inactive(self, asked, action.number)
            case _:
                desk.double(self, asked)
        self._host.wake()

    def _end(self, action: Action) -> None:
        if action.kind is ActionKind.DROP:
            self.drop()
        elif action.kind is ActionKind.RESTART:
            self._host.restart(action.number, ids_roll_back=action.ids_roll_back)

    async def _deliver(self) -> None:
        while not self._is_closed:
            action, frame = await self._outbox.get()
            match action.kind:
                case ActionKind.ACCEPT:
                    self._writer.write(frame)
                case ActionKind.REPEAT:
                    self._writer.write(frame * int(action.number))
                case ActionKind.TRUNCATE:
                    self._writer.write(frame[: len(frame) // 2])
                    self.drop()
                case ActionKind.DELAY:
                    await asyncio.sleep(action.number)
                case _:
                    self._end(action)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _number(asked: Values) -> int:
    return int(asked.get("reqId", asked.get("orderId", "-1")) or -1)
