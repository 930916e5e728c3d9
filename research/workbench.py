"""A workbench: the project's own models, computed in memory from any bars and rows."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from warehouse.errors import LakeError, PipelineError
from warehouse.lake import scratch
from warehouse.landing import land_portfolio
from warehouse.settings.portfolio import load_portfolio
from warehouse.transformation.compiled import compiled
from warehouse.transformation.statements import MAX_DEEPENINGS, Statement, deepen_walks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    import duckdb
    import pyarrow as pa

    from warehouse.lake import Lake
    from warehouse.settings.portfolio import Portfolio


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
    def of(cls, lake: Lake) -> Models:
        """Return the models as they were compiled last, and again if a file of them has changed since.

        Raises PipelineError if dbt cannot compile them.
        """
        project = compiled(lake)
        names = {node.unique_id: node.name for node in project.models}
        return cls(
            [Statement(node.name, node.statement) for node in project.models],
            {node.name: frozenset(names[each] for each in node.parents if each in names) for node in project.models},
            {names[node.parents[0]]: node.grain for node in project.nodes if node.grain and node.parents[0] in names},
        )

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
                f"The warehouse in {lake.home} holds no bar of the universe. "
                "Import price bars first: `swing fetch --help`."
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
