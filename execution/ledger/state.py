"""What is true by the ledger: pure folds over its events.

Reports may come late, twice and in any order: what they say of orders and executions folds to the same state. Dry runs
count for nothing here.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from execution.ledger.events import (
    CancelRequest,
    Claim,
    Decision,
    Event,
    Finish,
    Funding,
    Payload,
    Reconciliation,
    Resent,
    Sent,
    Stop,
    Switch,
    SwitchChange,
)
from execution.models import CommissionReport, Execution, Notice, Order, OrderReport, OrderStatus, Plan
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from execution.brokers.base import Fault

Kind = TypeVar("Kind")


@dataclass(frozen=True, slots=True)
class OrderState:
    """One order of ours, from its intent on.

    Attributes:
        sends: How often it was handed to the connection or was about to be; 0 after a crash between intent and sending.
        permanent_id: The broker's; None until it has reported the order.
        status: The furthest that was reported; None if nothing was.
        executions: One per execution, in its newest correction and with its commission, oldest first.
        reported_filled: The most shares that a report claimed as filled; `filled` counts.
        missing: How many of these no execution has shown yet.
        reasons: Why it was cancelled or rejected, and notices about it, in the broker's words.
        faults: Of these notices.
    """

    order: Order
    sends: int = 0
    permanent_id: int | None = None
    status: OrderStatus | None = None
    executions: tuple[Execution, ...] = ()
    reported_filled: Decimal = Decimal(0)
    missing: Decimal = Decimal(0)
    is_cancel_requested: bool = False
    reasons: tuple[str, ...] = ()
    faults: frozenset[Fault] = frozenset()

    @property
    def is_sent(self) -> bool:
        """Whether it may have left."""
        return self.sends > 0

    @property
    def is_known(self) -> bool:
        """Whether the broker has ever shown it."""
        return self.status is not None or bool(self.executions)

    @property
    def filled(self) -> Decimal:
        """Shares that changed hands."""
        return sum((execution.quantity for execution in self.executions), Decimal(0))

    @property
    def remaining(self) -> Decimal:
        """Shares that did not."""
        return self.order.quantity - self.filled

    @property
    def value(self) -> Decimal:
        """What the filled shares cost or brought, without commission, USD."""
        return sum((execution.quantity * execution.price for execution in self.executions), Decimal(0))

    @property
    def average_price(self) -> Decimal | None:
        """USD per share; None before the first execution."""
        return self.value / self.filled if self.filled else None

    @property
    def commission(self) -> Decimal | None:
        """USD; None while that of an execution is not known."""
        known = [execution.commission for execution in self.executions if execution.commission is not None]
        return sum(known, Decimal(0)) if len(known) == len(self.executions) else None

    @property
    def is_done(self) -> bool:
        """Whether no more can be filled, and every share that a report claims has its execution."""
        return self.remaining <= 0 or (self.status is not None and self.status.is_final and not self.missing)


@dataclass(frozen=True, slots=True)
class SessionState:
    """One session's rebalance of one strategy.

    Attributes:
        claim: None if it never began.
        decision: What `plan` was made from, or what the last blocked plan was.
        plan: What is carried out; None until there is one that is not blocked.
        blocked: The last plan that was.
        funding: The buys that replace the plan's, once the sells are done.
        orders: By order_ref, as they were intended.
        stops: Why runs ended before the session was finished.
        finish: None while it is not over.
    """

    claim: Claim | None = None
    decision: Decision | None = None
    plan: Plan | None = None
    blocked: Plan | None = None
    funding: Funding | None = None
    orders: Mapping[str, OrderState] = field(default_factory=dict)
    stops: tuple[Stop, ...] = ()
    finish: Finish | None = None

    @property
    def open_orders(self) -> tuple[OrderState, ...]:
        """Orders of which more may be filled."""
        return tuple(state for state in self.orders.values() if not state.is_done)


def session_state(events: Iterable[Event], strategy_id: str, session_date: date) -> SessionState:
    """What became of one session's rebalance.

    Args:
        events: Of one account, in the order of the ledger, from that session on or longer.
        strategy_id: Whose rebalance.
        session_date: Which.
    """
    happened = counted(events)
    payloads = [event.payload for event in happened]
    ours = (strategy_id, session_date)
    inside = [event.payload for event in happened if (event.scope.strategy_id, event.scope.session_date) == ours]
    plans = [payload for payload in inside if isinstance(payload, Plan)]
    plan = next((plan for plan in plans if not plan.is_blocked), None)
    return SessionState(
        claim=newest_of(Claim, inside),
        decision=newest_of(Decision, inside[: inside.index(plan)] if plan else inside),
        plan=plan,
        blocked=next((plan for plan in reversed(plans) if plan.is_blocked), None),
        funding=newest_of(Funding, inside),
        orders=_orders({payload.order_ref: payload for payload in inside if isinstance(payload, Order)}, payloads),
        stops=tuple(payload for payload in inside if isinstance(payload, Stop)),
        finish=newest_of(Finish, inside),
    )


def newest_of(kind: type[Kind], payloads: Sequence[Payload]) -> Kind | None:
    """The last payload of a kind; None if there is none."""
    return next((payload for payload in reversed(payloads) if isinstance(payload, kind)), None)


def _orders(intents: Mapping[str, Order], payloads: Sequence[Payload]) -> dict[str, OrderState]:
    about: dict[str, list[Payload]] = defaultdict(list)
    for payload in payloads:
        about[getattr(payload, "order_ref", "")].append(payload)
    commissions = [payload for payload in payloads if isinstance(payload, CommissionReport)]
    return {order_ref: _order(order, about[order_ref], commissions) for order_ref, order in intents.items()}


def _order(order: Order, payloads: Sequence[Payload], commissions: Sequence[CommissionReport]) -> OrderState:
    reports = [payload for payload in payloads if isinstance(payload, OrderReport)]
    shown = [payload for payload in payloads if isinstance(payload, Execution)]
    reasons = {report.reason for report in reports if report.reason}
    notices = [payload for payload in payloads if isinstance(payload, Notice)]
    identities = [item.permanent_id for item in payloads if isinstance(item, OrderReport | Execution)]
    claimed = max((report.filled for report in reports), default=Decimal(0))
    largest: dict[str, Decimal] = defaultdict(Decimal)
    for execution in shown:
        largest[execution.base_id] = max(largest[execution.base_id], execution.quantity)
    return OrderState(
        order=order,
        sends=sum(isinstance(payload, Sent | Resent) for payload in payloads),
        permanent_id=max(identities, default=0) or None,
        status=max((report.status for report in reports), key=lambda status: status.precedence, default=None),
        executions=newest(shown, commissions),
        reported_filled=claimed,
        missing=max(claimed - sum(largest.values(), Decimal(0)), Decimal(0)),
        is_cancel_requested=any(isinstance(payload, CancelRequest) for payload in payloads),
        reasons=tuple(sorted(reasons | {notice.reason for notice in notices})),
        faults=frozenset(notice.fault for notice in notices),
    )


def newest(executions: Iterable[Execution], commissions: Iterable[CommissionReport] = ()) -> tuple[Execution, ...]:
    """Each execution once, in its newest correction and with its commission, oldest first.

    A correction without a commission report of its own has that of what it corrects. Of two reports for one execution
    the higher counts.
    """
    costs: dict[str, Decimal] = {}
    for report in commissions:
        costs[report.exec_id] = max(report.commission, costs.get(report.exec_id, report.commission))
    revisions: dict[str, dict[str, Execution]] = defaultdict(dict)
    for execution in executions:
        revisions[execution.base_id][execution.exec_id] = execution
    found = []
    for by_id in revisions.values():
        ascending = sorted(by_id.values(), key=lambda execution: execution.revision)
        known = [costs[execution.exec_id] for execution in ascending if execution.exec_id in costs]
        found.append(replace(ascending[-1], commission=known[-1] if known else ascending[-1].commission))
    return tuple(sorted(found, key=lambda execution: (execution.executed_at, execution.exec_id)))


def expected_positions(events: Iterable[Event]) -> dict[str, Decimal] | None:
    """Shares by symbol that an account should hold, without zeros; None before it was first reconciled.

    What the broker stated at the baseline, and every execution recorded since: a correction counts by its difference
    from what was known at the baseline.
    """
    baseline: Mapping[str, Decimal] | None = None
    included: Mapping[str, Decimal] = {}
    executions: list[Execution] = []
    for event in counted(events):
        match event.payload:
            case Execution():
                executions.append(event.payload)
            case Reconciliation(account=account, is_baseline=is_baseline) if is_baseline or baseline is None:
                baseline, included = account.positions, _net(executions)
    if baseline is None:
        return None
    net = _net(executions)
    expected = {
        symbol: baseline.get(symbol, Decimal(0)) + net.get(symbol, Decimal(0)) - included.get(symbol, Decimal(0))
        for symbol in {*baseline, *net}
    }
    return {symbol: quantity for symbol, quantity in sorted(expected.items()) if quantity}


def _net(executions: Iterable[Execution]) -> dict[str, Decimal]:
    net: dict[str, Decimal] = defaultdict(Decimal)
    for execution in newest(executions):
        net[execution.symbol] += execution.side.sign * execution.quantity
    return net


def switch_state(events: Iterable[Event]) -> Switch:
    """What is allowed: the newest change among an account's own and those of every account."""
    changes = [event.payload.switch for event in events if isinstance(event.payload, SwitchChange)]
    return changes[-1] if changes else Switch.NORMAL


def counted(events: Iterable[Event]) -> list[Event]:
    """Those that are not of a dry run."""
    return [event for event in events if event.scope.mode is not Mode.DRY_RUN]
