"""The `swing` command as a user meets it: real processes on a real lake."""

from __future__ import annotations

import csv
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click
import matplotlib.image
import pytest
from command_line import Said, Swing

from dagster_defs.cli.main import COMMANDS, main

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sample_market import Market

pytest_plugins = ("sample_market",)
pytestmark = pytest.mark.slow

PICTURES = ["drawdown.png", "equity.png", "monthly_returns.png"]
SYNTHETIC = ("fetch", "--source", "synthetic")


@dataclass(frozen=True, slots=True)
class Failure:
    """A command that must fail.

    Attributes:
        arguments: Of `swing`.
        code: It ends with this exit code.
        says: All of this stands in its message.
        files: Stand in its home beforehand, by name.
        is_busy: Whether another process writes to the lake meanwhile.
    """

    arguments: tuple[str, ...]
    code: int
    says: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    is_busy: bool = False


FAILURES = {
    "usage": Failure(("fetch", "--source", "files"), 2, ("at least one path",)),
    "configuration": Failure(
        SYNTHETIC,
        3,
        ("strategy.top_n", "0", "a whole number from 1 to 50", "univers", "portfolio.yaml"),
        {"portfolio.yaml": "strategy:\n  top_n: 0\nunivers: [SPY]\n"},
    ),
    "init twice": Failure(("init",), 3, ("portfolio.yaml", "left"), {"portfolio.yaml": "{}\n"}),
    "unreadable": Failure(
        ("fetch", "--source", "files", "home/bars.parquet"),
        4,
        ("bars.parquet",),
        {"bars.parquet": "these are no bars"},
    ),
    "no lake": Failure(("sql", "from bars"), 5, ("no warehouse", "swing fetch")),
    "busy": Failure(SYNTHETIC, 6, ("Another run is writing",), is_busy=True),
}


@pytest.fixture(scope="session")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[Swing, Said]]:
    """Every failure with its home; the one that waits for the lock waits while others work."""
    homes = {name: Swing(tmp_path_factory.mktemp("failure") / "home") for name in FAILURES}

    def run(name: str) -> Said:
        failure, swing = FAILURES[name], homes[name]
        swing.home.mkdir()
        for file, text in failure.files.items():
            (swing.home / file).write_text(text, encoding="utf-8")
        if not failure.is_busy:
            return swing(*failure.arguments)
        with swing.lake.lock():
            return swing(*failure.arguments)

    with ThreadPoolExecutor(2) as pool:
        said = dict(zip(FAILURES, pool.map(run, FAILURES), strict=True))
    return {name: (homes[name], said[name]) for name in FAILURES}


def _printed(row: Mapping[str, Any]) -> dict[str, Any]:
    """Make a row that equals its JSON, which keeps 15 decimals."""
    return {name: pytest.approx(value, rel=1e-12) if isinstance(value, float) else value for name, value in row.items()}


def test_every_step_of_the_market_went_well(market: Market) -> None:
    """Each command ends with 0, but 7 where a bar is broken, and none shows a stack trace."""
    codes = {step: said.code for step, said in market.said.items()}
    assert codes == dict.fromkeys(market.said, 0) | {"broken": 7}
    assert not [step for step, said in market.said.items() if "Traceback" in said.err]


def test_init_writes_settings_that_change_nothing(market: Market) -> None:
    """`swing init` writes every setting, commented out."""
    file = market.swing.home / "portfolio.yaml"
    assert market.said["init"].out == f"Wrote {file}\n"
    lines = file.read_text(encoding="utf-8").splitlines()
    assert "# universe: [SPY, QQQ, VTI, TLT, IEF, GLD, XLE, BND, BITO]" in lines
    assert all(line.startswith("#") for line in lines if line)


def test_fetch_lands_once(market: Market) -> None:
    """The first fetch lands all bars and says so, the second nothing."""
    landed = market.rows("SELECT count(*) AS bars, max(batch_id) AS batch FROM bars")
    assert landed == [{"bars": 16_977, "batch": 1}]
    assert "Landed 16,977 new and 0 changed bars" in market.said["fetch"].out
    assert market.said["again"].record | {"batch_id": 0} == {
        "batch_id": 0,
        "read": 16_977,
        "new": 0,
        "changed": 0,
        "unchanged": 16_977,
        "quarantined": 0,
        "first_session": "2012-01-03",
        "last_session": "2019-12-31",
        "failures": {},
    }


def test_backtest_reports_what_the_warehouse_holds(market: Market) -> None:
    """metrics.json equals backtest_metrics, weights.csv target_weights, each of the live strategy."""
    reports = market.swing.home / "reports"
    live = "SEMI JOIN (FROM strategies WHERE is_live) USING (strategy_id)"
    held = market.rows(f"SELECT * EXCLUDE (scenario_id) FROM backtest_metrics {live}")
    written = json.loads((reports / "metrics.json").read_text(encoding="utf-8"))
    assert written.pop("caveat") is None
    assert [written] == [_printed(row) for row in held]
    with (reports / "weights.csv").open(encoding="utf-8") as file:
        csv_rows = [(row["session_date"], row["symbol"], float(row["weight"])) for row in csv.DictReader(file)]
    weights = market.rows(f"FROM target_weights {live} ORDER BY session_date, symbol")
    assert csv_rows == [(str(row["session_date"]), row["symbol"], row["weight"]) for row in weights]
    assert "Backtest of the live strategy" in market.said["backtest"].out


@pytest.mark.parametrize("name", [*PICTURES, "walk_forward_equity.png", "walk_forward_drawdown.png"])
def test_pictures_are_pictures(market: Market, name: str) -> None:
    """Each picture that a command names has a size and more than one colour."""
    path = market.swing.home / "reports" / name
    step = "walkforward" if name.startswith("walk") else "backtest"
    assert str(path) in market.said[step].out
    pixels = matplotlib.image.imread(path)
    assert min(pixels.shape[:2]) > 200
    assert pixels.std() > 0.01


def test_another_universe_is_a_setting(market: Market) -> None:
    """With another universe in portfolio.yaml the same command computes other targets."""
    narrow = market.said["narrow"].record
    symbols = {row["symbol"] for row in narrow["live_targets"]}
    assert symbols <= {"GLD", "IEF", "TLT", "CASH"}
    assert symbols != {row["symbol"] for row in market.rows("FROM live_targets")}
    (metrics,) = narrow["metrics"]
    assert metrics["total_return"] != market.rows("FROM backtest_metrics")[0]["total_return"]
    assert (market.swing.home.parent / "narrow" / "equity.png").exists()


def test_a_broken_bar_publishes_nothing(market: Market) -> None:
    """A gate that fails names itself and what it found; readers keep the last good state."""
    assert "bars_are_plausible" in market.said["broken"].err
    assert "Nothing was published" in market.said["broken"].err
    assert market.intact


def test_walkforward_reports_what_the_warehouse_holds(market: Market) -> None:
    """The folds and metrics that are printed, written and stored are the same."""
    printed = market.said["walkforward"].record
    held = market.rows("SELECT * EXCLUDE (scenario_id) FROM walk_forward_metrics")
    assert printed["metrics"] == [_printed(row) for row in held]
    file = market.swing.home / "reports" / "walk_forward.json"
    written = json.loads(file.read_text(encoding="utf-8"))
    assert written["metrics"] == printed["metrics"][0] | {"caveat": printed["caveat"]}
    assert len(printed["folds"]) == len(written["folds"]) == 19


def test_every_run_is_a_row(market: Market) -> None:
    """Each run stands in `runs` with its kind, outcome, snapshots and configuration."""
    runs = market.rows("FROM runs ORDER BY started_at")
    assert [(run["kind"], run["outcome"]) for run in runs] == [
        ("fetch", "succeeded"),
        ("fetch", "succeeded"),
        ("backtest", "succeeded"),
        ("backtest", "succeeded"),
        ("backtest", "failed"),
        ("walk_forward", "succeeded"),
    ]
    snapshots = [run[side] for run in runs for side in ("snapshot_before", "snapshot_after")]
    assert snapshots == sorted(snapshots)
    hashes = [run["parameters_hash"] for run in runs]
    assert [value == hashes[0] for value in hashes] == [True, True, False, True, True, True]
    assert "bars_are_plausible" in runs[4]["message"]
    assert {str(run["as_of_session"]) for run in runs} == {"2019-12-31"}
    assert all(run["code_version"] and run["finished_at"] >= run["started_at"] for run in runs)


def test_weights_of_tonight_and_of_the_past(market: Market) -> None:
    """Weights are those of a session, with cash; a snapshot shows them as they were known then."""
    tonight = market.swing("weights", "--json").record
    assert tonight == [
        _printed(row | {"session_date": str(row["session_date"])})
        for row in market.rows(
            "SELECT session_date, symbol, weight FROM live_targets ORDER BY symbol = 'CASH', weight DESC, symbol"
        )
    ]
    known = str(market.narrow_snapshot)
    then = market.swing("weights", "--asof", "2019-08-05", "--known-at", known, "--json").record
    now = market.swing("weights", "--asof", "2019-08-05")
    assert then[-1]["symbol"] == "CASH"
    assert sum(row["weight"] for row in then) == pytest.approx(1)
    assert {row["symbol"] for row in then} <= {"GLD", "IEF", "TLT", "CASH"}
    assert now.out.splitlines()[1].startswith("2019-08-05")
    assert "CASH" in now.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sql", "from bars", "--at", "99999"), "no snapshot 99999"),
        (("sql", "from barz"), "barz"),
        (("weights", "--asof", "2019-08-04"), "2019-08-04 is no session"),
    ],
)
def test_what_the_lake_lacks_is_said(market: Market, arguments: tuple[str, ...], message: str) -> None:
    """A snapshot, relation or session that does not exist ends with 5 and a message."""
    said = market.swing(*arguments)
    assert (said.code, said.out) == (5, "")
    assert message in said.err
    assert "Traceback" not in said.err


def test_status_tells_what_there_is(market: Market) -> None:
    """Status shows bars, universe and the last runs; for a script the same as JSON."""
    record = market.swing("status", "--json").record
    assert record["bars"][0]["versions"] == 16_977
    assert [row["symbol"] for row in record["universe"]][:2] == ["BITO", "BND"]
    assert record["runs"][0]["kind"] == "walk_forward"
    assert record["is_busy"] is False
    text = market.swing("status").out
    assert "2012-01-03 to 2019-12-31" in text
    assert "bars_are_plausible" in text


@pytest.mark.parametrize("name", FAILURES)
def test_failures_have_a_code_and_a_reason(failed: Mapping[str, tuple[Swing, Said]], name: str) -> None:
    """An expected failure ends with its own code and a message, and lands nothing."""
    swing, said = failed[name]
    assert said.code == FAILURES[name].code, said.err
    assert [words for words in FAILURES[name].says if words not in said.err] == []
    assert "Traceback" not in said.err
    assert said.out == ""
    if swing.lake.catalog.exists():
        with swing.lake.reader() as connection:
            landed = connection.execute("SELECT count(*) FROM landing.bar_versions").fetchone()
        assert landed == (0,)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_teaches(name: str) -> None:
    """Each command says what it does, and what each of its options is for."""
    command = main.get_command(click.Context(main), name)
    assert command is not None
    text = command.get_help(click.Context(command, info_name=name))
    assert len(command.help or "") > 40
    assert text.startswith(f"Usage: {name}")
    options = [each for each in command.params if isinstance(each, click.Option)]
    assert [each.name for each in options if not each.help] == []


def test_the_first_help_names_every_command(tmp_path: Path) -> None:
    """`swing --help` lists the commands and the exit codes, and touches no home."""
    said = Swing(tmp_path / "home")("--help")
    assert said.code == 0
    assert [name for name in COMMANDS if name not in said.out] == []
    assert "Exit codes" in said.out
    assert not list((tmp_path / "home").iterdir())
