"""Dagster's instance: made by one process at a time, and freed of runs that a kill has left behind."""

from __future__ import annotations

import contextlib
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import dagster as dg
from filelock import FileLock

from warehouse.errors import LakeBusyError
from warehouse.lake import refuse_odd_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from execution.installation import Installation

# dagster.yaml limits how many runs with these tags go on at once; the rebalance waits for nobody who only queues.
WRITER, PERMUTES = {"swing/writes_the_lake": "true"}, {"swing/permutes": "true"}
PATIENCE_SECONDS = 30
"""Time that a run waits for the writer's lock."""
GRACE = timedelta(seconds=PATIENCE_SECONDS + 15)
"""Age below which a started run may not have the lock yet."""
LAUNCH = timedelta(minutes=3)
"""Age below which a launched run may not have started yet."""
ALIVE = (dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)


@contextlib.contextmanager
def setup_lock(installation: Installation) -> Iterator[None]:
    """Hold the right to make what belongs to no run: Dagster's storage and dbt's manifest."""
    refuse_odd_path(installation.home)
    installation.home.mkdir(parents=True, exist_ok=True)
    with FileLock(installation.home / "setup.lock"):
        yield


@contextlib.contextmanager
def open_instance(installation: Installation) -> Iterator[dg.DagsterInstance]:
    """Open the instance that the UI shows; of two first commands one makes its storage."""
    with setup_lock(installation):
        instance = dg.DagsterInstance.get()
    with instance:
        yield instance


def end_dead_runs(
    installation: Installation, instance: dg.DagsterInstance, clock: Callable[[], float] = time.time
) -> list[str]:
    """Mark writing runs as failed that a kill has left running, if nobody writes; return their ids.

    A dead run would otherwise keep all later ones in the queue, for good.
    """
    try:
        with installation.lake.lock():
            return fail_others(instance, "", clock)
    except LakeBusyError:
        return []


def fail_others(instance: dg.DagsterInstance, run_id: str, clock: Callable[[], float] = time.time) -> list[str]:
    """Mark every writing run but this one as failed; return their ids. The caller holds the writer's lock."""
    now, dead = clock(), []
    for record in instance.get_run_records(dg.RunsFilter(statuses=list(ALIVE), tags=WRITER)):
        run, created = record.dagster_run, record.create_timestamp.timestamp()
        begun, grace = (record.start_time, GRACE) if record.start_time else (created, LAUNCH)
        if run.run_id != run_id and now - begun > grace.total_seconds():
            instance.report_run_failed(run, "killed before it ended: the writer's lock was free, or another run had it")
            dead.append(run.run_id)
    return dead
