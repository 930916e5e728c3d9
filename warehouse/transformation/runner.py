"""Builds models and runs their gates, as dbt compiled them, and publishes all of it in one transaction, or none."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import duckdb

from warehouse.errors import PipelineError
from warehouse.lake import current_snapshot, relations, transaction
from warehouse.sources.base import Progress, silent
from warehouse.transformation.compiled import Compiled, Kind, Node, compiled
from warehouse.transformation.origin import record_origin
from warehouse.transformation.project import PARSED, fingerprint
from warehouse.transformation.statements import DEPTHS, FEW_BARS, WALKS, Statement, deepen
from warehouse.verdicts import record_verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from warehouse.lake import Lake

SHOWN_ROWS = 3


class NodeStatus(StrEnum):
    """Ends of a node."""

    SUCCESS = "success"
    PASS = "pass"  # noqa: S105 - no password
    WARN = "warn"
    FAIL = "fail"
    ERROR = "error"
    SKIPPED = "skipped"


FAILED = frozenset({NodeStatus.ERROR, NodeStatus.FAIL})


@dataclass(frozen=True, slots=True)
class NodeResult:
    """End of a node.

    Attributes:
        seconds: Time it took.
        failures: Rows that a gate refuses.
        message: What is wrong; empty for nothing.
    """

    node: Node
    status: NodeStatus
    seconds: float = 0.0
    failures: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Built:
    """The result of one build.

    Attributes:
        results: Per model and gate, in the order they ran.
        deepened: Sessions whose ranking had to be walked deeper.
    """

    results: Sequence[NodeResult]
    deepened: int

    @property
    def failures(self) -> list[NodeResult]:
        """Models and gates that failed."""
        return [result for result in self.results if result.status in FAILED]


class Transformation:
    """Builds models and runs their gates against one lake.

    Attributes:
        lake: The lake that landed tables are read from and relations are published to.
    """

    def __init__(self, lake: Lake) -> None:
        self.lake = lake

    def build(
        self, connection: duckdb.DuckDBPyConnection, select: Sequence[str], on_progress: Progress = silent
    ) -> Built:
        """Build and test a selection, then publish it in one transaction.

        Args:
            connection: The lake, for writing.
            select: Names of models, as `Compiled.selected` takes them; empty for everything.
            on_progress: Told (done, total, name) as nodes start.

        Raises:
            PipelineError: dbt could not compile, or a model or gate failed; nothing was published.
        """
        project = compiled(self.lake)  # that may take seconds: not while the transaction is open
        snapshot = current_snapshot(connection)
        with _few_threads(connection), transaction(connection):
            built = _Build(connection, project, project.selected(select), on_progress).run()
            if built.failures:
                # Read what a gate refused now: nobody can ask for it once it is rolled back.
                raise FailedBuildError(built, [_explained(connection, result) for result in built.failures])
            if any(result.node.name == "live_targets" for result in built.results):
                record_origin(connection, snapshot)
                record_verdicts(connection)
        return built

    def compiled(self) -> Compiled:
        """Return the project as dbt compiled it. Raises PipelineError if dbt cannot."""
        return compiled(self.lake)

    def statements(self, select: Sequence[str]) -> list[Statement]:
        """Return the statements that build a selection of models, in order. Raises PipelineError, as `compiled`."""
        nodes = self.compiled().selected(select)
        return [Statement(node.name, node.statement) for node in nodes if node.is_model]

    @property
    def is_parsed(self) -> bool:
        """True if the home's manifest is of this project as it is now: another program may have written it."""
        file = self.manifest_file.with_name(PARSED)
        return file.exists() and file.read_text(encoding="utf-8") == fingerprint()

    @property
    def manifest_file(self) -> Path:
        """File of the manifest that dbt wrote."""
        return self.lake.home / "dbt" / "manifest.json"


@dataclass(slots=True)
class _Build:
    """One build within the open transaction."""

    connection: duckdb.DuckDBPyConnection
    project: Compiled
    nodes: Sequence[Node]
    on_progress: Progress
    results: list[NodeResult] = field(default_factory=list)
    deepened: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    """Rows that a gate's SQL has refused: two gates that rest on one proof ask once."""

    def run(self) -> Built:
        views, names = _views(self.connection), relations(self.connection)
        kinds = {name: Kind.VIEW if name in views else Kind.TABLE for name in names}
        skipped = set[str]()
        for done, node in enumerate(self._ordered()):
            self.on_progress(done, len(self.nodes), node.name)
            if node.unique_id in skipped:
                self.results.append(NodeResult(node, NodeStatus.SKIPPED))
                continue
            result = self._made(node, kinds.get(node.name)) if node.is_model else self._judged(node)
            if node.name == WALKS and result.status is NodeStatus.SUCCESS:
                result = self._deepened(result)
            self.results.append(result)
            if result.status is NodeStatus.ERROR:  # the transaction is aborted: nothing after it could run
                break
            if result.status is NodeStatus.FAIL:
                skipped |= self._behind(node)
        return Built(self.results, self.deepened)

    def _ordered(self) -> Iterator[Node]:
        """Yield the nodes; a gate on what deepening makes anew waits for the walks to be whole."""
        waiting: list[Node] = []
        awaits = any(node.name == WALKS for node in self.nodes)
        depth = {node.unique_id for node in self.project.models if node.name == DEPTHS}
        for node in self.nodes:
            if awaits and not node.is_model and self.project.ancestors(node.parents) & depth:
                waiting.append(node)
                continue
            yield node
            if node.name == WALKS:
                awaits = False
                yield from waiting
                waiting = []
        yield from waiting

    def _made(self, node: Node, existing: Kind | None) -> NodeResult:
        started = time.perf_counter()
        try:
            if existing not in {None, node.kind}:
                self.connection.execute(f"DROP {existing} {node.relation}")
            self.connection.execute(node.statement)
            described = self.connection.execute(f"FROM {node.relation} LIMIT 0").description
        except duckdb.Error as error:
            return NodeResult(node, NodeStatus.ERROR, time.perf_counter() - started, message=str(error))
        seconds = time.perf_counter() - started
        found = {name: str(kind) for name, kind, *_ in described}
        agreed = {name: str(self.connection.sqltype(kind)) for name, kind in node.columns.items()}
        if agreed and agreed != found:
            differing = ", ".join(sorted(name for name in found.keys() | agreed if found.get(name) != agreed.get(name)))
            return NodeResult(
                node, NodeStatus.ERROR, seconds, message=f"the contract and the columns differ: {differing}"
            )
        return NodeResult(node, NodeStatus.SUCCESS, seconds)

    def _judged(self, node: Node) -> NodeResult:
        started = time.perf_counter()
        if node.sql not in self.refused:
            try:
                row = self.connection.execute(f"SELECT count(*) FROM (\n{node.sql}\n)").fetchone()
            except duckdb.Error as error:
                return NodeResult(node, NodeStatus.ERROR, time.perf_counter() - started, message=str(error))
            self.refused[node.sql] = int(row[0]) if row else 0
        seconds, failures = time.perf_counter() - started, self.refused[node.sql]
        if not failures:
            return NodeResult(node, NodeStatus.PASS, seconds)
        status = NodeStatus.WARN if node.is_warning else NodeStatus.FAIL
        return NodeResult(node, status, seconds, failures, f"{failures:,} rows are refused")

    def _behind(self, gate: Node) -> set[str]:
        """Return what a failed gate holds up: everything that is computed from all that it judges."""
        judged = {*gate.parents}
        held = {
            node.unique_id for node in self.nodes if self.project.ancestors(node.parents) >= judged and node is not gate
        }
        return held - {result.node.unique_id for result in self.results}

    def _deepened(self, walks: NodeResult) -> NodeResult:
        """Let walks that were cut short look deeper."""
        again = [Statement(node.name, node.statement) for node in self.project.between(DEPTHS, walks.node.name)]
        try:
            self.deepened = deepen(self.connection, again, self.on_progress)
        except duckdb.Error as error:
            return replace(walks, status=NodeStatus.ERROR, message=str(error))
        return walks


class FailedBuildError(PipelineError):
    """Some models or gates failed; carries the results of all."""

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


def _explained(connection: duckdb.DuckDBPyConnection, result: NodeResult) -> str:
    """Say what failed, and for a gate the first rows that it refused."""
    said = f"{result.node.name}: {result.message}"
    if result.status is not NodeStatus.FAIL:
        return said
    try:
        refused = connection.execute(f"SELECT * FROM (\n{result.node.sql}\n) LIMIT {SHOWN_ROWS}")
        names = [column[0] for column in refused.description]
        cells = refused.fetchall()
    except duckdb.Error:  # an SQL error elsewhere in the build has aborted the transaction
        return said
    rows = [", ".join(f"{name}={value}" for name, value in zip(names, row, strict=True)) for row in cells]
    return "\n      ".join([said, *rows])


@contextlib.contextmanager
def _few_threads(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let the engine work with one thread where there are few bars; then a sum's order is one, too."""
    row = connection.execute("SELECT count(*) FROM landing.bar_versions").fetchone()
    if row and row[0] >= FEW_BARS:
        yield
        return
    connection.execute("SET threads = 1")
    try:
        yield
    finally:
        connection.execute("RESET threads")


def _views(connection: duckdb.DuckDBPyConnection) -> set[str]:
    found = connection.execute("SELECT view_name FROM duckdb_views() WHERE database_name = current_database()")
    return {name for (name,) in found.fetchall()}
