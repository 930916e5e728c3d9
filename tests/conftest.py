"""Lakes that many tests share: each is made once."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import settings
from lakes import SMALL_GRID, Models, Pipeline, World, build_lake, land_lake
from markets import MARKETS

from warehouse.lake import Lake
from warehouse.transformation.runner import Transformation

REAL_BARS = Path(__file__).parents[2] / "shared" / "data" / "etf_daily.parquet"
SHARED_HOMES = ("market", "lived")
"""Fixtures that make a home which several modules look at."""
DEFAULT_UNIVERSE = ("SPY", "QQQ", "VTI", "TLT", "IEF", "GLD", "XLE", "BND", "BITO")

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.hookimpl(tryfirst=True)  # or xdist reads the groups before they are set
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a module, and modules that share a home, on one worker; begin with those that take longest."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    homes = {item.path: name for item in items for name in SHARED_HOMES if name in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: (item.path not in homes, item.path not in slow))
    for item in items:
        item.add_marker(pytest.mark.xdist_group(homes.get(item.path, item.path.stem)))


@pytest.fixture(scope="session")
def real_bars() -> pd.DataFrame:
    """Daily bars of 71 ETFs, 2005 to 2024; they are not part of the project."""
    if not REAL_BARS.exists():
        pytest.skip(f"real bars are not here: {REAL_BARS}")
    return pd.read_parquet(REAL_BARS)


@pytest.fixture(scope="session")
def default_world(real_bars: pd.DataFrame) -> World:
    """The default universe's real bars from 2015 on, and nothing in portfolio.yaml."""
    is_wanted = real_bars["symbol"].isin(DEFAULT_UNIVERSE)
    return World(real_bars[is_wanted & (real_bars["session_date"] >= date(2015, 1, 1))])


@pytest.fixture(scope="session")
def default_lake(default_world: World, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """`default_world` through the whole pipeline."""
    lake = land_lake(tmp_path_factory.mktemp("default"), default_world)
    build_lake(lake)
    return lake


@pytest.fixture(scope="session")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """A small market through the whole pipeline, whose walks must look deeper than they may."""
    world = World(MARKETS["crowd"](), {"grid": dict(SMALL_GRID)}, first_walk_depth=3)
    lake = land_lake(tmp_path_factory.mktemp("crowded"), world)
    return Pipeline(world, lake, build_lake(lake))


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """Every model as dbt compiles it, to compute small worlds without dbt."""
    lake = Lake(tmp_path_factory.mktemp("compiled"))
    return Models(Transformation(lake).statements(["path:models"]))
