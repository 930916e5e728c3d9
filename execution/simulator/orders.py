"""An order at the broker, its changes, and its refusal."""

from __future__ import annotations

import math
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
    HELD = "Held"
    """In a window of the gateway, and in no list."""

    @property
    def is_open(self) -> bool:
        """True if the order can fill now."""
        return self in {Status.PRE_SUBMITTED, Status.SUBMITTED}


class OrderRefusedError(Exception):
    """An order that the broker does not take; `is_known` if it keeps it as rejected."""

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
    """Earliest time of the next fill, in the seconds of time.monotonic."""
    wakes: float = math.inf
    """Time, likewise, at which a held or inactive order is worked after all."""

    @property
    def is_sleeping(self) -> bool:
        """True if the order is held or inactive, and may still be worked."""
        return self.status in {Status.HELD, Status.INACTIVE} and self.done_at is None

    @property
    def is_listed(self) -> bool:
        """True if the gateway lists it among the open orders."""
        return self.status.is_open or (self.status is Status.INACTIVE and self.done_at is None)

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
        """Value of the filled shares, USD."""
        return sum((fill.quantity * fill.price for fill in self.fills), Decimal(0))

    @property
    def commission(self) -> Decimal:
        """Commission so far, USD."""
        return sum((fill.commission for fill in self.fills), Decimal(0))


class ChangeKind(StrEnum):
    """Kind of change of an order."""

    WORKING = "working"
    FILLED = "filled"
    CANCELLED = "cancelled"
    CORRECTED = "corrected"


@dataclass(frozen=True, slots=True)
class OrderChange:
    """A change of an order, to be told to its client."""

    kind: ChangeKind
    order: BrokerOrder
    fill: Fill | None = None
