"""State by the ledger: pure folds over its events.

Reports that come late, twice or in another order fold to the same state of orders and executions. Dry runs count for
nothing here.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from execution.brokers.base import Fault
from execution.ledger.events import (
    CancelRequest,
    Decision,
    Event,
    Finish,
    Funding,
    Payload,
    Reconciliation,
    Resent,
    Restatement,
    Sent,
    SwitchChange,
)
from execution.models import (
    CommissionReport,
    Execution,
    Notice,
    Order,
    OrderReport,
    OrderStatus,
    Plan,
    Switch,
    Ticket,
)
from warehouse.calendar.sessions import EXCHANGE_ZONE
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date


Kind = TypeVar("Kind")
UNKNOWN_ABOVE = Decimal("1e300")


@dataclass(frozen=True, slots=True)
class OrderState:
    """One order of ours, from its intent on.

    Attributes:
        sends: Times that it was handed to the connection, or about to be; 0 after a crash between intent and sending.
        tickets: Identities under which it left, or was about to; the last counts.
        is_number_taken: The broker refused the last of them because its number was used before.
        permanent_ids: The broker's identities of it; more than one is a contradiction.
        status: The report of greatest precedence; None without a report.
        executions: One per execution, in its newest correction and with its commission, oldest first.
        reported_filled: The most shares that a report claimed as filled; `filled` counts.
        missing: Shares of these that no execution has shown yet.
        reasons: Reasons of its cancellation or rejection, and notices about it, in the broker's words.
        faults: Of these notices.
        rejections: Those of the broker's that say that it did not take the order until a person mends something.
    """

    order: Order
    sends: int = 0
    tickets: tuple[Ticket, ...] = ()
    is_resent: bool = False
    is_number_taken: bool = False
    permanent_ids: frozenset[int] = frozenset()
    status: OrderStatus | None = None
    executions: tuple[Execution, ...] = ()
    reported_filled: Decimal = Decimal(0)
    missing: Decimal = Decimal(0)
    is_cancel_requested: bool = False
    reasons: tuple[str, ...] = ()
    faults: frozenset[Fault] = frozenset()
    rejections: tuple[Notice, ...] = ()

    @property
    def is_known(self) -> bool:
        """True if the broker has ever shown it."""
        return self.status is not None or bool(self.executions)

    @property
    def ticket(self) -> Ticket | None:
        """Identity under which it leaves; None if it never left."""
        return self.tickets[-1] if self.tickets else None

    @property
    def permanent_id(self) -> int | None:
        """The broker's identity of it; None until it has reported the order."""
        return max(self.permanent_ids, default=None)

    @property
    def has_left(self) -> bool:
        """True if the broker may have it, or may have had it."""
        return bool(self.tickets) or self.sends > 0 or self.is_known

    @property
    def is_held(self) -> bool:
        """True if the gateway holds it until a person answers, as far as it was told."""
        return Fault.HELD in self.faults

    @property
    def is_kept_back(self) -> bool:
        """True if the gateway said, when it came again, that it had it already, and did not work it to its end."""
        return self.is_resent and self.is_number_taken and self.remaining > 0

    @property
    def may_leave_again(self) -> bool:
        """True if an order that the broker does not have may be handed over once more.

        Once, under the number it has, and only if the broker said nothing about that number: whoever speaks of an order
        has received it. A number that is refused at its first sending is replaced, once.
        """
        if self.is_number_taken:
            return not self.is_resent and len(self.tickets) == 1
        is_answered = bool(self.faults - {Fault.TRANSIENT, Fault.NUMBER_TAKEN})
        never_left = not self.tickets and not self.sends
        return never_left or (bool(self.tickets) and not self.is_resent and not is_answered)

    @property
    def is_rejected(self) -> bool:
        """True if the broker said that it did not take the order."""
        return any(fault.is_rejection for fault in self.faults)

    @property
    def filled(self) -> Decimal:
        """Shares executed."""
        return sum((execution.quantity for execution in self.executions), Decimal(0))

    @property
    def remaining(self) -> Decimal:
        """Shares not executed."""
        return self.order.quantity - self.filled

    @property
    def value(self) -> Decimal:
        """Value of the filled shares, without commission, USD."""
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
        """True if no more can be filled, and every share that a report claims has its execution."""
        return self.remaining <= 0 or (self.status is not None and self.status.is_final and not self.missing)

    @property
    def is_over(self) -> bool:
        """True if it is known that the broker does not have it, or not any more."""
        return self.is_done or not self.has_left or self.is_refused

    @property
    def is_refused(self) -> bool:
        """True if the broker said that it did not take it, and at most shows it as inactive."""
        is_idle = self.status is OrderStatus.INACTIVE and self.is_cancel_requested and not self.filled
        return self.is_rejected and (is_idle or not self.is_known)


@dataclass(frozen=True, slots=True)
class SessionState:
    """One session's rebalance of one strategy.

    Attributes:
        decision: Origin of `plan`, or of the last blocked plan.
        plan: The one carried out; None until there is one that is not blocked.
        funding: The buys that replace the plan's, once the sells are done.
        orders: By order_ref, in the order of their intents.
        finish: None while it is not over.
    """

    decision: Decision | None = None
    plan: Plan | None = None
    funding: Funding | None = None
    orders: Mapping[str, OrderState] = field(default_factory=dict)
    finish: Finish | None = None

    def states(self, refs: Iterable[str]) -> list[OrderState]:
        """Return the orders of these references that were intended."""
        return [self.orders[ref] for ref in refs if ref in self.orders]


def session_state(events: Iterable[Event], strategy_id: str, session_date: date) -> SessionState:
    """Fold one session's rebalance.

    Args:
        events: Of one account, in the order of the ledger, from that session on or longer.
        strategy_id: Of the rebalance.
        session_date: Of the rebalance.
    """
    happened = counted(events)
    payloads = [event.payload for event in happened]
    ours = (strategy_id, session_date)
    inside = [event.payload for event in happened if (event.scope.strategy_id, event.scope.session_date) == ours]
    plan = next((payload for payload in inside if isinstance(payload, Plan) and not payload.is_blocked), None)
    return SessionState(
        decision=newest_of(Decision, inside[: inside.index(plan)] if plan else inside),
        plan=plan,
        funding=newest_of(Funding, inside),
        orders=_orders({payload.order_ref: payload for payload in inside if isinstance(payload, Order)}, payloads),
        finish=newest_of(Finish, inside),
    )


def newest_of(kind: type[Kind], payloads: Sequence[Payload]) -> Kind | None:
    """Return the last payload of a kind; None if there is none."""
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
    identities = {item.permanent_id for item in payloads if isinstance(item, OrderReport | Execution)}
    tickets = tuple(payload for payload in payloads if isinstance(payload, Ticket))
    since = payloads[payloads.index(tickets[-1]) :] if tickets else ()
    claimed = max((report.filled for report in reports), default=Decimal(0))
    largest: dict[str, Decimal] = defaultdict(Decimal)
    for execution in shown:
        largest[execution.base_id] = max(largest[execution.base_id], execution.quantity)
    return OrderState(
        order=order,
        sends=sum(isinstance(payload, Sent | Resent) for payload in payloads),
        tickets=tickets,
        is_resent=any(isinstance(payload, Resent) for payload in payloads),
        is_number_taken=any(isinstance(it, Notice) and it.fault is Fault.NUMBER_TAKEN for it in since),
        permanent_ids=frozenset(identities - {0}),
        status=max((report.status for report in reports), key=lambda status: status.precedence, default=None),
        executions=newest(shown, commissions),
        reported_filled=claimed,
        missing=max(claimed - sum(largest.values(), Decimal(0)), Decimal(0)),
        is_cancel_requested=any(isinstance(payload, CancelRequest) for payload in payloads),
        reasons=tuple(sorted(reasons | {notice.reason for notice in notices})),
        faults=frozenset(notice.fault for notice in notices),
        rejections=tuple(it for it in notices if it.code and it.fault in {Fault.PERMANENT, Fault.OPERATOR}),
    )


def newest(executions: Iterable[Execution], commissions: Iterable[CommissionReport] = ()) -> tuple[Execution, ...]:
    """Return each execution once, in its newest correction and with its commission, oldest first.

    A correction without a commission report of its own has that of what it corrects. Of two reports for one execution
    the higher counts.
    """
    costs: dict[str, Decimal] = {}
    for report in commissions:
        if report.commission > UNKNOWN_ABOVE:  # an earlier version took "not known yet" for an amount
            continue
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
    """Return the shares by symbol that an account should hold, without zeros; None before it was first reconciled.

    The sum of the positions that a person last accepted, every execution recorded since, and what splits have made of
    it: a correction counts by its difference from the execution as known at the acceptance. What nobody accepted and no
    order bought is not ours.
    """
    baseline: Mapping[str, Decimal] | None = None
    included: Mapping[str, Decimal] = {}
    executions: list[Execution] = []
    gained: dict[str, Decimal] = defaultdict(Decimal)
    for event in counted(events):
        match event.payload:
            case Execution():
                executions.append(event.payload)
            case Restatement(symbol=symbol, before=before, after=after):
                gained[symbol] += after - before
            case Reconciliation(account=account, is_baseline=True):
                baseline, included = account.positions, _net(executions)
                gained.clear()
            case Reconciliation(differences=()) if baseline is None:
                baseline = {}
    if baseline is None:
        return None
    net = _net(executions)
    expected = {
        symbol: baseline.get(symbol, Decimal(0))
        + net.get(symbol, Decimal(0))
        - included.get(symbol, Decimal(0))
        + gained.get(symbol, Decimal(0))
        for symbol in {*baseline, *net}
    }
    return {symbol: quantity for symbol, quantity in sorted(expected.items()) if quantity}


def last_agreement(events: Iterable[Event]) -> date | None:
    """Return the exchange's day on which ledger and broker last agreed; None if they never have."""
    agreed = [
        event.payload.at.astimezone(EXCHANGE_ZONE).date()
        for event in counted(events)
        if isinstance(event.payload, Reconciliation) and (event.payload.is_baseline or not event.payload.differences)
    ]
    return agreed[-1] if agreed else None


def _net(executions: Iterable[Execution]) -> dict[str, Decimal]:
    net: dict[str, Decimal] = defaultdict(Decimal)
    for execution in newest(executions):
        net[execution.symbol] += execution.side.sign * execution.quantity
    return net


def switch_state(events: Iterable[Event]) -> Switch:
    """Return the newest switch among an account's own and those of every account."""
    changes = [event.payload.switch for event in events if isinstance(event.payload, SwitchChange)]
    return changes[-1] if changes else Switch.NORMAL


def counted(events: Iterable[Event]) -> list[Event]:
    """Leave out dry runs."""
    return [event for event in events if event.scope.mode is not Mode.DRY_RUN]
