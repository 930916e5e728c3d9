"""The parameters of the strategies, each typed once: grid, table, search and page take the names from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, create_model

from warehouse.settings.layers import Section

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

Sessions = Annotated[int, Field(ge=2, le=5000, description="a whole number of sessions from 2 to 5000")]
Fraction = Annotated[float, Field(ge=0, lt=1, description="a fraction from 0 to below 1")]


@dataclass(frozen=True, slots=True)
class Axis:
    """The mark of a parameter that the grid varies.

    Attributes:
        searched: Values that a search beyond the grid tries, ascending: fine enough to see a plateau, coarse enough
            that folds share trials.
    """

    searched: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Neutral:
    """The mark of a parameter that changes no number at one value.

    Hashes leave it out at that value, so that a new parameter renames no strategy.
    """

    value: Any


class Strategy(Section):
    """The live parameters; windows in sessions, weights as fractions of equity."""

    ema_fast: Annotated[Sessions, Axis(tuple(range(5, 39, 3)))]
    ema_slow: Annotated[Sessions, Axis(tuple(range(40, 201, 10)))]
    top_n: Annotated[int, Field(ge=1, le=50, description="a whole number from 1 to 50"), Axis((1, 2, 3, 4))]
    corr_cap: Annotated[
        float,
        Field(ge=-1, le=1, description="a number from -1 to 1"),
        Axis(tuple(round(0.40 + 0.05 * step, 2) for step in range(11))),
    ]
    corr_window: Sessions
    corr_min_obs: int = Field(ge=3, le=5000, description="a whole number from 3 to corr_window")
    atr_window: Sessions
    vol_window: Sessions
    max_weight: float = Field(gt=0, le=1, description="a fraction above 0 and at most 1")
    cash_buffer: Fraction


class Costs(Section):
    """Slippage as a fraction of the value traded; commission in USD a share.

    An order costs at least the minimum, in USD, but no more than the maximum, a fraction of its value.
    """

    slippage: Fraction
    commission_per_share: float = Field(ge=0, description="an amount of USD, 0 or more")
    commission_minimum: Annotated[float, Field(ge=0, description="an amount of USD, 0 for none"), Neutral(0)]
    commission_maximum: Annotated[float, Field(ge=0, lt=1, description="a fraction, 0 for none"), Neutral(0)]


class Capital(Section):
    """The start of the backtest, in USD."""

    initial_equity: float = Field(gt=0, description="an amount of USD above 0")


_FIELDS = {name: field for section in (Strategy, Costs, Capital) for name, field in section.model_fields.items()}

PARAMETERS: dict[str, Any] = {name: field.annotation for name, field in _FIELDS.items()}
"""The type of each parameter by its name; together they tell one strategy from another."""

NEUTRAL: dict[str, Any] = {
    name: mark.value for name, field in _FIELDS.items() for mark in field.metadata if isinstance(mark, Neutral)
}
"""Values at which parameters change no number, by their names."""

AXES: dict[str, Axis] = {
    name: mark for name, field in Strategy.model_fields.items() for mark in field.metadata if isinstance(mark, Axis)
}
"""Parameters that the grid varies, the first slowest."""

NAMED = ("ema_fast", "ema_slow", "top_n", "corr_cap")
"""Parameters that a strategy's name tells without naming them, in its order."""

SHARED = ("atr_window", "vol_window", "corr_window", "corr_min_obs")
"""Windows that all strategies of one computation share (dbt_project/tests/strategies_are_consistent.sql)."""

if TYPE_CHECKING:

    class Grid(Section):
        """The axes whose every combination is a strategy; its other parameters are the live ones."""

else:
    Grid = create_model(
        "Grid",
        __base__=Section,
        __doc__="The axes whose every combination is a strategy; its other parameters are the live ones.",
        **{
            name: (
                tuple[Annotated[field.annotation, *field.metadata], ...],
                Field(strict=False, min_length=1, description=f"a list of at least one, each {field.description}"),
            )
            for name, field in Strategy.model_fields.items()
            if name in AXES
        },
    )


@dataclass(frozen=True, slots=True)
class StrategyRow:
    """One row of `strategies`; units as in the configuration.

    Attributes:
        strategy_id: First 12 hex digits of the sha256 of the parameters that are not neutral.
        grid_order: 1..N in grid order; None for a live strategy that is not on the grid.
        is_live: True on exactly one row.
        parameters: By their names.
        told: Parameters that its name tells beside those of the grid.
        label: Name under which a person saved it; empty for none.
    """

    strategy_id: str
    grid_order: int | None
    is_live: bool
    parameters: Mapping[str, Any]
    told: Collection[str] = ()
    label: str = ""

    @property
    def name(self) -> str:
        """Return the name for people, such as 20/50 · top 2 · 0.7: averages, picks, correlation cap, then others."""
        values = {name: f"{value:g}" for name, value in self.parameters.items()}
        usual = "{ema_fast}/{ema_slow} · top {top_n} · {corr_cap}".format_map(values)
        others = [f"{name} {values[name]}" for name in values if name in {*AXES, *self.told} - {*NAMED}]
        described = " · ".join([usual, *others])
        return f"{self.label} ({described})" if self.label else described

    def columns(self) -> dict[str, Any]:
        """Return the row as the table holds it."""
        return {
            "strategy_id": self.strategy_id,
            "strategy_name": self.name,
            "grid_order": self.grid_order,
            "is_live": self.is_live,
            **self.parameters,
        }
