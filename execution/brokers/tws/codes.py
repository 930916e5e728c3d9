"""The broker's message codes: meaning, fault and remedy of each.

Collected from the broker's message-code and historical-limitations pages, its client's `errors.py`, and public reports.
A code in none of these sets is ambiguous: nothing is concluded from it, least of all that an order is dead.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

from execution.brokers.base import Fault


class Area(StrEnum):
    """Subject of a code."""

    CONNECTION = "connection"
    DATA = "data"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class CodeTraits:
    """Codes with one meaning.

    Attributes:
        text: Part of the broker's text that tells this meaning of a code from others, in lower case; empty fits all.
    """

    codes: frozenset[int]
    area: Area
    fault: Fault
    meaning: str
    remedy: str
    text: str = ""


_CONNECTION, _DATA, _ORDER = Area.CONNECTION, Area.DATA, Area.ORDER
_TRANSIENT, _PERMANENT, _OPERATOR = Fault.TRANSIENT, Fault.PERMANENT, Fault.OPERATOR
_INFORMATIONAL = Fault.INFORMATIONAL


class CodeSet(Enum):
    """The known codes, in order of precedence: the first set with the code and a fitting text counts."""

    GATEWAY_UNREACHABLE = CodeTraits(
        frozenset({502, 504, 507, 509}),
        _CONNECTION,
        _TRANSIENT,
        "The gateway is down, restarting, or cut the connection.",
        "Start it and log in; swing asks again by itself.",
    )
    CLIENT_ID_IN_USE = CodeTraits(
        frozenset({326}),
        _CONNECTION,
        _TRANSIENT,
        "Another program is connected with this client id, or the gateway has not let go of an earlier connection.",
        "Wait, or stop that program. Keep broker.client_id while an order of ours may be open: only the client that "
        "sent an order can cancel it.",
    )
    ALREADY_CONNECTED = CodeTraits(
        frozenset({501}),
        _CONNECTION,
        _PERMANENT,
        "This connection is open already.",
        "Report it as a fault of this program.",
    )
    VERSION_MISMATCH = CodeTraits(
        frozenset({503, 505, 506, 508}),
        _CONNECTION,
        _PERMANENT,
        "Gateway and client do not speak the same protocol.",
        "Update the gateway (TWS or IB Gateway, build 10.30.1 or newer).",
    )
    PORT_CHANGED = CodeTraits(
        frozenset({1300}),
        _CONNECTION,
        _OPERATOR,
        "Somebody changed the gateway's socket port; this connection ends.",
        "Set broker.port to the port in the text.",
    )
    CONNECTIVITY_LOST = CodeTraits(
        frozenset({1100, 2110}),
        _CONNECTION,
        _TRANSIENT,
        "The gateway lost the broker; our connection to the gateway stays.",
        "Wait: nothing is sent until it is back. If it lasts, look at the gateway's window and the network.",
    )
    CONNECTIVITY_RESTORED = CodeTraits(
        frozenset({1101, 1102}),
        _CONNECTION,
        _INFORMATIONAL,
        "The gateway reached the broker again.",
        "Nothing: the account is read anew before anything is sent.",
    )
    FARM_BROKEN = CodeTraits(
        frozenset({2103, 2105, 2157}),
        _CONNECTION,
        _INFORMATIONAL,
        "A data farm is disconnected; prices or history may not come.",
        "Wait; most farms return within minutes.",
    )
    FARM_READY = CodeTraits(
        frozenset({2104, 2106, 2107, 2108, 2119, 2158}),
        _CONNECTION,
        _INFORMATIONAL,
        "A data farm is connected, connecting or idle.",
        "Nothing.",
    )
    TOO_MANY_MESSAGES = CodeTraits(
        frozenset({100}),
        _CONNECTION,
        _TRANSIENT,
        "More than 50 messages a second.",
        "Nothing: swing keeps to 45; stop other programs on this login if it recurs.",
    )
    ACCOUNT_SUBSCRIPTION = CodeTraits(
        frozenset({542, 2100, 2101}),
        _CONNECTION,
        _INFORMATIONAL,
        "A subscription to account data was displaced or refused.",
        "Nothing: swing asks anew each time.",
    )
    READ_ONLY = CodeTraits(
        frozenset({321}),
        _ORDER,
        _OPERATOR,
        "The gateway's API is read-only.",
        "Gateway → Configure → API → Settings: clear 'Read-Only API'.",
        text="read-only",
    )
    PACING_VIOLATION = CodeTraits(
        frozenset({162}),
        _DATA,
        _TRANSIENT,
        "Too many history requests in a short time.",
        "Nothing: the request is repeated after 15 seconds.",
        text="pacing violation",
    )
    NO_DATA = CodeTraits(
        frozenset({162}),
        _DATA,
        _PERMANENT,
        "There are no bars in this range.",
        "Check that the symbol traded then; ask for a shorter history.",
        text="no data",
    )
    NO_HISTORY_PERMISSION = CodeTraits(
        frozenset({162}),
        _DATA,
        _OPERATOR,
        "The login has no permission for this history.",
        "Subscribe to the data in the broker's account settings.",
        text="permission",
    )
    OTHER_SESSION = CodeTraits(
        frozenset({162}),
        _DATA,
        _TRANSIENT,
        "The login is in use on another computer.",
        "Log out there: TWS and the mobile app take the data away.",
        text="different ip",
    )
    QUERY_CANCELLED = CodeTraits(
        frozenset({162}), _DATA, _INFORMATIONAL, "A history request was cancelled, as asked.", "Nothing.", text="cancel"
    )
    HISTORY_ERROR = CodeTraits(
        frozenset({162}),
        _DATA,
        _TRANSIENT,
        "The history service refused without a reason known here.",
        "Nothing: the request is repeated.",
    )
    COMPETING_SESSION = CodeTraits(
        frozenset({10197}),
        _DATA,
        _TRANSIENT,
        "Another session of the login takes the market data.",
        "Log out of TWS, the website and the mobile app.",
    )
    DATA_ADVICE = CodeTraits(
        frozenset({10089, 10090, 10091}),
        _DATA,
        _INFORMATIONAL,
        "A part of the market data needs a subscription; the rest may follow.",
        "Nothing: swing waits for the prices. Subscribe if none come.",
    )
    DATA_NOTE = CodeTraits(
        frozenset({165, 300, 366, 10167}),
        _DATA,
        _INFORMATIONAL,
        "A note: query running or ended, or delayed prices shown instead of live ones.",
        "Nothing.",
    )
    UNKNOWN_CONTRACT = CodeTraits(
        frozenset({200, 203}),
        _DATA,
        _PERMANENT,
        "The symbol is unknown, ambiguous, or not allowed for this account.",
        "Check the symbol in portfolio.yaml.",
    )
    DUPLICATE_REQUEST = CodeTraits(
        frozenset({322}),
        _DATA,
        _TRANSIENT,
        "The request's number is in use.",
        "Nothing: it is repeated with another.",
        text="duplicate",
    )
    INVALID_REQUEST = CodeTraits(
        frozenset({320, 321, 322, 323}),
        _DATA,
        _PERMANENT,
        "The gateway could not read or accept the request.",
        "Where it meets every order: Gateway → Configure → API → Settings, clear 'Read-Only API'. Else update the "
        "gateway; if it stays, report the text.",
    )
    NOT_SUBSCRIBED = CodeTraits(
        frozenset({354, 10168, 10186}),
        _DATA,
        _OPERATOR,
        "The login has no market data for this symbol, not even delayed.",
        "Subscribe, or allow delayed data; until then set trading.decide_on to previous_close.",
    )
    DATA_PACING = CodeTraits(
        frozenset({420}),
        _DATA,
        _TRANSIENT,
        "Too many market data requests in a short time.",
        "Nothing: the request is repeated.",
    )
    REJECTED = CodeTraits(
        frozenset({201}),
        _ORDER,
        _PERMANENT,
        "The broker rejected the order.",
        "Read the reason (margin, cash, hours, permissions); it is not sent again.",
    )
    ORDER_HELD = CodeTraits(
        frozenset({109, 163, 354, *range(382, 389), 451, 10311, 10329}),
        _ORDER,
        Fault.HELD,
        "The gateway holds the order back, in no list, until a person answers. It can still be transmitted and fill.",
        "Look in the gateway for a window or a Transmit button and delete the order there; then set the precautions as "
        "in the runbook.",
    )
    CANCELLED = CodeTraits(
        frozenset({202}),
        _ORDER,
        _INFORMATIONAL,
        "An order was cancelled; its status says so as well.",
        "Nothing, if you or swing cancelled it.",
    )
    DUPLICATE_ORDER_ID = CodeTraits(
        frozenset({103}),
        _ORDER,
        Fault.NUMBER_TAKEN,
        "The order's number was used before: by another order, or by this one, which the gateway then has.",
        "Nothing: an order's first sending is numbered higher; one that was sent before is never sent again.",
    )
    UNSUPPORTED_ORDER = CodeTraits(
        frozenset({104, 105, 106, 107, 111, 113, 116, 133, 134, 135, 136, 434, 435, 460, 10268, 10269, 10289, 10293}),
        _ORDER,
        _PERMANENT,
        "The order, or a change of it, is not possible so.",
        "Read the text; an order it would have changed still lives.",
    )
    TICK_SIZE = CodeTraits(
        frozenset({110}),
        _ORDER,
        _PERMANENT,
        "The limit price does not fit the smallest price step.",
        "Report it: swing rounds to cents.",
    )
    NOT_CANCELLABLE = CodeTraits(
        frozenset({161, 10147, 10148}),
        _ORDER,
        _INFORMATIONAL,
        "The order cannot be cancelled; mostly it is filled or cancelled already.",
        "Nothing: the account is read anew.",
    )
    ORDER_IS_LIVE = CodeTraits(
        frozenset({399, 404, 2109, 2137, 10018, 10019, 10233, 10285, 10349}),
        _ORDER,
        _INFORMATIONAL,
        "A warning: the order waits, or was changed by a preset. It is live and can fill.",
        "Nothing. Never send it again because of this code.",
    )
    STILL_PROCESSING = CodeTraits(
        frozenset({2102}),
        _ORDER,
        _INFORMATIONAL,
        "The order is still being processed and cannot be changed yet.",
        "Nothing.",
    )
    PARENT_NOT_FOUND = CodeTraits(
        frozenset({10006}),
        _ORDER,
        _PERMANENT,
        "The order names a parent order that is not there.",
        "Report it: swing sends no such orders.",
    )
    FRACTIONS_REFUSED = CodeTraits(
        frozenset(range(10241, 10253)),
        _ORDER,
        Fault.FRACTION,
        "Parts of shares, or orders by amount, are not allowed over the API for this account.",
        "Set broker.fractional to no; whole shares are traded instead.",
    )
    SYSTEM_NOTE = CodeTraits(
        frozenset(range(2100, 2200)), _CONNECTION, _INFORMATIONAL, "Any other note of the gateway's.", "Nothing."
    )
    UNKNOWN = CodeTraits(
        frozenset(),
        _ORDER,
        Fault.AMBIGUOUS,
        "A code that is in no list. An order it names may live, be filled or be dead.",
        "Look at the order in the gateway or TWS; swing reads the account anew and believes only that.",
    )


PRECAUTION = "precautionary settings"
"""Stands in the text of every code by which the gateway holds an order back."""


def classify(code: int, text: str = "", *, is_order: bool = False) -> CodeSet:
    """Return the set of `code`; `text` tells apart the meanings of 162, 321 and 322.

    About an order, 354 and whatever speaks of a precaution mean that it is held.
    """
    words = text.casefold()
    if is_order and (PRECAUTION in words or code in CodeSet.ORDER_HELD.value.codes):
        return CodeSet.ORDER_HELD
    fitting = (known for known in CodeSet if code in known.value.codes and known.value.text in words)
    return next(fitting, CodeSet.UNKNOWN)
