"""Faults of a simulation as values; `grammar` reads them from text."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

EVERY = ""
"""Symbol that stands for all of them."""


class ActionKind(StrEnum):
    """Kind of action at a message."""

    ACCEPT = "accept"
    DELAY = "delay"
    ERROR = "error"
    REJECT = "reject"
    HOLD = "hold"
    INACTIVE = "inactive"
    DOUBLE = "double"
    LOSE = "lose"
    DROP = "drop"
    TRUNCATE = "truncate"
    REPEAT = "repeat"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class Action:
    """One step; `number` is seconds, a code or a count."""

    kind: ActionKind
    number: float = 0
    text: str = ""
    ids_roll_back: bool = False


ACCEPT = Action(ActionKind.ACCEPT)


@dataclass(frozen=True, slots=True)
class Rule:
    """Actions at the occurrences `first` to `last` of a message, about one symbol or any."""

    message: str
    symbol: str
    first: int
    last: float
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Filling:
    """Filling of an order: in `parts`, one `every` so many real seconds, of which `count` come."""

    parts: int = 1
    every: float = 0
    count: int = 1


@dataclass(frozen=True, slots=True)
class Correction:
    """Correction of the `nth` execution of a symbol to another price, in USD; a shift adds to it."""

    symbol: str
    nth: int
    price: Decimal
    is_shift: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """A second listing of a symbol in USD, abroad, with the shares that the account holds of it."""

    symbol: str
    exchange: str
    held: Decimal


@dataclass(frozen=True, slots=True)
class Scenario:
    """All deviations from the usual course."""

    rules: tuple[Rule, ...] = ()
    fillings: dict[str, Filling] = field(default_factory=dict)
    corrections: tuple[Correction, ...] = ()
    latency: float = 0.05
    is_status_first: bool = False
    listings: tuple[Listing, ...] = ()
    foreign_cash: tuple[tuple[str, Decimal], ...] = ()
    cash_prefix: str = ""
    is_commission_unset_first: bool = False
    is_commission_never_set: bool = False
    is_early: bool = False
    tells_completed: bool = False
    reuses_numbers: bool = False
    execution_time: str = "exchange"
    zone: str = ""
    accepts_fractions: bool = False
    accepts_unsettled: bool = False
    has_live_data: bool = False
    is_paced: bool = False

    def filling(self, symbol: str) -> Filling:
        """Return the filling of orders in `symbol`."""
        return self.fillings.get(symbol) or self.fillings.get(EVERY) or Filling()
