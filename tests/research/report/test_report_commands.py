"""`swing risk` and `swing report` as a user runs them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from dagster_defs.cli.main import main
from research.report.facts.record import as_record
from warehouse.errors import LakeError

if TYPE_CHECKING:
    from pathlib import Path

    from report_market import Gathered, Sheet

    from warehouse.lake import Lake


def test_risk_as_json_is_what_the_report_says(report_lake: Lake, gathered: Gathered) -> None:
    """A script gets every figure of the report's risk, and nothing else on its output."""
    ran = CliRunner().invoke(
        main, ["risk", "--json"], env={"SWING_HOME": str(report_lake.home)}, catch_exceptions=False
    )
    assert ran.exit_code == 0
    assert json.loads(ran.stdout) == as_record(gathered.facts.risk)


def test_risk_is_told_to_people(report_lake: Lake, gathered: Gathered, capfd: pytest.CaptureFixture[str]) -> None:
    """A person gets the books, the losses, the tests, the crises and what is left out, without a placeholder."""
    from dagster_defs.cli import risk_summary  # noqa: PLC0415 - its console opens where the test looks

    assert report_lake.home.is_dir()
    risk_summary.show(gathered.facts.risk)
    said = capfd.readouterr().out
    for expected in (
        "Targets of",
        "Losses",
        "Kupiec",
        "Crises replayed",
        "Pandemic crash",
        "Not in the bars",
        "Correlation",
    ):
        assert expected in said
    assert not re.search(r"\b(nan|None|Missing)\b", said)


def test_report_names_what_it_wrote(sheet: Sheet) -> None:
    """The files exist, the page comes first, and the headline figures are there for a script."""
    assert sheet.said["files"][0] == str(sheet.page)
    assert sorted(sheet.said["files"]) == sorted(map(str, sheet.folder.iterdir()))
    assert sheet.said["live_sharpe"] == sheet.record["whole"]["metrics"]["sharpe"]["estimate"]
    assert sheet.said["walk_forward_sharpe"] == sheet.record["common"][0]["metrics"]["sharpe"]["estimate"]


@pytest.mark.parametrize("command", ["risk", "report"])
def test_without_a_warehouse_both_say_what_to_do(command: str, tmp_path: Path) -> None:
    """An empty home is an expected failure that names the next step."""
    ran = CliRunner().invoke(main, [command], env={"SWING_HOME": str(tmp_path)})
    assert ran.exit_code == LakeError.exit_code
    assert "swing fetch" in ran.stderr
