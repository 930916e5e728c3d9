"""The configuration's section about breakers: limits beyond which trading is restricted until a person resumes it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from warehouse.settings.layers import Section


class BreakerAction(StrEnum):
    """Consequences of a figure beyond its limit."""

    HALT = "halt"
    REDUCE_ONLY = "reduce_only"
    IGNORE = "ignore"


class BreakerSettings(Section):
    """Limits of the breakers, and what follows."""

    drawdown: float = Field(gt=0, le=1, description="a fraction above 0, up to 1")
    drawdown_action: BreakerAction = Field(strict=False, description=f"one of {', '.join(BreakerAction)}")
    correlation: float = Field(ge=-1, le=1, description="a number from -1 to 1")
    correlation_action: BreakerAction = Field(strict=False, description=f"one of {', '.join(BreakerAction)}")
