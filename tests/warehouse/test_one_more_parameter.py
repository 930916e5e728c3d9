"""A parameter of the strategies is typed once: one more axis takes four files, and every home opens with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns

from warehouse.lake import Lake
from warehouse.landing import land_portfolio
from warehouse.settings.portfolio import load_portfolio

ROOT = Path(__file__).parents[2]
PRODUCT = ("warehouse", "research", "execution", "dagster_defs", "dbt_project")
COLUMN = '      - {name: patience, data_type: integer, description: "Sessions; source portfolio.yaml."}\n'
CHANGES = {
    "warehouse/settings/strategy.py": (
        "    corr_window: Sessions\n",
        '    patience: Annotated[int, Field(ge=0, description="a whole number of sessions"), Axis((0, 5))]\n',
    ),
    "warehouse/settings/portfolio.yaml": ("  corr_window: 90 ", "  patience: 0         # sessions\n"),
    "dbt_project/models/sources.yml": (
        "          - {name: corr_window,",
        "          - {name: patience, description: Sessions.}\n",
    ),
    "dbt_project/models/staging/_staging__models.yml": ("      - {name: corr_window,", COLUMN),
}
"""File -> the line before which a line is added."""
GRID = ("# Variants that ", "  patience: [0, 5]\n\n")

PROOF = """
import sys
from pathlib import Path
from research import readers as research_readers
from research.report.facts.selection import PARAMETERS
from research.search.space import AXES, Point, name_of
from warehouse import readers
from warehouse.lake import Lake
from warehouse.landing import land_portfolio
from warehouse.settings.portfolio import load_portfolio
from warehouse.transformation.runner import Transformation

assert "patience" in PARAMETERS
assert "patience" in readers.folds().sql and "patience" in research_readers.STRATEGIES.sql
assert AXES["patience"] == (0, 5) and name_of(Point(10, 50, 2, 0.7, 5)) == "10/50/2/0.70/5"
lake = Lake(Path(sys.argv[1]))
with lake.lock(), lake.writer() as connection:
    assert land_portfolio(connection, load_portfolio(lake.home))
    assert not Transformation(lake).build(connection, ["strategies"]).failures
    told = "SELECT bool_and(strategy_name LIKE '% · patience ' || patience) FROM strategies"
    assert connection.execute(told).fetchone() == (True,)
    print(connection.execute("SELECT count(*), count(DISTINCT patience) FROM strategies").fetchone())
"""


def test_one_more_axis_takes_four_files(tmp_path: Path) -> None:
    """Grid, table, readers, summaries, search and page know it; a home made without it goes on."""
    lake = Lake(tmp_path / "home")
    with lake.lock(), lake.writer() as connection:
        land_portfolio(connection, load_portfolio(lake.home))
    program = tmp_path / "program"
    for package in PRODUCT:
        copytree(ROOT / package, program / package, ignore=ignore_patterns("__pycache__"))
    for name, (before, line) in CHANGES.items():
        file = program / name
        text = file.read_text(encoding="utf-8").replace(before, line + before, 1)
        if name.endswith("portfolio.yaml"):
            text = text.replace(f"\n{GRID[0]}", GRID[1] + GRID[0], 1)
        file.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", PROOF, lake.home], cwd=program, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "(162, 2)"
    assert len(CHANGES) <= 4
