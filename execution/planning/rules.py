"""The configuration, as far as it decides what is traded."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Self

from warehouse.settings.trading import Fractional

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from warehouse.settings.portfolio import Portfolio
    from warehouse.settings.trading import BrokerSettings, LimitSettings, Trading

WHOLE_SHARE = Decimal(1)
PART_OF_A_SHARE = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Rules:
    """Settings that a plan obeys.

    Attributes:
        max_weight: Greatest target weight of a symbol, a fraction of equity.
        commission_per_share: USD.
        stale_after_sessions: Sessions without a bar after which a symbol counts as delisted.
        parameters_hash: Of the whole configuration.
        ended: Last session by symbol, of those that trade no more.
    """

    broker: BrokerSettings
    trading: Trading
    limits: LimitSettings
    max_weight: Decimal
    commission_per_share: Decimal
    stale_after_sessions: int
    parameters_hash: str
    ended: Mapping[str, date] = field(default_factory=dict)

    @classmethod
    def of(cls, portfolio: Portfolio) -> Self:
        """Take the rules from a configuration."""
        return cls(
            broker=portfolio.broker,
            trading=portfolio.trading,
            limits=portfolio.limits,
            max_weight=Decimal(str(portfolio.strategy.max_weight)),
            commission_per_share=Decimal(str(portfolio.costs.commission_per_share)),
            stale_after_sessions=portfolio.quality.stale_after_sessions,
            parameters_hash=portfolio.parameters_hash,
            ended={change.old: change.ended for change in portfolio.symbol_changes if change.ended},
        )

    @property
    def lot(self) -> Decimal:
        """Smallest quantity that can be ordered, in shares."""
        return PART_OF_A_SHARE if self.broker.fractional is Fractional.YES else WHOLE_SHARE

    @property
    def heaviest(self) -> Decimal:
        """Weight above which no buy may lift a symbol, a fraction of equity."""
        return self.max_weight + self.limits.weight_excess
