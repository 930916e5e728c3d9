"""A trader at a model of a broker that notes what is asked of it, in virtual time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from brokerage import ACCOUNT, Brokerage
from hostile_broker import HostileBroker, Hostility
from rebalancing import live_targets, trading_context
from simulators import NEW_YORK

from execution.after_close import look_again
from execution.ledger.events import Event, EventKind, Reconciliation, Scope
from execution.orders.cancel import cancel_all
from execution.orders.context import DEFAULT_PACE, RebalanceRequest
from execution.orders.preflight import planned_window
from execution.rebalance import rebalance
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from execution.ledger.ledger import Ledger
    from execution.ledger.state import OrderState
    from execution.models import Account, BrokerState, Order, Ticket
    from execution.orders.cancel import Fate
    from execution.orders.context import TradingContext
    from execution.rebalance import RebalanceOutcome

START = datetime(2024, 6, 11, 15, 55, tzinfo=NEW_YORK)
PRICES = {"SPY": 500, "QQQ": 400, "VTI": 250, "TLT": 90, "IEF": 95, "GLD": 200, "XLE": 90, "BND": 72, "BITO": 20}
SPY, GLD = "live/20240611/SPY/BUY/1", "live/20240611/GLD/BUY/1"
ONE_BUY = {"SPY": Decimal("0.5")}


class Watched(HostileBroker):
    """A broker that notes what was asked of it, and may answer otherwise."""

    context: TradingContext
    number = 1
    skew = timedelta(0)

    def __init__(self, books: Brokerage, hostility: Hostility = Hostility()) -> None:  # noqa: B008 - immutable
        super().__init__(books, hostility)
        self.cancelled: list[tuple[str, Ticket | None]] = []
        self.on_send: Callable[[Order, Ticket], None] = lambda _order, _ticket: None
        self.on_state: Callable[[BrokerState], BrokerState] = lambda state: state

    @property
    def client_id(self) -> int:
        """See Broker.client_id."""
        return self.number

    async def send(self, order: Order, ticket: Ticket) -> None:
        """See Broker.send."""
        self.on_send(order, ticket)
        await super().send(order, ticket)

    async def state(self) -> BrokerState:
        """See Broker.state."""
        found = await super().state()
        return self.on_state(replace(found, at=found.at + self.skew))

    async def cancel(self, order_ref: str, ticket: Ticket | None = None) -> None:
        """See Broker.cancel."""
        self.cancelled.append((order_ref, ticket))
        await super().cancel(order_ref, ticket)


@dataclass
class Desk:
    """An account, its ledger, and a trader."""

    home: Path
    books: Brokerage
    ledger: Ledger
    steps: list[str] = field(default_factory=list)

    def trade(
        self,
        broker: Watched,
        wish: dict[str, Decimal] = ONE_BUY,
        step: str = "",
        mode: Mode = Mode.PAPER,
    ) -> RebalanceOutcome:
        """Rebalance; at the step named the books' clock has jumped past the deadline."""
        context = trading_context(self.home, broker, self.ledger, self.books.time.now)
        window = planned_window(self.books.time.now(), 5)

        def on_step(name: str) -> None:
            self.steps.append(name)
            if step and name.startswith(step):
                self.books.time.jump(window.deadline + timedelta(seconds=5))

        broker.context = replace(context, pace=DEFAULT_PACE, step=on_step)
        targets = live_targets(self.books.today, wish)
        return self.books.time.run(
            rebalance(RebalanceRequest(mode, ACCOUNT if mode is Mode.LIVE else ""), targets, broker.context)
        )

    def look_again(self, broker: Watched) -> str:
        """Look at the last session after its close."""
        context = trading_context(self.home, broker, self.ledger, self.books.time.now)
        return self.books.time.run(look_again(replace(context, pace=DEFAULT_PACE)))

    def cancel_all(self, broker: Watched) -> list[Fate]:
        """Cancel every open order of ours, as `swing halt --cancel-orders` does."""
        context = trading_context(self.home, broker, self.ledger, self.books.time.now)
        return self.books.time.run(cancel_all(replace(context, pace=DEFAULT_PACE)))

    def record(self, *payloads: object) -> None:
        """Write events of the session, as an earlier start has."""
        scope = Scope(ACCOUNT, "earlier", Mode.PAPER, "live", START.date())
        self.ledger.append(*(Event(scope, payload) for payload in payloads))  # type: ignore[arg-type]

    def adopt(self) -> None:
        """Take the broker's positions for the strategy's, as `swing resume --accept-positions` does."""
        self.ledger.append(
            Event(Scope(ACCOUNT), Reconciliation(self.account(), self.books.time.now(), is_baseline=True))
        )

    def kinds(self) -> list[EventKind]:
        """Kinds of events so far."""
        return [recorded.event.kind for recorded in self.ledger.read()]

    def order(self, order_ref: str = SPY) -> OrderState:
        """The state of an order by the ledger."""
        return self.ledger.session(ACCOUNT, "live", START.date()).orders[order_ref]

    def account(self) -> Account:
        """The account as the model states it."""
        broker = Watched(self.books)

        async def read() -> Account:
            await broker.open()
            return (await broker.state()).account

        return self.books.time.run(read())
