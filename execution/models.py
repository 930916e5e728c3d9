"""The vocabulary of execution: plain values without a broker library, a database or a clock.

Quantities are shares, prices and amounts are Decimal in the currency that stands beside them, weights are fractions of
equity, times carry a zone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from execution.brokers.base import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from execution.refusals import Refusal

CURRENCY = "USD"
MARK = "~"
"""Begins, within an order's reference at the broker, the identity of the ledger that knows it."""
PROBE = "probe"
"""Stands for the strategy in the order references of the probe of fractions, which no rebalance counts."""


class Side(StrEnum):
    """Direction of an order."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        """Change of the position by a share: 1 or -1."""
        return 1 if self is Side.BUY else -1


class PriceKind(StrEnum):
    """Source of a price."""

    LIVE = "live"
    FROZEN = "frozen"
    DELAYED = "delayed"
    DELAYED_FROZEN = "delayed_frozen"
    CLOSE = "close"
    """The last final bar's, of a symbol that cannot be priced now."""


@dataclass(frozen=True, slots=True)
class Price:
    """Price of a share, in `currency`, and the time from which it was known."""

    symbol: str
    amount: Decimal
    kind: PriceKind
    as_of: datetime
    currency: str = CURRENCY


@dataclass(frozen=True, slots=True)
class Account:
    """The account as the broker states it, amounts in `currency`.

    Attributes:
        cash: All of it, with the proceeds of sales that have not settled yet.
        settled_cash: Cash without proceeds that have not settled.
        positions: Shares by symbol, without zeros.
        is_paper: The broker calls it a simulated account; an account that it says nothing of counts as real money.
    """

    account_id: str
    net_liquidation: Decimal
    cash: Decimal
    settled_cash: Decimal
    positions: Mapping[str, Decimal]
    currency: str = CURRENCY
    is_paper: bool = False


@dataclass(frozen=True, slots=True)
class OrderRef:
    """Our identity of an order: the same inputs make the same one, so that a repeated plan cannot make a new order.

    Attributes:
        sequence: From 1; a further order of the same side in one session, in whole shares say, has the next.
    """

    strategy_id: str
    session_date: date
    symbol: str
    side: Side
    sequence: int = 1

    def __str__(self) -> str:
        """Return its text, as on the wire and in the ledger: STRATEGY/YYYYMMDD/SYMBOL/SIDE/SEQUENCE."""
        return f"{self.strategy_id}/{self.session_date:%Y%m%d}/{self.symbol}/{self.side}/{self.sequence}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a reference from its text. Raises ValueError if it is none of ours."""
        try:
            strategy_id, day, symbol, side, sequence = text.rsplit("/", 4)
            session_date = datetime.strptime(f"{day}Z", "%Y%m%d%z").date()
            return cls(strategy_id, session_date, symbol, Side(side), int(sequence))
        except ValueError:
            raise ValueError(f"{text!r} is not STRATEGY/YYYYMMDD/SYMBOL/SIDE/SEQUENCE") from None


@dataclass(frozen=True, slots=True)
class Order:
    """One order as it is sent, good for the day.

    Attributes:
        order_ref: Text of its OrderRef.
        limit_price: None means a market order.
    """

    order_ref: str
    symbol: str
    side: Side
    quantity: Decimal
    limit_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """Identity under which an order leaves, and leaves again.

    Attributes:
        number: The order's, among those of `client_id`.
        contract_id: The broker's identity (conId) of what is ordered.
    """

    order_ref: str
    client_id: int
    number: int
    contract_id: int


class OrderStatus(StrEnum):
    """Status of an order as the broker reports it, never as concluded from an error.

    In ascending precedence: of several reports the last in this order counts, whichever came last. The model `orders`
    repeats the order in SQL.
    """

    PENDING = "pending"
    SUBMITTED = "submitted"
    PENDING_CANCEL = "pending_cancel"
    INACTIVE = "inactive"
    """Not working now; it may be rejected, or still be worked later."""
    CANCELLED = "cancelled"
    FILLED = "filled"

    @property
    def precedence(self) -> int:
        """Place in the order of precedence; the greatest counts."""
        return list(OrderStatus).index(self)

    @property
    def is_final(self) -> bool:
        """True if no more can be filled."""
        return self in {OrderStatus.CANCELLED, OrderStatus.FILLED}


@dataclass(frozen=True, slots=True)
class OrderReport:
    """An order as the broker reports it, open or completed.

    Attributes:
        order_ref: Ours; empty for an order placed by other means.
        permanent_id: The broker's own identity (permId).
        quantity: Shares ordered; None where the broker does not say (completed orders state 0).
        filled: Shares filled so far, by this report.
        reason: Of its cancellation or rejection, in the broker's words; empty otherwise.
        contract_id: The broker's identity (conId) of what is ordered; 0 in records from before it was kept.
    """

    order_ref: str
    permanent_id: int
    account_id: str
    symbol: str
    side: Side
    quantity: Decimal | None
    filled: Decimal
    status: OrderStatus
    reason: str = ""
    contract_id: int = 0


@dataclass(frozen=True, slots=True)
class Execution:
    """Shares that changed hands at `price`, as reported by the broker.

    Attributes:
        exec_id: The broker's, of this report.
        base_id: Shared by all corrections of one execution.
        revision: Number of the correction; the greatest counts.
        commission: None until the broker has reported it.
        contract_id: As in OrderReport.
    """

    exec_id: str
    base_id: str
    revision: int
    order_ref: str
    permanent_id: int
    account_id: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    executed_at: datetime
    commission: Decimal | None = None
    currency: str = CURRENCY
    contract_id: int = 0


@dataclass(frozen=True, slots=True)
class CommissionReport:
    """Commission of an execution, reported after it."""

    exec_id: str
    commission: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Words about an order or the connection, mostly the broker's.

    Attributes:
        code: The broker's number for them, for people; 0 for words of our own.
        order_ref: The order; empty for the connection.
        fault: Consequence; ambiguous in records from before faults were kept.
        remedy: What a person can do; empty where nothing has to be done.
    """

    code: int
    text: str
    order_ref: str = ""
    fault: Fault = Fault.AMBIGUOUS
    remedy: str = ""

    @property
    def reason(self) -> str:
        """Code and text in one line."""
        return f"{self.code} {self.text}" if self.code else self.text


@dataclass(frozen=True, slots=True)
class Alarm:
    """A message of the broker that could not be understood: what we know may be wrong, so nothing more is sent."""

    text: str


Report = OrderReport | Execution | CommissionReport | Notice | Alarm


@dataclass(frozen=True, slots=True)
class BrokerState:
    """State of the account at the broker; made only if every part arrived whole.

    Attributes:
        orders: Open ones, and those completed today, of every client.
        executions: Today's, corrections and the corrected among them.
        at: Time by the broker's clock.
    """

    account: Account
    orders: tuple[OrderReport, ...]
    executions: tuple[Execution, ...]
    at: datetime


class Switch(StrEnum):
    """Permission to trade, set by a person; it holds until a person changes it."""

    NORMAL = "normal"
    REDUCE_ONLY = "reduce_only"
    HALTED = "halted"


@dataclass(frozen=True, slots=True)
class TradingHistory:
    """Recent trading of an account, as of a session.

    Attributes:
        previous_equity: Of the account after the last session finished before, USD; None if there is none.
        orders: Number of orders intended in this session.
        value: Of these orders at their limit, or at the price decided on, USD.
        bought: Shares by symbol bought in this session.
        sold: Shares by symbol sold in this session.
        bought_unsettled: Shares of `bought` that settled cash did not pay for: the newest ones, beyond the cash settled
            when the session was first reconciled. Selling them before the money has settled (T+1) violates good faith.
        day_trades: Symbols both bought and sold within one session, over the last five sessions with this one.
    """

    previous_equity: Decimal | None = None
    orders: int = 0
    value: Decimal = Decimal(0)
    bought: Mapping[str, Decimal] = field(default_factory=dict)
    sold: Mapping[str, Decimal] = field(default_factory=dict)
    bought_unsettled: Mapping[str, Decimal] = field(default_factory=dict)
    day_trades: int = 0


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One symbol of a plan; quantities in shares, weights as fractions of equity."""

    symbol: str
    price: Decimal
    held: Decimal
    wanted: Decimal
    planned: Decimal
    weight_before: Decimal
    weight_target: Decimal
    weight_after: Decimal


@dataclass(frozen=True, slots=True)
class Plan:
    """Plan of one rebalance, made once a session and then only carried out.

    Attributes:
        equity: Base of the weights, in `currency`.
        orders: Sells before buys.
        lines: One for each symbol that is held or wanted.
        tracking_error: Root of the summed squared differences between weights after and targets, cash among them.
        waits_for_settlement: Value of the buys that wait for sales to settle, in `currency`.
        is_blocked: A refusal stops the whole rebalance; `orders` is empty.
    """

    strategy_id: str
    session_date: date
    equity: Decimal
    orders: tuple[Order, ...]
    lines: tuple[PlanLine, ...]
    refusals: tuple[Refusal, ...]
    tracking_error: Decimal
    waits_for_settlement: Decimal
    is_blocked: bool
    currency: str = CURRENCY
