"""Commands that only look something up start without the frameworks that only runs need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

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
