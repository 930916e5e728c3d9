"""The situation: all inputs of a decision, gathered before it is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from execution.models import Switch, TradingHistory
from warehouse.calendar.sessions import last_completed_session, previous_session
from warehouse.calendar.trading_hours import Phase
from warehouse.settings.trading import DecideOn

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from execution.models import Account, Price
    from execution.planning.rules import Rules
    from execution.targets import LiveTargets
    from warehouse.calendar.trading_hours import Window


@dataclass(frozen=True, slots=True)
class Reference:
    """Yardstick for a price.

    Attributes:
        close: Of the last final bar, USD per share, as traded.
        session_date: Of that bar.
        volatility: Standard deviation of daily returns, a fraction.
    """

    close: Decimal
    session_date: date
    volatility: Decimal


@dataclass(frozen=True, slots=True)
class Situation:
    """All inputs of a decision; the same situation makes the same plan.

    Attributes:
        strategy_id: Kept with the orders.
        ours: Symbols that the strategy may hold or has held; other positions of the account are left alone.
        prices: By symbol, of `ours`; those neither held nor wanted serve as peers.
        now: Aware.
        aside: Symbols set apart because they cannot be priced, with the last price known; None for none.
        is_rehearsal: A dry run, which may be made at any hour and is then judged at the time of its prices.
    """

    strategy_id: str
    targets: LiveTargets
    account: Account
    ours: frozenset[str]
    prices: Mapping[str, Price]
    rules: Rules
    window: Window
    now: datetime
    history: TradingHistory = field(default_factory=TradingHistory)
    switch: Switch = Switch.NORMAL
    aside: Mapping[str, Price | None] = field(default_factory=dict)
    is_rehearsal: bool = False

    @property
    def session_date(self) -> date:
        """Session that is traded."""
        return self.window.session_date

    @property
    def weights(self) -> Mapping[str, Decimal]:
        """Target weights by symbol, fractions of equity; none at all means everything in cash."""
        return self.targets.weights

    @property
    def wanted(self) -> dict[str, Decimal]:
        """Target weights by symbol, without zeros.

        What is set apart keeps its weight, and the others share what the targets would invest beyond it.
        """
        ours = {symbol: weight for symbol, weight in self.weights.items() if weight and symbol in self.ours}
        others = {symbol: weight for symbol, weight in ours.items() if symbol not in self.aside}
        total, stuck = sum(others.values()), self._value_aside
        if not (stuck and total and self.equity > 0):
            return others
        share = min(Decimal(1), max(Decimal(0), sum(ours.values()) - stuck / self.equity) / total)
        return {symbol: weight * share for symbol, weight in others.items() if share}

    @property
    def held(self) -> dict[str, Decimal]:
        """Shares of ours by symbol, without zeros and what is set apart."""
        positions = self.account.positions.items()
        ours = self.ours - self.aside.keys()
        return {symbol: quantity for symbol, quantity in positions if quantity and symbol in ours}

    @property
    def symbols(self) -> list[str]:
        """Symbols held or wanted, sorted."""
        return sorted({*self.held, *self.wanted})

    @property
    def equity(self) -> Decimal:
        """Cash and our positions at these prices, USD, with what is set apart.

        The broker's own figure may be minutes old; this one agrees with the prices that the orders are made from.
        """
        return (
            self.account.cash
            + self._value_aside
            + sum((quantity * self.prices[symbol].amount for symbol, quantity in self.held.items()), Decimal(0))
        )

    @property
    def _value_aside(self) -> Decimal:
        """Value of the positions set apart, at their last known prices, USD."""
        return sum(
            (
                self.account.positions.get(symbol, Decimal(0)) * price.amount
                for symbol, price in self.aside.items()
                if price is not None
            ),
            Decimal(0),
        )

    @property
    def references(self) -> dict[str, Reference]:
        """Yardsticks by symbol; none for a symbol without volatility."""
        return {
            symbol: Reference(bar.close, bar.session_date, bar.volatility)
            for symbol, bar in self.targets.final_bars.items()
            if bar.volatility
        }

    @property
    def due_date(self) -> date:
        """Session whose bars the targets must have seen."""
        if self._is_off_hours:
            return last_completed_session(self.now)
        is_today = self.rules.trading.decide_on is DecideOn.PROVISIONAL_BAR
        return self.session_date if is_today else previous_session(self.session_date)

    @property
    def judged_at(self) -> datetime:
        """Time that ages and deadlines count from: now, or the newest price of a rehearsal outside the window."""
        if not self._is_off_hours or not self.prices:
            return self.now
        return min(self.now, max(price.as_of for price in self.prices.values()))

    @property
    def _is_off_hours(self) -> bool:
        """True for a rehearsal outside the window."""
        return self.is_rehearsal and self.window.phase(self.now) is not Phase.OPEN
