"""Pictures and figures for people. The module that draws them is imported when they are drawn."""

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from dagster_defs.assets.previews import rounded
from dagster_defs.resources import Warehouse
from execution.installation import Installation

if TYPE_CHECKING:
    from research.report.backtest import Report


class Reports(dg.Config):
    """Place of what is written."""

    folder: str = Field(default="", description="Folder of pictures and files; empty for `reports` in the home.")

    def within(self, installation: Installation) -> Path:
        """Return the folder."""
        return Path(self.folder) if self.folder else installation.reports


def as_markdown(picture: Path) -> str:
    """Return a picture as Markdown that carries the image itself."""
    encoded = base64.b64encode(picture.read_bytes()).decode()
    return f"![{picture.stem}](data:image/png;base64,{encoded})"


def _reported(report: "Report") -> dg.MaterializeResult[Any]:
    pictures = {name: dg.MetadataValue.md(as_markdown(path)) for name, path in report.pictures.items()}
    return dg.MaterializeResult(
        metadata={**rounded(report.metrics), **pictures, "files": [str(path) for path in report.files]}
    )


@dg.asset(
    group_name="backtest",
    deps=["backtest_daily", "backtest_metrics", "backtest_trades", "target_weights"],
    kinds={"matplotlib"},
)
def backtest_report(
    config: Reports, warehouse: dg.ResourceParam[Warehouse], installation: dg.ResourceParam[Installation]
) -> dg.MaterializeResult[Any]:
    """Equity, drawdown and monthly returns of the live strategy, its metrics and its weights."""
    from research.report.backtest import write_backtest  # noqa: PLC0415

    return _reported(write_backtest(warehouse.lake, config.within(installation)))


@dg.asset(
    group_name="research",
    deps=["walk_forward_daily", "walk_forward_metrics", "walk_forward_folds", "backtest_daily"],
    kinds={"matplotlib"},
)
def walk_forward_report(
    config: Reports, warehouse: dg.ResourceParam[Warehouse], installation: dg.ResourceParam[Installation]
) -> dg.MaterializeResult[Any]:
    """The out-of-sample equity and drawdown, the folds and their winners."""
    from research.report.backtest import write_walk_forward  # noqa: PLC0415

    return _reported(write_walk_forward(warehouse.lake, config.within(installation)))
