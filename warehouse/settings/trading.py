"""The configuration's sections about trading: the gateway, the trading, and its bounds."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from warehouse.settings.layers import Section

ACCOUNT = r"^[A-Z0-9]{0,15}$"
AMOUNT = "an amount of USD above 0"

Amount = Annotated[Decimal, Field(gt=0, strict=False, description=AMOUNT)]
Share = Annotated[Decimal, Field(ge=0, le=1, strict=False, description="a fraction from 0 to 1")]


class OrderType(StrEnum):
    """Ways to price orders."""

    LIMIT = "limit"
    MARKET = "market"


class Settlement(StrEnum):
    """Cash that buys may spend."""

    SETTLED_ONLY = "settled_only"
    UNSETTLED_OK = "unsettled_ok"


class Fractional(StrEnum):
    """Ability of an account to trade parts of shares over the API, as it was proven and not as it is announced."""

    UNTESTED = "untested"
    YES = "yes"
    NO = "no"


def _spelled(value: object) -> object:
    """Return the word that YAML reads as true or false."""
    return {True: Fractional.YES, False: Fractional.NO}.get(value, value) if isinstance(value, bool) else value


class Mode(StrEnum):
    """Money at stake in a rebalance; a dry run is recorded for audit and counts for nothing else."""

    DRY_RUN = "dry_run"
    PAPER = "paper"
    LIVE = "live"


class DecideOn(StrEnum):
    """The newest bar that a decision sees."""

    PROVISIONAL_BAR = "provisional_bar"
    PREVIOUS_CLOSE = "previous_close"


class Unpriced(StrEnum):
    """Treatment of a symbol that has no sound price."""

    SET_ASIDE = "set_aside"
    STOP = "stop"


class BrokerSettings(Section):
    """The gateway, and the account traded there."""

    host: str = Field(min_length=1, description="a host name or address")
    port: int = Field(ge=1, le=65535, description="a port from 1 to 65535")
    client_id: int = Field(ge=1, le=999_999, description="a whole number from 1 to 999999")
    account: str = Field(pattern=ACCOUNT, description="an account id such as DU1234567, or empty")
    primary_exchanges: dict[str, str] = Field(description="exchanges by symbol, such as {GDX: ARCA}, or {}")
    is_source_of_bars: bool = Field(description="true or false")
    history: str = Field(pattern=r"^[1-9]\d? Y$", description="a number of years such as '10 Y'")
    fractional: Annotated[Fractional, BeforeValidator(_spelled)] = Field(
        strict=False, description=f"one of {', '.join(Fractional)}"
    )
    commission_minimum: Decimal = Field(ge=0, strict=False, description="an amount of USD, 0 or more")
    commission_maximum: Share


class Trading(Section):
    """Time and manner of a rebalance."""

    is_live_allowed: bool = Field(description="true or false")
    scheduled_mode: Mode = Field(strict=False, description=f"one of {', '.join(Mode)}")
    scheduled_confirm: str = Field(pattern=ACCOUNT, description="an account id such as U1234567, or empty")
    minutes_before_close: int = Field(ge=2, le=60, description="a whole number of minutes from 2 to 60")
    decide_on: DecideOn = Field(strict=False, description=f"one of {', '.join(DecideOn)}")
    order_type: OrderType = Field(strict=False, description=f"one of {', '.join(OrderType)}")
    limit_offset: Annotated[Decimal, Field(ge=0, le=Decimal("0.1"), strict=False, description="from 0 to 0.1")]
    settlement: Settlement = Field(strict=False, description=f"one of {', '.join(Settlement)}")
    unpriced: Unpriced = Field(strict=False, description=f"one of {', '.join(Unpriced)}")


class LimitSettings(Section):
    """Bounds that no rebalance exceeds; a trade beyond one of them is refused and reported."""

    orders_per_session: int = Field(ge=1, le=100, description="a whole number from 1 to 100")
    order_value: Amount
    day_value: Amount
    trade_value_minimum: Decimal = Field(ge=0, strict=False, description="an amount of USD, 0 or more")
    no_trade_band: Share
    weight_excess: Share
    price_age_minutes: int = Field(ge=1, le=10_000, description="a whole number of minutes from 1 to 10000")
    price_move_sigmas: Decimal = Field(gt=0, strict=False, description="a number above 0")
    equity_jump: Share
    day_trades: int = Field(ge=0, le=100, description="a whole number from 0 to 100")
