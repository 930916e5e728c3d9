"""The permutation test as assets: batches of worlds that any worker can compute, and the report on all of them."""

from typing import Any

import dagster as dg
from pydantic import Field

from dagster_defs.assets.previews import rounded
from dagster_defs.assets.reports import Reports, as_markdown
from execution.installation import Installation
from research.permutation.experiment import Design, PermutationTest
from research.permutation.worlds import PermutationWindow
from research.workbench import Bench
from warehouse.lake import Lake
from warehouse.settings.portfolio import Objective
from warehouse.sources.base import Progress

GROUP = "permutation"
BATCH, BATCHES = 50, 20
WORLDS = dg.StaticPartitionsDefinition(
    [f"{batch * BATCH + 1:04d}-{(batch + 1) * BATCH:04d}" for batch in range(BATCHES)]
)
"""Scenarios by their numbers. History, 0, belongs to every batch."""


class Permutations(Reports):
    """The question; what is left empty is as `swing permute` has it. A batch and the report must be asked the same."""

    seed: int = Field(default=1, description="Of the random numbers.")
    objective: str = Field(
        default="", description="calmar, sharpe, cagr or profit_factor; empty for the configured one."
    )
    window: str = Field(
        default="", description="START:END, sessions to permute, END excluded; empty as `swing permute` has it."
    )
    walk_forward: bool = Field(
        default=False, description="Permute what follows the first train window, and run the folds again."
    )

    def test(self, lake: Lake) -> PermutationTest:
        """Return the test that is meant."""
        objective = Objective(self.objective) if self.objective else None
        window = PermutationWindow.parsed(self.window) if self.window else None
        return PermutationTest.of(Bench.of(lake), Design(self.seed, objective, window, self.walk_forward))


# These hold the writer's lock only while they append: many workers may run them side by side.
@dg.asset(key=["landing", "permutations"], group_name=GROUP, partitions_def=WORLDS, kinds={"duckdb"})
def permutations(
    context: dg.AssetExecutionContext,
    config: Permutations,
    installation: dg.ResourceParam[Installation],
    progress: dg.ResourceParam[Progress],
) -> dg.MaterializeResult[Any]:
    """Outcomes of the grid and of the live parameters in permuted worlds."""
    lake = installation.lake
    test = config.test(lake)
    first, last = (int(number) for number in context.partition_key.split("-"))
    test.run(lake, [0, *range(first, last + 1)], progress)
    return dg.MaterializeResult(metadata={"test_id": test.test_id, "worlds": last + 1 - first})


@dg.asset(name="permutation_report", group_name=GROUP, deps=[permutations], kinds={"matplotlib"})
def permutation_figures(
    config: Permutations, installation: dg.ResourceParam[Installation]
) -> dg.MaterializeResult[Any]:
    """Share of worlds in which luck does as well, over the worlds computed so far."""
    from research.permutation import report as permutation_report  # noqa: PLC0415

    lake = installation.lake
    test = config.test(lake)
    result = test.result(lake)
    picture, data = permutation_report.write(test, result, config.within(installation))
    return dg.MaterializeResult(
        metadata={
            **rounded({"best_p": result.best_p, "live_p": result.live_p}),
            "worlds": len(result.permuted),
            "left_out": test.left_out,
            "picture": dg.MetadataValue.md(as_markdown(picture)),
            "files": [str(picture), str(data)],
        }
    )
