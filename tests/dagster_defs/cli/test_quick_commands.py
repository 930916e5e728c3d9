"""Commands that only look something up start without the frameworks that only runs need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from lakes import World, land_lake
from markets import MARKETS

if TYPE_CHECKING:
    from pathlib import Path

FRAMEWORKS = {"dagster", "dbt", "ib_async", "ib_insync", "matplotlib"}
PROGRAM = """
import json, sys
from dagster_defs.cli.main import main
main(sys.argv[1:], standalone_mode=False)
print(json.dumps(sorted(name for name in sys.modules if "." not in name)), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["init"],
        ["sql", "--help"],
        ["sql", "select 1"],
        ["weights"],
        ["explain"],
        ["status"],
        ["backtest", "--set", "strategy.top_n=1"],
    ],
    ids=" ".join,
)
def test_a_question_loads_no_framework(arguments: list[str], tmp_path: Path) -> None:
    """Dagster and dbt alone take seconds to import; an answer, or the news that there is no warehouse, takes none."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env=dict(os.environ) | {"SWING_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not FRAMEWORKS & set(json.loads(done.stderr.splitlines()[-1])), done.stderr


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with bars, of which nothing is built."""
    return land_lake(tmp_path_factory.mktemp("landed"), World(MARKETS["month_end_start"]())).home


@pytest.mark.parametrize("arguments", [["weights"], ["sql", "from landing.universe"]], ids=" ".join)
def test_a_look_up_loads_no_data_frames_and_no_configuration(arguments: list[str], landed: Path) -> None:
    """What neither computes nor configures anything imports nothing that does; the engine is verified meanwhile."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env=dict(os.environ) | {"SWING_HOME": str(landed)},
        capture_output=True,
        text=True,
        check=False,
    )
    loaded = done.stderr.splitlines()[-1]
    assert not {"exchange_calendars", "filelock", "pandas", "pydantic"} & set(json.loads(loaded)), done.stderr


def test_a_run_loads_no_dbt_once_its_project_is_known(tmp_path: Path) -> None:
    """What dbt and dagster-dbt made of the project is kept in the home; the jobs are composed from that alone."""
    program = "import dagster_defs.definitions, sys; print(*sorted({'dbt', 'dagster_dbt'} & {*sys.modules}))"
    said = [
        subprocess.run(
            [sys.executable, "-c", program],
            env=dict(os.environ) | {"SWING_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for _ in range(2)
    ]
    assert said == ["dagster_dbt dbt", ""]
