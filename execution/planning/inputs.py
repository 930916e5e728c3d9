"""What a plan is made from: plain values that the run gathers, and nothing that has to be looked up."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from execution.models import Account, Price
    from warehouse.settings.portfolio import Portfolio
    from warehouse.settings.trading import BrokerSettings, LimitSettings, Trading

WHOLE_SHARE = Decimal(1)
PART_OF_A_SHARE = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Targets:
    """What the strategy wants.

    Attributes:
        weights: Fractions of equity by symbol, cash left out; none at all means everything in cash.
        session_date: The newest session whose bars they have seen.
        due_date: The session that they have to have seen.
    """

    weights: Mapping[str, Decimal]
    session_date: date
    due_date: date


@dataclass(frozen=True, slots=True)
class Reference:
    """What a price is judged by.

    Attributes:
        close: Of the last final bar, USD per share, as traded.
        session_date: Of that bar.
        volatility: Standard deviation of daily returns, a fraction.
    """

    close: Decimal
    session_date: date
    volatility: Decimal


@dataclass(frozen=True, slots=True)
class UnsettledLot:
    """Shares bought with the proceeds of sales that had not settled.

    Attributes:
        settles_on: The session on which those sales have settled; from it on the shares may be sold.
    """

    symbol: str
    quantity: Decimal
    settles_on: date


@dataclass(frozen=True, slots=True)
class History:
    """What the ledger remembers that bears on a plan.

    Attributes:
        equity: After the last rebalance, USD; None if there was none.
        day_trades: Round trips within a session, over the four sessions before this one and this one.
        bought: Symbols of the buys that were sent this session.
        sold: Symbols of the sales that were sent this session.
        orders_sent: Number of orders sent this session.
        value_sent: Their value, bought and sold alike, USD.
    """

    equity: Decimal | None = None
    unsettled: tuple[UnsettledLot, ...] = ()
    day_trades: int = 0
    bought: frozenset[str] = frozenset()
    sold: frozenset[str] = frozenset()
    orders_sent: int = 0
    value_sent: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Rules:
    """The configuration, as far as it decides what is traded.

    Attributes:
        max_weight: Fraction of equity above which no target may be.
        commission_per_share: USD.
    """

    broker: BrokerSettings
    trading: Trading
    limits: LimitSettings
    max_weight: Decimal
    commission_per_share: Decimal

    @classmethod
    def of(cls, portfolio: Portfolio) -> Self:
        """The rules of a configuration."""
        return cls(
            broker=portfolio.broker,
            trading=portfolio.trading,
            limits=portfolio.limits,
            max_weight=Decimal(str(portfolio.strategy.max_weight)),
            commission_per_share=Decimal(str(portfolio.costs.commission_per_share)),
        )

    @property
    def lot(self) -> Decimal:
        """The smallest quantity that can be ordered, in shares."""
        return PART_OF_A_SHARE if self.broker.fractional else WHOLE_SHARE

    @property
    def heaviest(self) -> Decimal:
        """The weight above which no buy may lift a symbol, a fraction of equity."""
        return self.max_weight + self.limits.weight_excess


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """Everything that a plan depends on; the same request makes the same plan.

    Attributes:
        targets: None if there are none, which stops the rebalance.
        prices: By symbol; those that are neither held nor wanted serve as peers.
        references: By symbol, likewise.
        now: Aware.
        close: When this session's trading ends, aware.
        is_reduce_only: Nothing is bought.
    """

    strategy_id: str
    session_date: date
    targets: Targets | None
    account: Account
    prices: Mapping[str, Price]
    references: Mapping[str, Reference]
    rules: Rules
    now: datetime
    close: datetime
    history: History = field(default_factory=History)
    is_reduce_only: bool = False

    @property
    def held(self) -> dict[str, Decimal]:
        """Shares by symbol, without zeros."""
        return {symbol: quantity for symbol, quantity in self.account.positions.items() if quantity}

    @property
    def wanted(self) -> dict[str, Decimal]:
        """Target weights by symbol, without zeros."""
        weights = self.targets.weights if self.targets else {}
        return {symbol: weight for symbol, weight in weights.items() if weight}

    @property
    def symbols(self) -> list[str]:
        """What is held or wanted, in order."""
        return sorted({*self.held, *self.wanted})

    @property
    def equity(self) -> Decimal:
        """Cash and positions at this request's prices, USD.

        The broker's own figure may be minutes old; this one agrees with the prices that the orders are made from.
        """
        return self.account.cash + sum(
            (quantity * self.prices[symbol].amount for symbol, quantity in self.held.items()), Decimal(0)
        )
