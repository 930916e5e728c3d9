"""The daily digest: what the session brought, what is held, what it cost, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from execution.ledger.events import EventKind, Finish, Reconciliation
from execution.ledger.watch_events import AlertKind, AlertRaised
from execution.models import Side
from execution.service import open_ledger
from operations.alerts.states import PURSUED, alert_states
from operations.preflight.trading import is_session_due
from operations.tracking import shortfall_of, shortfall_words, tracking_of, tracking_words
from warehouse import freshness
from warehouse.calendar.sessions import EXCHANGE_ZONE, close_time, next_session
from warehouse.errors import LakeError
from warehouse.lake import relations
from warehouse.readers import Question, rows
from warehouse.settings.alerts import Severity
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime
    from decimal import Decimal

    import duckdb

    from execution.installation import Installation
    from execution.ledger.events import Event
    from execution.ledger.ledger import Ledger
    from execution.ledger.state import SessionState
    from operations.tracking import Shortfall, Tracking

READY_AFTER = timedelta(hours=3)
"""From a close to the digest, where no daily build has ended before."""
SLIPPAGE_OF = Question("SELECT order_ref, decision_slippage, close_slippage FROM slippage WHERE session_date = $day")
ACCOUNT_OF = Question(
    """
    SELECT session_date, equity, daily_return,
        product(1 + coalesce(daily_return, 0)) OVER (PARTITION BY year(session_date) ORDER BY session_date) - 1 AS year
    FROM account_daily WHERE account_id = $account QUALIFY session_date = $day
    """
)
DAILY_AFTER = Question(
    "SELECT count(*) FROM runs WHERE kind = 'daily' AND outcome = 'succeeded' AND started_at > $close"
)


@dataclass(frozen=True, slots=True)
class TradedOrder:
    """An order of the session; slippages are fractions, positive is worse for the account, None where not known."""

    side: Side
    symbol: str
    quantity: Decimal
    filled: Decimal
    price: Decimal | None
    decision_slippage: float | None
    close_slippage: float | None


@dataclass(frozen=True, slots=True)
class HeldPosition:
    """A holding after the session: weights as fractions of equity, at the prices decided on."""

    symbol: str
    shares: Decimal
    weight: float
    target: float


@dataclass(frozen=True, slots=True)
class Digest:
    """A session in facts.

    Attributes:
        mode: Of its rebalance; None if none has ended.
        equity: USD, by the newest record of the session; None without one.
        day_return: Fraction, without deposits; None where it is not known, as `year_return`.
        outcome: Of the rebalance, in words.
        warnings: Doubts that stand at the time of the digest.
        unacknowledged: Number of alarms of the last days that nobody has acknowledged.
        tracking: Account beside backtest; None before both have a return.
        shortfall: Of the newest rebalance whose next close is known; None before there is one.
        ledger_events: Number of the newest event, whose digest is `ledger_digest`: noted outside, it shows truncation.
    """

    session: date
    account_id: str
    mode: Mode | None
    equity: Decimal | None
    day_return: float | None
    year_return: float | None
    outcome: str
    positions: tuple[HeldPosition, ...]
    trades: tuple[TradedOrder, ...]
    warnings: tuple[str, ...]
    next_session: date
    rebalance_at: datetime
    unacknowledged: int
    ledger_events: int
    ledger_digest: str
    tracking: Tracking | None = None
    shortfall: Shortfall | None = None


def digest(installation: Installation, session: date, now: datetime) -> Digest:
    """Gather what is known of a session that has closed.

    Raises:
        LedgerError: The ledger cannot be read.
    """
    with open_ledger(installation) as ledger:
        finished = _finished(ledger, session)
        account_id = finished.scope.account_id if finished else _account_of(ledger)
        state = ledger.session(account_id, finished.scope.strategy_id, session) if finished else None
        due = is_session_due(installation, ledger, session)
        seen = [
            each.event.payload.account
            for each in ledger.of_kinds(EventKind.RECONCILED)
            if isinstance(each.event.payload, Reconciliation)
            and each.event.payload.at.astimezone(EXCHANGE_ZONE).date() == session
        ]
        newest = ledger.last
        alarms = [each for each in alert_states(ledger, now - PURSUED) if each.alert.severity is Severity.ALARM]
    known = _lake_facts(installation, session, account_id, now)
    coming = next_session(session)
    return Digest(
        session=session,
        account_id=account_id,
        mode=finished.scope.mode if finished else None,
        equity=seen[-1].net_liquidation if seen else None,
        day_return=known["day_return"],
        year_return=known["year_return"],
        outcome=_outcome(finished, is_due=due),
        positions=tuple(_positions(state)) if state else (),
        trades=tuple(_trades(state, known["slippage"])) if state else (),
        warnings=tuple(known["warnings"]),
        next_session=coming,
        rebalance_at=close_time(coming) - timedelta(minutes=installation.portfolio.trading.minutes_before_close),
        unacknowledged=sum(each.acknowledged_at is None for each in alarms),
        ledger_events=newest.sequence if newest else 0,
        ledger_digest=newest.digest if newest else "",
        tracking=known["tracking"],
        shortfall=known["shortfall"],
    )


def _finished(ledger: Ledger, session: date) -> Event | None:
    """Return the newest end of a rebalance of the session; dry runs have none."""
    ends = [each.event for each in ledger.of_kinds(EventKind.SESSION_FINISHED)]
    return next((event for event in reversed(ends) if event.scope.session_date == session), None)


def _account_of(ledger: Ledger) -> str:
    seen = ledger.newest(EventKind.RECONCILED)
    return seen.event.scope.account_id if seen else ""


def _outcome(finished: Event | None, *, is_due: bool) -> str:
    if finished and isinstance(finished.payload, Finish):
        return finished.payload.message
    return "MISSED: no rebalance has ended, and one was due." if is_due else "No rebalance was due."


def _positions(state: SessionState) -> Iterator[HeldPosition]:
    decision, finish = state.decision, state.finish
    if decision is None or finish is None or finish.equity <= 0:
        return
    prices = {price.symbol: price.amount for price in decision.prices}
    for symbol in sorted(prices.keys() & (finish.positions.keys() | decision.targets.keys())):
        shares = finish.positions.get(symbol, finish.cash * 0)
        target = float(decision.targets.get(symbol, 0))
        yield HeldPosition(symbol, shares, float(shares * prices[symbol] / finish.equity), target)


def _trades(state: SessionState, slippage: dict[str, tuple[float | None, float | None]]) -> Iterator[TradedOrder]:
    for each in state.orders.values():
        order, found = each.order, slippage.get(each.order.order_ref, (None, None))
        yield TradedOrder(order.side, order.symbol, order.quantity, each.filled, each.average_price, *found)


def _lake_facts(installation: Installation, session: date, account_id: str, now: datetime) -> dict[str, Any]:
    """Read what the warehouse knows; what it does not know yet is left out, and said once."""
    facts: dict[str, Any] = {"day_return": None, "year_return": None, "slippage": {}, "warnings": []}
    facts |= {"tracking": None, "shortfall": None}
    try:
        with installation.lake.reader() as connection:
            facts["warnings"] += freshness.doubts(connection, now)
            facts["slippage"] = {ref: found for ref, *found in rows(connection, SLIPPAGE_OF, {"day": session}).rows}
            facts |= _returns(connection, session, account_id)
            facts["tracking"] = tracking_of(connection, account_id, session)
            facts["shortfall"] = shortfall_of(connection, account_id, session)
    except LakeError as error:
        facts["warnings"].append(f"Left out: {error}")
    return facts


def _returns(connection: duckdb.DuckDBPyConnection, session: date, account_id: str) -> dict[str, float | None]:
    """Read the account's returns; none before they are built."""
    if "account_daily" not in relations(connection):
        return {}
    found = rows(connection, ACCOUNT_OF, {"account": account_id, "day": session}).rows
    return {"day_return": found[0][2], "year_return": found[0][3]} if found else {}


def due_digest(installation: Installation, ledger: Ledger, session: date, now: datetime) -> bool:
    """Return True if a session's digest should be there: it was traded or to be traded, and its day is done."""
    begun_at, close = ledger.begun_at, close_time(session)
    if begun_at is None or begun_at >= close or not is_followed(installation, ledger, session):
        return False
    if now >= close + READY_AFTER:
        return True
    try:
        with installation.lake.reader() as connection:
            return bool(rows(connection, DAILY_AFTER, {"close": close}).rows[0][0])
    except LakeError:
        return False


def is_followed(installation: Installation, ledger: Ledger, session: date) -> bool:
    """Return True if somebody waits for a digest of a session: the schedule trades, or a rebalance has ended."""
    return installation.portfolio.trading.scheduled_mode is not Mode.DRY_RUN or _finished(ledger, session) is not None


def key_of(session: date) -> str:
    """Return the key of a session's digest among the alerts."""
    return f"digest/{session}"


def digest_alert(found: Digest, *, are_amounts_shown: bool) -> AlertRaised:
    """Return the digest as a message."""
    today = "" if found.day_return is None else f" {found.day_return:+.2%}"
    return AlertRaised(
        key_of(found.session),
        AlertKind.DIGEST,
        Severity.INFO,
        f"Digest of {found.session}:{today} {found.outcome.partition('.')[0]}",
        "\n".join(lines_of(found, are_amounts_shown=are_amounts_shown)),
    )


def lines_of(found: Digest, *, are_amounts_shown: bool) -> Iterator[str]:
    """Yield the digest as lines of plain text."""
    yield f"Session {found.session:%A %Y-%m-%d}, account {found.account_id or 'none'} ({found.mode or 'not traded'})"
    yield f"Rebalance: {found.outcome}"
    returns = [("today", found.day_return), ("this year", found.year_return)]
    said = [f"{name} {value:+.2%}" for name, value in returns if value is not None] or ["not known yet"]
    yield f"Return: {', '.join(said)}"
    if found.tracking:
        yield f"Against the backtest: {tracking_words(found.tracking)}"
    if found.shortfall:
        yield from shortfall_words(found.shortfall)
    if are_amounts_shown and found.equity is not None:
        yield f"Equity: {found.equity:,.2f} USD, as the broker stated it last"
    if found.positions:
        yield from ("", "Positions: weight, target")
    for position in found.positions:
        shares = f"   {position.shares:f} shares" if are_amounts_shown else ""
        yield f"  {position.symbol:<6} {position.weight:>7.2%} {position.target:>7.2%}{shares}"
    if found.trades:
        yield from ("", "Orders: slippage against the price decided on, against the close")
    for trade in found.trades:
        yield f"  {_trade_line(trade, are_amounts_shown=are_amounts_shown)}"
    if found.warnings:
        yield from ("", "Warnings")
        yield from (f"  {warning}" for warning in found.warnings)
    yield ""
    if found.unacknowledged:
        yield f"Alarms that nobody has acknowledged: {found.unacknowledged} (`swing alerts`)"
    yield f"Next session: {found.next_session:%A %Y-%m-%d}, rebalance at {found.rebalance_at:%H:%M} New York time"
    yield f"Ledger: event {found.ledger_events}, digest {found.ledger_digest or 'none'}"


def _trade_line(trade: TradedOrder, *, are_amounts_shown: bool) -> str:
    side = "sold" if trade.side is Side.SELL else "bought"
    part = "" if trade.filled >= trade.quantity else f", {trade.filled / trade.quantity:.0%} of it"
    shares = f"{trade.filled:f} of {trade.quantity:f} " if are_amounts_shown else ""
    price = f" at {trade.price:.4f}" if trade.price else ""
    costs = [
        f"{cost:+.2%}" if cost is not None else "unknown" for cost in (trade.decision_slippage, trade.close_slippage)
    ]
    return f"{side} {shares}{trade.symbol}{price}{part}: {', '.join(costs)}"
