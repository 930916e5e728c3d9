"""The job `preflight`, the evening before a session, and three hours and thirty minutes before its close."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

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
from warehouse.calendar.sessions import EXCHANGE_ZONE, close_time, sessions

JOB, STEP = "preflight", "examination"
EVENING = 20
"""Hour, in exchange time, at which the next day is looked at: after everything of the day has run."""
BEFORE = {Moment.THREE_HOURS_BEFORE: timedelta(hours=3), Moment.THIRTY_MINUTES_BEFORE: timedelta(minutes=30)}
CRONS = [f"0 {EVENING} * * 0-4", "0 10,13 * * 1-5", "30 12,15 * * 1-5"]
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
    found = {check.code: f"{check.level}: {check.message} {check.remedy}".strip() for check in checks}
    context.add_output_metadata({**found, "alerts": [*(each.channel for each in told.delivered), *told.faults]})
    if failed := [f"{check.code}: {check.message} {check.remedy}" for check in checks if check.level is Level.FAILURE]:
        raise PreflightFailedError(" ".join(failed))
    return found


@dg.job(name=JOB, tags={"dagster/max_runtime": "600"}, description="Looks at all that the next rebalance needs.")
def preflight() -> None:
    """Run the one step."""
    examine()


def moment_of(scheduled: datetime) -> tuple[Moment, date] | str:
    """Return the moment of a tick with the session that it is for, or why it is none.

    Args:
        scheduled: When the tick was due, aware.
    """
    local = scheduled.astimezone(EXCHANGE_ZONE)
    day = local.date() + timedelta(days=local.hour >= EVENING)
    if not sessions(day, day):
        return f"{day:%A %Y-%m-%d} is no session of the exchange."
    if local.hour >= EVENING:
        return Moment.EVENING_BEFORE, day
    close = close_time(day)
    found = next((moment for moment, before in BEFORE.items() if close - before == local), None)
    return (found, day) if found else f"The session closes at {close:%H:%M}, and is looked at at other times."


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
