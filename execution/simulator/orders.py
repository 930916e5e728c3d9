"""An order at the broker, what became of it, and why one is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from execution.models import Side


class Status(StrEnum):
    """An order's status, in the broker's words."""

    PRE_SUBMITTED = "PreSubmitted"
    SUBMITTED = "Submitted"
    FILLED = "Filled"
    CANCELLED = "Cancelled"
    INACTIVE = "Inactive"

    @property
    def is_open(self) -> bool:
        """Whether the order can still fill."""
        return self in {Status.PRE_SUBMITTED, Status.SUBMITTED}


class RefusedError(Exception):
    """The broker does not take an order; `is_known` tells whether it keeps it as rejected."""

    def __init__(self, code: int, text: str, *, is_known: bool = False) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.is_known = is_known


@dataclass(frozen=True, slots=True)
class Fill:
    """Shares of one order that changed hands, with the commission in USD."""

    exec_id: str
    quantity: Decimal
    price: Decimal
    at: datetime
    commission: Decimal
    realized: Decimal | None
    cumulative: Decimal
    average_price: Decimal


@dataclass(slots=True)
class BrokerOrder:
    """One order as the broker has it; prices in USD, `limit_price` None for a market order."""

    client_id: int
    order_id: int
    order_ref: str
    symbol: str
    side: Side
    quantity: Decimal
    limit_price: Decimal | None
    permanent_id: int = 0
    status: Status = Status.PRE_SUBMITTED
    expires_at: datetime | None = None
    done_at: datetime | None = None
    reason: str = ""
    fills: list[Fill] = field(default_factory=list)
    corrected: list[Fill] = field(default_factory=list)
    due: float = 0
    """When the next part may fill, in the seconds of time.monotonic."""

    @property
    def filled(self) -> Decimal:
        """Shares filled."""
        return sum((fill.quantity for fill in self.fills), Decimal(0))

    @property
    def remaining(self) -> Decimal:
        """Shares not filled."""
        return self.quantity - self.filled

    @property
    def value(self) -> Decimal:
        """What the filled shares cost, in USD."""
        return sum((fill.quantity * fill.price for fill in self.fills), Decimal(0))

    @property
    def commission(self) -> Decimal:
        """What it cost so far, in USD."""
        return sum((fill.commission for fill in self.fills), Decimal(0))


class EventKind(StrEnum):
    """What became of an order."""

    WORKING = "working"
    FILLED = "filled"
    CANCELLED = "cancelled"
    CORRECTED = "corrected"


@dataclass(frozen=True, slots=True)
class Event:
    """Something the order's client is to be told."""

    kind: EventKind
    order: BrokerOrder
    fill: Fill | None = None
