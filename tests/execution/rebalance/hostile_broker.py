"""A connection to the model of a broker that loses, delays, repeats, reorders, breaks and lies, as it is told to."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeVar

from brokerage import ACCOUNT, Brokerage, Filling

from execution.brokers.base import Broker, Fault
from execution.errors import BrokerError, BrokerRefusedError
from execution.models import Account, BrokerState, Notice, Price, PriceKind, Ticket

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from execution.models import Order, Report

LATE = 5.0
"""Seconds; a rebalance takes an order that was silent for longer than twice as much for lost."""

T = TypeVar("T")


class Sending(StrEnum):
    """Fate of an order that is sent."""

    TAKEN = "taken"
    DROPPED_BEFORE = "the connection ends before it is taken"
    DROPPED_AFTER = "the connection ends after it was taken"
    DROPPED_LATE = "the connection ends, and it is taken later"
    SWALLOWED = "lost without a word"
    LATE = "taken later"
    SLOW = "sending takes 30 seconds"
    REJECTED = "taken and rejected"
    REFUSED = "refused by a code alone"
    FALSE_CANCEL = "told to be cancelled by a code, and fills"


class Hearing(StrEnum):
    """Fate of a report."""

    TOLD = "told"
    LOST = "lost"
    REPEATED = "told twice"
    OVERTAKEN = "told after the next one"
    LATE = "told later"
    DROPPED = "the connection ends instead"


class Looking(StrEnum):
    """Fate of a question about the account."""

    ANSWERED = "answered"
    FAILS = "no answer"
    DROPPED = "the connection ends"
    OLD_POSITIONS = "positions of three seconds ago"
    OLD_CASH = "cash of three seconds ago"


class Opening(StrEnum):
    """Fate of an attempt to connect."""

    OPEN = "open"
    FAILS = "nobody there"
    REFUSED = "refused"


class Cancelling(StrEnum):
    """Fate of a cancellation."""

    DONE = "done in half a second"
    SLOW = "done in eight seconds"
    LOST = "lost without a word"
    DROPPED = "the connection ends"


@dataclass(frozen=True, slots=True)
class Hostility:
    """Faults in turn; after the end of a list there are none."""

    sendings: Sequence[Sending] = ()
    fillings: Sequence[Filling] = ()
    hearings: Sequence[Hearing] = ()
    lookings: Sequence[Looking] = ()
    openings: Sequence[Opening] = ()
    cancellings: Sequence[Cancelling] = ()


class Point(Protocol):
    """Is told of each place at which a trader may die."""

    def __call__(self, *, is_order: bool = False) -> None:
        """Raise whatever ends it; `is_order` says that an order has just left."""


def no_point(*, is_order: bool = False) -> None:
    """Nobody dies."""
    del is_order


class HostileBroker(Broker):
    """One session with the brokerage."""

    def __init__(self, books: Brokerage, hostility: Hostility, point: Point = no_point) -> None:
        self.sent: list[tuple[datetime, Order]] = []
        self.tickets: list[Ticket] = []
        self._books = books
        self._point = point
        self._sendings = deque(hostility.sendings)
        self._fillings = deque(hostility.fillings)
        self._hearings = deque(hostility.hearings)
        self._lookings = deque(hostility.lookings)
        self._openings = deque(hostility.openings)
        self._cancellings = deque(hostility.cancellings)
        self._is_connected = False
        self._reports: list[tuple[float, Report]] = []
        books.tell = self._tell

    async def open(self) -> None:
        """See Broker.open."""
        await self._pause()
        match _next(self._openings, Opening.OPEN):
            case Opening.FAILS:
                raise BrokerError("nobody is there")
            case Opening.REFUSED:
                raise BrokerRefusedError("the gateway refuses")
        self._reports = []
        self._is_connected = True

    async def close(self) -> None:
        """See Broker.close."""
        self._is_connected = False

    async def now(self) -> datetime:
        """See Broker.now."""
        return self._books.time.now().astimezone(UTC)

    async def state(self) -> BrokerState:
        """See Broker.state."""
        self._require()
        looking = _next(self._lookings, Looking.ANSWERED)
        await self._pause()
        if looking is Looking.DROPPED:
            self._drop()
        if looking is Looking.FAILS:
            raise BrokerError("no answer in time")
        self._require()
        books = self._books
        books.advance()
        _, old_positions = books.account_before(3)
        old_cash, _ = books.account_before(3)
        positions = old_positions if looking is Looking.OLD_POSITIONS else books.held
        cash = old_cash if looking is Looking.OLD_CASH else books.cash
        worth = cash + sum((shares * books.prices[symbol] for symbol, shares in positions.items()), Decimal(0))
        today = [taken for taken in books.taken if taken.session == books.today]
        state = BrokerState(
            Account(ACCOUNT, worth, cash, min(cash, books.settled_cash), dict(positions), is_paper=True),
            tuple(taken.report for taken in today),
            tuple(execution for taken in today for execution in taken.executions),
            await self.now(),
        )
        self._point()
        return state

    async def prices(self, symbols: Sequence[str]) -> dict[str, Price]:
        """See Broker.prices."""
        await self._pause()
        now = await self.now()
        known = {symbol: self._books.prices[symbol] for symbol in symbols if symbol not in self._books.quoteless}
        return {symbol: Price(symbol, price, PriceKind.DELAYED, now) for symbol, price in known.items()}

    @property
    def client_id(self) -> int:
        """See Broker.client_id."""
        return 1

    async def ticket(self, order: Order, above: int = 0) -> Ticket:
        """See Broker.ticket."""
        self._require()
        await self._pause()
        self._require()
        return Ticket(order.order_ref, self.client_id, above + 1, 1)

    async def send(self, order: Order, ticket: Ticket) -> None:
        """See Broker.send."""
        self._require()
        self.tickets.append(ticket)
        sending = _next(self._sendings, Sending.TAKEN)
        if sending is Sending.SLOW:
            await asyncio.sleep(30)
        await self._pause()
        self.sent.append((self._books.time.now(), order))
        filling = _next(self._fillings, Filling.AT_ONCE)
        match sending:
            case Sending.TAKEN | Sending.SLOW | Sending.DROPPED_AFTER:
                self._books.arrive(order, filling)
            case Sending.LATE | Sending.DROPPED_LATE:
                self._books.arrive(order, filling, LATE)
            case Sending.REJECTED:
                self._tell(Notice(201, "Order rejected", order.order_ref, Fault.PERMANENT))
                self._books.reject(order, "Order rejected")
            case Sending.REFUSED:
                self._tell(Notice(321, "Read-Only", order.order_ref, Fault.OPERATOR, "Clear it."))
            case Sending.FALSE_CANCEL:
                self._tell(Notice(10349, "Order TIF was set to DAY", order.order_ref, Fault.INFORMATIONAL))
                self._books.arrive(order, filling)
        self._point(is_order=True)
        if sending in {Sending.DROPPED_BEFORE, Sending.DROPPED_AFTER, Sending.DROPPED_LATE}:
            self._drop()

    async def cancel(self, order_ref: str, ticket: Ticket | None = None) -> None:
        """See Broker.cancel."""
        self._require()
        await self._pause()
        if all(taken.order.order_ref != order_ref for taken in self._books.taken):
            if ticket is None:
                raise BrokerError(f"{order_ref} is no open order")
            self._tell(Notice(10147, "it is not found", order_ref, Fault.INFORMATIONAL))
            return
        match _next(self._cancellings, Cancelling.DONE):
            case Cancelling.DONE:
                self._books.cancel(order_ref, 0.5)
            case Cancelling.SLOW:
                self._books.cancel(order_ref, 8)
            case Cancelling.DROPPED:
                self._drop()
        self._point()

    async def report(self, patience: float) -> Report | None:
        """See Broker.report."""
        time = self._books.time
        end = time.seconds + patience
        while True:
            self._books.advance()
            ready = min((at for at, _ in self._reports), default=end)
            if ready <= time.seconds and self._reports:
                found = next(each for each in self._reports if each[0] == ready)
                self._reports.remove(found)
                self._point()
                return found[1]
            self._require()
            if time.seconds >= end:
                return None
            until = min(end, ready, self._books.next_event() or end)
            await asyncio.sleep(max(until - time.seconds, 0.001))

    def _tell(self, report: Report) -> None:
        """Bring a report on its way to the client, if there is one."""
        if not self._is_connected:
            return
        at = self._books.time.seconds
        match _next(self._hearings, Hearing.TOLD):
            case Hearing.TOLD:
                self._reports.append((at, report))
            case Hearing.REPEATED:
                self._reports += [(at, report), (at, report)]
            case Hearing.LATE:
                self._reports.append((at + LATE, report))
            case Hearing.OVERTAKEN:
                self._reports.append((at + 0.3, report))
            case Hearing.DROPPED:
                self._is_connected = False
            case Hearing.LOST:
                pass  # a look at the account still shows it

    def _drop(self) -> None:
        self._is_connected = False
        raise BrokerError("the connection was lost")

    def _require(self) -> None:
        if not self._is_connected:
            raise BrokerError("there is no connection")

    async def _pause(self) -> None:
        """Let a message travel."""
        self._point()
        await asyncio.sleep(0.05)


def _next(turns: deque[T], usual: T) -> T:
    return turns.popleft() if turns else usual
