"""The project as dbt compiled it, kept in the home while no file of it changes; this module imports none of dbt."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from warehouse.errors import PipelineError
from warehouse.files import write_atomically
from warehouse.transformation.project import fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from warehouse.lake import Lake

FILE_NAME = "compiled_project.json"
PROOF = "one_row_per"
"""The test that proves a relation's grain, and says it."""


class Kind(StrEnum):
    """Kinds of nodes."""

    TABLE = "table"
    VIEW = "view"
    GATE = "gate"
    """A data-quality gate: its SQL selects the rows that it refuses."""


@dataclass(frozen=True, slots=True)
class Node:
    """A model or a data-quality gate.

    Attributes:
        unique_id: By dbt; parents are named so too, landed tables among them.
        name: A model's is that of its relation.
        sql: What was compiled.
        file: Path within the project.
        relation: Quoted name of a model's relation.
        columns: A model's contract: the SQL type of each column.
        is_warning: True for a gate that stops nothing.
        grain: Columns that a gate proves to tell the rows of its first parent apart; none for other gates.
    """

    unique_id: str
    name: str
    kind: Kind
    sql: str = field(repr=False)
    file: str
    parents: tuple[str, ...] = ()
    relation: str = ""
    columns: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_warning: bool = False
    grain: tuple[str, ...] = ()

    @property
    def is_model(self) -> bool:
        """True if it makes a relation."""
        return self.kind is not Kind.GATE

    @property
    def statement(self) -> str:
        """Statement that makes a model's relation anew: the lake keeps the version before it."""
        return f"CREATE OR REPLACE {self.kind} {self.relation} AS {self.sql}"


@dataclass(frozen=True, slots=True)
class Compiled:
    """Every model and gate.

    Attributes:
        nodes: In an order to execute them.
    """

    nodes: tuple[Node, ...] = field(repr=False)

    @property
    def models(self) -> list[Node]:
        """The models, in order."""
        return [node for node in self.nodes if node.is_model]

    def ancestors(self, ids: Sequence[str]) -> set[str]:
        """Return some nodes and all that they are computed from, by their ids."""
        parents = {node.unique_id: node.parents for node in self.nodes}
        found, pending = set[str](), list(ids)
        while pending:
            if (one := pending.pop()) not in found:
                found.add(one)
                pending += parents.get(one, ())
        return found

    def between(self, first: str, last: str) -> list[Node]:
        """Return the models that are computed from one and lead to another, both among them, in order."""
        ids = {node.name: node.unique_id for node in self.models}
        leading = self.ancestors([ids[last]])
        return [
            node for node in self.models if node.unique_id in leading and ids[first] in self.ancestors([node.unique_id])
        ]

    def selected(self, select: Sequence[str]) -> list[Node]:
        """Return models, and the gates whose every parent is among them or what they are computed from, in order.

        Args:
            select: Names of models; a + before a name adds its ancestors, and path: begins the path of a folder. Empty
                for every model and gate.

        Raises:
            PipelineError: There is no such model.
        """
        if not select:
            return list(self.nodes)
        chosen = set[str]()
        for each in select:
            found = [node.unique_id for node in self.models if _is_meant(node, each)]
            if not found:
                raise PipelineError(f"There is no model {each}. `swing docs` lists all.")
            chosen |= self.ancestors(found) if each.startswith("+") else set(found)
        known = self.ancestors([node.unique_id for node in self.models if node.unique_id in chosen])
        return [
            node
            for node in self.nodes
            if (node.unique_id in chosen if node.is_model else known >= {*node.parents} and chosen & {*node.parents})
        ]


def compiled(lake: Lake) -> Compiled:
    """Return the project as it was compiled last, compiled again if a file of it has changed since.

    Raises:
        PipelineError: dbt cannot compile it.
    """
    file, state = lake.home / "dbt" / FILE_NAME, fingerprint()
    if (kept := _kept(file, state)) is not None:
        return kept
    from warehouse.transformation import compiler  # noqa: PLC0415 - it imports dbt

    project = compiler.compiled(lake)
    content = {"state": state, "nodes": [asdict(node) for node in project.nodes]}
    write_atomically(file, json.dumps(content))
    return project


def _is_meant(node: Node, selector: str) -> bool:
    if selector.startswith("path:"):
        return node.file.startswith(f"{selector.removeprefix('path:')}/")
    return node.name == selector.removeprefix("+")


def _kept(file: Path, state: str) -> Compiled | None:
    """Read what was compiled of this state of the project; None if there is no such thing."""
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return Compiled(tuple(map(_read, content["nodes"]))) if content["state"] == state else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _read(node: dict[str, Any]) -> Node:
    tuples = {name: tuple(node[name]) for name in ("parents", "grain")}
    return Node(**node | tuples | {"kind": Kind(node["kind"])})
