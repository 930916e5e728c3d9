"""Events of the ledger: one plain value per kind, and its form as text."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, get_args

from execution.ledger.phase_events import PhaseEvent
from execution.ledger.statement_events import StatementEvent
from execution.ledger.watch_events import AlertClaimed, AlertRaised, WatchEvent
from execution.models import (
    Account,
    Alarm,
    CommissionReport,
    Execution,
    Notice,
    Order,
    OrderReport,
    Plan,
    Price,
    Switch,
    Ticket,
)
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from decimal import Decimal

    from execution.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Scope:
    """Owner of an event.

    Attributes:
        account_id: Empty for a switch of every account and for the ledger's own events.
        run_id: Of the process that wrote it.
        mode: None, as session and strategy, for an event outside a rebalance.
    """

    account_id: str
    run_id: str = ""
    mode: Mode | None = None
    strategy_id: str = ""
    session_date: date | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A session's rebalance has begun; there is one of it per account, strategy and session."""

    deadline: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """Inputs of a plan.

    Attributes:
        lake_snapshot: Snapshot of the warehouse that was read; None if none was.
        targets_session: Session of the newest bar behind the targets; None without targets.
        targets: Fractions of equity by symbol, without cash.
        prices: One for each symbol.
        selection: Symbols picked, best first.
        correlations: Between the symbols looked at, by both names; None is unknown.
        account: As stated by the broker.
        parameters_hash: Of the configuration.
        targets_parameters_hash: Of the configuration that the targets were built with, as the next two.
        targets_code_version: Of the program that built them.
        targets_bars_snapshot: Snapshot of the warehouse whose bars they have seen.
    """

    decided_at: datetime
    lake_snapshot: int | None
    targets_session: date | None
    targets: Mapping[str, Decimal]
    prices: tuple[Price, ...]
    selection: tuple[str, ...]
    correlations: Mapping[str, Mapping[str, float | None]]
    account: Account
    parameters_hash: str = ""
    targets_parameters_hash: str = ""
    targets_code_version: str = ""
    targets_bars_snapshot: int | None = None


@dataclass(frozen=True, slots=True)
class Funding:
    """Buys that the cash allows after the sells; they replace the plan's."""

    orders: tuple[Order, ...]
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """An intended order was handed to the connection."""

    order_ref: str


@dataclass(frozen=True, slots=True)
class Resent:
    """An order that the broker was found not to have is about to be handed over again."""

    order_ref: str
    reason: str


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """The broker was asked to cancel an order."""

    order_ref: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The account was compared with the ledger.

    Attributes:
        at: Time by the broker's clock.
        differences: Disagreements; empty if there are none.
        is_baseline: A person accepted the broker's positions; later ones count from them. (Once, the first look did.)
    """

    account: Account
    at: datetime
    differences: tuple[Refusal, ...] = ()
    is_baseline: bool = False


@dataclass(frozen=True, slots=True)
class Restatement:
    """A holding counts in the shares of after a split, because a source knows it and the broker's positions show it.

    Attributes:
        effective_on: First session in the new shares; of several splits, the newest.
        ratio: New shares for one, as a text such as 4/1.
        before: Shares by the ledger.
        after: Shares by the broker, who may have paid cash for a fraction.
        source: Source of the split.
    """

    symbol: str
    effective_on: date
    ratio: str
    before: Decimal
    after: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class Stop:
    """A run ended before its session was finished; the next may go on."""

    reason: str
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Finish:
    """A session's rebalance is over.

    Attributes:
        equity: Of the account afterwards, USD.
        cash: Of the account afterwards, USD.
        message: Summary in words.
    """

    equity: Decimal
    cash: Decimal
    positions: Mapping[str, Decimal]
    message: str = ""


@dataclass(frozen=True, slots=True)
class SwitchChange:
    """A person halted, restricted or resumed trading."""

    switch: Switch
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Release:
    """A person took a symbol out of the strategy's hands, or gave it back.

    Attributes:
        is_released: False if it is ours again.
    """

    symbol: str
    is_released: bool
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """The ledger was migrated to a version of its schema."""

    version: int
    purpose: str


Payload = (
    Claim
    | Decision
    | Plan
    | Funding
    | Order
    | Ticket
    | Sent
    | Resent
    | OrderReport
    | Execution
    | CommissionReport
    | Notice
    | Alarm
    | CancelRequest
    | Reconciliation
    | Restatement
    | Stop
    | Finish
    | SwitchChange
    | Release
    | SchemaChange
    | WatchEvent
    | PhaseEvent
    | StatementEvent
)


class EventKind(StrEnum):
    """Names of the events in the ledger; each has one type of payload."""

    SESSION_CLAIMED = "session_claimed"
    DECIDED = "decided"
    PLANNED = "planned"
    FUNDED = "funded"
    ORDER_INTENDED = "order_intended"
    ORDER_NUMBERED = "order_numbered"
    ORDER_SENT = "order_sent"
    ORDER_RESENT = "order_resent"
    ORDER_REPORTED = "order_reported"
    EXECUTED = "executed"
    COMMISSION_REPORTED = "commission_reported"
    NOTICE = "notice"
    ALARM = "alarm"
    CANCEL_REQUESTED = "cancel_requested"
    RECONCILED = "reconciled"
    POSITION_RESTATED = "position_restated"
    STOPPED = "stopped"
    SESSION_FINISHED = "session_finished"
    SWITCH_CHANGED = "switch_changed"
    SYMBOL_RELEASED = "symbol_released"
    SCHEMA_CHANGED = "schema_changed"
    PREFLIGHT_CHECKED = "preflight_checked"
    ALERT_RAISED = "alert_raised"
    ALERT_CLAIMED = "alert_claimed"
    ALERT_SENT = "alert_sent"
    ALERT_ACKNOWLEDGED = "alert_acknowledged"
    PAGE_ACCESSED = "page_accessed"
    FROZEN = "frozen"
    VALIDATED = "validated"
    PHASE_OVERRIDDEN = "phase_overridden"
    STATEMENT_READ = "statement_read"
    CASH_MOVED = "cash_moved"
    STATEMENT_MISSED = "statement_missed"
    EXCEPTION_RAISED = "exception_raised"
    EXCEPTION_SIGNED = "exception_signed"


PAYLOADS: Mapping[EventKind, type[Payload]] = dict(zip(EventKind, get_args(Payload), strict=True))
"""The kinds stand in the order of the union above."""
KINDS = {payload: kind for kind, payload in PAYLOADS.items()}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, with its owner."""

    scope: Scope
    payload: Payload

    @property
    def kind(self) -> EventKind:
        """Name of the event in the ledger."""
        return KINDS[type(self.payload)]

    @property
    def order_ref(self) -> str | None:
        """Reference of the order it is about; None for an event about no order."""
        return getattr(self.payload, "order_ref", None) or None

    @property
    def unique_key(self) -> str | None:
        """Key of an event that can happen only once; None if it may repeat, as every event of a dry run may."""
        scope = self.scope
        if scope.mode is Mode.DRY_RUN:
            return None
        match self.payload:
            case Claim() | Funding() | Finish() | Plan(is_blocked=False):
                key = f"{scope.account_id}/{scope.strategy_id}/{scope.session_date}"
            case Order(order_ref=order_ref):
                key = f"{scope.account_id}/{order_ref}"
            case Execution(exec_id=exec_id):
                key = f"{scope.account_id}/{exec_id}"
            case CommissionReport(exec_id=exec_id, commission=commission):
                key = f"{scope.account_id}/{exec_id}/{commission.normalize():f}"
            case AlertRaised(key=occasion):
                key = occasion
            case AlertClaimed(key=occasion, channel=channel, attempt=attempt):
                key = f"{occasion}/{channel}/{attempt}"
            case _ if identity := getattr(self.payload, "identity", None):
                key = f"{scope.account_id}/{identity}"
            case _:
                return None
        return f"{self.kind}/{key}"

    def facts(self) -> tuple[Event, ...]:
        """Split an execution from its commission, each of which is recorded once; return other events as they are."""
        if not isinstance(self.payload, Execution) or self.payload.commission is None:
            return (self,)
        execution = self.payload
        commission = CommissionReport(execution.exec_id, self.payload.commission, execution.currency)
        return Event(self.scope, replace(execution, commission=None)), Event(self.scope, commission)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event in the ledger.

    Attributes:
        sequence: Place in the ledger, from 1 without gaps.
        recorded_at: Time of its record, UTC.
        digest: sha256 (hex) of its content and the digest before it.
    """

    sequence: int
    recorded_at: datetime
    event: Event
    digest: str = field(repr=False, default="")
