"""The job `maintain`: forgets what nobody asks for any more, so that an installation lives for years on one disk."""

from datetime import UTC, datetime, timedelta

import dagster as dg
from pydantic import Field

from dagster_defs.instance import WRITER, forget_runs
from dagster_defs.resources import Warehouse
from execution.installation import Installation
from warehouse import retention

JOB, STEP = "maintain", "expiry"


class Maintenance(dg.Config):
    """What stays."""

    kept_days: int = Field(
        default=retention.KEPT_DAYS,
        ge=1,
        description="Days for which the warehouse's state after every run, and Dagster's record of it, stay. Of "
        "earlier months the last state stays. Bars and the ledger are never thinned.",
    )


@dg.op(name=STEP)
def expiry(
    context: dg.OpExecutionContext,
    config: Maintenance,
    warehouse: dg.ResourceParam[Warehouse],
    installation: dg.ResourceParam[Installation],
) -> dict[str, int]:
    """Expire old snapshots and delete the files that only they needed, merge small files, forget old runs."""
    now = datetime.now(UTC)
    size = _size(installation)
    found = retention.expire(warehouse.connection, now, config.kept_days)
    runs = forget_runs(installation, context.instance, now - timedelta(days=config.kept_days))
    result = {
        "expired_snapshots": found.expired,
        "kept_snapshots": found.kept,
        "deleted_files": found.files,
        "forgotten_runs": runs,
        "freed_bytes": max(size - _size(installation), 0),
    }
    context.add_output_metadata(result)
    return result


@dg.job(name=JOB, tags=WRITER, description="Expires old states of the warehouse and forgets old runs.")
def maintain() -> None:
    """Run the one step."""
    expiry()


@dg.schedule(
    name="maintenance_weekly",
    job=maintain,
    cron_schedule="0 10 * * 6",
    execution_timezone="America/New_York",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="On Saturdays: expire old states of the warehouse and forget old runs.",
)
def maintenance_weekly() -> dg.RunRequest:
    """On Saturdays, when nothing trades; it is on unless it is switched off."""
    return dg.RunRequest()


def _size(installation: Installation) -> int:
    """Sum the bytes of the home's files."""
    return sum(file.stat().st_size for file in installation.home.rglob("*") if file.is_file())
