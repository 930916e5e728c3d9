"""A rebalance over the simulator's socket, in this process."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from rebalancing import PACE, live_targets, trading_context
from simulators import AFTERNOON

from execution.brokers.base import Endpoint
from execution.brokers.retrying import RetryPolicy
from execution.brokers.tws.broker import IbkrBroker
from execution.brokers.tws.session import Timing
from execution.ledger.ledger import Ledger, ledger_url
from execution.models import Ticket
from execution.orders.context import RebalanceRequest
from execution.rebalance import rebalance
from warehouse.errors import SwingError
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from pathlib import Path

    from simulators import RunningSimulator

    from execution.ledger.events import EventKind
    from execution.ledger.state import SessionState

WISH = {"SPY": Decimal("0.5"), "GLD": Decimal("0.45")}
TIMING = Timing(connect=3, request=3, quote=3, messages_per_second=0, retries=RetryPolicy(2, 0.05, 0.1))
QUICK = replace(PACE, look_every=0.2, cancel_within=2.0)


@dataclass(frozen=True, slots=True)
class Course:
    """Course of a rebalance, and the ledger afterwards."""

    exit_code: int
    message: str
    session: SessionState
    kinds: Counter[EventKind]
    tickets: tuple[Ticket, ...]


def rebalanced(home: Path, gateway: RunningSimulator, client_id: int = 17, ledger_id: str = "") -> Course:
    """Rebalance once in this process."""
    ledger = Ledger.open(ledger_url(home))
    offset = gateway.clock.now() - datetime.now(UTC)
    broker = IbkrBroker(Endpoint("127.0.0.1", gateway.port, client_id, ledger_id=ledger_id), TIMING)
    context = trading_context(home, broker, ledger, lambda: datetime.now(UTC) + offset)
    targets = live_targets(AFTERNOON.date(), WISH)
    try:
        message = asyncio.run(rebalance(RebalanceRequest(Mode.PAPER), targets, replace(context, pace=QUICK))).message
        code = 0
    except SwingError as error:
        message, code = str(error), error.exit_code
    session = ledger.session(gateway.account_id, "live", AFTERNOON.date())
    events = [recorded.event for recorded in ledger.read()]
    tickets = tuple(event.payload for event in events if isinstance(event.payload, Ticket))
    ledger.close()
    return Course(code, message, session, Counter(event.kind for event in events), tickets)
