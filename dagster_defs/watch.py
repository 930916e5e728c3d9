"""The sensor `watch`: tells what has happened, tries again what could not be told, and beats the heart outside."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from dagster_defs.instance import first_failure
from operations.alerts.failures import failed_run
from operations.alerts.telling import tell
from operations.heartbeat import Beat, beat, show_life

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from execution.installation import Installation
    from execution.ledger.watch_events import AlertRaised

WATCHED = ("trade", "reconcile", "daily", "fetch", "maintain")
"""Jobs whose failure is told; what a person starts to look something up is not."""
BEATING = ("trade", "reconcile", "daily")
"""Jobs whose begin and end the outside service hears."""
INTERVAL_SECONDS = 60
MOST = 20


def watch_sensor(installation: Installation, clock: Callable[[], datetime]) -> dg.SensorDefinition:
    """Make the sensor; its cursor is the newest change of a run that it has seen."""

    @dg.sensor(
        name="watch",
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Every minute: tell what has happened, over the channels of alerts; send the heartbeat.",
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        now = clock()
        show_life(installation, now)
        since = datetime.fromisoformat(context.cursor) if context.cursor else now
        records = _changed(context.instance, since)
        alerts = [alert for record in records for alert in _failures(context.instance, record)]
        told = tell(installation, now, *alerts)
        for record in records:
            _beat(installation, context.instance, record)
        newest = max((record.update_timestamp for record in records), default=since)
        context.update_cursor(newest.astimezone(UTC).isoformat())
        said = [
            f"{each.channel}: {each.alert.alert.title}{each.reason and f' ({each.reason})'}" for each in told.delivered
        ]
        return dg.SkipReason("; ".join([*said, *told.faults]) or "Nothing to tell.")

    return watch


def _changed(instance: dg.DagsterInstance, since: datetime) -> list[dg.RunRecord]:
    """Return the runs of watched jobs that began or ended since a time, in that order."""
    found = instance.get_run_records(
        dg.RunsFilter(updated_after=since), limit=MOST, order_by="update_timestamp", ascending=True
    )
    return [record for record in found if record.dagster_run.job_name in WATCHED]


def _failures(instance: dg.DagsterInstance, record: dg.RunRecord) -> Iterator[AlertRaised]:
    run = record.dagster_run
    if run.status is dg.DagsterRunStatus.FAILURE and (failure := first_failure(instance, run.run_id)):
        yield failed_run(run.job_name, record.create_timestamp, failure.kind, failure.message)


def _beat(installation: Installation, instance: dg.DagsterInstance, record: dg.RunRecord) -> None:
    run = record.dagster_run
    if run.job_name not in BEATING:
        return
    failure = first_failure(instance, run.run_id) if run.status is dg.DagsterRunStatus.FAILURE else None
    if failure and failure.kind:
        beat(installation, failure.kind.exit_code, run.run_id)
    elif run.status in {dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}:
        beat(installation, Beat.FAIL, run.run_id)
    else:
        is_over = run.status is dg.DagsterRunStatus.SUCCESS
        beat(installation, Beat.SUCCESS if is_over else Beat.START, run.run_id)
