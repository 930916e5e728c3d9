"""Kinds of what real gateways do, as scenarios with places to fill in; chance fills them, or a search."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PRECAUTION = "Restriction is specified in Precautionary Settings of Global Configuration/Presets."
IN_USE = 'error 326 "Unable to connect as the client id is already in use.", drop'
NOT_FOUND = 'error 10147 "OrderId that needs to be cancelled is not found."'
OUTAGE = 'error 1100 "Connectivity has been lost.", error 2104 "Market data farm connection is OK:usfarm"'
RESTORED = 'error 1102 "Connectivity has been restored - data maintained."'
KINDS = {
    "nothing": "",
    # Orders that are held, swallowed or doubled.
    "held in a window": f'on placeOrder {{nth}}: hold, error {{held}} "{PRECAUTION}"',
    "held, then transmitted": f'on placeOrder {{nth}}: hold {{seconds}}, error {{held}} "{PRECAUTION}"',
    "held without a word": f"on placeOrder {{nth}}: hold\non cancelOrder {{nth}}: {NOT_FOUND}",
    "kept, and 103 when it comes again": "on placeOrder {nth}: hold {seconds}",
    "kept, and its cancellation lost": "on placeOrder {nth}: hold {seconds}\non cancelOrder {nth}: lose",
    "swallowed": "on placeOrder {nth}: lose",
    "two orders of one number": "on placeOrder {nth}: accept, double",
    "resubmitted after an outage": f"on placeOrder {{nth}}: hold {{seconds}}, {OUTAGE}, delay {{short}}, {RESTORED}",
    "inactive": "on placeOrder {nth}: inactive",
    "inactive, then worked": "on placeOrder {nth}: inactive {seconds}\non cancelOrder {nth}: lose",
    "taken late": "on placeOrder {nth}: delay {seconds}, accept",
    "rejected": 'on placeOrder {nth}: reject 201 "Order rejected - reason:margin"',
    "refused in words": 'on placeOrder {nth}: error {refusal} "It is not allowed."',
    "refused in German": 'on placeOrder {nth}: error 321 "Die API-Schnittstelle befindet sich im Nur-Lese-Modus."',
    "a false cancel": 'on placeOrder {nth}: error 10349 "Order TIF was set to DAY based on order preset.", accept',
    "in an unknown code": 'on placeOrder {nth}: error 10999 "Unheard of.", accept',
    # What is told of them.
    "executions first": "on openOrder {nth}: lose\non orderStatus {nth}: lose",
    "no status at all": "on orderStatus: lose",
    "no order is described": "on openOrder: lose",
    "a status before its execution": "fill status first",
    "a lost execution": "on execDetails {nth}: lose",
    "a torn execution": "on execDetails {nth}: truncate",
    "everything twice": "on execDetails: repeat 2\non openOrder: repeat 2\non orderStatus: repeat 2",
    "told unasked": "open orders first\ntell completed orders",
    "a commission unset at first": "commission unset first",
    "a commission never set": "commission never set",
    "a corrected execution": "correct {symbol} 1: price {shift}",
    "times of an unnamed zone": "gateway zone {zone}",
    "times in another form": "execution time {form}",
    # How they fill.
    "in parts": "fill in 3 parts every {seconds}",
    "a part alone": "fill {symbol} in 3 parts every 1 stop after 1",
    "never": "fill {symbol} never",
    "never, and cancellations lost": "fill {symbol} never\non cancelOrder {nth}: lose",
    # The connection.
    "cut off before an order": "on placeOrder {nth}: drop",
    "cut off after an order": "on placeOrder {nth}: accept, drop",
    "a restart": "on placeOrder {nth}: accept, restart after {short}",
    "a restart, ids rolled back": "on placeOrder {nth}: accept, restart after {short} with ids rolled back",
    "an outage": f"on placeOrder {{nth}}: {OUTAGE}, delay {{short}}, {RESTORED}, accept",
    "a lingering session": f"on startApi {{nth}}: {IN_USE}",
    "a lingering session, for long": "\n".join(f"on startApi {nth}: {IN_USE}" for nth in range(1, 7)),
    # The account.
    "no end of executions": "on execDetailsEnd {nth}: lose",
    "no end of positions": "on positionEnd {nth}: lose",
    "no positions": "on position: lose",
    "a summary without an end": "on accountSummaryEnd {nth}: lose",
    "listings abroad": "listing {symbol} LSEETF holding 40\nlisting {symbol} LSEETF",
    "cash in other currencies": "cash 50000 in EUR\ncash rows $LEDGER-",
    # Prices.
    "advice before prices": 'on marketDataType: error {advice} "Part of it is not subscribed.", accept',
    "no price of one symbol": 'on reqMktData {symbol}: error 200 "No security definition has been found"',
    "live prices": "live data",
}
"""Scenarios by kind; {…} is one of CHOICES."""
CHOICES = {
    "nth": ("1", "2", "3", "1+", "2+"),
    "seconds": ("0.5", "2", "5", "12", "25", "70"),
    "short": ("0.5", "2", "8"),
    "held": ("109", "163", "354", "382", "383", "451", "10311"),
    "refusal": ("110", "201", "321", "10268"),
    "symbol": ("SPY", "TLT", "GLD", "QQQ"),
    "shift": ("+0.10", "-0.10"),
    "zone": ("Asia/Hong_Kong", "Europe/London", "America/Chicago"),
    "form": ("naive", "utc", "EDT", "MET"),
    "advice": ("10089", "10090", "10091"),
}
_PLACE = re.compile(r"\{(\w+)\}")


def written(kind: str, choose: Callable[[Sequence[str]], str]) -> str:
    """Fill in the places of a scenario by choice."""
    return _PLACE.sub(lambda place: choose(CHOICES[place[1]]), KINDS[kind])
