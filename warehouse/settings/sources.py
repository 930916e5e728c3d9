"""The configuration's section about sources: which are asked, in which order, and how fast."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from warehouse.settings.layers import Section


class SourceName(StrEnum):
    """Sources that a fetch can fall back on; `yahoo` stands in no default, for the reason in its module."""

    IBKR = "ibkr"
    TIINGO = "tiingo"
    ALPACA = "alpaca"
    FILES = "files"
    YAHOO = "yahoo"


class SourceSettings(Section):
    """Failover and the rate limits of the plans."""

    order: tuple[Annotated[SourceName, Field(strict=False)], ...] = Field(
        strict=False, min_length=1, description=f"a list of at least one, each once, of {', '.join(SourceName)}"
    )
    patience: float = Field(gt=0, le=3600, description="a number of seconds above 0, at most 3600")
    tiingo_requests_per_hour: int = Field(ge=1, le=100_000, description="a whole number from 1 to 100000")
    alpaca_requests_per_minute: int = Field(ge=1, le=10_000, description="a whole number from 1 to 10000")
