"""The common part of web sources: the whole history again where an increment would mix adjustment bases."""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from warehouse.calendar.sessions import EXCHANGE_ZONE, previous_session
from warehouse.sources.base import CorporateAction, StatedAction, SymbolBars, SymbolSource
from warehouse.sources.faults import FaultKind, SourceFaultError
from warehouse.sources.web.client import WebClient

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray
    from pydantic import SecretStr

    from warehouse.sources.web.client import WebAccess
    from warehouse.sources.web.replies import KnownReply
    from warehouse.sources.web.rows import Rows

SETTLED = time(20)
"""Exchanges correct a session's prices until then, New York time; its bar is provisional before."""


@dataclass(frozen=True, slots=True)
class AdjustedRows:
    """One symbol's rows as adjusted through the newest of them.

    Attributes:
        numbers: The columns NUMBERS, by row.
        is_rebased: True where a split or dividend after the first row has changed the earlier prices.
        splits: New shares for one, by the first session that trades in them; empty if the source states none.
    """

    rows: Rows
    numbers: Mapping[str, NDArray[np.float64]]
    is_rebased: bool
    splits: Mapping[date, float] = field(default_factory=dict)


class WebSource(SymbolSource):
    """A vendor's daily bars, symbol by symbol.

    It is always asked up to now, whatever the last bar that is wanted: rows that end earlier do not tell of the splits
    after them, and could not be adjusted.
    """

    key_names: tuple[str, ...] = ()
    """The keys that it needs, as `read_key` knows them; the constructor takes them in this order."""
    key_page: str = ""
    """The vendor's page that shows them."""
    known_replies: tuple[KnownReply, ...] = ()
    states_splits: bool = False
    """True for a vendor that lists every split of the days it is asked for."""

    def __init__(self, keys: Mapping[str, SecretStr | None], access: WebAccess) -> None:
        """Take the keys by the request header that holds each."""
        self._has_keys = all(keys.values())
        self._clock = access.clock
        self._client = WebClient({name: key for name, key in keys.items() if key}, self.known_replies, access)

    async def bars(self, symbol: str, since: date | None, until: date) -> SymbolBars:
        """Return a symbol's bars up to `until`.

        An increment that a split or dividend re-bases, or that does not begin with the bar it is to be compared with,
        is replaced by the whole history.

        Raises:
            SourceFaultError: There are none, and why.
        """
        if not self._has_keys:
            files = " and ".join(name.lower() for name in self.key_names)
            remedy = f"set {' and '.join(self.key_names)}, or write $SWING_HOME/secrets/{files}"
            raise SourceFaultError.of(FaultKind.AUTH, f"a key is missing: get it at {self.key_page}, then {remedy}")
        series = await self._series(symbol, since)
        if since and (series.rows.days[0] != since or series.is_rebased):
            since, series = None, await self._series(symbol, None)
        about = {"symbol": symbol, "file": self.name}
        days = series.rows.days
        bars = series.rows.bars(about, series.numbers, _last_settled_session(self._clock()))
        stated = sorted(series.splits.items())
        splits = tuple(StatedAction(symbol, day, CorporateAction.SPLIT, ratio=ratio) for day, ratio in stated)
        wanted = bars.slice(0, bisect_right(days, until))
        return SymbolBars(symbol, self.name, wanted, since is None, days[-1], splits, self.states_splits)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    @abstractmethod
    async def _series(self, symbol: str, since: date | None) -> AdjustedRows:
        """Ask for the rows from `since` on, or all. At least one; raises SourceFaultError."""

    def _checked(self, symbol: str, rows: Rows) -> Rows:
        """Return the rows if there are some and none is of the future; raises SourceFaultError."""
        if not rows.days:
            raise SourceFaultError.of(FaultKind.NOT_FOUND, f"no bars of {symbol}")
        today = self._clock().astimezone(EXCHANGE_ZONE).date()
        if rows.days[-1] > today:
            raise SourceFaultError.of(FaultKind.MALFORMED, f"a bar of {rows.days[-1]}, which is after {today}")
        return rows


def listed(rows: Any) -> list[Any]:  # noqa: ANN401 - JSON
    """Return JSON that is a list. Raises TypeError."""
    if not isinstance(rows, list):
        raise TypeError(f"a list of rows is expected, not {type(rows).__name__}")
    return rows


def _last_settled_session(now: datetime) -> date:
    local = now.astimezone(EXCHANGE_ZONE)
    return previous_session(local.date() + timedelta(days=local.time() >= SETTLED))
