"""The configuration's section about the sources that `swing fetch` asks by itself; keys never stand in it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from warehouse.settings.layers import Section

WHY_NOT_YAHOO = (
    "Yahoo's terms forbid automated access and any passing on, its interface is not documented, and it turns away "
    "clients that are no browsers. It is fit for a look at a symbol, not for a schedule"
)


class SourceName(StrEnum):
    """Sources that are asked symbol by symbol, so that one can stand in for another; the best first."""

    IBKR = "ibkr"
    TIINGO = "tiingo"
    ALPACA = "alpaca"
    YAHOO = "yahoo"


WEB = tuple(name for name in SourceName if name is not SourceName.IBKR)

WebName = Annotated[str, Field(pattern=f"^({'|'.join(WEB)})$")]
Requests = Annotated[int, Field(ge=1, le=100_000)]


class SourceSettings(Section):
    """Order of failover, and the rate limits of plans that differ from the vendors' free ones."""

    order: tuple[Annotated[SourceName, Field(strict=False)], ...] = Field(
        strict=False, description=f"a list, each once, of some of {', '.join(SourceName)}; or []"
    )
    patience: float = Field(gt=0, le=3600, description="a number of seconds above 0, at most 3600")
    requests: dict[WebName, Requests] = Field(
        description=f"for some of {', '.join(WEB)}, a whole number from 1 to 100000: requests in the vendor's period"
    )
    is_yahoo_allowed: bool = Field(description="true or false")
