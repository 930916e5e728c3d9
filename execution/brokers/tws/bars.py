"""Daily bars from the broker, as traded and adjusted: many symbols at once, within the broker's pacing rules."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from execution.brokers.tws.answers import DeadlineError
from execution.brokers.tws.session import Session, Timing
from execution.errors import BrokerError, BrokerRefusedError
from warehouse.calendar.sessions import last_completed_session
from warehouse.errors import SourceError
from warehouse.sources.base import RAW_BAR_SCHEMA, BarSource, Progress

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from datetime import date, datetime

    from numpy.typing import NDArray

    from execution.brokers.base import Endpoint

OPEN_AT_ONCE = 50
"""Most history requests that the broker keeps open."""
ROUNDING = 0.006
"""Error of an adjusted price, USD: half a cent, and a little for the product of two such errors."""
DEFAULT_TIMING = Timing()

_Answer = TypeVar("_Answer")
Columns = list[list[str]]
"""Columns of a history: date, open, high, low, close, volume, average price, count."""


class IbkrBars(BarSource):
    """Bars of `symbols` over `history` (such as '10 Y'); today's, before the close, is provisional.

    Open, high, low, close and volume are TRADES (split-adjusted), adj_close is ADJUSTED_LAST's close (dividend-adjusted
    as well), and dividends are derived from how the two drift apart.

    Attributes:
        failures: Reason by symbol for which `fetch` brought no bars of it.
    """

    name = "ibkr"

    def __init__(
        self, endpoint: Endpoint, symbols: Sequence[str], history: str = "10 Y", timing: Timing = DEFAULT_TIMING
    ) -> None:
        self._endpoint = endpoint
        self._symbols = tuple(dict.fromkeys(symbols))
        self._history = history
        self._timing = timing
        self.failures: dict[str, str] = {}

    def fetch(self, progress: Progress) -> Iterator[pa.Table]:
        """Yield one table per symbol that has bars; to be called outside a running loop.

        Raises:
            SourceError: The gateway cannot be reached, or not one symbol has bars.
        """
        self.failures = {}
        try:
            tables = asyncio.run(self._fetch(progress))
        except BrokerError as error:
            raise SourceError(f"{error} Nothing was landed.") from error
        if not tables:
            reasons = "; ".join(dict.fromkeys(self.failures.values()))
            raise SourceError(f"No bars of {', '.join(self._symbols)} came from the gateway: {reasons}")
        yield from tables

    async def _fetch(self, progress: Progress) -> list[pa.Table]:
        retries, done = self._timing.retries, 0

        async def connect() -> Session:
            session = Session(self._endpoint, self._timing)
            await session.open()
            return session

        async def fetch(symbol: str) -> pa.Table | None:
            nonlocal done
            try:
                return await histories.bars(symbol, self._history)
            except BrokerError as error:
                self.failures[symbol] = str(error)
                return None
            finally:
                done += 1
                progress(done, len(self._symbols), symbol)

        session = await retries.read(connect)
        try:
            histories = _Histories(session, self._timing, await retries.read(session.now))
            tables = await asyncio.gather(*map(fetch, self._symbols))
        finally:
            await session.close()
        return [table for table in tables if table is not None]


class _Histories:
    """Requests histories on one connection, no faster than the broker allows."""

    def __init__(self, session: Session, timing: Timing, now: datetime) -> None:
        self._session = session
        self._timing = timing
        self._last_final = last_completed_session(now)
        self._turns = asyncio.Semaphore(OPEN_AT_ONCE)
        self._asked: dict[tuple[str, str], float] = {}
        self._unanswered = 0

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
            raise BrokerError(f"{symbol}: the broker's bars cannot be read ({error}).") from error

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
        if (symbol, what) in self._asked:
            await asyncio.sleep(self._asked[symbol, what] + self._timing.history_pause - time())

        def send(number: int) -> None:
            nonlocal request
            request = number
            only_exchange_hours, dates_as_text, follow = True, 1, False
            client.reqHistoricalData(
                number, contract, "", history, "1 day", what, only_exchange_hours, dates_as_text, follow, []
            )

        async with self._turns:
            self._asked[symbol, what] = time()
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

    A day without an adjusted bar has no adj_close; validation sets it aside.

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
        "dividend": dividends(close, adj_close),
        "is_final": pc.less_equal(days, last_final),
        "file": pa.repeat(IbkrBars.name, rows),
        "line": pa.array(range(1, rows + 1), pa.int64()),
        "problem": pa.nulls(rows, pa.string()),
    }
    return pa.table([columns[name] for name in RAW_BAR_SCHEMA.names], schema=RAW_BAR_SCHEMA)


def dividends(close: NDArray[np.float64], adj_close: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each day's dividend, in USD a share to the cent: D(t) = C(t-1) x (1 - f(t-1) / f(t)), f = adjusted / C.

    This inverts the usual back-adjustment, by which a dividend scales all earlier closes by 1 - D/C. The broker rounds
    adjusted prices to cents, which makes f wobble: a difference that this alone can explain counts as no dividend.
    """
    paid = np.zeros(len(close))
    with np.errstate(divide="ignore", invalid="ignore"):  # validation sets aside prices that are missing or 0
        factor = adj_close / close
        wobble = ROUNDING * close[:-1] * (1 / adj_close[:-1] + 1 / adj_close[1:])
        derived = close[:-1] * (1 - factor[:-1] / factor[1:])
        paid[1:] = np.where(derived > wobble, derived, 0.0).round(2)
    return paid
