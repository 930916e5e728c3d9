"""What runs hold while they work: the installation, the lake under the writer's lock, and where progress is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg

from dagster_defs.instance import PATIENCE_SECONDS, fail_others, first_failure
from warehouse import runs
from warehouse.transformation.runner import Transformation

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from execution.installation import Installation
    from warehouse.lake import Lake
    from warehouse.settings.portfolio import Portfolio


@dataclass(frozen=True, slots=True)
class Warehouse:
    """The lake and the configuration, held for one whole run.

    Attributes:
        lake: The lake of this run.
        portfolio: The configuration as it was when the run started.
        connection: The run's one connection to the lake: making one takes longer than most of its statements.
    """

    lake: Lake
    portfolio: Portfolio
    connection: duckdb.DuckDBPyConnection

    @property
    def transformation(self) -> Transformation:
        """Builds the models."""
        return Transformation(self.lake)


@dg.resource(required_resource_keys={"installation"})
def warehouse(context: dg.InitResourceContext) -> Iterator[Warehouse]:
    """Hold the writer's lock from a run's first step to its last, and record how the run ended."""
    installation: Installation = context.resources.installation
    run_id, kind = (context.run.run_id, context.run.job_name) if context.run else ("interactive", "interactive")
    lake, portfolio = installation.lake, installation.portfolio
    with lake.lock(PATIENCE_SECONDS), lake.writer() as connection:
        if context.instance is not None:
            fail_others(context.instance, run_id)
        runs.start(connection, runs.RunStart(run_id, kind, portfolio.parameters_hash))
        try:
            yield Warehouse(lake, portfolio, connection)
        finally:
            failure = _first_failure(context, run_id)
            outcome = runs.Outcome.SUCCEEDED if failure is None else runs.Outcome.FAILED
            runs.finish(connection, run_id, outcome, failure or "")


def _first_failure(context: dg.InitResourceContext, run_id: str) -> str | None:
    """Return what the run's first failed step said; None if none failed."""
    failure = first_failure(context.instance, run_id) if context.instance else None
    return failure.message if failure else None
