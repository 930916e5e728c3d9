"""A trader against the model of a broker, in virtual time, that can be cut off at any point."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import yaml
from brokerage import ACCOUNT
from hostile_broker import HostileBroker, Hostility
from rebalancing import proposal

from execution.ledger.events import Scope
from execution.orders.cancel import accept_positions, cancel_open_orders
from execution.orders.context import Assignment, Tools
from execution.orders.dispatch import Desk
from execution.orders.preflight import planned_window
from execution.rebalance import Outcome, rebalance
from warehouse.settings.portfolio import FILE_NAME, load_portfolio
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from pathlib import Path

    from brokerage import Brokerage

    from execution.ledger.ledger import Ledger
    from execution.proposal import Proposal

PEACE = Hostility()


class PowerLossError(BaseException):
    """The trader ends here and now; nothing that it still wanted to do is done."""


@dataclass(frozen=True, slots=True)
class Crash:
    """When a trader dies, by one of these.

    Attributes:
        at_point: The nth at which it does something, or has just done it.
        after_orders: So many have just left, and it knows nothing of it.
    """

    at_point: int = 0
    after_orders: int = 0
    after_seconds: float = 0.0


class Trader:
    """Rebalances one account, again and again."""

    def __init__(self, home: Path, ledger: Ledger, books: Brokerage, settings: Mapping[str, Any]) -> None:
        (home / FILE_NAME).write_text(yaml.safe_dump(dict(settings)), encoding="utf-8")
        self._portfolio = load_portfolio(home)
        self._ledger = ledger
        self._books = books

    def rebalance(
        self,
        wish: Mapping[str, str],
        hostility: Hostility = PEACE,
        crash: Crash | None = None,
        *,
        is_liquidation: bool = False,
    ) -> Outcome:
        """Rebalance once. Raises SwingError, and PowerLossError if it died."""
        fuse = _Fuse(crash or Crash())
        broker = HostileBroker(self._books, hostility, fuse.burn)
        tools = Tools(
            broker=broker,
            ledger=self._ledger,
            clock=self._books.time.now,
            propose=lambda: self._proposal(wish),
            step=lambda _name: fuse.burn(),
        )
        assignment = Assignment(Mode.PAPER, self._portfolio, "machine", is_liquidation=is_liquidation)
        work = _cut(rebalance(assignment, tools), crash.after_seconds if crash else 0.0)
        try:
            return self._books.time.run(work)
        finally:
            window = planned_window(self._books.time.now(), 5)
            for at, order in broker.sent:
                assert at < window.deadline or window.session_date > at.date(), f"{order} left at {at}"

    def accept(self) -> None:
        """Take the broker's positions for the right ones."""
        self._books.time.run(accept_positions(self._desk(PEACE)))

    def cancel_open_orders(self, hostility: Hostility) -> None:
        """Cancel what is open. Raises BrokerError."""
        self._books.time.run(cancel_open_orders(self._desk(hostility)))

    def _desk(self, hostility: Hostility) -> Desk:
        return Desk(
            broker=HostileBroker(self._books, hostility),
            ledger=self._ledger,
            scope=Scope(ACCOUNT, "person"),
            window=planned_window(self._books.time.now(), 5),
            clock=self._books.time.now,
            step=lambda _name: None,
        )

    def _proposal(self, wish: Mapping[str, str]) -> Proposal:
        made = proposal(self._books.today, {symbol: Decimal(weight) for symbol, weight in wish.items()})
        known = {symbol: bar for symbol, bar in made.final_bars.items() if symbol in self._books.prices}
        return replace(
            made,
            final_bars={symbol: replace(bar, close=self._books.prices[symbol]) for symbol, bar in known.items()},
            bars={symbol: bar for symbol, bar in made.bars.items() if symbol in known},
            universe=tuple(sorted(known)),
        )


class _Fuse:
    """Ends the trader at its crash."""

    def __init__(self, crash: Crash) -> None:
        self._points = crash.at_point
        self._orders = crash.after_orders

    def burn(self, *, is_order: bool = False) -> None:
        self._points -= 1
        self._orders -= is_order
        if self._points == 0 or (is_order and self._orders == 0):
            raise PowerLossError


async def _cut(work: Coroutine[Any, Any, Outcome], seconds: float) -> Outcome:
    """Cancel the work after so many seconds; 0 is never."""
    task = asyncio.ensure_future(work)
    if seconds:
        asyncio.get_running_loop().call_later(seconds, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        raise PowerLossError from None
