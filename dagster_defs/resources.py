"""What runs hold while they work."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import duckdb
from pydantic import PrivateAttr

from dagster_defs.transformation import Transformation
from warehouse import config, runs
from warehouse.config import Portfolio
from warehouse.lake import Lake
from warehouse.landing import create_tables

PATIENCE_SECONDS = 30


class Warehouse(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The lake and the configuration, held for one whole run: one writer at a time, each run a row of `runs`."""

    folder: str

    _portfolio: Portfolio = PrivateAttr()
    _connection: duckdb.DuckDBPyConnection = PrivateAttr()

    @property
    def lake(self) -> Lake:
        """The lake of this run."""
        return Lake(Path(self.folder))

    @property
    def portfolio(self) -> Portfolio:
        """The configuration as it was when the run started."""
        return self._portfolio

    @property
    def transformation(self) -> Transformation:
        """Builds the models."""
        return Transformation(self.lake)

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The run's one connection to the lake: making one takes longer than most of its statements."""
        return self._connection

    @contextlib.contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Warehouse]:
        """Hold the writer's lock from the run's first step to its last, and record how it ended."""
        self._portfolio = config.load(Path(self.folder))
        run_id = context.run_id or "interactive"
        kind = context.run.job_name if context.run else "interactive"
        with self.lake.lock(PATIENCE_SECONDS), self.lake.writer() as connection:
            self._connection = connection
            create_tables(connection)
            runs.start(connection, runs.RunStart(run_id, kind, self.portfolio.parameters_hash))
            try:
                yield self
            finally:
                failure = _first_failure(context, run_id)
                outcome = runs.Outcome.SUCCEEDED if failure is None else runs.Outcome.FAILED
                runs.finish(connection, run_id, outcome, failure or "")


def _first_failure(context: dg.InitResourceContext, run_id: str) -> str | None:
    """What the run's first failed step said; None if none failed."""
    if context.instance is None:
        return None
    failures = context.instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_FAILURE, limit=1).records
    if not failures:
        return None
    event = failures[0].event_log_entry.dagster_event
    error = event.step_failure_data.error if event else None
    while error is not None and error.cause is not None:
        error = error.cause
    # "package.module.SourceError: what happened" tells a reader nothing by its first word.
    return error.message.partition(": ")[2].strip() if error else "a step failed"


class Progress(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Where long work says how far it is; the terminal replaces it with a bar."""

    _report: Callable[[int, int, str], None] | None = PrivateAttr(default=None)

    def to(self, report: Callable[[int, int, str], None]) -> Progress:
        """Report to this function from now on."""
        self._report = report
        return self

    def __call__(self, done: int, total: int, label: str) -> None:
        """Tell (done, total, label)."""
        if self._report is not None:
            self._report(done, total, label)
