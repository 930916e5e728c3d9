"""Dagster's instance: made by one process at a time, freed of runs that a kill has left behind and of old records."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import dagster as dg
from filelock import FileLock

from operations.codes import error_classes
from warehouse.errors import LakeBusyError
from warehouse.lake import refuse_odd_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from dagster_shared.error import SerializableErrorInfo

    from execution.installation import Installation
    from warehouse.errors import SwingError

# dagster.yaml limits how many runs with these tags go on at once; the rebalance waits for nobody who only queues.
WRITER, PERMUTES = {"swing/writes_the_lake": "true"}, {"swing/permutes": "true"}
PATIENCE_SECONDS = 30
"""Time that a run waits for the writer's lock."""
GRACE = timedelta(seconds=PATIENCE_SECONDS + 15)
"""Age below which a started run may not have the lock yet."""
LAUNCH = timedelta(minutes=3)
"""Age below which a launched run may not have started yet."""
ENDED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
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


@dataclass(frozen=True, slots=True)
class Failure:
    """Failure of a run.

    Attributes:
        kind: None for one that nobody expected.
        message: Without the name of its class, which tells a reader nothing.
    """

    kind: type[SwingError] | None
    message: str


def first_failure(instance: dg.DagsterInstance, run_id: str) -> Failure | None:
    """Return the failure of a run's first failed step, or of the run itself; None if nothing has failed."""
    for event_type in (dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE):
        for record in instance.get_records_for_run(run_id, of_type=event_type, limit=1).records:
            event = record.event_log_entry.dagster_event
            error = getattr(event.event_specific_data, "error", None) if event else None
            return _failure(error, (event and event.message) or "It ended without a word.")
    return None


def _failure(error: SerializableErrorInfo | None, innermost: str) -> Failure:
    """Find our own error among the causes; else the innermost one says most."""
    known = {kind.__name__: kind for kind in error_classes().values()}
    while error is not None:
        innermost = error.message.partition(": ")[2].strip() or error.message.strip()
        if error.cls_name in known:
            return Failure(known[error.cls_name], innermost)
        error = error.cause
    return Failure(None, innermost)


def forget_runs(installation: Installation, instance: dg.DagsterInstance, before: datetime) -> int:
    """Delete the records of ended runs that are older; return how many.

    An asset's newest run stays whatever its age, so that the UI shows when and how each was made.

    Args:
        installation: Whose records they are.
        instance: Its instance.
        before: A time, aware.
    """
    newest = {record.asset_entry.last_run_id for record in instance.get_asset_records()}
    old = [
        record.dagster_run.run_id
        for record in instance.get_run_records(dg.RunsFilter(statuses=list(ENDED), created_before=before))
        if record.dagster_run.run_id not in newest
    ]
    for run_id in old:
        instance.delete_run(run_id)
        for file in (installation.home / "dagster" / "history" / "runs").glob(f"{run_id}.db*"):
            file.unlink()  # Dagster deletes the rows and leaves the file
    return len(old)
