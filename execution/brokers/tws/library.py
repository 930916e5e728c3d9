"""The only module that knows the client library: ib_insync, or ib_async, whichever is installed.

Its socket client and decoder are used: framing, handshake, throttle and the fields of each message. Its caches and its
own reading of errors are not: they differ between the two libraries, and call live orders cancelled.
"""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from functools import cache
from importlib.util import find_spec
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from execution.errors import BrokerError
from execution.models import CURRENCY, Order
from warehouse.calendar.sessions import EXCHANGE_ZONE

if TYPE_CHECKING:
    from types import ModuleType

LIBRARIES = ("ib_insync", "ib_async")
EXECUTION_MESSAGE, HISTORY_MESSAGE = 11, 17
EXECUTION_TIME_FIELD = 15
BAR_FIELDS = 8
PREFIX = 4
"""Bytes that state the length of a message."""
_EXECUTION_TIME = re.compile(r"(\d{8})(-)?\s*(\d\d:\d\d:\d\d)\s*(.*)")

Foreign = Any
"""An object of the library: the two have the same names and fields in classes of their own."""
Callbacks = Mapping[str, Callable[..., None]]
"""Callbacks by the decoder's name for a message; other messages are ignored."""


@cache
def library() -> ModuleType:
    """Import the client library; to be called inside a running loop, which it asks for.

    Raises:
        BrokerError: Neither is installed.
    """
    name = next(filter(find_spec, LIBRARIES), None)
    if name is None:
        raise BrokerError(
            "The broker's client library is not installed. Install it: pip install 'swing-portfolio[ib-insync]'."
        )
    # Without a handler the library's own error lines would go to the terminal, beside the error that we raise.
    logging.getLogger(name).addHandler(logging.NullHandler())
    return importlib.import_module(name)


def make_client(
    callbacks: Callbacks, on_undecodable: Callable[[str], None], zone: Callable[[], tzinfo | None] = lambda: None
) -> Foreign:
    """Make a client of the library that calls `callbacks`, and `on_undecodable` for a message that was lost.

    `zone` is asked for the gateway's time zone, by which times without one are read; the exchange's counts without it.
    Beside the decoder's own names there are "greeting" (the text of the gateway's time in the handshake),
    "historicalData" (request, columns of text: date, open, high, low, close, volume, average, count) and "strangeZone"
    (the text of a time whose zone is unknown).
    """
    client = library().Client(_Receiver(**callbacks))
    decoder = client.decoder
    decoder.logger = _Undecodable(on_undecodable)
    decode_execution = decoder.handlers[EXECUTION_MESSAGE]

    def on_execution(fields: list[str]) -> None:
        text = fields[EXECUTION_TIME_FIELD]
        moment, is_understood = execution_time(text, zone())
        if not is_understood:
            callbacks["strangeZone"](text)
        fields[EXECUTION_TIME_FIELD] = str(int(moment.timestamp()))
        decode_execution(fields)

    def on_history(fields: list[str]) -> None:
        _, request, _, _, count, *cells = fields
        if len(cells) != int(count) * BAR_FIELDS:
            raise ValueError(f"{count} bars announced, {len(cells)} cells came")
        callbacks["historicalData"](int(request), [cells[place::BAR_FIELDS] for place in range(BAR_FIELDS)])

    decoder.handlers |= {EXECUTION_MESSAGE: on_execution, HISTORY_MESSAGE: on_history}
    if "greeting" in callbacks:
        client.conn.hasData += _greeting(callbacks["greeting"])
    return client


def _greeting(tell: Callable[[str], None]) -> Callable[[bytes], None]:
    """Listen to what the gateway sends until its first message is whole: a version, and its time in its own zone."""
    heard = bytearray()
    is_over = False

    def listen(data: bytes) -> None:
        nonlocal is_over
        if is_over:
            return
        heard.extend(data)
        size = int.from_bytes(heard[:PREFIX]) + PREFIX
        if len(heard) >= max(size, PREFIX):
            is_over = True
            _, _, text = heard[PREFIX:size].decode(errors="replace").rstrip("\0").partition("\0")
            tell(text)

    return listen


def local_time(text: str) -> datetime | None:
    """Return a gateway's time of day, without its zone, from the text of its handshake; None if it states none."""
    found = _EXECUTION_TIME.fullmatch(text)
    return datetime.strptime(f"{found[1]} {found[3]}", "%Y%m%d %H:%M:%S") if found and not found[2] else None  # noqa: DTZ007


def execution_time(text: str, gateway_zone: tzinfo | None = None) -> tuple[datetime, bool]:
    """Return the time (UTC) of an execution, and True if its zone is known.

    Gateways write '20260415 12:19:00 US/Eastern', '20230224  12:04:56' (in their own zone) and '20231214-20:57:37'
    (UTC). A zone that is not stated, or unknown, is the gateway's, or the exchange's where that is not known either.

    Raises:
        ValueError: It is none of these.
    """
    found = _EXECUTION_TIME.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no time of an execution")
    day, dash, clock, name = found.groups()
    moment = datetime.strptime(f"{day} {clock}", "%Y%m%d %H:%M:%S").replace(tzinfo=UTC)
    try:
        zone = ZoneInfo(name) if name else gateway_zone or EXCHANGE_ZONE
        is_understood = True
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder
        zone, is_understood = gateway_zone or EXCHANGE_ZONE, False
    return moment if dash else moment.replace(tzinfo=zone).astimezone(UTC), is_understood


def stock(symbol: str) -> Foreign:
    """Return an unqualified contract of a US stock or ETF; the broker writes a class share with a blank."""
    return library().Contract(symbol=symbol.replace(".", " "), secType="STK", exchange="SMART", currency=CURRENCY)


def ordered(symbol: str, contract_id: int) -> Foreign:
    """Return the contract that an order is for."""
    contract = stock(symbol)
    contract.conId = contract_id
    return contract


def day_order(order: Order, order_ref: str, account_id: str) -> Foreign:
    """Return an order of the library that states every field which a preset of the gateway could change."""
    return library().Order(
        action=order.side.value,
        totalQuantity=f"{order.quantity:f}",
        orderType="MKT" if order.limit_price is None else "LMT",
        **({} if order.limit_price is None else {"lmtPrice": f"{order.limit_price:f}"}),
        tif="DAY",
        account=account_id,
        orderRef=order_ref,
        eTradeOnly=False,
        firmQuoteOnly=False,
    )


def executions_of(account_id: str) -> Foreign:
    """Return the filter for an account's executions, of every client."""
    return library().ExecutionFilter(acctCode=account_id)


class _Receiver(SimpleNamespace):
    """Receives the decoder's messages."""

    defaultTimezone = UTC  # noqa: N815 - ib_async reads it

    def __getattr__(self, name: str) -> Callable[..., None]:
        return _ignore


def _ignore(*_message: object) -> None:
    pass


class _Undecodable(logging.Logger):
    """Takes the decoder's log records, each of which means a lost message."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(__name__, logging.ERROR)
        self._tell = tell

    def handle(self, record: logging.LogRecord) -> None:
        cause = record.exc_info[1] if record.exc_info else None
        self._tell(f"{record.getMessage()} {cause!r}")
