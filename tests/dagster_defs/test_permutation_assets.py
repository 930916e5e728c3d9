"""The permutation test in Dagster: batches that add up, and a report on all of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from lakes import SMALL_GRID, World, land_lake
from markets import MARKETS

from execution.installation import Installation
from research.permutation.record import recorded
from warehouse.sources.base import silent

if TYPE_CHECKING:
    from pathlib import Path

# Dagster 1.13 calls what pydantic 2 and sqlglot deprecate.

SETTINGS: dict[str, Any] = {"grid": dict(SMALL_GRID), "walk_forward": {"train_months": 6, "test_months": 3}}


@pytest.mark.slow
def test_batches_add_up_to_one_test(tmp_path: Path) -> None:
    """Two partitions, in any order, fill one test; the report counts both, and draws."""
    import dagster as dg  # noqa: PLC0415 - slow to import, needed here alone

    from dagster_defs.assets.permutation import permutation_figures, permutations  # noqa: PLC0415

    lake = land_lake(tmp_path / "home", World(MARKETS["dividends"](), SETTINGS))
    config = {"config": {"seed": 3, "folder": str(tmp_path / "reports")}}
    with dg.DagsterInstance.ephemeral() as instance:

        def run(asset: dg.AssetsDefinition, partition: str | None = None) -> dg.ExecuteInProcessResult:
            return dg.materialize(
                [asset],
                instance=instance,
                partition_key=partition,
                resources={"installation": Installation(lake.home), "progress": silent},
                run_config={"ops": {asset.op.name: config}},
            )

        told = run(permutations, "0051-0100").get_asset_materialization_events()[0].materialization
        run(permutations, "0001-0050")
        report = run(permutation_figures).get_asset_materialization_events()[0].materialization
    test_id = str(told.metadata["test_id"].value)
    assert {each.scenario_id for each in recorded(lake, test_id)} == set(range(101))
    assert report.metadata["worlds"].value == 100
    record = json.loads((tmp_path / "reports" / "permutation.json").read_text(encoding="utf-8"))
    assert record["test_id"] == test_id
    assert round(record["best"]["p"], 6) == report.metadata["best_p"].value
    assert (tmp_path / "reports" / "permutation.png").read_bytes().startswith(b"\x89PNG")
