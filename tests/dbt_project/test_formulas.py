"""Every formula of the models against figures worked out by hand: dbt's unit tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from dbt.artifacts.resources.types import NodeType
from lakes import SMALL_GRID, World, build_lake, land_lake
from markets import MARKETS

from research.workbench import Models
from warehouse.lake import Lake
from warehouse.transformation import compiler
from warehouse.transformation.compiled import compiled

if TYPE_CHECKING:
    from pathlib import Path

# dbt calls what its dependencies deprecate.

# They only rename and join; the gates and the oracle compare them as a whole.
WITHOUT_FORMULA = {"allocations", "gates", "strategy_allocations", "target_weights"}


@pytest.mark.slow
def test_every_formula_gives_what_was_worked_out_by_hand(tmp_path: Path) -> None:
    """Each unit test passes, and no model with a formula is without one."""
    lake = land_lake(tmp_path, World(MARKETS["late_starts"](), {"grid": dict(SMALL_GRID)}))
    build_lake(lake)
    results = compiler.invoke(lake, ["test", "--select", "test_type:unit"])
    assert {result.node.name: result.message for result in results if result.status != "pass"} == {}
    manifest = compiler.manifest(lake)
    models = {node.name for node in manifest.nodes.values() if node.resource_type is NodeType.Model}
    tested = {test.model for test in manifest.unit_tests.values()}
    assert len(results) == len(manifest.unit_tests)
    assert models - tested == WITHOUT_FORMULA


def test_a_grain_is_of_the_model_that_its_gate_stands_at(tmp_path: Path) -> None:
    """A gate that proves a view's rows apart on another relation speaks of the view's own columns."""
    lake = Lake(tmp_path)
    columns = {node.name: set(node.columns) for node in compiled(lake).models}
    strays = {name: grain for name, grain in Models.of(lake).grains.items() if not set(grain) <= columns[name]}
    assert strays == {}
