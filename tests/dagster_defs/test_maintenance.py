"""Dagster's old records: an ended run's go with its file, an asset's newest stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.test_utils import create_run_for_test

from dagster_defs.instance import forget_runs
from execution.installation import Installation

if TYPE_CHECKING:
    from pathlib import Path

LATER = datetime.now(UTC) + timedelta(hours=1)


def test_old_runs_are_forgotten(tmp_path: Path) -> None:
    """A run that goes on, and the one that made an asset last, stay; nothing newer than the limit is touched."""
    here = Installation(tmp_path)
    (tmp_path / "dagster").mkdir()

    @dg.asset
    def figure() -> None:
        """Nothing but a record."""

    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as instance:
        first, second = (dg.materialize([figure], instance=instance).run_id for _ in range(2))
        alive = create_run_for_test(instance, status=dg.DagsterRunStatus.STARTED).run_id
        failed = create_run_for_test(instance, status=dg.DagsterRunStatus.FAILURE).run_id

        assert forget_runs(here, instance, datetime.now(UTC) - timedelta(days=1)) == 0
        assert forget_runs(here, instance, LATER) == 2

        assert {run.run_id for run in instance.get_runs()} == {second, alive}
        assert instance.get_latest_materialization_event(dg.AssetKey("figure"))
        files = {file.name for file in (tmp_path / "dagster" / "history" / "runs").iterdir()}
        assert f"{second}.db" in files
        assert not {f"{first}.db", f"{failed}.db"} & files
