"""Events to fill ledgers with: one account, one strategy, one session."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from execution.brokers.base import Level
from execution.brokers.statements import BrokerStatement, CashMovement, MovementKind, StatedCash, StatedTrade
from execution.ledger.events import (
    CancelRequest,
    Claim,
    Decision,
    Event,
    Finish,
    Funding,
    Payload,
    Reconciliation,
    Release,
    Resent,
    Restatement,
    SchemaChange,
    Scope,
    Sent,
    Stop,
    SwitchChange,
)
from execution.ledger.phase_events import Freeze, Measure, PhaseOverride, Pin, Validation
from execution.ledger.statement_events import ExceptionRaised, ExceptionSigned, StatementMissed, StatementRead
from execution.ledger.watch_events import (
    AlertAcknowledged,
    AlertClaimed,
    AlertKind,
    AlertRaised,
    AlertSent,
    Check,
    Moment,
    PageAccess,
    Preflight,
)
from execution.models import (
    Account,
    Alarm,
    CommissionReport,
    Execution,
    Notice,
    Order,
    OrderRef,
    OrderReport,
    OrderStatus,
    Plan,
    PlanLine,
    Price,
    PriceKind,
    Side,
    Switch,
    Ticket,
)
from execution.refusals import Refusal, RefusalCode
from warehouse.settings.alerts import Severity
from warehouse.settings.trading import Mode

ACCOUNT = "DU1234567"
STRATEGY = "momentum"
SESSION = date(2024, 1, 3)
NOW = datetime(2024, 1, 3, 20, 55, tzinfo=UTC)
SCOPE = Scope(ACCOUNT, "run-1", Mode.PAPER, STRATEGY, SESSION)


def amount(text: str | int) -> Decimal:
    """A quantity or an amount."""
    return Decimal(text)


def event(payload: Payload, scope: Scope = SCOPE) -> Event:
    """The payload in a scope."""
    return Event(scope, payload)


def order(symbol: str = "SPY", side: Side = Side.BUY, quantity: str | int = 10, session: date = SESSION) -> Order:
    """An order of the session, at a limit of 500."""
    return Order(str(OrderRef(STRATEGY, session, symbol, side)), symbol, side, amount(quantity), amount(500))


def execution(of: Order, exec_id: str, quantity: str | int, price: str | int = 500) -> Execution:
    """Shares of an order that changed hands."""
    base_id, _, revision = exec_id.rpartition(".")
    traded = (of.order_ref, 77, ACCOUNT, of.symbol, of.side, amount(quantity), amount(price), NOW)
    return Execution(exec_id, base_id or exec_id, int(revision) if base_id else 0, *traded)


def commission(exec_id: str, cost: str = "0.35") -> CommissionReport:
    """The commission of an execution."""
    return CommissionReport(exec_id, amount(cost), "USD")


def report(of: Order, status: OrderStatus, filled: str | int = 0, reason: str = "") -> OrderReport:
    """A report of an order."""
    return OrderReport(of.order_ref, 77, ACCOUNT, of.symbol, of.side, of.quantity, amount(filled), status, reason)


def account(settled_cash: str | int = 10_000, **positions: str | int) -> Account:
    """An account that holds these shares."""
    held = {symbol: amount(quantity) for symbol, quantity in positions.items()}
    return Account(ACCOUNT, amount(10_000), amount(10_000), amount(settled_cash), held)


def reconciliation(*, is_baseline: bool = False, settled_cash: str | int = 10_000, **positions: str) -> Reconciliation:
    """The account as the broker stated it."""
    return Reconciliation(account(settled_cash, **positions), NOW, is_baseline=is_baseline)


def plan(*orders: Order, is_blocked: bool = False, equity: str | int = 10_000) -> Plan:
    """A plan of these orders."""
    lines = tuple(
        PlanLine(
            each.symbol, amount(500), amount(0), amount("9.6"), each.quantity, amount(0), amount("0.48"), amount("0.5")
        )
        for each in orders
    )
    return Plan(
        strategy_id=STRATEGY,
        session_date=SESSION,
        equity=amount(equity),
        orders=orders,
        lines=lines,
        refusals=(Refusal(RefusalCode.TRADE_TOO_SMALL, "Too small.", "GLD", {"value": "12.5"}),),
        tracking_error=amount("0.02"),
        waits_for_settlement=amount(0),
        is_blocked=is_blocked,
    )


def decision(price: str = "499.5", symbol: str = "SPY") -> Decision:
    """The inputs of a plan."""
    return Decision(
        decided_at=NOW,
        lake_snapshot=42,
        targets_session=SESSION,
        targets={symbol: amount("0.48")},
        prices=(Price(symbol, amount(price), PriceKind.DELAYED, NOW),),
        selection=(symbol,),
        correlations={symbol: {"TLT": -0.25, "GLD": None}},
        account=account(),
        parameters_hash="abc",
    )


def one_of_each() -> list[Payload]:
    """Every kind of event, in the order of a rebalance."""
    bought = order()
    pinned = Pin({"strategy.top_n": "2"}, {"features": "12ab"}, "0.5.0")
    short = Measure("SESSIONS_RUN", is_ok=False, figure="7", demand="at least 20")
    return [
        Claim(NOW),
        reconciliation(SPY="1.5"),
        decision(),
        plan(bought),
        bought,
        Ticket(bought.order_ref, 17, 3, 756733),
        Sent(bought.order_ref),
        Resent(bought.order_ref, "absent from 2 states"),
        report(bought, OrderStatus.SUBMITTED),
        Notice(399, "held", bought.order_ref),
        execution(bought, "0000e0d5.65f1a2b3.01.01", 10),
        commission("0000e0d5.65f1a2b3.01.01"),
        Alarm("a message could not be read: ünïcödé"),
        CancelRequest(bought.order_ref, "the deadline has come"),
        Funding((bought,)),
        Restatement("SPY", SESSION, "4/1", amount(10), amount(40), "tiingo"),
        Stop("the gateway is gone", (Refusal(RefusalCode.STATE_DISAGREES, "They differ."),)),
        SwitchChange(Switch.HALTED, "owner", "holiday"),
        Release("XLE", is_released=True, by="owner", reason="delisted"),
        Finish(amount("10012.34"), amount("12.3"), {"SPY": amount(10)}, "1 of 1 orders filled."),
        SchemaChange(9, "Everything is otherwise."),
        Preflight(Moment.EVENING_BEFORE, SESSION, NOW, (Check("DISK_SPACE", Level.FAILURE, "Full.", "Free some."),)),
        AlertRaised("preflight/2024-01-03", AlertKind.PREFLIGHT, Severity.ALARM, "Not ready", "The disk is full."),
        AlertClaimed("preflight/2024-01-03", "mail", 1, NOW),
        AlertSent("preflight/2024-01-03", "mail", 1, is_delivered=False, reason="refused"),
        AlertAcknowledged("preflight/2024-01-03", "owner"),
        Freeze(pinned, "ab12", "0.5.0 1234abc+", {"snapshot": "7"}, "owner", "it has proven itself"),
        Validation("ab12", {"paper_sessions": "20"}, (short,), "owner"),
        PhaseOverride(pinned, "ab12", ("SESSIONS_RUN: 7",), "owner", "a tiny account"),
        PageAccess("resume", "anna", "192.0.2.7"),
        StatementRead(statement(), "5a1e", "2024-01-04-5a1e.xml"),
        statement().movements[0],
        StatementMissed(NOW, "StatementUnavailableError", "It answers 1019."),
        ExceptionRaised("1f2e3d4c", "POSITION_DIFFERS", SESSION, "SPY", "11", "10", "They differ."),
        ExceptionSigned("1f2e3d4c", "owner", "a gift"),
    ]


def statement(ending: str = "10000") -> BrokerStatement:
    """The broker's statement of the session: ten shares bought, a dividend."""
    bought = StatedTrade(
        "0000e0d5.65f1a2b3.01.01",
        "0000e0d5.65f1a2b3.01",
        1,
        "7",
        "8",
        "SPY",
        Side.BUY,
        amount(10),
        amount(500),
        amount("0.35"),
        "USD",
        NOW,
        {"USD": amount("-5000.35")},
    )
    dividend = CashMovement(
        "9", MovementKind.DIVIDEND, amount("1.5"), "USD", amount("1.5"), SESSION, NOW, "SPY", "Dividends", NOW
    )
    cash = StatedCash("USD", amount(15_000), amount(ending))
    positions = {"SPY": amount(10)}
    return BrokerStatement(
        ACCOUNT, SESSION, SESSION, NOW, "USD", (bought,), positions, (cash,), amount(ending), (dividend,)
    )
