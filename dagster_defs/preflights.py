"""The job `preflight`, the evening before a session, and three hours and thirty minutes before its close."""

from collections.abc import Callable
from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from dagster_defs.automation import state_of
from dagster_defs.published_ledger import publish_ledger
from execution.brokers.base import Level
from execution.installation import Installation
from execution.ledger.watch_events import Moment
from operations import preflight as examination
from operations.alerts.telling import tell
from operations.errors import PreflightFailedError
from operations.preflight.moments import moment_of
from warehouse.calendar.sessions import close_time

JOB, STEP = "preflight", "examination"
CRONS = ["0 20 * * 0-4", "0 10,13 * * 1-5", "30 12,15 * * 1-5"]
"""Evenings from Sunday on; then three hours and thirty minutes before either kind of close."""


class Examination(dg.Config):
    """Occasion of a preflight."""

    moment: str = Field(default=Moment.ON_DEMAND.value, description=f"One of {', '.join(Moment)}.")


@dg.op(name=STEP)
def examine(
    context: dg.OpExecutionContext, config: Examination, installation: dg.ResourceParam[Installation]
) -> dict[str, str]:
    """Look at everything that the next rebalance needs; fail if something would make it fail."""
    now = datetime.now(UTC)
    checks = examination.run(installation, now, Moment(config.moment), state_of(context.instance, now))
    publish_ledger(installation, is_building=False)
    told = tell(installation, now)
    # Plain text: Dagster stores no value of an enumeration that it does not know.
    found = {str(check.code): f"{check.level}: {check.message} {check.remedy}".strip() for check in checks}
    context.add_output_metadata({**found, "alerts": [*(each.channel for each in told.delivered), *told.faults]})
    if failed := [f"{check.code}: {check.message} {check.remedy}" for check in checks if check.level is Level.FAILURE]:
        raise PreflightFailedError(" ".join(failed))
    return found


@dg.job(name=JOB, tags={"dagster/max_runtime": "600"}, description="Looks at all that the next rebalance needs.")
def preflight() -> None:
    """Run the one step."""
    examine()


def preflight_schedule(clock: Callable[[], datetime]) -> dg.ScheduleDefinition:
    """Three looks at each session; a late tick still looks, as long as the session lasts."""

    @dg.schedule(
        name="preflight_before_close",
        job=preflight,
        cron_schedule=CRONS,
        execution_timezone="America/New_York",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="The evening before each session, three hours and thirty minutes before its close: look at "
        "everything that the rebalance needs.",
    )
    def preflight_before_close(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        scheduled = context.scheduled_execution_time
        found = moment_of(scheduled)
        if isinstance(found, str):
            return dg.SkipReason(found)
        moment, session = found
        if clock() >= close_time(session):
            return dg.SkipReason(f"The session {session} is over.")
        config = {"ops": {STEP: {"config": {"moment": moment.value}}}}
        return dg.RunRequest(run_key=f"{scheduled:%Y-%m-%dT%H:%M}", run_config=config)

    return preflight_before_close
