"""The request for a rebalance, and the context it works in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from execution.ledger.events import Event
from execution.models import Side, Switch
from execution.switch_files import SwitchFiles, strictest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from execution.brokers.base import Broker
    from execution.ledger.events import Payload, Scope
    from execution.ledger.ledger import Ledger
    from execution.ledger.phase_events import Pin
    from execution.ledger.state import SessionState
    from warehouse.calendar.trading_hours import Window
    from warehouse.settings.portfolio import Portfolio
    from warehouse.settings.trading import Mode

LIQUIDATION = "liquidation"
"""Stands for the strategy in the order references of the emergency exit."""


@dataclass(frozen=True, slots=True)
class RebalanceRequest:
    """Job description of a rebalance.

    Attributes:
        confirmed_account: Account that a person has named for live trading; empty otherwise.
        is_gateway_clock: Go by the gateway's clock, as a simulated gateway needs; never with real money.
    """

    mode: Mode
    confirmed_account: str = ""
    is_gateway_clock: bool = False


@dataclass(frozen=True, slots=True)
class Pace:
    """Patience of a rebalance, in seconds.

    Attributes:
        look_every: Between two looks at the broker's state while an order is open.
        ambiguous_for: Time that an order which nobody has seen counts as on its way.
        cancel_within: Longest time for a cancellation at the deadline.
    """

    look_every: float = 2.0
    ambiguous_for: float = 10.0
    cancel_within: float = 20.0


DEFAULT_PACE = Pace()
NO_FILES = SwitchFiles()


@dataclass(frozen=True, slots=True)
class TradingContext:
    """Means to send, follow and cancel orders.

    Attributes:
        scope: Owner of the events that are recorded; without a session until a rebalance has one.
        window: Hours of the session that is traded.
        clock: Returns the current time, aware.
        step: Told the name of each step as it begins.
        files: Switches that were left as files.
        pin: Returns what is traded, which real money needs to be told.
    """

    portfolio: Portfolio
    broker: Broker
    ledger: Ledger
    scope: Scope
    window: Window
    clock: Callable[[], datetime]
    step: Callable[[str], None] = lambda _name: None
    pace: Pace = DEFAULT_PACE
    files: SwitchFiles = NO_FILES
    pin: Callable[[], Pin] | None = None

    def record(self, *payloads: Payload) -> int:
        """Write to the ledger; return the number of new events."""
        return self.ledger.append(*(Event(self.scope, payload) for payload in payloads))

    def session(self) -> SessionState:
        """Read from the ledger what is known of this rebalance."""
        assert self.scope.session_date is not None  # noqa: S101 - a rebalance always has a session
        return self.ledger.session(self.scope.account_id, self.scope.strategy_id, self.scope.session_date)

    def ours(self, universe: Iterable[str]) -> frozenset[str]:
        """Return the symbols that the strategy may hold or has traded; other positions are left alone."""
        account_id = self.scope.account_id
        return (frozenset(universe) | self.ledger.symbols(account_id)) - self.ledger.released(account_id)

    def switch(self) -> Switch:
        """Return the stricter of ledger and files; a halt still lets the emergency exit sell."""
        found = strictest(self.files.read(), self.ledger.switch(self.scope.account_id))
        is_exit = self.scope.strategy_id == LIQUIDATION
        return Switch.REDUCE_ONLY if found is Switch.HALTED and is_exit else found

    def objection(self, side: Side) -> str:
        """Return the reason why no order on that side may leave now; empty if it may."""
        match self.switch():
            case Switch.HALTED:
                return "trading is halted"
            case Switch.REDUCE_ONLY if side is Side.BUY:
                return "positions may only be reduced"
        # Last, as reading the ledger may take a while.
        return "the deadline has come" if self.clock() >= self.window.deadline else ""
