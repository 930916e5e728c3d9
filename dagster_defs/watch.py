"""The sensor `watch`: tells what has happened, judges the breakers, and beats the heart outside."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from dagster_defs.instance import first_failure
from execution.breakers import evaluate
from operations.alerts.failures import failed_run
from operations.alerts.telling import tell
from operations.errors import PreflightFailedError
from operations.heartbeat import BEATING, Beat, beat, show_life
from warehouse.errors import SwingError
from warehouse.settings.portfolio import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from execution.installation import Installation
    from execution.ledger.watch_events import AlertRaised

WATCHED = ("trade", "reconcile", "daily", "fetch", "maintain", "preflight")
"""Jobs whose failure is told; what a person starts to look something up is not."""
TOLD = PreflightFailedError
"""Failure of a run that has told of it itself."""
INTERVAL_SECONDS = 60
MOST = 20


def watch_sensor(installation: Installation, clock: Callable[[], datetime]) -> dg.SensorDefinition:
    """Make the sensor; its cursor is the newest change of a run that it has seen."""
    judged: list[tuple[int, ...]] = []

    @dg.sensor(
        name="watch",
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Every minute: tell what has happened, judge the breakers, send the heartbeat.",
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        now = clock()
        show_life(installation, now)
        since = datetime.fromisoformat(context.cursor) if context.cursor else now
        changed = context.instance.get_run_records(
            dg.RunsFilter(updated_after=since), limit=MOST, order_by="update_timestamp", ascending=True
        )
        records = [record for record in changed if record.dagster_run.job_name in WATCHED]
        alerts = [alert for record in records for alert in _failures(context.instance, record)]
        state = _judged_by(installation)
        broken = _breakers(installation) if state not in judged else []
        judged[:] = [state]
        told = tell(installation, now, *alerts)
        beats = (_beat(installation, context.instance, record) for record in records)
        unheard = next(filter(None, beats), "")  # after one that fails the others would only wait as well
        newest = changed[-1].update_timestamp if changed else since
        context.update_cursor(newest.astimezone(UTC).isoformat())
        said = [
            f"{each.channel}: {each.alert.alert.title}{each.reason and f' ({each.reason})'}" for each in told.delivered
        ]
        return dg.SkipReason("; ".join(filter(None, [*broken, *said, *told.faults, unheard])) or "Nothing to tell.")

    return watch


def _judged_by(installation: Installation) -> tuple[int, ...]:
    """Return when the files changed that the breakers' figures and limits come from; 0 for one that is not there."""
    catalog = installation.lake.catalog
    files = (catalog, catalog.with_name(f"{catalog.name}-wal"), installation.home / FILE_NAME)
    return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)


def _breakers(installation: Installation) -> list[str]:
    """Let the breakers judge the account; what goes wrong there is said, and hinders no message."""
    try:
        return evaluate(installation)
    except SwingError as error:
        return [str(error)]


def _failures(instance: dg.DagsterInstance, record: dg.RunRecord) -> Iterator[AlertRaised]:
    run = record.dagster_run
    failure = first_failure(instance, run.run_id) if run.status is dg.DagsterRunStatus.FAILURE else None
    if failure and failure.kind is not TOLD:
        yield failed_run(run.job_name, record.create_timestamp, failure.kind, failure.message)


def _beat(installation: Installation, instance: dg.DagsterInstance, record: dg.RunRecord) -> str:
    """Let the outside service hear of a run; return why it has not."""
    run = record.dagster_run
    if run.job_name not in BEATING:
        return ""
    failure = first_failure(instance, run.run_id) if run.status is dg.DagsterRunStatus.FAILURE else None
    kind: Beat | int = Beat.START
    if failure and failure.kind:
        kind = failure.kind.exit_code
    elif run.status in {dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}:
        kind = Beat.FAIL
    elif run.status is dg.DagsterRunStatus.SUCCESS:
        kind = Beat.SUCCESS
    return beat(installation, kind, run.run_id)
