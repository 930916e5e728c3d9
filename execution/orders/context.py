"""What a rebalance is told to do, and what it is given to do it with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from execution.orders.dispatch import DEFAULT_PACE

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from execution.brokers.base import Broker
    from execution.ledger.ledger import Ledger
    from execution.orders.dispatch import Pace
    from execution.proposal import Proposal
    from warehouse.settings.portfolio import Portfolio
    from warehouse.settings.trading import Mode

LIQUIDATION = "liquidation"
"""What stands for the strategy in the order references of a sale of everything."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What to do.

    Attributes:
        confirmed_account: The account a person has named for live trading; empty otherwise.
        is_liquidation: Sell everything the strategy holds, whatever the targets say.
    """

    mode: Mode
    portfolio: Portfolio
    run_id: str
    confirmed_account: str = ""
    is_liquidation: bool = False

    def strategy_id(self, proposal: Proposal) -> str:
        """What the session's orders and events are kept under."""
        return LIQUIDATION if self.is_liquidation else proposal.strategy_id


@dataclass(frozen=True, slots=True)
class Tools:
    """What to do it with.

    Attributes:
        clock: The current time, aware.
        propose: Reads the newest targets; raises SwingError when there are none.
        step: Told the name of each step as it begins.
    """

    broker: Broker
    ledger: Ledger
    clock: Callable[[], datetime]
    propose: Callable[[], Proposal]
    step: Callable[[str], None]
    pace: Pace = DEFAULT_PACE
