"""The seam: what a rebalance needs of a broker, and nothing else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from execution.models import BrokerState, Order, Price, Report


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the gateway listens, and who we are to it."""

    host: str
    port: int
    client_id: int
    account_id: str = ""
    """The account to trade; empty means the only one of the login."""


class Broker(ABC):
    """One session with a broker; every call has a deadline of its own.

    Reads are repeated while the failure is transient. `send` and `cancel` are never repeated: what is not known to have
    failed may have happened, and only `state` can tell.
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
        """The broker's clock, UTC. Raises BrokerError."""

    @abstractmethod
    async def state(self) -> BrokerState:
        """Account, positions, orders and executions, asked for again from the broker and each of them whole.

        Raises:
            BrokerError: A part did not end within its deadline; an empty part is never taken for an answer that
                did not come.
        """

    @abstractmethod
    async def prices(self, symbols: Sequence[str]) -> dict[str, Price]:
        """The best price there is of each symbol; one without any is left out. Raises BrokerError."""

    @abstractmethod
    async def send(self, order: Order) -> None:
        """Hand an order to the connection, once; that it returns does not mean that the broker has it.

        Raises:
            BrokerError: The connection is known to be down; the order may have left all the same.
        """

    @abstractmethod
    async def cancel(self, order_ref: str) -> None:
        """Ask for an open order to be cancelled; only a report tells whether it was. Raises BrokerError."""

    @abstractmethod
    async def report(self, patience: float) -> Report | None:
        """The next report from the wire, in order; None after `patience` seconds without one.

        Raises:
            BrokerError: The connection is gone, and every report that came before has been handed out.
        """
