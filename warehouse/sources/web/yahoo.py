"""Yahoo's chart JSON: an extra that no default order of sources holds.

Its terms forbid automated access and any passing on, it is not documented, and it refuses clients that are no browsers
by address and TLS fingerprint: fit for a look at one symbol on a developer's machine, not for a schedule.

Columns: open, high, low, close and volume as they come (split-adjusted), adj_close is adjclose, dividends are the
events. Known from public clients' behaviour, not verified: that dividends are split-adjusted too.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from warehouse.calendar.sessions import EXCHANGE_ZONE, FIRST_DAY
from warehouse.sources.faults import FaultKind
from warehouse.sources.web.client import RequestLimits, WebAccess
from warehouse.sources.web.replies import KnownReply
from warehouse.sources.web.rows import Rows
from warehouse.sources.web.source import AdjustedRows, WebSource, listed

if TYPE_CHECKING:
    from datetime import date

UNPUBLISHED = RequestLimits(requests=20, window=60, in_flight=1)
"""Its real limits are not known."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
QUOTED = ("open", "high", "low", "close", "volume")
ACCESS = WebAccess("https://query1.finance.yahoo.com", UNPUBLISHED)


class Yahoo(WebSource):
    """A symbol's whole history in one request, without a key."""

    name = "yahoo"
    states_splits = True
    known_replies = (KnownReply(404, '"not found"', FaultKind.NOT_FOUND),)

    def __init__(self, access: WebAccess = ACCESS) -> None:
        super().__init__({}, access)

    async def _series(self, symbol: str, since: date | None) -> AdjustedRows:
        start = datetime.combine(since or FIRST_DAY, time(), EXCHANGE_ZONE)
        parameters: dict[str, str | int] = {
            "period1": int(start.timestamp()),
            "period2": int((self._clock() + timedelta(days=1)).timestamp()),
            "interval": "1d",
            "events": "div,splits",
            "includeAdjustedClose": "true",
        }
        path = f"/v8/finance/chart/{symbol.replace('.', '-')}"
        return await self._client.get(path, parameters, lambda body: self._read(symbol, body))

    def _read(self, symbol: str, body: Any) -> AdjustedRows:  # noqa: ANN401 - JSON
        (chart,) = body["chart"]["result"]
        about = chart["meta"]["symbol"], chart["meta"]["currency"]
        if about != (symbol.replace(".", "-"), "USD"):
            raise ValueError(f"symbol and currency are {' and '.join(map(str, about))}")
        ((quote,), (adjusted,)) = chart["indicators"]["quote"], chart["indicators"]["adjclose"]
        columns = {name: quote.get(name, []) for name in QUOTED} | {"adj_close": adjusted.get("adjclose", [])}
        days = [_day(stamp) for stamp in listed(chart.get("timestamp", []))]
        events = chart.get("events", {})
        paid = {_day(event["date"]): event["amount"] for event in events.get("dividends", {}).values()}
        split = {
            _day(event["date"]): event["numerator"] / event["denominator"]
            for event in events.get("splits", {}).values()
        }
        if strays := paid.keys() - set(days):
            raise ValueError(f"a dividend on {min(strays)}, which has no bar")
        table = zip(days, (paid.get(day, 0.0) for day in days), *map(listed, columns.values()), strict=True)
        cells = [dict(zip(("day", "dividend", *columns), row, strict=True)) for row in table]
        rows = self._checked(symbol, Rows(cells, lambda row: row["day"]))
        numbers = {name: rows.numbers(name) for name in ("dividend", *columns)}
        is_rebased = any(day > rows.days[0] for day in paid.keys() | split)
        return AdjustedRows(rows, numbers, is_rebased, split)


SOURCE = Yahoo


@lru_cache(2**15)
def _day(stamp: float) -> date:
    """Read a session written as an instant of it, in seconds since the epoch."""
    return (EPOCH + timedelta(seconds=stamp)).astimezone(EXCHANGE_ZONE).date()
