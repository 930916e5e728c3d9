"""The pictures and figures that people look at."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg

from dagster_defs.reports import Report, as_markdown, write_backtest, write_walk_forward
from dagster_defs.resources import PROJECT, Warehouse
from warehouse.lake import Lake


class Reports(dg.Config):
    """Where reports are written."""

    folder: str = str(PROJECT / "reports")


def _reported(
    write: Callable[[Lake, Path], Report], warehouse: Warehouse, config: Reports
) -> dg.MaterializeResult[Any]:
    report = write(warehouse.lake, Path(config.folder))
    pictures = {name: dg.MetadataValue.md(as_markdown(path)) for name, path in report.pictures.items()}
    figures = {name: value for name, value in report.metrics.items() if value is not None}
    return dg.MaterializeResult(metadata={**figures, **pictures, "files": [str(path) for path in report.files]})


@dg.asset(
    group_name="backtest",
    deps=["backtest_daily", "backtest_metrics", "target_weights"],
    kinds={"matplotlib"},
)
def backtest_report(config: Reports, warehouse: Warehouse) -> dg.MaterializeResult[Any]:
    """Equity, drawdown and monthly returns of the live strategy, its metrics and its weights."""
    return _reported(write_backtest, warehouse, config)


@dg.asset(
    group_name="research",
    deps=["walk_forward_daily", "walk_forward_metrics", "walk_forward_folds", "backtest_daily"],
    kinds={"matplotlib"},
)
def walk_forward_report(config: Reports, warehouse: Warehouse) -> dg.MaterializeResult[Any]:
    """The out-of-sample equity and drawdown, the folds and their winners."""
    return _reported(write_walk_forward, warehouse, config)
