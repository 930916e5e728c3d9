"""Workbenches for tests: a small market on the project's own models."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from research.workbench import Bench, Models
from warehouse.lake import scratch
from warehouse.settings.portfolio import load_portfolio
from warehouse.transformation.statements import Statement

if TYPE_CHECKING:
    from lakes import World


def bench_of(models: Models, world: World) -> Bench:
    """Put a world on a workbench, landed as the product lands it."""
    with tempfile.TemporaryDirectory() as home, scratch() as connection:
        world.land(connection, Path(home))
        return Bench(models, load_portfolio(Path(home)), connection.table("landing.bar_versions").to_arrow_table())


def with_fault(models: Models, relation: str, column: str, fault: str) -> Models:
    """Make a model compute one of its columns wrongly.

    Args:
        models: The sound models.
        relation: The model to patch.
        column: The column to patch.
        fault: The SQL expression to put there, over the model's own rows.
    """

    def patched(statement: Statement) -> Statement:
        if statement.relation != relation:
            return statement
        head, query = statement.sql.split(" AS ", 1)
        return Statement(relation, f"{head} AS SELECT * REPLACE ({fault} AS {column}) FROM ({query})")

    return replace(models, statements=[patched(statement) for statement in models.statements])
