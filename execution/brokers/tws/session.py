"""One connection to the gateway: a handshake that fails fast, then requests; a listener gets all other messages."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from execution.brokers.retrying import RetryPolicy, TransientError
from execution.brokers.tws.answers import Answers, request_failure
from execution.brokers.tws.codes import Area, CodeSet, classify
from execution.brokers.tws.library import local_time, make_client, stock
from execution.errors import BrokerError, BrokerRefusedError
from execution.models import CURRENCY

if TYPE_CHECKING:
    from collections.abc import Callable

    from execution.brokers.base import Endpoint
    from execution.brokers.tws.library import Callbacks, Foreign

NO_NUMBER = -1
KIND = "kind"
"""Key of the kind of prices among a snapshot's ticks."""
HINT = (
    "Is TWS or IB Gateway running and logged in, is this its port (Gateway: 4002 paper, 4001 live; TWS: 7497 paper, "
    "7496 live), and, in TWS, is 'Enable ActiveX and Socket Clients' set? `swing connect` tests it."
)
ZONE_STEP = timedelta(minutes=15)
US_ZONES = frozenset({"US/Eastern", "America/New_York", "EST", "EST5EDT"})
US_EXCHANGES = frozenset({"ARCA", "NYSE", "NASDAQ", "ISLAND", "AMEX", "BATS", "CBOE", "IEX"})


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds until a request counts as unanswered, and the pace of asking.

    Attributes:
        quote: The broker ends a snapshot by itself after 11 seconds.
        history_pause: Before the same history is asked for again; the broker refuses it within 15 seconds.
        messages_per_second: The broker allows 50; 0 means as fast as it goes.
    """

    connect: float = 10.0
    request: float = 10.0
    quote: float = 12.0
    history: float = 30.0
    history_pause: float = 15.0
    messages_per_second: int = 45
    retries: RetryPolicy = field(default_factory=RetryPolicy)


class Listener:
    """Receives messages that belong to no request; this one ignores them."""

    def messages(self) -> Callbacks:
        """Return the callbacks for messages about orders."""
        return {}

    def notice(self, number: int, code: int, text: str) -> None:
        """Receive a code about order `number`, or the connection for NO_NUMBER."""

    def alarm(self, text: str) -> None:
        """Receive word of a lost message."""

    def lost(self) -> None:
        """Receive word that the connection is gone, unless we closed it."""


class Session:
    """A connection that is opened once; make another after it is lost or closed."""

    def __init__(
        self,
        endpoint: Endpoint,
        timing: Timing,
        listener: Listener | None = None,
        contracts: dict[str, Foreign] | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._timing = timing
        self._listener = listener or Listener()
        self._contracts = {} if contracts is None else contracts
        self._gateway_time: datetime | None = None
        self._zone: timezone | None = None
        self._why_down = "it was never opened"
        self._refusal: asyncio.Future[None] | None = None
        self._disconnected = asyncio.Event()
        self._unthrottled = asyncio.Event()
        self._unthrottled.set()
        self.answers = Answers()
        self.client: Foreign = None
        self.account_id = ""

    @property
    def is_open(self) -> bool:
        """True while requests can be made."""
        return not self._why_down

    def require_open(self) -> None:
        """Raise BrokerError if the connection is down."""
        if self._why_down:
            raise self._down()

    async def open(self) -> None:
        """Connect and choose the account.

        Raises:
            TransientError: The gateway is not there, or not ready.
            BrokerRefusedError: It refused: client id in use, version, account.
        """
        client = self.client = make_client(self._callbacks(), self._listener.alarm, lambda: self._zone)
        client.MaxRequests = self._timing.messages_per_second
        client.throttleStart += self._unthrottled.clear
        client.throttleEnd += self._unthrottled.set
        client.apiError += self._on_api_error
        client.conn.disconnected += self._on_disconnected
        try:
            await self._handshake()
            self.account_id = self._chosen_account(client.getAccounts())
            self._set_zone(await self.now())
        except BaseException:
            await self.close()
            raise

    def _greeted(self, text: str) -> None:
        self._gateway_time = local_time(text)

    def _set_zone(self, now: datetime) -> None:
        """Learn the gateway's zone from its time of day and `now`; the zone's name has no standard."""
        if self._gateway_time is not None:
            ahead = (self._gateway_time - now.replace(tzinfo=None)) / ZONE_STEP
            offset = round(ahead) * ZONE_STEP
            self._zone = timezone(offset) if abs(offset) < timedelta(days=1) else None

    async def _handshake(self) -> None:
        wanted, timeout = self._endpoint, self._timing.connect
        refusal = self._refusal = asyncio.get_running_loop().create_future()
        connecting = asyncio.create_task(self.client.connectAsync(wanted.host, wanted.port, wanted.client_id, timeout))
        try:
            await asyncio.wait({connecting, refusal}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            self._refusal = None
            if refusal.done():  # says more than the library's failure
                refusal.result()
            async with asyncio.timeout(0):
                await connecting
            self._why_down = ""
        except TimeoutError:
            raise TransientError(
                f"{self._where}: no answer within {timeout:g} s. Something listens there, but does not speak the "
                f"gateway's protocol, or waits for somebody to accept the connection in its window. {HINT}"
            ) from None
        except OSError as error:
            raise TransientError(f"{self._where}: cannot connect ({error}). {HINT}") from error
        finally:
            connecting.cancel()
            refusal.cancel()
            with suppress(Exception, asyncio.CancelledError):
                await connecting

    def _chosen_account(self, accounts: list[str]) -> str:
        wanted = self._endpoint.account_id
        if wanted not in accounts and (wanted or len(accounts) > 1):
            raise BrokerRefusedError(
                f"{self._where}: the login's accounts are {', '.join(accounts)}; "
                + (f"{wanted} is not among them." if wanted else "which one to trade is not said.")
                + " Set broker.account."
            )
        return wanted or accounts[0]

    async def close(self) -> None:
        """Disconnect; never raises."""
        self._go_down("it was closed")
        if self.client is None or not self.client.conn.isConnected():
            return
        self.client.disconnect()
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self._disconnected.wait()
        if self.client.conn.isConnected():
            self.client.conn.transport.abort()

    async def ask(self, name: str, send: Callable[[], None]) -> list[Any]:
        """Make a request that has no number and return the parts of its answer. Raises BrokerError."""
        self.require_open()
        return await self.answers.ask(name, send, self._timing.request)

    async def ask_numbered(self, what: str, send: Callable[[int], None], deadline: float = 0.0) -> list[Any]:
        """Make a request that has a number and return the parts of its answer.

        Args:
            what: Its subject, for messages.
            send: Sends it under the number given.
            deadline: In seconds; 0 for the usual one.

        Raises:
            TransientError: It did not end in time (DeadlineError), or failed in a way that may pass.
            BrokerRefusedError: It was refused.
            BrokerError: The connection is down.
        """
        self.require_open()
        return await self.answers.ask_numbered(what, send, deadline or self._timing.request)

    async def now(self) -> datetime:
        """Return the gateway's clock, UTC, in whole seconds. Raises BrokerError."""
        *_, seconds = await self.ask("the time", self.client.reqCurrentTime)
        return datetime.fromtimestamp(seconds, UTC)

    async def contract(self, symbol: str) -> Foreign:
        """Return the broker's contract of a US stock or ETF; ask for it once.

        Raises:
            BrokerRefusedError: There is none, or more than one.
            BrokerError: There was no answer.
        """
        if symbol not in self._contracts:
            wanted = stock(symbol)
            found = await self.ask_numbered(symbol, lambda number: self.client.reqContractDetails(number, wanted))
            contract = self._chosen_contract(symbol, found)
            contract.exchange = wanted.exchange  # details also name each venue on its own
            self._contracts[symbol] = contract
        return self._contracts[symbol]

    def _chosen_contract(self, symbol: str, found: list[Foreign]) -> Foreign:
        """Choose among listings: the primary exchange that is configured, else the only one in the US, or at all."""
        listings = {details.contract.conId: details for details in found}
        if primary := self._endpoint.primary_exchanges.get(symbol):
            chosen = [it for it in listings.values() if it.contract.primaryExchange == primary]
        else:
            chosen = [it for it in listings.values() if it.timeZoneId in US_ZONES] or list(listings.values())
            chosen = [it for it in chosen if it.contract.primaryExchange in US_EXCHANGES] or chosen
        if len(chosen) != 1:
            names = ", ".join(sorted(it.contract.primaryExchange or "?" for it in listings.values())) or "none"
            raise BrokerRefusedError(
                f"{symbol}: the broker knows {len(listings)} stocks or ETFs in {CURRENCY} by this name (primary "
                f"exchanges: {names}), and {len(chosen)} of them fit. Check portfolio.yaml, and name the primary "
                "exchange in broker.primary_exchanges."
            )
        return chosen[0].contract

    async def flushed(self) -> None:
        """Wait until everything to be sent has been handed to the operating system."""
        await self._unthrottled.wait()

    def _callbacks(self) -> Callbacks:
        add, end = self.answers.add, self.answers.end

        def whole(key: int | str, part: object) -> None:
            add(key, part)
            end(key)

        def strange_zone(text: str) -> None:
            said = f"An execution's time, {text!r}, names an unknown zone; it was read as exchange time."
            self._listener.notice(NO_NUMBER, 0, said)

        return {
            "greeting": self._greeted,
            "error": self._on_error,
            "currentTime": lambda seconds: whole("the time", seconds),
            "position": lambda *position: add("positions", position),
            "positionEnd": lambda: end("positions"),
            "openOrderEnd": lambda: end("open orders"),
            "completedOrdersEnd": lambda: end("completed orders"),
            "accountSummary": lambda number, *value: add(number, value),
            "accountSummaryEnd": end,
            "execDetailsEnd": end,
            "contractDetails": add,
            "contractDetailsEnd": end,
            "historicalData": whole,
            "priceSizeTick": lambda number, tick, price, _size: add(number, (tick, price)),
            "tickGeneric": lambda number, tick, value: add(number, (tick, value)),
            "tickString": lambda number, tick, text: add(number, (tick, text)),
            "marketDataType": lambda number, kind: add(number, (KIND, kind)),
            "tickSnapshotEnd": end,
            "strangeZone": strange_zone,
            **self._listener.messages(),
        }

    def _on_error(self, number: int, code: int, text: str, _details: str = "") -> None:
        known, failure = classify(code, text), request_failure(code, text)
        if failure and not self.is_open and known.value.area is Area.CONNECTION:
            self._refuse(failure)
        if self.answers.is_open(number):
            if failure:
                self.answers.fail(number, failure)
            return
        if self.answers.was_asked(number):
            return
        if known is CodeSet.READ_ONLY or (number == NO_NUMBER and known is CodeSet.INVALID_REQUEST):
            self.answers.fail_unnumbered(lambda: request_failure(code, text) or BrokerError(text))
        self._listener.notice(number, code, text)

    def _refuse(self, failure: BrokerError) -> None:
        if self._refusal and not self._refusal.done():
            self._refusal.set_exception(failure)

    def _on_api_error(self, message: str) -> None:
        if "version" in message:
            self._refuse(BrokerRefusedError(f"{self._where}: {message}. {CodeSet.VERSION_MISMATCH.value.remedy}"))

    def _on_disconnected(self, message: str) -> None:
        self._disconnected.set()
        self._refuse(TransientError(f"{self._where}: it closed the connection during the handshake. {HINT}"))
        if self.is_open:
            self._go_down(message or "the gateway closed it")
            self._listener.lost()

    def _go_down(self, reason: str) -> None:
        self._why_down = self._why_down or reason
        self.answers.fail_all(self._down)
        self._unthrottled.set()

    def _down(self) -> BrokerError:
        return BrokerError(f"{self._where}: the connection is down: {self._why_down}.")

    @property
    def _where(self) -> str:
        return f"Gateway {self._endpoint.host}:{self._endpoint.port}"
