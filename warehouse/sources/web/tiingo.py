"""Tiingo's end-of-day prices: raw and adjusted prices, dividends and splits in one row.

Columns: open, high, low and close are the raw ones divided by the factors of all later splits, volume times them;
adj_close is adjClose; dividend is divCash divided by the later splits. Source: tiingo.com, documentation of
"End-of-Day". Not verified with a key: the words of a 404, that class shares are written BRK-B, and that a split's
factor stands on its ex-day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from warehouse.calendar.sessions import FIRST_DAY
from warehouse.sources.adjustments import later_splits
from warehouse.sources.faults import FaultKind
from warehouse.sources.web.client import RequestLimits, WebAccess
from warehouse.sources.web.replies import KnownReply
from warehouse.sources.web.rows import Rows, day_at_midnight_utc
from warehouse.sources.web.source import AdjustedRows, WebSource, listed

if TYPE_CHECKING:
    from datetime import date

    from pydantic import SecretStr

FREE_PLAN = RequestLimits(requests=50, window=3600)
ACCESS = WebAccess("https://api.tiingo.com", FREE_PLAN)


class Tiingo(WebSource):
    """Thirty years of a symbol in one request; the free plan allows 50 requests an hour."""

    name = "tiingo"
    states_splits = True
    key_names = ("TIINGO_API_KEY",)
    key_page = "https://www.tiingo.com/account/api/token"
    known_replies = (
        KnownReply(200, "you have run over your", FaultKind.QUOTA),
        KnownReply(403, "invalid token", FaultKind.AUTH),
        KnownReply(403, '"detail"', FaultKind.ENTITLEMENT),
        KnownReply(404, "not found", FaultKind.NOT_FOUND),
    )

    def __init__(self, token: SecretStr | None, access: WebAccess = ACCESS) -> None:
        header = type(token)(f"Token {token.get_secret_value()}") if token else None
        super().__init__({"Authorization": header}, access)

    async def _series(self, symbol: str, since: date | None) -> AdjustedRows:
        path = f"/tiingo/daily/{symbol.replace('.', '-')}/prices"
        parameters = {"startDate": (since or FIRST_DAY).isoformat(), "format": "json", "resampleFreq": "daily"}
        return await self._client.get(path, parameters, lambda body: self._read(symbol, body))

    def _read(self, symbol: str, body: Any) -> AdjustedRows:  # noqa: ANN401 - JSON
        rows = self._checked(symbol, Rows(listed(body), lambda row: day_at_midnight_utc(row["date"])))
        split = rows.numbers("splitFactor")
        if not (split > 0).all():
            raise ValueError("a split factor is missing, and earlier prices depend on it")
        later = later_splits(split)
        paid = rows.numbers("divCash")
        prices = {name: rows.numbers(name) / later for name in ("open", "high", "low", "close")}
        numbers = prices | {
            "adj_close": rows.numbers("adjClose"),
            "volume": rows.numbers("volume") * later,
            "dividend": paid / later,
        }
        splits = {day: factor for day, factor in zip(rows.days, split.tolist(), strict=True) if factor != 1}
        return AdjustedRows(rows, numbers, is_rebased=bool(np.any((split[1:] != 1) | (paid[1:] != 0))), splits=splits)


SOURCE = Tiingo
