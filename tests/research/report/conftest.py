"""One small market with everything in it, computed once, and its tear sheet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from lakes import World, build_lake, land_lake
from report_market import SETTINGS, Gathered, Read, Sheet, bars

from dagster_defs.cli.main import main
from research.readers import read_history, read_search
from research.report.facts.gathering import gather
from warehouse.sources.base import silent

if TYPE_CHECKING:
    from warehouse.lake import Lake


@pytest.fixture(scope="session")
def report_world() -> World:
    """The market, with a grid of eight and short folds."""
    settings: dict[str, Any] = dict(SETTINGS)
    return World(bars(), settings)


@pytest.fixture(scope="session")
def report_lake(report_world: World, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The market through the whole pipeline."""
    lake = land_lake(tmp_path_factory.mktemp("report"), report_world)
    build_lake(lake)
    return lake


@pytest.fixture(scope="session")
def read(report_lake: Lake) -> Read:
    """The market as the readers see it."""
    with report_lake.reader() as connection:
        return Read(read_history(connection), read_search(connection))


@pytest.fixture(scope="session")
def gathered(report_lake: Lake) -> Gathered:
    """What is reported of the market."""
    return Gathered(*gather(report_lake, silent))


@pytest.fixture(scope="session")
def sheet(report_lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Sheet:
    """The market's tear sheet, written as a user writes it."""
    folder = tmp_path_factory.mktemp("sheet") / "reports"
    arguments, environment = ["--json", "--reports", str(folder)], {"SWING_HOME": str(report_lake.home)}
    ran = CliRunner().invoke(main, ["report", *arguments], env=environment, catch_exceptions=False)
    record = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return Sheet(folder, json.loads(ran.stdout), record)
