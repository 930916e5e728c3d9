"""The research commands, as a user runs them on a lake of her own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from lakes import World, land_lake
from markets import MARKETS

from dagster_defs.cli.main import main
from warehouse.errors import PipelineError

if TYPE_CHECKING:
    from pathlib import Path

GRID: dict[str, Any] = {"ema_fast": [8, 20], "ema_slow": [50], "top_n": [1, 2], "corr_cap": [0.5, 0.7]}
SETTINGS = {"grid": GRID, "walk_forward": {"train_months": 12, "test_months": 6}}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hold four years of four symbols, landed and not built."""
    folder = tmp_path_factory.mktemp("research") / "home"
    land_lake(folder, World(MARKETS["month_end_start"](), SETTINGS))
    return folder


def swing(home: Path, *arguments: str) -> Result:
    """Run a command in this process."""
    return CliRunner(env={"SWING_HOME": str(home)}).invoke(main, arguments)


def test_permute_reports_p_and_draws(home: Path, tmp_path: Path) -> None:
    """P-values, the symbols left out, a picture and a JSON file; asked again it says the same; more runs add to it."""
    options = ["--seed", "4", "--reports", str(tmp_path), "--json"]
    said = json.loads(swing(home, "permute", "--runs", "9", *options).output)
    assert said["runs"] == 9
    assert said["left_out"] == []
    assert 0.1 <= said["best"]["p"] <= 1
    assert json.loads(swing(home, "permute", "--runs", "9", *options).output) == said
    more = json.loads(swing(home, "permute", "--runs", "12", *options).output)
    assert more["best"]["permuted"][:9] == said["best"]["permuted"]
    assert {file.name for file in tmp_path.iterdir()} == {"permutation.png", "permutation.json"}
    told = swing(home, "permute", "--runs", "9", "--seed", "4", "--reports", str(tmp_path))
    assert "Luck alone does as well as the best of 8 strategies" in told.output


def test_permute_walks_forward(home: Path, tmp_path: Path) -> None:
    """The variant permutes what follows the first train window, and names its files apart."""
    said = json.loads(
        swing(home, "permute", "--runs", "3", "--walk-forward", "--reports", str(tmp_path), "--json").output
    )
    assert said["kind"] == "walk_forward"
    assert (tmp_path / "permutation_walk_forward.png").exists()


@pytest.mark.parametrize("window", ["2015", "2015-01-01:2014-01-01", "2015-01-01:soon"])
def test_a_wrong_window_is_wrong_usage(home: Path, window: str) -> None:
    """What is no START:END ends with exit code 2 and an example."""
    said = swing(home, "permute", "--window", window)
    assert said.exit_code == 2
    assert "START:END" in said.output


def test_check_lookahead_is_silent_about_sound_models(home: Path) -> None:
    """It says what it compared, and that nothing changed."""
    said = swing(home, "check", "lookahead", "--sessions", "1")
    assert said.exit_code == 0
    assert "No row changed" in said.output


def test_check_lookahead_fails_with_the_gates_exit_code(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A leak ends the command with the error of a failed gate, which names relation, column and first session."""
    from benches import with_fault  # noqa: PLC0415 - beside what it patches

    from research.workbench import Models  # noqa: PLC0415

    sound = Models.of
    fault = "lead(atr, 1, atr) OVER (PARTITION BY symbol ORDER BY session_date)"
    monkeypatch.setattr(Models, "of", lambda lake: with_fault(sound(lake), "features", "atr", fault))
    said = swing(home, "check", "lookahead", "--sessions", "1")
    assert said.exit_code == PipelineError.exit_code
    assert "features.atr from 20" in said.stderr


def test_check_warmup_tells_how_long_an_average_remembers(home: Path) -> None:
    """One line an indicator, one column a length of history."""
    said = swing(home, "check", "warmup")
    assert "emas.ema(050)" in said.output
    rows = json.loads(swing(home, "check", "warmup", "--json").output)
    assert {row["history"] for row in rows} >= {100, 1000}


@pytest.mark.slow
def test_optimize_compares_what_was_found_with_the_grid(home: Path, tmp_path: Path) -> None:
    """Winners, three accounts over the same sessions, a stability map; the same seed gives the same."""
    options = ["--trials", "12", "--folds", "2", "--top", "2", "--reports", str(tmp_path), "--json"]
    said = json.loads(swing(home, "optimize", *options).output)
    assert len(said["folds"]) == 2
    assert set(said["out_of_sample"]) == {"search", "ensemble", "grid"}
    assert json.loads(swing(home, "optimize", *options).output) == said
    assert {file.name for file in tmp_path.iterdir()} == {"parameter_map.png", "search_equity.png", "search.json"}
    assert "Winners of 1 train windows" in swing(home, "optimize", *options[:2], "--folds", "1", *options[6:-1]).output


def test_folds_are_all_or_a_number(home: Path) -> None:
    """Anything else is wrong usage."""
    assert swing(home, "optimize", "--folds", "some").exit_code == 2
