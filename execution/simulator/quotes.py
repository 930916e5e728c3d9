"""Market data: one picture of the market, live or a quarter of an hour old."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from execution.simulator.client import Message

if TYPE_CHECKING:
    from execution.simulator.market import Quote
    from execution.simulator.wire import Value

DELAY = timedelta(minutes=15)
LIVE, FROZEN, DELAYED = 1, 2, 3
NEED_LIVE = {LIVE, FROZEN}
HALF_SPREAD = Decimal("0.01")
SIZE = 100
# Tick types by what they say: live, delayed.
BID, ASK, LAST, HIGH, LOW, CLOSE, OPEN = (1, 66), (2, 67), (4, 68), (6, 72), (7, 73), (9, 75), (14, 76)
VOLUME, TIME = (8, 74), (45, 88)


def ticks(number: int, symbol: str, quote: Quote | None, *, is_live: bool) -> list[Message]:
    """Return the answer to the request `number`: the kind of data, and every value known."""

    def message(name: str, **values: Value) -> Message:
        return Message(name, {"reqId": number, **values}, symbol)

    column = 0 if is_live else 1
    kind = [message("marketDataType", type=LIVE if is_live else DELAYED), message("tickReqParams")]
    if quote is None:
        return kind
    traded: dict[tuple[int, int], Value] = {
        BID: quote.price - HALF_SPREAD,
        ASK: quote.price + HALF_SPREAD,
        LAST: quote.price,
    }
    bar = quote.bar
    session: dict[tuple[int, int], Value] = {HIGH: bar.high, LOW: bar.low, OPEN: bar.open, CLOSE: quote.previous_close}
    return [
        *kind,
        message("tickString", type=TIME[column], value=int(quote.at.timestamp())),
        *(message("tickPrice", type=type_[column], price=price, size=SIZE) for type_, price in traded.items()),
        *(message("tickPrice", type=type_[column], price=price, size=0) for type_, price in session.items()),
        message("tickSize", type=VOLUME[column], size=int(bar.volume)),
    ]
