"""The configuration's section about phases: what live trading waits for."""

from __future__ import annotations

from pydantic import Field

from warehouse.settings.layers import Section


class PhaseSettings(Section):
    """Conditions on the paper period before real money is traded."""

    paper_sessions: int = Field(ge=1, le=1000, description="a whole number of sessions from 1 to 1000")
    correlation: float = Field(ge=-1, le=1, description="a number from -1 to 1")
    slippage: float = Field(ge=0, le=0.1, description="a fraction from 0 to 0.1, such as 0.002")
    alarms: int = Field(ge=0, le=1000, description="a whole number from 0 to 1000")
