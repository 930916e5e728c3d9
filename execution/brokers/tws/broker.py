"""Interactive Brokers behind the seam: requests, orders and reports over one connection."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from execution.brokers.base import Broker
from execution.brokers.retrying import TransientError
from execution.brokers.tws.codes import CodeSet, classify
from execution.brokers.tws.library import day_order, ordered
from execution.brokers.tws.orders import KnownOrders
from execution.brokers.tws.quotes import LIVE_ELSE_DELAYED, quote
from execution.brokers.tws.session import Listener, Session, Timing
from execution.brokers.tws.state import read_state, together
from execution.errors import BrokerError, BrokerRefusedError
from execution.models import Alarm, Notice, Ticket

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from execution.brokers.base import Endpoint
    from execution.brokers.tws.library import Callbacks, Foreign
    from execution.models import BrokerState, Order, Price, Report

DEFAULT_TIMING = Timing()
STATES_AT_MOST = 5
"""Attempts at a state during which the account does not change."""
QUOTES_AT_ONCE = 50


class IbkrBroker(Broker, Listener):
    """One connection to TWS or IB Gateway.

    After a lost message, or while the gateway has lost the broker, nothing is sent until a new `state` is whole.
    """

    def __init__(self, endpoint: Endpoint, timing: Timing = DEFAULT_TIMING) -> None:
        self._endpoint = endpoint
        self._timing = timing
        self._asking = asyncio.Lock()
        self._next_id = 1
        self._contracts: dict[str, Foreign] = {}
        self._linked = asyncio.Event()
        self._linked.set()
        self._why_held = ""
        self._begin()

    def _begin(self) -> None:
        self._reports: asyncio.Queue[Report | None] = asyncio.Queue()
        self._book = KnownOrders(self._endpoint.client_id, self._reports.put_nowait, self._endpoint.ledger_id)
        self._book.next_id = self._next_id
        self._session = Session(self._endpoint, self._timing, self, self._contracts)
        self._alarms = 0
        if self._linked.is_set():  # else the gateway has lost the broker, and a new connection does not mend that
            self._why_held = ""

    async def open(self) -> None:
        """Connect, and learn which orders there are; see Broker.open."""
        await self.close()
        await self._timing.retries.read(self._connect)

    async def _connect(self) -> None:
        self._next_id = max(self._next_id, self._book.next_id)
        self._begin()
        try:
            await self._session.open()
            self._book.account_id = self._session.account_id
            self._session.client.reqMarketDataType(LIVE_ELSE_DELAYED)
            await self._session.ask("open orders", self._session.client.reqOpenOrders)  # binds ours to this connection
            await self._state()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Disconnect; see Broker.close."""
        await self._session.close()

    @property
    def protocol(self) -> tuple[int, int]:
        """Version of the wire protocol that was agreed on, 0 without a connection, and the library's newest."""
        client = self._session.client
        return int(client.serverVersion()) if self._session.is_open else 0, int(client.MaxClientVersion)

    async def now(self) -> datetime:
        """See Broker.now."""
        return await self._timing.retries.read(self._session.now)

    async def state(self) -> BrokerState:
        """See Broker.state."""
        async with self._asking:
            alarms = self._alarms
            found = await self._timing.retries.read(self._quiet_state)
            if self._alarms > alarms:
                raise BrokerError("A message was lost while the account was read, so the answer may lack something.")
            if self._linked.is_set():
                self._why_held = ""
            return found

    async def _quiet_state(self) -> BrokerState:
        for _ in range(STATES_AT_MOST):
            told = self._book.executions_told
            found = await self._state()
            if told == self._book.executions_told:
                return found
        raise BrokerError(f"The account changed while it was read, {STATES_AT_MOST} times in a row. Ask again later.")

    async def _state(self) -> BrokerState:
        try:
            async with asyncio.timeout(self._timing.request):
                await self._linked.wait()
        except TimeoutError:
            raise BrokerError(self._why_held) from None
        return await read_state(self._session, self._book)

    async def prices(self, symbols: Sequence[str]) -> dict[str, Price]:
        """See Broker.prices; a symbol left out is explained by a notice."""
        asked_at, turns = await self.now(), asyncio.Semaphore(QUOTES_AT_ONCE)

        async def ask(symbol: str) -> Price | None:
            async with turns:
                return await quote(self._session, symbol, asked_at, self._timing.quote)

        async def price(symbol: str) -> Price | None:
            try:
                return await self._timing.retries.read(lambda: ask(symbol))
            except (BrokerRefusedError, TransientError) as error:
                self._reports.put_nowait(_notice(getattr(error, "code", 0), str(error)))
                return None

        return {found.symbol: found for found in await together(*map(price, symbols)) if found}

    @property
    def client_id(self) -> int:
        """See Broker.client_id."""
        return self._endpoint.client_id

    async def ticket(self, order: Order, above: int = 0) -> Ticket:
        """See Broker.ticket."""
        contract = await self._timing.retries.read(lambda: self._session.contract(order.symbol))
        self._require_clear(order)
        return Ticket(order.order_ref, self.client_id, self._book.reserve(above), contract.conId)

    async def send(self, order: Order, ticket: Ticket) -> None:
        """See Broker.send; nothing is awaited before the order has left."""
        self._require_clear(order)
        message = day_order(order, self._book.marked(order.order_ref), self._session.account_id)
        self._book.sent(order, ticket.number)
        self._session.client.placeOrder(ticket.number, ordered(order.symbol, ticket.contract_id), message)
        await self._session.flushed()
        self._session.require_open()

    def _require_clear(self, order: Order) -> None:
        self._session.require_open()
        if self._why_held:
            raise BrokerError(f"{order.order_ref} was not sent: {self._why_held}")

    async def cancel(self, order_ref: str, ticket: Ticket | None = None) -> None:
        """See Broker.cancel."""
        self._session.require_open()
        number = self._book.number(order_ref)
        if number is None and ticket is not None and ticket.client_id == self.client_id:
            number = ticket.number
        if number is None:
            raise BrokerError(
                f"{order_ref}: not an open order of client id {self._endpoint.client_id}. Cancel it in TWS."
            )
        self._session.client.cancelOrder(number)
        await self._session.flushed()
        self._session.require_open()

    async def report(self, patience: float) -> Report | None:
        """See Broker.report."""
        if self._reports.empty():
            self._session.require_open()
        try:
            async with asyncio.timeout(patience):
                report = await self._reports.get()
        except TimeoutError:
            return None
        if report is None:  # the connection was lost
            self._session.require_open()
        return report

    def notice(self, number: int, code: int, text: str) -> None:
        """Take a code about an order or the connection."""
        known, order_ref = classify(code, text, is_order=number > 0), self._book.reference(number)
        remedy = known.value.remedy if known.value.fault.is_rejection else ""
        self._reports.put_nowait(Notice(code, text, order_ref, known.value.fault, remedy))
        if known is CodeSet.CONNECTIVITY_LOST:
            self._linked.clear()
            self._why_held = f"The gateway has lost the broker ({code} {text!r}). It reconnects by itself."
        elif known is CodeSet.CONNECTIVITY_RESTORED:
            self._linked.set()
        elif known is CodeSet.DUPLICATE_ORDER_ID:
            self._session.client.reqIds(1)
        elif known is CodeSet.CANCELLED or known is CodeSet.ORDER_HELD or known.value.fault.is_rejection:
            self._book.explain(number, text)

    def alarm(self, text: str) -> None:
        """Take note that a message was lost."""
        self._alarms += 1
        self._why_held = f"a message of the broker could not be understood ({text}); the account must be read anew."
        self._reports.put_nowait(Alarm(text))

    def lost(self) -> None:
        """Take note that the connection is gone."""
        self._reports.put_nowait(None)

    def messages(self) -> Callbacks:
        """Return the callbacks for messages about orders."""
        book, add = self._book, self._session.answers.add

        def on_execution(request: int, contract: Foreign, done: Foreign) -> None:
            if execution := book.on_execution(request, contract, done):
                add(request, execution)

        return {
            "nextValidId": book.on_valid_id,
            "openOrder": lambda *message: add("open orders", book.on_open_order(*message)),
            "completedOrder": lambda *message: add("completed orders", book.on_completed_order(*message)),
            "orderStatus": book.on_order_status,
            "execDetails": on_execution,
            "commissionReport": book.on_commission,
        }


def _notice(code: int, text: str) -> Notice:
    return Notice(code, text, "", classify(code, text).value.fault)
