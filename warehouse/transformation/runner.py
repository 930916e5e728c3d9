"""Runs dbt inside this process, and publishes what it built in one transaction: all of it, or none."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
from dbt.adapters.duckdb import environments
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.duckdb.environments.local import DuckDBConnectionWrapper, LocalEnvironment
from dbt.artifacts.resources.types import NodeType
from dbt.cli.main import dbtRunner

from warehouse.errors import MachineError, PipelineError
from warehouse.files import write_atomically
from warehouse.lake import current_snapshot, transaction
from warehouse.sources.base import Progress, silent
from warehouse.transformation.origin import record_origin
from warehouse.transformation.project import PARSED, PROJECT, fingerprint
from warehouse.transformation.statements import MAX_DEEPENINGS, Statement, deepen_walks
from warehouse.verdicts import record_verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dbt.adapters.duckdb.credentials import DuckDBCredentials
    from dbt.artifacts.schemas.run import RunResult
    from dbt.contracts.graph.manifest import Manifest
    from dbt_common.events.base_types import EventMsg

    from warehouse.lake import Lake

SHOWN_ROWS = 3
OPTIONS = (
    *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
    *("--log-level", "none", "--log-level-file", "none"),  # Dagster keeps the log
    "--single-threaded",  # the models run one after the other anyway; a pool of one thread only adds its waits
)
FAILED = frozenset({"error", "fail", "runtime error"})
_parsed: dict[str, Manifest] = {}
"""The project by its newest change."""


@dataclass(frozen=True, slots=True)
class Built:
    """The result of one build.

    Attributes:
        results: Per model and test, in the order they ran; the last attempt of each.
        deepened: Sessions whose ranking had to be walked deeper.
    """

    results: Sequence[RunResult]
    deepened: int

    @property
    def failures(self) -> list[RunResult]:
        """Models and tests that failed."""
        return [result for result in self.results if result.status in FAILED]


class _SharedCursor:
    """dbt's view of the one connection: it may query, but not begin or end the transaction, nor close it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def execute(self, sql: str, bindings: Any = None) -> Any:  # noqa: ANN401 - the adapter's signature
        if sql.strip().rstrip(";").upper() in {"BEGIN", "COMMIT", "ROLLBACK"}:
            return self._connection
        return self._connection.execute(sql, bindings)

    def rollback(self) -> None:
        """Left to the owner of the transaction."""

    def close(self) -> None:
        """Left to the owner of the connection."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else the adapter asks of a cursor
        return getattr(self._connection, name)


class _OneTransaction(LocalEnvironment):
    """Gives every dbt node the same connection.

    dbt-duckdb opens a cursor, and commits, for every model: readers would see new features beside old targets, and
    a killed run would leave such a mixture behind.
    """

    def __init__(self, credentials: DuckDBCredentials, connection: duckdb.DuckDBPyConnection) -> None:
        super().__init__(credentials)
        self._shared = connection

    def handle(self) -> DuckDBConnectionWrapper:
        return DuckDBConnectionWrapper(_SharedCursor(self._shared), self)  # type: ignore[no-untyped-call]


class Transformation:
    """Builds models and runs their tests against one lake.

    Attributes:
        lake: The lake that sources are read from and relations are published to.
    """

    def __init__(self, lake: Lake) -> None:
        self.lake = lake

    def build(
        self, connection: duckdb.DuckDBPyConnection, select: Sequence[str], on_progress: Progress = silent
    ) -> Built:
        """Build and test a selection, then publish it in one transaction.

        Args:
            connection: The lake, for writing.
            select: dbt node selectors; empty for everything.
            on_progress: Told (done, total, name) as nodes start.

        Raises:
            PipelineError: dbt could not run, or a model or test failed; nothing was published.
        """
        self.manifest()  # parsing may take seconds: not while the transaction is open
        snapshot = current_snapshot(connection)
        with transaction(connection):
            built = self._build_complete_walks(connection, select, on_progress)
            if built.failures:
                # Read what a gate refused now: nobody can ask for it once it is rolled back.
                raise FailedBuildError(built, [_explained(connection, result) for result in built.failures])
            if any(result.node.name == "live_targets" for result in built.results):
                record_origin(connection, snapshot)
                record_verdicts(connection)
        return built

    def _build_complete_walks(
        self, connection: duckdb.DuckDBPyConnection, select: Sequence[str], on_progress: Progress
    ) -> Built:
        """Build; while a walk came to the end of the ranks it may look at, let it look deeper and build again."""
        results: dict[str, RunResult] = {}
        deepened = 0
        for _attempt in range(MAX_DEEPENINGS):
            for result in self._invoke(connection, ["build", "--no-write-json", *_selection(select)], on_progress):
                results[result.node.unique_id] = result
            cut_short = deepen_walks(connection) if _has_walks(results) else 0
            if not cut_short:
                break
            deepened += cut_short
            on_progress(0, 0, f"{cut_short} sessions need a deeper walk: building again")
        return Built(list(results.values()), deepened)

    def parse(self) -> Manifest:
        """Parse the project and write its manifest to the home; quick when no file has changed since the last time."""
        project = fingerprint()
        manifest: Manifest = self._run(dbtRunner(), None, ["parse"])
        write_atomically(self.manifest_file.with_name(PARSED), project)
        _parsed.clear()
        _parsed[project] = manifest
        return manifest

    def manifest(self) -> Manifest:
        """The parsed project, which is the same for every home: parsed once per process while no file of it changes."""
        project = fingerprint()
        return _parsed[project] if project in _parsed else self.parse()

    @property
    def is_parsed(self) -> bool:
        """True if the home's manifest is of this project as it is now: another program may have written it."""
        file = self.manifest_file.with_name(PARSED)
        return file.exists() and file.read_text(encoding="utf-8") == fingerprint()

    @property
    def manifest_file(self) -> Path:
        """The file that `parse` writes the manifest to."""
        return self.lake.home / "dbt" / "manifest.json"

    def statements(self, select: Sequence[str]) -> list[Statement]:
        """The statements that build a selection of models, in order, for who executes them without dbt.

        Args:
            select: dbt node selectors.

        Raises:
            PipelineError: dbt could not compile the models.
        """
        compiled = self._invoke(None, ["compile", "--select", *select], silent)
        return [
            Statement(
                node.alias,
                f"CREATE OR REPLACE {node.config.materialized} {node.relation_name} AS {node.compiled_code}",
            )
            for node in (result.node for result in compiled)
            if node.resource_type is NodeType.Model
        ]

    def write_docs(self) -> Path:
        """Write one self-contained HTML page about every relation; its path.

        Raises:
            PipelineError: dbt could not read the lake.
        """
        self._invoke(None, ["docs", "generate", "--static"], silent)
        return self.lake.home / "dbt" / "static_index.html"

    def _invoke(
        self,
        connection: duckdb.DuckDBPyConnection | None,
        arguments: list[str],
        on_progress: Progress,
    ) -> Any:  # noqa: ANN401 - as dbtRunner's result
        def on_event(event: EventMsg) -> None:
            if event.info.name == "LogStartLine":
                data = event.data
                on_progress(data.index - 1, data.total, data.node_info.node_name)

        return self._run(dbtRunner(manifest=self.manifest(), callbacks=[on_event]), connection, arguments)

    def _run(
        self,
        runner: dbtRunner,
        connection: duckdb.DuckDBPyConnection | None,
        arguments: list[str],
    ) -> Any:  # noqa: ANN401 - as dbtRunner's result
        with _environment(self.lake), _shared(connection):
            outcome = runner.invoke([*arguments, *OPTIONS])
        if isinstance(outcome.exception, KeyboardInterrupt):
            raise outcome.exception
        if isinstance(outcome.exception, OSError):
            raise MachineError.of(outcome.exception) from outcome.exception
        if outcome.exception is not None:
            raise PipelineError(
                f"dbt could not {arguments[0]} the models: {outcome.exception}. The last good state stands."
            ) from outcome.exception
        return outcome.result


class FailedBuildError(PipelineError):
    """Some models or tests failed; carries the results of all."""

    def __init__(self, built: Built, explanations: Sequence[str]) -> None:
        self.built = built
        lines = [f"  {explanation}" for explanation in explanations]
        super().__init__(
            "\n".join(
                [
                    f"{len(lines)} of {len(built.results)} models and data-quality gates failed:",
                    *lines,
                    "Nothing was published; the last good state stands. `swing status` shows it.",
                ]
            )
        )


def _explained(connection: duckdb.DuckDBPyConnection, result: RunResult) -> str:
    """Say what failed, and for a test the first rows that it refused."""
    said = f"{result.node.name}: {result.message}"
    query = getattr(result.node, "compiled_code", None)
    if result.status != "fail" or not query:
        return said
    try:
        refused = connection.execute(f"SELECT * FROM ({query}) LIMIT {SHOWN_ROWS}")
        names = [column[0] for column in refused.description]
        cells = refused.fetchall()
    except duckdb.Error:  # an SQL error elsewhere in the build has aborted the transaction
        return said
    rows = [", ".join(f"{name}={value}" for name, value in zip(names, row, strict=True)) for row in cells]
    return "\n      ".join([said, *rows])


def _selection(select: Sequence[str]) -> list[str]:
    chosen = ["--select", *select] if select else []
    return [*chosen, "--exclude-resource-type", "unit_test", "--indirect-selection", "buildable"]


def _has_walks(results: dict[str, RunResult]) -> bool:
    return any(result.node.name == "walks" and result.status == "success" for result in results.values())


@contextlib.contextmanager
def _environment(lake: Lake) -> Iterator[None]:
    """Set the variables that profiles.yml and dbt_project.yml read."""
    wanted = {
        "SWING_HOME": str(lake.home),
        "DBT_TARGET_PATH": str(lake.home / "dbt"),
        "DBT_LOG_PATH": str(lake.home / "dbt"),
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _shared(connection: duckdb.DuckDBPyConnection | None) -> Iterator[None]:
    """Let dbt-duckdb work on this connection instead of opening its own."""
    if connection is None:
        yield
        return
    original = environments.create
    environments.create = lambda creds: _OneTransaction(creds, connection)
    _forget_connections()  # one kept from an earlier run would be used again
    try:
        yield
    finally:
        environments.create = original
        _forget_connections()


def _forget_connections() -> None:
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
