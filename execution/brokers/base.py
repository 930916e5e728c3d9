"""The seam between a rebalance and a broker: everything above it speaks in these terms alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from datetime import datetime, timedelta

    from execution.models import Account, BrokerState, Order, Price, Report, Ticket
    from warehouse.sources.base import SymbolSource


class Fault(StrEnum):
    """Consequence of a broker's message for the request or the order that it is about."""

    TRANSIENT = "transient"
    """The same request may succeed later."""
    PERMANENT = "permanent"
    """The same request fails again; an order was not taken."""
    FRACTION = "fraction"
    """An order was not taken because of its fraction of a share; whole shares may be."""
    OPERATOR = "operator"
    """A person has to change something first; an order was not taken."""
    HELD = "held"
    """The gateway holds the order, in no list, until a person answers; it can still fill."""
    NUMBER_TAKEN = "number_taken"
    """The order's number was used before: by another order, or by this one if it had left before."""
    INFORMATIONAL = "informational"
    """No failure; an order goes on living, or ends as its status says."""
    AMBIGUOUS = "ambiguous"
    """Unknown consequence; only the broker's own record tells."""

    @property
    def is_rejection(self) -> bool:
        """True if the broker did not take the order, and would not take it again."""
        return self in {Fault.PERMANENT, Fault.FRACTION, Fault.OPERATOR}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Address of a broker's gateway, and the identity to use there.

    Attributes:
        account_id: The account to trade; empty for the only one of the login.
        ledger_id: Marks our orders' references at the broker, to tell them from another ledger's; empty for no mark.
        primary_exchanges: Of symbols that are listed more than once.
    """

    host: str
    port: int
    client_id: int
    account_id: str = ""
    ledger_id: str = ""
    primary_exchanges: Mapping[str, str] = field(default_factory=dict)


class Level(StrEnum):
    """Result of one step of the connection test."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Finding:
    """One step of the connection test.

    Attributes:
        remedy: Advice; empty where nothing is needed.
        shown: Fact that the step brought, for whoever judges it otherwise; None if there is none. The timedelta is the
            gateway's clock ahead of ours.
    """

    step: str
    level: Level
    message: str
    remedy: str = ""
    shown: Account | Price | timedelta | None = None

    @property
    def is_failure(self) -> bool:
        """True if nothing can be traded over this gateway as it is."""
        return self.level is Level.FAILURE

    def as_line(self) -> str:
        """Return it for a terminal."""
        return f"{self.level:<8} {self.step}: {self.message}" + (f"\n{'':<9}{self.remedy}" if self.remedy else "")

    def as_record(self) -> dict[str, str]:
        """Return it for JSON."""
        return {"step": self.step, "level": self.level, "message": self.message, "remedy": self.remedy}


class Broker(ABC):
    """One session with a broker; every call has a deadline of its own.

    Reads are retried while the failure is transient. `send` and `cancel` are never retried: a call that is not known to
    have failed may have worked, and only `state` can tell.
    """

    @abstractmethod
    async def open(self) -> None:
        """Connect.

        Raises:
            BrokerError: The gateway is not there, or not ready.
            BrokerRefusedError: It refused: client id in use, version, account.
        """

    @abstractmethod
    async def close(self) -> None:
        """Disconnect; never raises."""

    @abstractmethod
    async def now(self) -> datetime:
        """Read the broker's clock, UTC. Raises BrokerError."""

    @abstractmethod
    async def state(self) -> BrokerState:
        """Read account, positions, orders and executions anew, each list to its end.

        Raises:
            BrokerError: A part did not end within its deadline; a missing answer is never taken for an empty one.
        """

    @abstractmethod
    async def prices(self, symbols: Sequence[str]) -> dict[str, Price]:
        """Read the best price of each symbol; one without any is left out. Raises BrokerError."""

    @property
    @abstractmethod
    def client_id(self) -> int:
        """Number of our connection; orders can be cancelled by the client that sent them."""

    @abstractmethod
    async def ticket(self, order: Order, above: int = 0) -> Ticket:
        """Reserve an identity for an order, its number greater than `above`.

        Raises:
            BrokerError: Nothing can be sent now.
            BrokerRefusedError: The symbol is unknown.
        """

    @abstractmethod
    async def send(self, order: Order, ticket: Ticket) -> None:
        """Hand an order to the connection at once; its return does not mean that the broker has the order.

        Raises:
            BrokerError: The connection is known to be down; the order may have left all the same.
        """

    @abstractmethod
    async def cancel(self, order_ref: str, ticket: Ticket | None = None) -> None:
        """Request the cancellation of an order, by its ticket if it was never shown; only a report confirms it.

        Raises:
            BrokerError: It is not an open order of this client, or the connection is down.
        """

    @abstractmethod
    async def report(self, patience: float) -> Report | None:
        """Return the next report from the wire, in order; None after `patience` seconds without one.

        Raises:
            BrokerError: The connection is gone, and every earlier report has been handed out.
        """


@dataclass(frozen=True, slots=True)
class BrokerAdapter:
    """Entry of a broker's folder.

    Attributes:
        broker: Makes a session, not yet open.
        bars: Makes a source of daily bars for one fetch; a whole history is a span such as '10 Y'.
        diagnose: Tests the gateway step by step, up to a price of the symbol, by this machine's time; orders nothing.
    """

    broker: Callable[[Endpoint], Broker]
    bars: Callable[[Endpoint, str], SymbolSource]
    diagnose: Callable[[Endpoint, str, datetime], Coroutine[None, None, list[Finding]]]
