"""Lakes for tests, made by the project's own code: landed as the product lands, computed by its SQL."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
import yaml

from warehouse import landing
from warehouse.lake import Lake, scratch
from warehouse.landing import land_bars, land_portfolio
from warehouse.settings.portfolio import FILE_NAME, load_portfolio
from warehouse.sources.base import RAW_BAR_SCHEMA, BarSource, Progress
from warehouse.transformation.runner import Transformation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import duckdb
    import pandas as pd

    from warehouse.transformation.runner import Built
    from warehouse.transformation.statements import Statement

SMALL_GRID: Mapping[str, Any] = {
    "ema_fast": [10, 30],
    "ema_slow": [50],
    "top_n": [1, 2, 3],
    "corr_cap": [0.6, 0.7],
}
"""Twelve strategies; the live one is not among them and stands beside them."""


@dataclass(frozen=True)
class Given(BarSource):
    """Bars as they are: no door judges whether such a market can be true."""

    bars: pd.DataFrame
    name = "given"

    def fetch(self, progress: Progress) -> Iterator[pa.Table]:
        """Yield them at once."""
        progress(1, 1, self.name)
        columns = {
            field.name: pa.array(self.bars[field.name], field.type, from_pandas=True)
            for field in RAW_BAR_SCHEMA
            if field.name in self.bars
        }
        rows = pa.table(columns).append_column("is_final", pa.array([True] * len(self.bars)))
        yield pa.concat_tables([RAW_BAR_SCHEMA.empty_table(), rows], promote_options="default")


@dataclass(frozen=True, slots=True)
class World:
    """What a lake is made from.

    Attributes:
        bars: One row per bar, with the columns of a file of bars; its symbols are the universe.
        settings: What stands in portfolio.yaml beside the universe.
        first_walk_depth: Ranks that a selection looks at in the first place.
    """

    bars: pd.DataFrame
    settings: dict[str, Any] = field(default_factory=dict)
    first_walk_depth: int = landing.FIRST_WALK_DEPTH

    def land(self, connection: duckdb.DuckDBPyConnection, home: Path) -> None:
        """Write bars and portfolio.yaml to `home`, and land both."""
        portfolio = {"universe": sorted(self.bars["symbol"].unique().tolist())} | self.settings
        (home / FILE_NAME).write_text(yaml.safe_dump(portfolio), encoding="utf-8")
        landed = land_bars(connection, Given(self.bars))
        assert landed.quarantined == 0, "a world must consist of bars"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(landing, "FIRST_WALK_DEPTH", self.first_walk_depth)
            land_portfolio(connection, load_portfolio(home))


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A world, its lake, and what its build did."""

    world: World
    lake: Lake
    built: Built


def land_lake(home: Path, world: World) -> Lake:
    """Make a lake in `home` that holds a world, and no relation yet."""
    home.mkdir(parents=True, exist_ok=True)
    lake = Lake(home)
    with lake.lock(), lake.writer() as connection:
        world.land(connection, home)
    return lake


def build_lake(lake: Lake) -> Built:
    """Build and test everything, as a run of the pipeline does."""
    with lake.lock(), lake.writer() as connection:
        return Transformation(lake).build(connection, [])


@dataclass(frozen=True, slots=True)
class Models:
    """Every model as dbt compiles it, in the order to execute them."""

    statements: Sequence[Statement] = field(repr=False)

    @contextlib.contextmanager
    def computed(self, world: World) -> Iterator[duckdb.DuckDBPyConnection]:
        """Compute a world's relations in memory, under the lake's alias: no dbt, about a second."""
        with tempfile.TemporaryDirectory() as home, scratch() as connection:
            world.land(connection, Path(home))
            for statement in self.statements:
                connection.execute(statement.sql)
            cut = connection.execute("SELECT count(*) FROM walks WHERE is_cut_short").fetchone()
            assert cut == (0,), "a world computed so must be walked without deepening"
            yield connection

    def sql_of(self, relation: str) -> str:
        """Return the statement that makes one relation."""
        return next(each.sql for each in self.statements if each.relation == relation)
