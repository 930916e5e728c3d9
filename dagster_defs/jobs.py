"""Runs a Dagster job inside this process, on the instance that the UI shows."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import dagster as dg

from dagster_defs.definitions import defs
from dagster_defs.instance import open_instance
from dagster_defs.resources import warehouse
from warehouse.errors import MachineError, PipelineError, SwingError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from execution.installation import Installation
    from warehouse.sources.base import Progress as Report

QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}


def run(installation: Installation, job: str, ops: Mapping[str, Any], report: Report) -> dg.ExecuteInProcessResult:
    """Execute a job and wait for it.

    Args:
        installation: Where it works.
        job: Name of the job.
        ops: Configuration by step.
        report: Told (done, total, label) while the job works.

    Raises:
        SwingError: What the failing step raised.
    """
    try:
        with open_instance(installation) as instance:
            return defs.resolve_job_def(job).execute_in_process(
                instance=instance,
                run_config={"ops": {name: {"config": config} for name, config in ops.items()}, "loggers": QUIET},
                resources={"installation": installation, "warehouse": warehouse, "progress": report},
            )
    except dg.DagsterExecutionInterruptedError as error:
        raise KeyboardInterrupt from error
    except Exception as error:
        raise _cause(error) from error


def _cause(error: BaseException) -> BaseException:
    """The expected failure behind Dagster's wrapping, or one that says where the details are."""
    cause: BaseException | None = error
    seen: set[int] = set()
    while cause is not None and id(cause) not in seen:  # some of Dagster's chains are circles
        if isinstance(cause, SwingError | KeyboardInterrupt):
            return cause
        if isinstance(cause, dg.DagsterExecutionInterruptedError):
            return KeyboardInterrupt()
        if isinstance(cause, OSError):
            return MachineError.of(cause)
        if isinstance(cause, sqlite3.OperationalError):
            return MachineError(
                f"A record in $SWING_HOME cannot be read or written: {cause}. The disk may be full, or a file not this "
                "user's; mend that, then start again."
            )
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__
    return PipelineError(
        f"A step failed unexpectedly: {type(error).__name__}: {error}. "
        "`swing dev` shows the run with its full log; the last good state stands."
    )


def metadata(result: dg.ExecuteInProcessResult, asset: str | list[str]) -> dict[str, Any]:
    """What an asset reported in this run, as plain values."""
    key = dg.AssetKey(asset)
    for event in result.get_asset_materialization_events():
        if event.asset_key == key:
            return {name: value.value for name, value in event.materialization.metadata.items()}
    return {}
