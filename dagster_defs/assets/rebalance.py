"""The scheduled rebalance: what the models decided becomes orders."""

from typing import Any

import dagster as dg

from dagster_defs import trading
from dagster_defs.resources import Progress, Warehouse
from execution.ledger_events import Mode


class Rebalance(dg.Config):
    """What is at stake; the configuration decides where nothing is said."""

    mode: str = ""
    confirm: str = ""
    is_gateway_clock: bool = False


@dg.asset(group_name="execution", deps=["live_targets"], kinds={"interactivebrokers"})
def rebalance(config: Rebalance, warehouse: Warehouse, progress: Progress) -> dg.MaterializeResult[Any]:
    """The account, brought to tonight's targets: once a session, between its last minutes but one."""
    settings = warehouse.portfolio.trading
    mode = Mode(config.mode or settings.scheduled_mode)
    request = trading.Request(mode, config.confirm or settings.scheduled_confirm, config.is_gateway_clock)
    outcome = trading.trade(request, lambda name: progress(0, 0, name))
    return dg.MaterializeResult(metadata=trading.as_metadata(outcome))
