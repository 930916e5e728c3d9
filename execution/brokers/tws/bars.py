"""Daily bars from the broker, as traded and adjusted: many symbols at once, within the broker's pacing rules."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from execution.brokers.base import Fault
from execution.brokers.tws.answers import DeadlineError, RequestRefusedError
from execution.brokers.tws.session import Session, Timing
from execution.errors import BrokerError, BrokerRefusedError
from warehouse.calendar.sessions import EXCHANGE_ZONE, last_completed_session, sessions
from warehouse.sources.adjustments import derived_dividends
from warehouse.sources.base import RAW_BAR_SCHEMA, SymbolBars, SymbolSource
from warehouse.sources.faults import FaultKind, SourceFaultError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import date, datetime

    from execution.brokers.base import Endpoint

OPEN_AT_ONCE = 50
"""Most history requests that the broker keeps open."""
MOST_DAYS = 250
"""Sessions in a span of days; the broker wants longer ones in years."""
DEFAULT_TIMING = Timing()

_Answer = TypeVar("_Answer")
Columns = list[list[str]]
"""Columns of a history: date, open, high, low, close, volume, average price, count."""


class UnreadableBarsError(BrokerError):
    """Bars in a form that is not known."""


class IbkrBars(SymbolSource):
    """Daily bars over one connection, opened with the first question; today's, before the close, is provisional.

    Open, high, low, close and volume are TRADES (split-adjusted), adj_close is ADJUSTED_LAST's close (dividend-adjusted
    as well), and dividends are derived from how the two drift apart. The broker does not tell of splits and dividends:
    an increment shows them by the bars that are held already.

    Args:
        endpoint: The gateway.
        history: The span of a whole history, such as '10 Y'.
        timing: Deadlines and pace.
    """

    name = "ibkr"

    def __init__(self, endpoint: Endpoint, history: str = "10 Y", timing: Timing = DEFAULT_TIMING) -> None:
        self._endpoint = endpoint
        self._history = history
        self._timing = timing
        self._connecting: asyncio.Task[_Histories] | None = None

    async def bars(self, symbol: str, since: date | None, until: date) -> SymbolBars:
        """Return a symbol's bars up to `until`; the whole history where an increment does not begin with `since`.

        Raises:
            SourceFaultError: There are none, and why.
        """
        if self._connecting is None:
            self._connecting = asyncio.create_task(self._connected())
        try:
            histories = await asyncio.shield(self._connecting)
        except BrokerError as error:
            kind = FaultKind.AUTH if isinstance(error, BrokerRefusedError) else FaultKind.TRANSIENT
            raise SourceFaultError.of(kind, str(error)) from error
        try:
            table = await histories.bars(symbol, histories.span(since) if since else self._history)
            if since is not None:
                table = table.filter(pc.greater_equal(table["session_date"], pa.scalar(since)))
                if not table.num_rows or table["session_date"][0].as_py() != since:
                    since, table = None, await histories.bars(symbol, self._history)
        except BrokerError as error:
            raise SourceFaultError.of(_fault_kind(error), str(error)) from error
        through = table["session_date"][-1].as_py()
        table = table.filter(pc.less_equal(table["session_date"], pa.scalar(until)))
        return SymbolBars(symbol, self.name, table, is_whole=since is None, adjusted_through=through)

    async def close(self) -> None:
        """Disconnect, or stop connecting."""
        if self._connecting is None:
            return
        self._connecting.cancel()
        (histories,) = await asyncio.gather(self._connecting, return_exceptions=True)
        if isinstance(histories, _Histories):
            await histories.close()

    async def _connected(self) -> _Histories:
        async def connect() -> Session:
            session = Session(self._endpoint, self._timing)
            await session.open()
            return session

        session = await self._timing.retries.read(connect)
        try:
            return _Histories(session, self._timing, await self._timing.retries.read(session.now))
        except BaseException:
            await session.close()
            raise


def _fault_kind(error: BrokerError) -> FaultKind:
    match error:
        case UnreadableBarsError():
            return FaultKind.MALFORMED
        case RequestRefusedError(fault=Fault.OPERATOR):
            return FaultKind.ENTITLEMENT
        case BrokerRefusedError():
            return FaultKind.NOT_FOUND
    return FaultKind.TRANSIENT


class _Histories:
    """Requests histories on one connection, no faster than the broker allows."""

    def __init__(self, session: Session, timing: Timing, now: datetime) -> None:
        self._session = session
        self._timing = timing
        self._now = now
        self._last_final = last_completed_session(now)
        self._turns = asyncio.Semaphore(OPEN_AT_ONCE)
        self._asked: dict[tuple[str, str, str], float] = {}
        self._unanswered = 0

    def span(self, since: date) -> str:
        """Return the span of bars from a session on: the broker counts days in sessions, up to a year of them."""
        days = len(sessions(since, self._now.astimezone(EXCHANGE_ZONE).date())) + 1
        return f"{days} D" if days <= MOST_DAYS else f"{days // MOST_DAYS + 2} Y"

    async def close(self) -> None:
        """Disconnect; never raises."""
        await self._session.close()

    async def bars(self, symbol: str, history: str) -> pa.Table:
        """Return a symbol's bars. Raises BrokerError, which names the symbol."""
        async with self._turns:
            await self._read(lambda: self._session.contract(symbol))
        trades, adjusted = await asyncio.gather(
            self._columns(symbol, "TRADES", history), self._columns(symbol, "ADJUSTED_LAST", history)
        )
        try:
            return merged(symbol, trades, adjusted, self._last_final)
        except ValueError as error:
            raise UnreadableBarsError(f"{symbol}: the broker's bars cannot be read ({error}).") from error

    async def _columns(self, symbol: str, what: str, history: str) -> Columns:
        return await self._read(lambda: self._ask(symbol, what, history))

    async def _read(self, ask: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """Ask with retries, unless the gateway has stopped answering: then nobody is helped by asking for the rest."""

        async def once() -> _Answer:
            if self._unanswered >= OPEN_AT_ONCE:
                raise BrokerError(
                    f"The gateway left {OPEN_AT_ONCE} requests in a row unanswered, so it is asked for nothing more. "
                    "Look at its window; `swing connect` tests it."
                )
            try:
                answer = await ask()
            except BrokerError as error:
                self._unanswered = 0 if isinstance(error, BrokerRefusedError) else self._unanswered + 1
                raise
            self._unanswered = 0
            return answer

        return await self._timing.retries.read(once)

    async def _ask(self, symbol: str, what: str, history: str) -> Columns:
        client, contract = self._session.client, await self._session.contract(symbol)
        time, request = asyncio.get_running_loop().time, 0
        if (symbol, what, history) in self._asked:
            await asyncio.sleep(self._asked[symbol, what, history] + self._timing.history_pause - time())

        def send(number: int) -> None:
            nonlocal request
            request = number
            only_exchange_hours, dates_as_text, follow = True, 1, False
            client.reqHistoricalData(
                number, contract, "", history, "1 day", what, only_exchange_hours, dates_as_text, follow, []
            )

        async with self._turns:
            self._asked[symbol, what, history] = time()
            try:
                (columns,) = await self._session.ask_numbered(f"{symbol} {what}", send, self._timing.history)
            except DeadlineError as late:
                client.cancelHistoricalData(request)
                raise BrokerError(str(late)) from late  # waited for long enough: it is not asked again
        found: Columns = columns
        if not found[0]:
            raise BrokerRefusedError(f"{symbol}: the broker has no {what} bars over {history}.")
        return found


def merged(symbol: str, trades: Columns, adjusted: Columns, last_final: date) -> pa.Table:
    """Return bars as traded with the adjusted close beside them (RAW_BAR_SCHEMA).

    A day without an adjusted bar has no adj_close, and what the next one paid is unknown; validation sets them aside.

    Raises:
        ValueError: A cell is no date or number.
    """
    days = pc.strptime(pa.array(trades[0]), "%Y%m%d", "s").cast(pa.date32())
    opened, high, low, close, volume = (np.array(column, float) for column in trades[1:6])
    adjusted_close = dict(zip(adjusted[0], map(float, adjusted[4]), strict=True))
    adj_close = np.array([adjusted_close.get(text, np.nan) for text in trades[0]])
    rows = len(days)
    columns = {
        "symbol": pa.repeat(symbol, rows),
        "session_date": days,
        "open": opened,
        "high": high,
        "low": low,
        "close": close,
        "adj_close": pa.array(adj_close, from_pandas=True),
        "volume": volume,
        "dividend": pa.array(derived_dividends(close, adj_close), from_pandas=True),
        "is_final": pc.less_equal(days, last_final),
        "file": pa.repeat(IbkrBars.name, rows),
        "line": pa.array(range(1, rows + 1), pa.int64()),
        "problem": pa.nulls(rows, pa.string()),
    }
    return pa.table([columns[name] for name in RAW_BAR_SCHEMA.names], schema=RAW_BAR_SCHEMA)
