"""When jobs run by themselves."""

from __future__ import annotations

import dagster as dg


def daily_schedule(job: dg.UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    """After the close of every weekday; a holiday's run finds no new session and changes nothing."""
    return dg.ScheduleDefinition(
        name="daily_after_close",
        job=job,
        cron_schedule="30 18 * * 1-5",
        execution_timezone="America/New_York",
    )
