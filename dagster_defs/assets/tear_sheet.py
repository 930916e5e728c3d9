"""The tear sheet as an asset: its pictures and headline figures in the catalog, the page beside them."""

from typing import Any

import dagster as dg

from dagster_defs.assets.previews import rounded
from dagster_defs.assets.reports import Reports, as_markdown
from dagster_defs.resources import Warehouse
from execution.installation import Installation
from warehouse.sources.base import Progress

GROUP = "report"


@dg.asset(
    group_name=GROUP,
    deps=[
        "backtest_daily",
        "backtest_metrics",
        "backtest_trades",
        "live_targets",
        "walk_forward_daily",
        "walk_forward_folds",
        "walk_forward_metrics",
    ],
    kinds={"matplotlib", "html"},
)
def tear_sheet(
    config: Reports,
    warehouse: dg.ResourceParam[Warehouse],
    installation: dg.ResourceParam[Installation],
    progress: dg.ResourceParam[Progress],
) -> dg.MaterializeResult[Any]:
    """Evidence on one page: hindsight against an honest choice, the part of luck, the losses to expect."""
    from research.report.writing import write_tear_sheet  # noqa: PLC0415

    written = write_tear_sheet(warehouse.lake, config.within(installation), progress)
    pictures = {name: dg.MetadataValue.md(as_markdown(path)) for name, path in written.pictures.items()}
    return dg.MaterializeResult(
        metadata={
            "answer": dg.MetadataValue.md(written.summary.replace("\n", "\n\n")),
            "page": dg.MetadataValue.path(str(written.page.absolute())),
            **rounded(written.metrics),
            **pictures,
            "files": [str(path) for path in written.files],
        }
    )
