"""Runs dbt inside this process: it parses and compiles the project, and documents what is built.

Importing dbt takes seconds, so this module is imported where a file of the project has changed, and nowhere else.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dbt.artifacts.resources.types import NodeType
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.nodes import GenericTestNode

from warehouse.errors import MachineError, PipelineError
from warehouse.files import write_atomically
from warehouse.transformation.compiled import PROOF, Compiled, Kind, Node
from warehouse.transformation.project import PARSED, PROJECT, fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dbt.artifacts.schemas.run import RunResult
    from dbt.contracts.graph.manifest import Manifest

    from warehouse.lake import Lake

OPTIONS = (
    *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
    *("--log-level", "none", "--log-level-file", "none"),  # Dagster keeps the log
    "--single-threaded",
)
COUNTS_ROWS = ("count(*)", "!= 0", "!= 0", None)
"""Settings of a gate that fails, or warns, when it finds a row; no gate has others."""
_parsed: dict[str, Manifest] = {}
"""The project by its newest change."""


def manifest_file(lake: Lake) -> Path:
    """Return the file that `parse` writes the manifest to."""
    return lake.home / "dbt" / "manifest.json"


def parse(lake: Lake) -> Manifest:
    """Parse the project and write its manifest to the home; quick when no file has changed since the last time."""
    project = fingerprint()
    manifest: Manifest = _run(lake, dbtRunner(), ["parse"])
    write_atomically(manifest_file(lake).with_name(PARSED), project)
    _parsed.clear()
    _parsed[project] = manifest
    return manifest


def manifest(lake: Lake) -> Manifest:
    """Return the parsed project, the same for every home: parsed once a process while no file of it changes."""
    project = fingerprint()
    return _parsed[project] if project in _parsed else parse(lake)


def compiled(lake: Lake) -> Compiled:
    """Compile every model and gate. Raises PipelineError if dbt cannot."""
    results = invoke(lake, ["compile", "--exclude", "resource_type:unit_test"])
    return Compiled(tuple(map(_node, _in_order(results))))


def write_docs(lake: Lake) -> Path:
    """Write one self-contained HTML page about every relation; its path. Raises PipelineError if dbt cannot."""
    invoke(lake, ["docs", "generate", "--static"])
    return lake.home / "dbt" / "static_index.html"


def invoke(lake: Lake, arguments: Sequence[str]) -> Any:  # noqa: ANN401 - as dbtRunner's result
    """Run a command of dbt on the parsed project. Raises PipelineError, MachineError."""
    return _run(lake, dbtRunner(manifest=manifest(lake)), arguments)


def _run(lake: Lake, runner: dbtRunner, arguments: Sequence[str]) -> Any:  # noqa: ANN401 - as dbtRunner's result
    with _environment(lake):
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


def _in_order(results: Sequence[RunResult]) -> Iterator[RunResult]:
    """Yield models as dbt compiled them, and each gate as soon as all that it reads is there."""
    kinds: dict[NodeType, list[RunResult]] = {NodeType.Model: [], NodeType.Test: []}
    for result in results:
        kinds[result.node.resource_type].append(result)
    models = {result.node.unique_id for result in kinds[NodeType.Model]}
    awaited = {gate.node.unique_id: models & {*_parents(gate.node)} for gate in kinds[NodeType.Test]}
    yield from (gate for gate in kinds[NodeType.Test] if not awaited[gate.node.unique_id])
    for result in kinds[NodeType.Model]:
        yield result
        for gate in kinds[NodeType.Test]:
            if result.node.unique_id in (left := awaited[gate.node.unique_id]):
                left.remove(result.node.unique_id)
                if not left:
                    yield gate


def _parents(node: Any) -> tuple[str, ...]:  # noqa: ANN401 - dbt has a class for each kind
    return tuple(node.depends_on.nodes)


def _node(result: RunResult) -> Node:
    node: Any = result.node
    made = Node(
        unique_id=node.unique_id,
        name=node.name,
        kind=Kind.GATE,
        sql=node.compiled_code,
        file=node.original_file_path,
        parents=_parents(node),
    )
    if node.resource_type is NodeType.Model:
        columns = {name: column.data_type for name, column in node.columns.items()} if node.contract.enforced else {}
        return replace(made, kind=Kind(node.config.materialized), relation=node.relation_name, columns=columns)
    config = node.config
    if (config.fail_calc, config.warn_if, config.error_if, config.limit) != COUNTS_ROWS:
        raise PipelineError(f"{node.name} counts rows in a way of its own, which no build does. Remove its setting.")
    gate = replace(made, is_warning=str(config.severity).lower() == "warn")
    if not isinstance(node, GenericTestNode) or node.test_metadata.name != PROOF:
        return gate
    others = (each for each in gate.parents if each != node.attached_node)
    return replace(gate, parents=(str(node.attached_node), *others), grain=tuple(node.test_metadata.kwargs["columns"]))


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
