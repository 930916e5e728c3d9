"""What runs need from outside; this module alone reads the environment."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from dagster_defs.transformation import Transformation
from execution.broker import Connection
from execution.ledger import ledger_url
from warehouse import config, runs
from warehouse.config import Portfolio
from warehouse.errors import ConfigurationError
from warehouse.lake import Lake
from warehouse.landing import create_tables

PROJECT = Path(__file__).parent.parent
PATIENCE_SECONDS = 30


def home() -> Path:
    """The folder of warehouse, local configuration and Dagster's own records: $SWING_HOME, or .swing here."""
    return Path(os.environ.get("SWING_HOME") or PROJECT / ".swing").expanduser().absolute()


def gateway(portfolio: Portfolio) -> Connection:
    """Where the broker's gateway listens: IB_HOST, IB_PORT and IB_CLIENT_ID, else what is configured.

    Raises:
        ConfigurationError: One of them is no number.
    """
    settings = portfolio.broker
    try:
        return Connection(
            host=os.environ.get("IB_HOST") or settings.host,
            port=int(os.environ.get("IB_PORT") or settings.port),
            client_id=int(os.environ.get("IB_CLIENT_ID") or settings.client_id),
            account_id=settings.account,
        )
    except ValueError as error:
        raise ConfigurationError(
            f"IB_PORT and IB_CLIENT_ID must be whole numbers: {error}. Correct or unset them."
        ) from error


def ledger_address() -> str:
    """The ledger's URL: $SWING_LEDGER, or a file beside the warehouse."""
    return os.environ.get("SWING_LEDGER") or ledger_url(home())


@dataclass(frozen=True, slots=True)
class ScheduleSettings:
    """What of the configuration the schedules need.

    Attributes:
        source: Where scheduled runs fetch bars; empty if bars are landed by other means.
    """

    source: str
    minutes_before_close: int


def schedule_settings() -> ScheduleSettings:
    """As configured; the defaults where the configuration is faulty, which every run then says by itself."""
    try:
        portfolio = config.load(home())
    except ConfigurationError:
        portfolio = config.load(home() / "nowhere")
    source = "ibkr" if portfolio.broker.is_source_of_bars else ""
    return ScheduleSettings(source, portfolio.trading.minutes_before_close)


def prepare_environment() -> None:
    """Say where everything is, to this process and those it starts. Call before Dagster reads dagster.yaml."""
    folder = home()
    (folder / "dagster").mkdir(parents=True, exist_ok=True)
    os.environ["SWING_HOME"] = str(folder)
    os.environ["SWING_DAGSTER"] = str(folder / "dagster")
    os.environ["DAGSTER_HOME"] = str(PROJECT)
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")


class Warehouse(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The lake and the configuration, held for one whole run: one writer at a time, each run a row of `runs`."""

    folder: str

    _portfolio: Portfolio = PrivateAttr()
    _transformation: Transformation = PrivateAttr()

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
        return self._transformation

    @contextlib.contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Warehouse]:
        """Hold the writer's lock from the run's first step to its last, and record how it ended."""
        self._portfolio = config.load(Path(self.folder))
        self._transformation = Transformation(self.lake)
        run_id = context.run_id or "interactive"
        kind = context.run.job_name if context.run else "interactive"
        with self.lake.lock(PATIENCE_SECONDS):
            with self.lake.writer() as connection:
                create_tables(connection)
                runs.start(connection, runs.RunStart(run_id, kind, self.portfolio.parameters_hash))
            try:
                yield self
            finally:
                failure = _first_failure(context, run_id)
                outcome = runs.Outcome.SUCCEEDED if failure is None else runs.Outcome.FAILED
                with self.lake.writer() as connection:
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
