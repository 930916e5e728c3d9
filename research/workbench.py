"""A workbench: the project's own models, computed in memory from any bars and rows."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from warehouse.errors import LakeError, PipelineError
from warehouse.files import write_atomically
from warehouse.lake import scratch
from warehouse.landing import land_portfolio
from warehouse.settings.portfolio import load_portfolio
from warehouse.transformation.project import fingerprint
from warehouse.transformation.statements import MAX_DEEPENINGS, Statement, deepen_walks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    import duckdb
    import pyarrow as pa
    from dbt.contracts.graph.manifest import Manifest

    from warehouse.lake import Lake
    from warehouse.settings.portfolio import Portfolio
    from warehouse.transformation.runner import Transformation

ONE_ROW_PER = "one_row_per"
COMPILED = "compiled_models.json"
"""Name of the file beside a home's manifest that keeps what dbt compiled."""


@dataclass(frozen=True, slots=True)
class Models:
    """Models as dbt compiles them.

    Attributes:
        statements: In the order to execute them.
        parents: Relation -> the relations it reads.
        grains: Relation -> the columns that tell its rows apart.
    """

    statements: Sequence[Statement] = field(repr=False)
    parents: Mapping[str, frozenset[str]] = field(repr=False)
    grains: Mapping[str, tuple[str, ...]] = field(repr=False)

    @classmethod
    def compiled(cls, transformation: Transformation) -> Models:
        """Compile the project. Raises PipelineError if dbt cannot."""
        manifest = transformation.manifest()
        return cls(transformation.statements(["path:models"]), _parents(manifest), _grains(manifest))

    @classmethod
    def of(cls, lake: Lake) -> Models:
        """Return the models as they were compiled last, and again if a file of them has changed since.

        Importing dbt and compiling takes seconds, which a question that is answered in memory would wait for.
        Raises PipelineError if dbt cannot compile them.
        """
        file, state = lake.home / "dbt" / COMPILED, fingerprint()
        if (kept := _kept(file, state)) is not None:
            return kept
        from warehouse.transformation.runner import Transformation  # noqa: PLC0415 - as said above

        models = cls.compiled(Transformation(lake))
        content = {
            "state": state,
            "statements": [(statement.relation, statement.sql) for statement in models.statements],
            "parents": {name: sorted(parents) for name, parents in models.parents.items()},
            "grains": dict(models.grains),
        }
        write_atomically(file, json.dumps(content))
        return models

    def needed(self, goals: Collection[str], given: Collection[str] = ()) -> list[Statement]:
        """Return the statements that lead to some relations, in order.

        Args:
            goals: The relations that are wanted.
            given: Relations that are there already, and need nothing.
        """
        wanted, pending = set[str](), [goal for goal in goals if goal not in given]
        while pending:
            name = pending.pop()
            wanted.add(name)
            pending += self.parents.get(name, frozenset()) - wanted - set(given)
        return [statement for statement in self.statements if statement.relation in wanted]

    def reads(self, relation: str, ancestor: str) -> bool:
        """Return True where a relation is, or is computed from, another."""
        return relation == ancestor or any(self.reads(parent, ancestor) for parent in self.parents.get(relation, ()))

    def digest(self, goals: Collection[str], given: Collection[str] = ()) -> str:
        """Hash (sha256, hex) the statements that would be executed."""
        text = "\n".join(statement.sql for statement in self.needed(goals, given))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Bench:
    """Inputs of a computation: the models, a configuration, bars.

    Attributes:
        models: The models.
        portfolio: The configuration.
        bars: Rows of landing.bar_versions: the universe's, under older names as well, and what was asked for beside it.
    """

    models: Models = field(repr=False)
    portfolio: Portfolio = field(repr=False)
    bars: pa.Table = field(repr=False)

    @classmethod
    def of(cls, lake: Lake, beside: Collection[str] = ()) -> Bench:
        """Take the bars of a lake, under the configuration beside it.

        Args:
            lake: The lake.
            beside: Symbols to take as well, which no strategy may hold unless the universe has them.

        Raises:
            ConfigurationError: The configuration is not valid.
            LakeError: There is no lake, or no bar of the universe in it.
            PipelineError: dbt cannot compile the models.
        """
        portfolio = load_portfolio(lake.home)
        with lake.reader() as connection:
            # Bars under an older name are the universe's too.
            bars = connection.execute(
                "SELECT * FROM landing.bar_versions WHERE symbol IN (SELECT unnest($symbols))",
                {"symbols": [*portfolio.universe, *(change.old for change in portfolio.symbol_changes), *beside]},
            ).to_arrow_table()
        if not bars.num_rows:
            raise LakeError(
                f"The warehouse in {lake.home} holds no bar of the universe. Land bars first: `swing fetch --help`."
            )
        return cls(Models.of(lake), portfolio, bars)

    @contextlib.contextmanager
    def opened(self, threads: int | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open a scratch database with what is landed: bars, universe, strategies, settings.

        Args:
            threads: Of the engine; None for one a core.
        """
        with scratch(threads) as connection:
            land_portfolio(connection, self.portfolio)
            connection.register("landed_bars", self.bars)
            connection.execute("INSERT INTO landing.bar_versions BY NAME FROM landed_bars")
            yield connection

    def compute(
        self,
        connection: duckdb.DuckDBPyConnection,
        goals: Collection[str],
        given: Collection[str] = (),
        passing: Collection[str] = (),
    ) -> None:
        """Compute relations and what leads to them, until no walk is cut short.

        Args:
            connection: A scratch database of this bench.
            goals: The relations that are wanted.
            given: Relations that the caller has put there.
            passing: Relations read once, and not kept: what nobody asks of them is not computed.

        Raises:
            PipelineError: A walk needs more ranks than any build would look at.
        """
        done: list[Statement] = []
        for statement in self.models.needed(goals, given):
            kept = statement.relation not in passing
            connection.execute(statement.sql if kept else statement.sql.replace(" table ", " view ", 1))
            done.append(statement)
            if statement.relation == "walks":
                self._deepen(connection, done)

    def _deepen(self, connection: duckdb.DuckDBPyConnection, done: Sequence[Statement]) -> None:
        for _attempt in range(MAX_DEEPENINGS):
            if not deepen_walks(connection):
                return
            for statement in done:
                if self.models.reads(statement.relation, "sessions"):
                    connection.execute(statement.sql)
        raise PipelineError(
            "A selection walks deeper than a build may look. Make the universe smaller, then try again."
        )


def put(connection: duckdb.DuckDBPyConnection, relation: str, rows: pa.Table) -> None:
    """Put rows where a model's relation, or a landed table, would be."""
    connection.register("put_rows", rows)
    connection.execute(f"CREATE OR REPLACE TABLE {relation} AS FROM put_rows")
    connection.unregister("put_rows")


def _kept(file: Path, state: str) -> Models | None:
    """Read what was compiled of this state of the project; None if there is no such thing."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if content["state"] != state:
            return None
        return Models(
            [Statement(*each) for each in content["statements"]],
            {name: frozenset(parents) for name, parents in content["parents"].items()},
            {name: tuple(columns) for name, columns in content["grains"].items()},
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _parents(manifest: Manifest) -> dict[str, frozenset[str]]:
    from dbt.artifacts.resources.types import NodeType  # noqa: PLC0415 - only where models are compiled

    models = {name: node for name, node in manifest.nodes.items() if node.resource_type is NodeType.Model}
    return {
        node.alias: frozenset(models[parent].alias for parent in node.depends_on.nodes if parent in models)
        for node in models.values()
    }


def _grains(manifest: Manifest) -> dict[str, tuple[str, ...]]:
    """Return each model's grain, by its own test."""
    from dbt.contracts.graph.nodes import GenericTestNode  # noqa: PLC0415 - only where models are compiled

    tests = [node for node in manifest.nodes.values() if isinstance(node, GenericTestNode)]
    return {
        manifest.nodes[test.attached_node].alias: tuple(test.test_metadata.kwargs["columns"])
        for test in tests
        if test.test_metadata.name == ONE_ROW_PER and test.attached_node
    }
