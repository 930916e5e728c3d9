"""Dagster's records with kept connections: the same files and rows as Dagster's own, opened a few times in all."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from sqlalchemy import Engine, event

from dagster_defs.history import KEPT_RUNS, EventLog

RUNS = 4
MAKING = 2
"""Connections that making a database takes; one of them is kept."""


@dg.multi_asset(specs=[dg.AssetSpec("thing")], check_specs=[dg.AssetCheckSpec("holds", asset="thing")])
def things() -> Iterator[Any]:
    """A thing, with a figure and a check."""
    yield dg.MaterializeResult("thing", metadata={"figure": 3})
    yield dg.AssetCheckResult(passed=True, check_name="holds")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance whose records are those of dagster.yaml."""
    history = {
        "module": "dagster_defs.history",
        "class": "RunRecords",
        "config": {"base_dir": str(tmp_path / "records")},
    }
    with dg.instance_for_test(temp_dir=str(tmp_path), overrides={"storage": {"custom": history}}) as made:
        yield made


def _run(instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    defs = dg.Definitions(assets=[things], jobs=[dg.define_asset_job("all")])
    return defs.resolve_job_def("all").execute_in_process(instance=instance)


def test_dagster_reads_in_its_own_way_what_was_recorded(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    """Runs, events, materializations and checks are in the files of Dagster's own storage, which reads them."""
    run_id = _run(instance).run_id
    own = DagsterSqliteStorage(str(tmp_path / "records"))
    (run,) = own.run_storage.get_runs()
    assert (run.run_id, run.status) == (run_id, dg.DagsterRunStatus.SUCCESS)
    records = own.event_log_storage.get_records_for_run(run_id).records
    kinds = {record.event_log_entry.dagster_event_type for record in records}
    kinds_here = {entry.dagster_event_type for entry in instance.all_logs(run_id)}
    assert kinds == kinds_here
    assert dg.DagsterEventType.ASSET_CHECK_EVALUATION in kinds
    materialized = own.event_log_storage.get_latest_materialization_events([dg.AssetKey("thing")])[dg.AssetKey("thing")]
    assert materialized is not None
    assert materialized.run_id == run_id


def test_a_run_keeps_its_databases_open(instance: dg.DagsterInstance) -> None:
    """A run's database is opened to make it, the index not again at all; of past runs few stay open."""
    log = instance.event_log_storage
    assert isinstance(log, EventLog)
    _run(instance)
    opened: list[str] = []

    def note(_dialect: object, _record: object, arguments: list[str], _options: object) -> None:
        opened.append(arguments[0])

    event.listen(Engine, "do_connect", note)
    try:
        runs = [_run(instance).run_id for _ in range(RUNS)]
    finally:
        event.remove(Engine, "do_connect", note)
    assert all(sum(run in file for file in opened) <= MAKING for run in runs)
    assert not any(file.endswith("index.db") for file in opened)
    assert len(log._engines) == KEPT_RUNS + 1
    for run_id in runs:
        assert any(entry.dagster_event_type is dg.DagsterEventType.RUN_SUCCESS for entry in instance.all_logs(run_id))


def test_a_deleted_run_is_gone(instance: dg.DagsterInstance) -> None:
    """Deleting a run whose database is open leaves nothing of it, and the next run is recorded."""
    run_id = _run(instance).run_id
    instance.delete_run(run_id)
    assert instance.get_run_by_id(run_id) is None
    assert instance.all_logs(run_id) == []
    assert _run(instance).success
