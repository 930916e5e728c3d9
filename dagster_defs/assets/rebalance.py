"""The scheduled rebalance: target weights become orders."""

from typing import Any

import dagster as dg

from dagster_defs.resources import Warehouse
from execution import service
from execution.installation import Installation
from execution.orders.context import RebalanceRequest
from warehouse.settings.trading import Mode
from warehouse.sources.base import Progress


class Rebalance(dg.Config):
    """Mode and confirmed account; empty to go by the configuration."""

    mode: str = ""
    confirm: str = ""
    is_gateway_clock: bool = False


@dg.asset(group_name="execution", deps=["live_targets"], kinds={"interactivebrokers"})
def rebalance(
    config: Rebalance,
    warehouse: dg.ResourceParam[Warehouse],
    installation: dg.ResourceParam[Installation],
    progress: dg.ResourceParam[Progress],
) -> dg.MaterializeResult[Any]:
    """The account, brought to the live targets: once a session, in the minutes before the close."""
    settings = warehouse.portfolio.trading
    mode = Mode(config.mode or settings.scheduled_mode)
    confirmed = config.confirm or settings.scheduled_confirm
    request = RebalanceRequest(mode, confirmed, is_gateway_clock=config.is_gateway_clock)
    outcome = service.trade(installation, request, lambda name: progress(0, 0, name))
    return dg.MaterializeResult(metadata=service.as_metadata(outcome))
