"""Our sources over fake vendors: made quick, and their answers compared with the market."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from typing import TYPE_CHECKING

import httpx2
import numpy as np
from fake_vendors import FakeAlpaca, FakeTiingo, FakeYahoo
from pydantic import SecretStr
from vendor_market import LAST, Traded, adjusted, traded

from warehouse.calendar.sessions import EXCHANGE_ZONE
from warehouse.sources.web import alpaca, tiingo, yahoo
from warehouse.sources.web.alpaca import Alpaca
from warehouse.sources.web.client import WebAccess
from warehouse.sources.web.tiingo import Tiingo
from warehouse.sources.web.yahoo import Yahoo

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa
    from fake_vendors import FakeVendor

    from warehouse.sources.web.source import WebSource

TOKEN = SecretStr("tiingo-token-5e1f")
KEY_ID, SECRET_KEY = SecretStr("alpaca-id-77aa"), SecretStr("alpaca-secret-90bc")
MARKET = {symbol: traded(symbol) for symbol in ("SPY", "QQQ", "TLT")}
EVENING = datetime.combine(LAST, time(21), EXCHANGE_ZONE)
"""After the market's last session, when all its prices are final."""
VENDORS: dict[str, Callable[..., FakeVendor]] = {"tiingo": FakeTiingo, "alpaca": FakeAlpaca, "yahoo": FakeYahoo}
ACCESS = {"tiingo": tiingo.ACCESS, "alpaca": alpaca.ACCESS, "yahoo": yahoo.ACCESS}


def source_of(name: str, access: WebAccess) -> WebSource:
    """Make a source with its keys."""
    if name == "tiingo":
        return Tiingo(TOKEN, access)
    return Alpaca(KEY_ID, SECRET_KEY, access) if name == "alpaca" else Yahoo(access)


def quick(name: str, base_url: str, now: datetime = EVENING, deadline: float = 20.0) -> WebSource:
    """Make a source that hardly waits, at a fixed time."""
    access = ACCESS[name]
    limits = replace(
        access.limits, requests=10_000, in_flight=8, deadline=deadline, attempts=2, first_wait=0.01, longest_wait=1
    )
    transport = httpx2.AsyncHTTPTransport(verify=False)  # it takes a while to load certificates, and none is needed
    return source_of(name, WebAccess(base_url, limits, lambda: now, transport))


def assert_is_market(bars: pa.Table, market: list[Traded], without: frozenset[date] = frozenset()) -> None:
    """Fail unless the bars are those of the market, in today's shares, but for some sessions that have no sound bar."""
    expected = [bar for bar in adjusted(market) if bar.day not in without]
    found = [row for row in bars.to_pylist() if row["session_date"] not in without]
    assert [row["session_date"] for row in found] == [bar.day for bar in expected]
    for name, tolerance in {"open": 1e-4, "close": 1e-4, "adj_close": 1e-4, "dividend": 0.0051, "volume": 1e-6}.items():
        numbers = np.array([row[name] for row in found], float)
        assert np.allclose(numbers, [getattr(bar, name) for bar in expected], rtol=0, atol=tolerance), name
