"""The scheduled rebalance: target weights become orders; and the look at them after the close."""

from typing import Any

import dagster as dg
from pydantic import Field

from dagster_defs.assets.previews import plan_of
from dagster_defs.resources import Warehouse
from execution import service
from execution.errors import TradeRefusedError
from execution.installation import Installation
from execution.orders.context import RebalanceRequest
from warehouse.settings.trading import Mode
from warehouse.sources.base import Progress


class Rebalance(dg.Config):
    """Conditions of this launch.

    An account is confirmed in portfolio.yaml alone: whoever can launch a run is not thereby its owner.
    """

    mode: str = Field(
        default="",
        description="dry_run, paper or live; may only lower trading.scheduled_mode, and is that one if empty.",
    )
    is_gateway_clock: bool = Field(
        default=False, description="Use the gateway's clock, for a simulated gateway; refused for real money."
    )


@dg.asset(group_name="execution", deps=["live_targets"], kinds={"interactivebrokers"})
def rebalance(
    config: Rebalance,
    warehouse: dg.ResourceParam[Warehouse],
    installation: dg.ResourceParam[Installation],
    progress: dg.ResourceParam[Progress],
) -> dg.MaterializeResult[Any]:
    """The account, brought to the live targets: once a session, in the minutes before the close."""
    settings = warehouse.portfolio.trading
    mode = _lowered(config.mode, settings.scheduled_mode)
    request = RebalanceRequest(mode, settings.scheduled_confirm, is_gateway_clock=config.is_gateway_clock)
    outcome = service.trade(installation, request, lambda name: progress(0, 0, name))
    return dg.MaterializeResult(metadata=service.as_metadata(outcome) | plan_of(outcome))


@dg.asset(group_name="execution", kinds={"interactivebrokers"})
def reconciliation(installation: dg.ResourceParam[Installation]) -> dg.MaterializeResult[Any]:
    """The account, looked at again after the close: late fills are recorded; what lives or differs fails the run."""
    return dg.MaterializeResult(metadata={"outcome": service.look_again(installation)})


def _lowered(asked: str, configured: Mode) -> Mode:
    """Return the mode of a launch. Raises TradeRefusedError for one above the configured mode, or for none."""
    modes = list(Mode)
    if not asked:
        return configured
    if asked not in modes or modes.index(Mode(asked)) > modes.index(configured):
        raise TradeRefusedError(
            f"A launch may lower trading.scheduled_mode ({configured}), not set {asked}. Change portfolio.yaml, or use "
            "`swing trade`."
        )
    return Mode(asked)
