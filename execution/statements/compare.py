"""The comparison of a statement with the ledger: a pure function, whose result hangs on no other statement.

So the same statements in any order, and any of them again, raise the same exceptions.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from execution.brokers.statements import CashMovement, MovementKind
from execution.ledger.events import Reconciliation, Release, Restatement
from execution.ledger.state import counted, expected_positions, newest
from execution.ledger.statement_events import ExceptionRaised
from execution.models import CommissionReport, Execution
from execution.statements.codes import ExceptionCode
from warehouse.calendar.sessions import EXCHANGE_ZONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date, datetime

    from execution.brokers.statements import BrokerStatement, StatedTrade
    from execution.ledger.events import Event, Payload

CENT = Decimal("0.005")
"""Amounts that differ by less are the same to the cent."""
PRICE = Decimal("0.00005")
"""Prices that differ by less are the same: the gateway and the statement round to different places."""


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """Facts that the ledger has of an account, as far as a statement can judge them.

    Attributes:
        begun_at: First look at the account: what was before is the statement's alone. None before it.
        fills: Each in its newest correction, with its commission.
        currencies: Of the commissions, by exec_id; where none is known it is the execution's.
        positions: Shares by symbol at the end of the statement.
        released: Symbols that a person looks after himself.
        movements: Every content of each cash transaction, by its id.
    """

    begun_at: datetime | None
    fills: tuple[Execution, ...]
    currencies: Mapping[str, str]
    positions: Mapping[str, Decimal]
    released: frozenset[str]
    movements: Mapping[str, tuple[CashMovement, ...]] = field(default_factory=dict)


def facts(events: Iterable[Event], last_day: date) -> LedgerFacts:
    """Fold an account's events as of the end of a day, New York.

    Args:
        events: Of one account, in the ledger's order, its releases and cash movements among them.
        last_day: Of the statement.
    """
    happened = counted(events)
    payloads = [event.payload for event in happened]
    executions = [payload for payload in payloads if isinstance(payload, Execution)]
    commissions = [payload for payload in payloads if isinstance(payload, CommissionReport)]
    looks = [payload.at for payload in payloads if isinstance(payload, Reconciliation)]
    movements: dict[str, list[CashMovement]] = defaultdict(list)
    released: dict[str, bool] = {}
    for payload in payloads:
        match payload:
            case Release(symbol=symbol, is_released=is_released):
                released[symbol] = is_released
            case CashMovement(transaction_id=number):
                movements[number].append(payload)
    until = [event for event in happened if _is_by(event.payload, last_day)]
    return LedgerFacts(
        begun_at=min(looks, default=None),
        fills=newest(executions, commissions),
        currencies={report.exec_id: report.currency for report in commissions},
        positions=expected_positions(until) or {},
        released=frozenset(symbol for symbol, is_released in released.items() if is_released),
        movements={number: tuple(found) for number, found in movements.items()},
    )


def _is_by(payload: Payload, last_day: date) -> bool:
    """Return True if a position counts with this at the end of a day."""
    match payload:
        case Execution(executed_at=at) | Reconciliation(at=at):
            return _day(at) <= last_day
        case Restatement(effective_on=day):
            return day <= last_day
    return False


def differences(statement: BrokerStatement, known: LedgerFacts) -> tuple[ExceptionRaised, ...]:
    """Return everything in which a statement and the ledger differ; a section that is missing differs in nothing."""
    if known.begun_at is None or statement.last_day < _day(known.begun_at):
        return tuple(_movements(statement, known))
    found = [*_movements(statement, known)]
    if "Trades" not in statement.missing:
        found += _trades(statement, known, known.begun_at)
    if "OpenPositions" not in statement.missing:
        found += _positions(statement, known)
    if not {"Trades", "CashReport", "CashTransactions"} & set(statement.missing):
        found += _cash(statement)
    return tuple(found)


def _trades(statement: BrokerStatement, known: LedgerFacts, begun_at: datetime) -> Iterator[ExceptionRaised]:
    ours = {fill.base_id: fill for fill in known.fills}
    theirs = {trade.base_id: trade for trade in statement.effective_trades}
    for base_id, trade in theirs.items():
        if base_id in ours:
            yield from _same_trade(trade, ours[base_id], known)
        elif trade.executed_at >= begun_at and trade.symbol not in known.released:
            where = (_day(trade.executed_at), trade.symbol)
            yield _raised(ExceptionCode.TRADE_MISSING_IN_LEDGER, where, (told(trade), ""), base_id)
    for base_id, fill in ours.items():
        day = _day(fill.executed_at)
        if base_id not in theirs and statement.first_day <= day <= statement.last_day:
            yield _raised(ExceptionCode.TRADE_MISSING_AT_BROKER, (day, fill.symbol), ("", told(fill)), base_id)
    for trade in statement.cancelled_before:
        if trade.symbol not in known.released:
            where = (_day(trade.executed_at), trade.symbol)
            yield _raised(ExceptionCode.TRADE_CANCELLED, where, (f"cancelled: {told(trade)}", ""), trade.trade_id)


def _same_trade(trade: StatedTrade, fill: Execution, known: LedgerFacts) -> Iterator[ExceptionRaised]:
    where = (_day(fill.executed_at), fill.symbol)
    is_same = (trade.symbol, trade.side, trade.quantity) == (fill.symbol, fill.side, fill.quantity)
    if not is_same or abs(trade.price - fill.price) >= PRICE:
        yield _raised(ExceptionCode.TRADE_DIFFERS, where, (told(trade), told(fill)), trade.base_id)
    currency = known.currencies.get(fill.exec_id, fill.currency)
    is_cost_same = (
        fill.commission is not None
        and currency == trade.commission_currency
        and abs(fill.commission - trade.commission) < CENT
    )
    if not is_cost_same:
        ours = "" if fill.commission is None else f"{_plain(fill.commission)} {currency}"
        theirs = f"{_plain(trade.commission)} {trade.commission_currency}"
        yield _raised(ExceptionCode.COMMISSION_DIFFERS, where, (theirs, ours), trade.base_id)


def _positions(statement: BrokerStatement, known: LedgerFacts) -> Iterator[ExceptionRaised]:
    nothing = Decimal(0)
    for symbol in sorted({*statement.positions, *known.positions} - known.released):
        theirs, ours = statement.positions.get(symbol, nothing), known.positions.get(symbol, nothing)
        if theirs != ours:
            where = (statement.last_day, symbol)
            yield _raised(ExceptionCode.POSITION_DIFFERS, where, (_plain(theirs), _plain(ours)))


def _cash(statement: BrokerStatement) -> Iterator[ExceptionRaised]:
    """Roll each currency forward by the trades, which are compared one by one, and the movements that are entered."""
    expected = {each.currency: each.starting for each in statement.cash}
    changes = [*statement.traded_cash().items(), *((each.currency, each.amount) for each in statement.movements)]
    for currency, amount in changes:
        expected[currency] = expected.get(currency, Decimal(0)) + amount
    stated = {each.currency: each.ending for each in statement.cash}
    for currency in sorted(expected):
        theirs, ours = stated.get(currency, Decimal(0)), expected[currency]
        if abs(theirs - ours) >= CENT:
            where = (statement.last_day, currency)
            yield _raised(
                ExceptionCode.CASH_DIFFERS, where, (f"{theirs:.2f}", f"{ours:.2f}"), statement.first_day.isoformat()
            )


def _movements(statement: BrokerStatement, known: LedgerFacts) -> Iterator[ExceptionRaised]:
    for movement in statement.movements:
        number = movement.transaction_id
        contents = sorted({each.identity: each for each in known.movements.get(number, ())}.values(), key=_stated)
        if len(contents) > 1:
            before, now = _moved(contents[0]), _moved(contents[-1])
            yield _raised(ExceptionCode.MOVEMENT_CHANGED, (contents[-1].day, number), (now, before))
        if movement.kind is MovementKind.OTHER:
            yield _raised(ExceptionCode.MOVEMENT_UNKNOWN, (movement.day, number), (_moved(movement), ""))


def _stated(movement: CashMovement) -> tuple[datetime, str]:
    return movement.stated_at, movement.identity


def _moved(movement: CashMovement) -> str:
    return f"{_plain(movement.amount)} {movement.currency} on {movement.day}, {movement.words}"


def told(trade: StatedTrade | Execution) -> str:
    """Return a trade in words."""
    return f"{trade.side} {_plain(trade.quantity)} {trade.symbol} at {_plain(trade.price)}"


def _raised(code: ExceptionCode, where: tuple[date, str], sides: tuple[str, str], place: str = "") -> ExceptionRaised:
    """Name an exception by what differs.

    Args:
        code: Kind of exception.
        where: Day, and symbol, currency or transaction.
        sides: By the statement and by the ledger, in words; empty for nothing.
        place: Tells two of the same words apart: the execution, or the statement's first day.
    """
    (day, subject), (broker, ledger) = where, sides
    content = f"{code}\n{day.isoformat()}\n{subject}\n{broker}\n{ledger}\n{place}"
    exception_id = hashlib.sha256(content.encode()).hexdigest()[:8]
    message = f"{day}, {subject}: the broker has {broker or 'nothing'}; the ledger has {ledger or 'nothing'}."
    return ExceptionRaised(exception_id, code, day, subject, broker, ledger, message)


def _day(at: datetime) -> date:
    return at.astimezone(EXCHANGE_ZONE).date()


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
