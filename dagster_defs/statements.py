"""The job `statement`: each morning the broker's own statement of the last session is pulled, and judges the ledger."""

from collections.abc import Callable
from datetime import UTC, datetime

import dagster as dg

from dagster_defs.published_ledger import publish_ledger
from execution.errors import StatementDiffersError
from execution.installation import Installation
from execution.statements import judging, words
from execution.statements.standing import installed
from operations.alerts.telling import tell
from warehouse.errors import SwingError

JOB, STEP = "statement", "judgement"
CRONS = ["30 8,9 * * 1-6"]
"""Twice each morning, before the first preflight of a session; the second finds nothing to do, mostly."""


@dg.op(name=STEP)
def judge(context: dg.OpExecutionContext, installation: dg.ResourceParam[Installation]) -> list[str]:
    """Pull and judge; fail if there is no statement, or something is to be signed for."""
    now = datetime.now(UTC)
    try:
        found = judging.pull(installation, now)
    finally:
        restricted = list(judging.enforce(installation, now))
        publish_ledger(installation, is_building=False)
        told = tell(installation, now)
        context.add_output_metadata({"restricted": restricted, "alerts": list(told.faults)})
    said = list(words.lines_of(found))
    if found.standing.open:
        raise StatementDiffersError(" ".join(said))
    return said


@dg.job(name=JOB, tags={"dagster/max_runtime": "3600"}, description="Lets the broker's own statement judge the ledger.")
def statement() -> None:
    """Run the one step."""
    judge()


def skipped(installation: Installation, now: datetime) -> str:
    """Return the reason why nothing is to be pulled now; empty if something is."""
    try:
        standing, is_on = installed(installation, now)
    except SwingError:
        return ""  # the run says what is wrong
    if not is_on:
        return f"Statements are {words.OFF}."
    if standing.newest and standing.newest.statement.last_day >= standing.due:
        return f"The statement of {standing.due} is there: {words.told(standing, is_on=True)}."
    return ""


def statement_schedule(installation: Installation, clock: Callable[[], datetime]) -> dg.ScheduleDefinition:
    """Each morning after a session; without a token it only says that it is off."""

    @dg.schedule(
        name="statement_each_morning",
        job=statement,
        cron_schedule=CRONS,
        execution_timezone="America/New_York",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Each morning: pull the broker's own statement of the last session; it judges the ledger.",
    )
    def statement_each_morning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if reason := skipped(installation, clock()):
            return dg.SkipReason(reason)
        return dg.RunRequest(run_key=f"{context.scheduled_execution_time:%Y-%m-%dT%H:%M}")

    return statement_each_morning
