"""What the tests of research share."""

from __future__ import annotations

import pytest

from research.workbench import Models
from warehouse.lake import Lake


@pytest.fixture(scope="session")
def bench_models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """Every model as dbt compiles it, with its parents and its grain."""
    return Models.of(Lake(tmp_path_factory.mktemp("bench")))
