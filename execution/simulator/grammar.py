"""Scenarios: faults as short text, one rule a line.

    on MESSAGE [SYMBOL] [NTH]: ACTION, ACTION …   at a request of the client or a message of the gateway
    fill [SYMBOL] in N parts every SECONDS        … `stop after K` leaves the rest open
    fill [SYMBOL] never
    fill status first                             the status before its execution
    correct SYMBOL NTH: price 501.20              an execution is corrected; +0.10 and -0.10 shift its price
    execution time FORMAT                         exchange, naive, utc, or the name of a zone
    gateway zone ZONE                             the handshake's time and executions' naive times are in this zone
    listing SYMBOL EXCHANGE [holding SHARES]      the symbol is also listed there, in USD
    cash AMOUNT in CURRENCY                       counts in the totals of cash, converted one to one
    cash rows PREFIX                              tags of cash by currency begin so, as $LEDGER- in newer gateways
    commission unset first | commission never set the unset double comes before a commission, or for ever instead of it
    open orders first                             a connection is told the open orders before its next number
    tell completed orders                         an order that ends is told as completed, unasked
    reuse order numbers                           an order's number is told first as that of another session's, filled
    latency SECONDS                               from order to fill, real time
    accept fractions | accept unsettled           fractional orders; buys from proceeds that have not settled
    live data                                     quotes are live, not delayed
    enforce pacing                                too many or repeated requests are refused as by the broker

MESSAGE is a name of IBKR's client: a request (placeOrder, reqPositions …) or a message (orderStatus, positionEnd …).
NTH counts its occurrences that fit, from 1; `2+` means from the second on; without it every occurrence is meant. The
actions happen in order:

    accept             the request is carried out, or the message sent; delays alone end in it
    delay SECONDS      a request waits alone; a message holds up all that follow it to this client
    error CODE "TEXT"  an error with this code and text is sent
    reject CODE "TEXT" the order reaches the broker and is rejected there
    hold [SECONDS]     the order stays in a window of the gateway, in no list; it is worked after SECONDS, if given
    inactive [SECONDS] the order is inactive in the list of open orders, and is worked after SECONDS, if given
    double             the order, which was accepted before, is there a second time under the same number
    lose               the request or message is lost
    drop               the connection ends, and messages not yet sent are lost
    truncate           the connection ends within the frame of the message
    repeat N           the message is sent N times
    restart            every connection ends; `restart after SECONDS` keeps new ones out so long;
                       `restart with ids rolled back` forgets the order ids that were used

Text after a # is a comment. The folder `scenarios` has an example of each published incident.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, cast

from execution.simulator.messages import MESSAGES, REQUESTS
from execution.simulator.scenario import ACCEPT, EVERY, Action, ActionKind, Correction, Filling, Listing, Rule, Scenario
from warehouse.errors import ConfigurationError

ONLY_REQUESTS = {ActionKind.REJECT, ActionKind.HOLD, ActionKind.INACTIVE, ActionKind.DOUBLE}
ONLY_MESSAGES = {ActionKind.TRUNCATE, ActionKind.REPEAT}
LET_PASS = {ActionKind.DELAY}
"""Actions that alone do not replace the usual course."""

SHIPPED = Path(__file__).parent / "scenarios"

_Change = Callable[[Scenario], Scenario]


class _RejectedError(Exception):
    """A line that is refused; its message is the reason."""


class Phrase(NamedTuple):
    """A kind of line or action: its usage for people, its pattern, and the function that makes it."""

    usage: str
    pattern: re.Pattern[str]
    make: Callable[..., object]


def _form(usage: str, pattern: str, make: Callable[..., object]) -> Phrase:
    return Phrase(usage, re.compile(pattern), make)


SYMBOL, COUNT, SECONDS, PRICE = r"[A-Z][A-Z0-9.]*", r"[1-9]\d*", r"\d+(?:\.\d+)?", r"[+-]?\d+(?:\.\d+)?"
TEXT = r'"([^"]*)"'
UNCOMMENTED = re.compile(r'(?:[^#"]|"[^"]*"|")*')

ACTIONS = (
    _form("accept", "accept", lambda: ACCEPT),
    _form("delay SECONDS", f"delay ({SECONDS})", lambda s: Action(ActionKind.DELAY, float(s))),
    _form('error CODE "TEXT"', rf"error (\d+) {TEXT}", lambda c, t: Action(ActionKind.ERROR, int(c), t)),
    _form('reject CODE "TEXT"', rf"reject (\d+) {TEXT}", lambda c, t: Action(ActionKind.REJECT, int(c), t)),
    _form("hold [SECONDS]", f"hold(?: ({SECONDS}))?", lambda s: Action(ActionKind.HOLD, float(s or 0))),
    _form("inactive [SECONDS]", f"inactive(?: ({SECONDS}))?", lambda s: Action(ActionKind.INACTIVE, float(s or 0))),
    _form("double", "double", lambda: Action(ActionKind.DOUBLE)),
    _form("lose", "lose", lambda: Action(ActionKind.LOSE)),
    _form("drop", "drop", lambda: Action(ActionKind.DROP)),
    _form("truncate", "truncate", lambda: Action(ActionKind.TRUNCATE)),
    _form("repeat N", f"repeat ({COUNT})", lambda n: Action(ActionKind.REPEAT, int(n))),
    _form(
        "restart [after SECONDS] [with ids rolled back]",
        f"restart(?: after ({SECONDS}))?( with ids rolled back)?",
        lambda s, ids: Action(ActionKind.RESTART, float(s or 0), ids_roll_back=ids is not None),
    ),
)


def _on(*parts: str) -> _Change:
    message, symbol, nth, is_open, actions = parts
    if message not in MESSAGES and message not in REQUESTS:
        raise _RejectedError(
            f"{message} is no message; requests: {', '.join(REQUESTS)}; messages: {', '.join(MESSAGES)}"
        )
    steps = tuple(_action(part.strip()) for part in re.findall(r'(?:[^,"]|"[^"]*")+', actions))
    misplaced = {step.kind for step in steps} & (ONLY_REQUESTS if message in MESSAGES else ONLY_MESSAGES)
    if misplaced:
        raise _RejectedError(f"{message} cannot {', '.join(sorted(misplaced))}")
    if all(step.kind in LET_PASS for step in steps):
        steps = (*steps, ACCEPT)
    first = int(nth or 1)
    rule = Rule(message, symbol or EVERY, first, first if nth and not is_open else math.inf, steps)
    return lambda scenario: replace(scenario, rules=(*scenario.rules, rule))


def _action(text: str) -> Action:
    made = _made(ACTIONS, text)
    if not isinstance(made, Action):
        raise _RejectedError(f"{text!r} is no action; allowed: {'; '.join(form.usage for form in ACTIONS)}")
    return made


def _fill(symbol: str | None, parts: str, every: str, count: str | None) -> _Change:
    return _filling(symbol, Filling(int(parts), float(every), int(count or parts)))


def _filling(symbol: str | None, filling: Filling) -> _Change:
    return lambda scenario: replace(scenario, fillings={**scenario.fillings, symbol or EVERY: filling})


def _correct(symbol: str, nth: str, price: str) -> _Change:
    correction = Correction(symbol, int(nth), Decimal(price), is_shift=price[0] in "+-")
    return lambda scenario: replace(scenario, corrections=(*scenario.corrections, correction))


def _setting(**values: object) -> _Change:
    return lambda scenario: replace(scenario, **values)  # type: ignore[arg-type] # the lines below name fields


def _listing(symbol: str, exchange: str, held: str | None) -> _Change:
    listing = Listing(symbol, exchange, Decimal(held or 0))
    return lambda scenario: replace(scenario, listings=(*scenario.listings, listing))


def _foreign_cash(amount: str, currency: str) -> _Change:
    return lambda scenario: replace(scenario, foreign_cash=(*scenario.foreign_cash, (currency, Decimal(amount))))


LINES = (
    _form("on MESSAGE [SYMBOL] [NTH]: ACTION, …", rf"on (\w+)(?: ({SYMBOL}))?(?: ({COUNT})(\+)?)?: (.+)", _on),
    _form(
        "fill [SYMBOL] in N parts every SECONDS [stop after K]",
        rf"fill(?: ({SYMBOL}))? in ({COUNT}) parts every ({SECONDS})(?: stop after ({COUNT}))?",
        _fill,
    ),
    _form("fill [SYMBOL] never", rf"fill(?: ({SYMBOL}))? never", lambda s: _filling(s, Filling(count=0))),
    _form("fill status first", "fill status first", lambda: _setting(is_status_first=True)),
    _form("correct SYMBOL NTH: price P", rf"correct ({SYMBOL}) ({COUNT}): price ({PRICE})", _correct),
    _form("execution time FORMAT", r"execution time (\S+)", lambda text: _setting(execution_time=text)),
    _form("gateway zone ZONE", r"gateway zone (\S+)", lambda zone: _setting(execution_time="naive", zone=zone)),
    _form(
        "listing SYMBOL EXCHANGE [holding SHARES]",
        rf"listing ({SYMBOL}) ([A-Z]+)(?: holding ({COUNT}))?",
        _listing,
    ),
    _form("cash AMOUNT in CURRENCY", rf"cash ({COUNT}) in ([A-Z]{{3}})", _foreign_cash),
    _form("cash rows PREFIX", r"cash rows (\S+)", lambda prefix: _setting(cash_prefix=prefix)),
    _form("commission unset first", "commission unset first", lambda: _setting(is_commission_unset_first=True)),
    _form("commission never set", "commission never set", lambda: _setting(is_commission_never_set=True)),
    _form("open orders first", "open orders first", lambda: _setting(is_early=True)),
    _form("tell completed orders", "tell completed orders", lambda: _setting(tells_completed=True)),
    _form("reuse order numbers", "reuse order numbers", lambda: _setting(reuses_numbers=True)),
    _form("latency SECONDS", f"latency ({SECONDS})", lambda text: _setting(latency=float(text))),
    _form("accept fractions", "accept fractions", lambda: _setting(accepts_fractions=True)),
    _form("accept unsettled", "accept unsettled", lambda: _setting(accepts_unsettled=True)),
    _form("live data", "live data", lambda: _setting(has_live_data=True)),
    _form("enforce pacing", "enforce pacing", lambda: _setting(is_paced=True)),
)


def read_scenario(text: str, name: str = "scenario") -> Scenario:
    """Read a scenario; `name` stands for it in messages.

    Raises:
        ConfigurationError: A line is not understood; the message names it and the allowed forms.
    """
    scenario = Scenario()
    for number, line in enumerate(text.splitlines(), start=1):
        plain = UNCOMMENTED.findall(line)[0].strip()
        if not plain:
            continue
        try:
            scenario = _change(plain)(scenario)
        except _RejectedError as error:
            raise ConfigurationError(f"{name}, line {number}: {plain!r} is not understood: {error}") from None
    return scenario


def _change(line: str) -> _Change:
    change = _made(LINES, line)
    if not callable(change):
        raise _RejectedError(f"allowed: {'; '.join(form.usage for form in LINES)}")
    return cast("_Change", change)


def _made(forms: tuple[Phrase, ...], text: str) -> object:
    for form in forms:
        if match := form.pattern.fullmatch(text):
            return form.make(*match.groups())
    return None


def scenario_text(name: str) -> str:
    """Return the text of a scenario: a file, or one of those in SHIPPED by its name.

    Raises:
        ConfigurationError: There is no such file.
    """
    shipped = SHIPPED / f"{name}.txt"
    try:
        return (shipped if shipped.exists() else Path(name)).read_text(encoding="utf-8")
    except OSError as problem:
        names = ", ".join(sorted(path.stem for path in SHIPPED.glob("*.txt")))
        raise ConfigurationError(f"scenario {name} cannot be read: {problem}; give a file, or one of {names}") from None
