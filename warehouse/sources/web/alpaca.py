"""Alpaca's market data, version 2: many symbols in a request, one series for each kind of adjustment.

Columns: open, high, low, close and volume are the series adjusted for splits, adj_close is the close of the series
adjusted for everything, dividends are derived from how the two drift apart. An increment asks for the raw series
instead of the split-adjusted one: where raw and fully adjusted prices of its first bar agree, nothing has been
adjusted since, and raw prices are the adjusted ones. Source: docs.alpaca.markets, "Historical bars" and "Market Data
FAQ". Not verified with a key: the words for an unknown symbol, that volume is split-adjusted too, that prices are
rounded to cents, and that rate limits are counted by the minute of the clock.

History begins in 2016. The free plan serves consolidated ("sip") bars that are older than 15 minutes.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from functools import partial
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from warehouse.calendar.sessions import EXCHANGE_ZONE, sessions
from warehouse.sources.adjustments import derived_dividends
from warehouse.sources.faults import FaultKind, SourceFaultError
from warehouse.sources.web.batches import Batches
from warehouse.sources.web.client import UNREADABLE, RequestLimits, WebAccess
from warehouse.sources.web.replies import KnownReply
from warehouse.sources.web.rows import Rows, day_at_midnight_new_york
from warehouse.sources.web.source import AdjustedRows, WebSource, listed

if TYPE_CHECKING:
    from pydantic import SecretStr

FREE_PLAN = RequestLimits(requests=200, window=60)
ACCESS = WebAccess("https://data.alpaca.markets", FREE_PLAN)
FIRST_BAR = date(2016, 1, 1)
PAGE = 10_000
"""Bars on a page, over all symbols."""
MOST_PAGES = 50
"""Of one answer, which by its size should fit on one or two."""
MOST_SYMBOLS = 100
"""In a request: its address stays below 1,000 characters."""
FREE_DELAY = timedelta(minutes=16)
SAME = 1e-9
KEYS = MappingProxyType({"open": "o", "high": "h", "low": "l", "close": "c", "volume": "v"})

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Question:
    """The topic of a batch: bars of one adjustment, from one day on."""

    adjustment: str
    start: date


class Alpaca(WebSource):
    """The whole universe in a few requests, from 2016 on."""

    name = "alpaca"
    key_names = ("APCA_API_KEY_ID", "APCA_API_SECRET_KEY")
    key_page = "https://app.alpaca.markets"
    known_replies = (
        KnownReply(403, "subscription does not permit", FaultKind.ENTITLEMENT),
        KnownReply(403, "forbidden", FaultKind.AUTH),
        KnownReply(400, "invalid symbol", FaultKind.NOT_FOUND),
        KnownReply(422, "invalid symbol", FaultKind.NOT_FOUND),
    )

    def __init__(self, key_id: SecretStr | None, secret_key: SecretStr | None, access: WebAccess = ACCESS) -> None:
        super().__init__({"APCA-API-KEY-ID": key_id, "APCA-API-SECRET-KEY": secret_key}, access)
        self._batches: Batches[_Question, list[Row]] = Batches(self._answers, self._batch_size)

    async def close(self) -> None:
        """Stop what is being read, and close the connections."""
        await self._batches.close()
        await super().close()

    async def _series(self, symbol: str, since: date | None) -> AdjustedRows:
        start = since or FIRST_BAR
        traded, adjusted = await asyncio.gather(
            self._rows(symbol, _Question("raw" if since else "split", start)),
            self._rows(symbol, _Question("all", start)),
        )
        close = traded.numbers("c")
        adjusted_close = dict(zip(adjusted.days, adjusted.numbers("c"), strict=True))
        adj_close = np.array([adjusted_close.get(day, np.nan) for day in traded.days])
        numbers = {name: traded.numbers(key) for name, key in KEYS.items()}
        numbers |= {"adj_close": adj_close, "dividend": derived_dividends(close, adj_close)}
        agrees = np.abs(close - adj_close) <= SAME * close
        known = np.flatnonzero(~np.isnan(close - adj_close))
        if not (len(known) and agrees[known[-1]]):
            reason = f"the two series of {symbol} do not end in the same close: they were changed in between"
            raise SourceFaultError.of(FaultKind.MALFORMED, reason)
        return AdjustedRows(traded, numbers, is_rebased=not agrees[0])

    async def _rows(self, symbol: str, question: _Question) -> Rows:
        found = await self._batches.ask(question, symbol.replace("-", "."))
        try:
            return self._checked(symbol, Rows(found or [], lambda row: day_at_midnight_new_york(row["t"])))
        except UNREADABLE as error:
            raise SourceFaultError.of(FaultKind.MALFORMED, f"bars of {symbol} are not understood ({error})") from error

    async def _answers(self, question: _Question, symbols: list[str]) -> dict[str, list[Row]]:
        """Return the rows of each symbol that has some; one that is refused costs no other its answer."""
        try:
            return await self._pages(question, symbols)
        except SourceFaultError as error:
            if error.fault.kind is not FaultKind.NOT_FOUND:
                raise
            if len(symbols) == 1:
                return {}
        half = len(symbols) // 2
        first, second = await asyncio.gather(
            self._answers(question, symbols[:half]), self._answers(question, symbols[half:])
        )
        return first | second

    async def _pages(self, question: _Question, symbols: list[str]) -> dict[str, list[Row]]:
        parameters: dict[str, str | int] = {
            "symbols": ",".join(symbols),
            "timeframe": "1Day",
            "start": question.start.isoformat(),
            "end": (self._clock() - FREE_DELAY).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "limit": PAGE,
            "adjustment": question.adjustment,
            "feed": "sip",
            "sort": "asc",
        }
        rows: dict[str, list[Row]] = {symbol: [] for symbol in symbols}
        tokens: set[str] = set()
        orders: set[bool] = set()
        while True:
            token = await self._client.get("/v2/stocks/bars", parameters, partial(_add_page, rows, orders))
            if token is None:
                if len(orders) > 1:
                    # What one page left out stands on the next only where both have the same order.
                    raise SourceFaultError.of(FaultKind.MALFORMED, "the pages have different orders")
                return rows
            if token in tokens or len(tokens) == MOST_PAGES:
                raise SourceFaultError.of(FaultKind.MALFORMED, f"the pages do not end; page {len(tokens)} is {token!r}")
            tokens.add(token)
            parameters["page_token"] = token

    def _batch_size(self, question: _Question) -> int:
        """Return how many symbols fit on one page."""
        return max(1, min(MOST_SYMBOLS, PAGE // self._sessions(question)))

    def _sessions(self, question: _Question) -> int:
        return len(sessions(question.start, self._clock().astimezone(EXCHANGE_ZONE).date())) or 1


SOURCE = Alpaca


def _orders(rows: list[Row]) -> set[bool]:
    """Return True for rows that ascend in time, False for rows that descend; both if there are both."""
    times = [str(row.get("t")) for row in rows if isinstance(row, dict)]
    return {earlier < later for earlier, later in pairwise(times) if earlier != later}


def _add_page(rows: dict[str, list[Row]], orders: set[bool], body: Any) -> str | None:  # noqa: ANN401 - JSON
    """Add a page's rows, and their order, to those of the symbols asked for; return the next page's token."""
    for symbol, found in body["bars"].items():
        rows[symbol] += listed(found)
        orders |= _orders(found)
    token = body["next_page_token"]
    if not (token is None or (isinstance(token, str) and token)):
        raise TypeError(f"the next page's token is {token!r}")
    return token
