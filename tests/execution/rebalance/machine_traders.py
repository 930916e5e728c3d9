"""A trader against the model of a broker, in virtual time, that can be cut off at any point."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import yaml
from hostile_broker import HostileBroker, Hostility, Point
from rebalancing import live_targets, trading_context

from execution.controls import accept_positions
from execution.emergency_exit import ExitOutcome, sell_everything
from execution.orders.cancel import cancel_all
from execution.orders.context import DEFAULT_PACE, RebalanceRequest, TradingContext
from execution.orders.preflight import planned_window
from execution.rebalance import RebalanceOutcome, rebalance
from warehouse.settings.portfolio import FILE_NAME
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence
    from pathlib import Path

    from brokerage import Brokerage

    from execution.ledger.ledger import Ledger
    from execution.splits import Split
    from execution.targets import LiveTargets

PEACE = Hostility()


class PowerLossError(BaseException):
    """The trader ends here and now; nothing that it still wanted to do is done."""


@dataclass(frozen=True, slots=True)
class Crash:
    """Moment of a trader's death, by one of these.

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
        self._home = home
        self._ledger = ledger
        self._books = books

    def rebalance(
        self,
        wish: Mapping[str, str],
        hostility: Hostility = PEACE,
        crash: Crash | None = None,
        splits: Sequence[Split] = (),
    ) -> RebalanceOutcome:
        """Rebalance once, knowing of these splits. Raises SwingError, and PowerLossError if it died."""
        burn = fuse(crash or Crash())
        broker = HostileBroker(self._books, hostility, burn)
        context = replace(self._context(broker), step=lambda _name: burn())
        request = RebalanceRequest(Mode.PAPER)
        targets = replace(self._targets(wish), splits=tuple(splits))
        work = cut(rebalance(request, targets, context), crash.after_seconds if crash else 0.0)
        try:
            return self._books.time.run(work)
        finally:
            window = planned_window(self._books.time.now(), 5)
            for at, order in broker.sent:
                assert at < window.deadline or window.session_date > at.date(), f"{order} left at {at}"

    def sell_everything(self, hostility: Hostility = PEACE) -> ExitOutcome:
        """Sell everything. Raises SwingError."""
        context = self._context(HostileBroker(self._books, hostility))
        return self._books.time.run(sell_everything(RebalanceRequest(Mode.PAPER), context))

    def accept(self) -> None:
        """Take the broker's positions for the right ones."""
        self._books.time.run(accept_positions(self._context(HostileBroker(self._books, PEACE))))

    def cancel_all(self, hostility: Hostility) -> None:
        """Cancel what is open. Raises BrokerError."""
        self._books.time.run(cancel_all(self._context(HostileBroker(self._books, hostility))))

    def _context(self, broker: HostileBroker) -> TradingContext:
        context = trading_context(self._home, broker, self._ledger, self._books.time.now)
        return replace(context, pace=DEFAULT_PACE)

    def _targets(self, wish: Mapping[str, str]) -> LiveTargets:
        made = live_targets(self._books.today, {symbol: Decimal(weight) for symbol, weight in wish.items()})
        known = {symbol: bar for symbol, bar in made.final_bars.items() if symbol in self._books.prices}
        return replace(
            made,
            final_bars={symbol: replace(bar, close=self._books.prices[symbol]) for symbol, bar in known.items()},
            bars={symbol: bar for symbol, bar in made.bars.items() if symbol in known},
            universe=tuple(sorted(known)),
        )


def fuse(crash: Crash) -> Point:
    """Return what is to be called at each point, and ends the trader at its crash."""
    points, orders = crash.at_point, crash.after_orders

    def burn(*, is_order: bool = False) -> None:
        nonlocal points, orders
        points -= 1
        orders -= is_order
        if points == 0 or (is_order and orders == 0):
            raise PowerLossError

    return burn


async def cut(work: Coroutine[Any, Any, RebalanceOutcome], seconds: float) -> RebalanceOutcome:
    """Cancel the work after so many seconds; 0 is never."""
    task = asyncio.ensure_future(work)
    if seconds:
        asyncio.get_running_loop().call_later(seconds, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        raise PowerLossError from None
