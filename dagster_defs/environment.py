"""Where everything is and how it is configured; this module alone reads the environment.

It loads no framework: commands that only look something up start in a moment.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from execution.broker import Connection
from warehouse import config
from warehouse.errors import ConfigurationError

if TYPE_CHECKING:
    from warehouse.config import Portfolio

PROJECT = Path(__file__).parent.parent


def home() -> Path:
    """The folder of warehouse, local configuration and Dagster's own records: $SWING_HOME, or .swing here."""
    return Path(os.environ.get("SWING_HOME") or PROJECT / ".swing").expanduser().absolute()


def gateway(portfolio: Portfolio) -> Connection:
    """Where the broker's gateway listens: IB_HOST, IB_PORT and IB_CLIENT_ID, else what is configured.

    Raises:
        ConfigurationError: One of them is no number.
    """
    settings = portfolio.broker
    try:
        return Connection(
            host=os.environ.get("IB_HOST") or settings.host,
            port=int(os.environ.get("IB_PORT") or settings.port),
            client_id=int(os.environ.get("IB_CLIENT_ID") or settings.client_id),
            account_id=settings.account,
        )
    except ValueError as error:
        raise ConfigurationError(
            f"IB_PORT and IB_CLIENT_ID must be whole numbers: {error}. Correct or unset them."
        ) from error


def ledger_address() -> str:
    """The ledger's URL: $SWING_LEDGER, or a file beside the warehouse."""
    from execution.ledger import ledger_url  # noqa: PLC0415 - the database toolkit waits until it is needed

    return os.environ.get("SWING_LEDGER") or ledger_url(home())


@dataclass(frozen=True, slots=True)
class ScheduleSettings:
    """What of the configuration the schedules need.

    Attributes:
        source: Where scheduled runs fetch bars; empty if bars are landed by other means.
    """

    source: str
    minutes_before_close: int


def schedule_settings() -> ScheduleSettings:
    """As configured; the defaults where the configuration is faulty, which every run then says by itself."""
    try:
        portfolio = config.load(home())
    except ConfigurationError:
        portfolio = config.load(home() / "nowhere")
    source = "ibkr" if portfolio.broker.is_source_of_bars else ""
    return ScheduleSettings(source, portfolio.trading.minutes_before_close)


def prepare_environment() -> None:
    """Say where everything is, to this process and those it starts. Call before Dagster reads dagster.yaml."""
    folder = home()
    (folder / "dagster").mkdir(parents=True, exist_ok=True)
    os.environ["SWING_HOME"] = str(folder)
    os.environ["SWING_DAGSTER"] = str(folder / "dagster")
    os.environ["DAGSTER_HOME"] = str(PROJECT)
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
