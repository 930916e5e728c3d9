"""Prices from snapshots of the market: live where the login may have them, else delayed, with their age."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from execution.brokers.tws.answers import DeadlineError
from execution.brokers.tws.orders import exact, known
from execution.brokers.tws.session import KIND
from execution.models import Price, PriceKind

if TYPE_CHECKING:
    from execution.brokers.tws.session import Session

LIVE_ELSE_DELAYED = 3
DELAY = timedelta(minutes=15)
"""Least age of a delayed price."""

_KINDS = dict(enumerate((PriceKind.LIVE, PriceKind.FROZEN, PriceKind.DELAYED, PriceKind.DELAYED_FROZEN), start=1))
"""By the broker's numbers."""
_DELAYED = {PriceKind.DELAYED, PriceKind.DELAYED_FROZEN}
_BID, _ASK, _LAST, _LAST_TIME = (1, 66), (2, 67), (4, 68), (45, 88)
"""Tick types, live and delayed."""
_HALTED = (49, 90)

Ticks = Mapping[int | str, float | str]
"""Content of a snapshot: prices (USD) and texts by tick type, and under KIND the number of its kind."""


async def quote(session: Session, symbol: str, asked_at: datetime, deadline: float) -> Price | None:
    """Return the best price, None if none comes within `deadline` seconds.

    `asked_at` is the broker's clock, not later than now.

    Raises:
        TransientError: The broker cannot answer at the moment.
        BrokerRefusedError: The symbol is unknown, or the login has no prices of it.
        BrokerError: The connection is down.
    """
    contract = await session.contract(symbol)
    client, request = session.client, 0

    def send(number: int) -> None:
        nonlocal request
        request = number
        is_snapshot, is_paid_for = True, False
        client.reqMktData(number, contract, "", is_snapshot, is_paid_for, [])

    try:
        ticks = await session.ask_numbered(symbol, send, deadline)
    except DeadlineError as late:
        ticks = late.parts
        client.cancelMktData(request)
    return best_price(symbol, dict(ticks), asked_at)


def best_price(symbol: str, ticks: Ticks, now: datetime) -> Price | None:
    """Return the last trade's price, moved into the spread if it lies outside; without a trade the spread's middle.

    A live price is as of `now`, the broker's clock when it was asked, or, without bid and ask, as of its last trade; a
    delayed one as of its last trade, or 15 minutes ago. None if there is no price, one of unknown age, or a halt.
    """
    bid, ask, last = (_price(ticks, types) for types in (_BID, _ASK, _LAST))
    quotes = [price for price in (bid, ask) if price]
    if _is_halted(ticks):
        return None
    if last is None and len(quotes) < 2:  # noqa: PLR2004 - one side alone is no price
        return None
    amount = last or sum(quotes) / 2
    amount = min(max(amount, bid or amount), ask or amount)
    is_delayed = any(types[1] in ticks for types in (_BID, _ASK, _LAST))
    kind = _KINDS.get(int(ticks.get(KIND, 3 if is_delayed else 1)))
    if kind is None:
        return None
    is_quoted = len(quotes) == 2  # noqa: PLR2004 - bid and ask
    as_of = _as_of(ticks, kind, now, is_quoted=is_quoted)
    return Price(symbol, exact(round(amount, 6)), kind, as_of) if as_of else None


def _price(ticks: Ticks, types: tuple[int, int]) -> float | None:
    # The broker says -1 or 0 for none.
    prices = (float(ticks.get(wanted, 0)) for wanted in types)
    return next((price for price in prices if known(price) and price > 0), None)


def _is_halted(ticks: Ticks) -> bool:
    # The broker says 0 for trading and -1 for unknown.
    return any(float(ticks.get(wanted, 0)) > 0 for wanted in _HALTED)


def _as_of(ticks: Ticks, kind: PriceKind, now: datetime, *, is_quoted: bool) -> datetime | None:
    if kind is PriceKind.LIVE and is_quoted:
        return now
    seconds = next((str(ticks[wanted]) for wanted in _LAST_TIME if wanted in ticks), "")
    if seconds.isdigit():
        return datetime.fromtimestamp(min(int(seconds), now.timestamp()), UTC)
    if kind is PriceKind.LIVE:
        return now
    return now - DELAY if kind in _DELAYED else None
