"""Questions to a built warehouse: explain, what-if, compare, weights; answered in this process."""

from __future__ import annotations

import json
import webbrowser
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from dagster_defs.cli.main import main
from warehouse import readers
from warehouse.lake import current_snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from lakes import Pipeline


@pytest.fixture(scope="module")
def home(crowded: Pipeline) -> Path:
    """The home of a crowded market that was built."""
    return crowded.lake.home


def swing(home: Path, *arguments: str) -> Result:
    """Run a command in this process."""
    return CliRunner(env={"SWING_HOME": str(home)}).invoke(main, arguments)


def rows(crowded: Pipeline, query: str) -> list[dict[str, Any]]:
    """Ask the lake."""
    with crowded.lake.reader() as connection:
        return list(connection.execute(query).to_arrow_table().to_pylist())


def test_explain_tells_every_symbol_of_the_newest_session(crowded: Pipeline, home: Path) -> None:
    """Each with a reason; weights and cash add up, and are those of live_targets."""
    told = json.loads(swing(home, "explain", "--json").stdout)
    targets = {row["symbol"]: row["weight"] for row in rows(crowded, "FROM live_targets")}
    assert told["strategy"] == rows(crowded, "SELECT strategy_name FROM strategies WHERE is_live")[0]["strategy_name"]
    assert len(told["symbols"]) == rows(crowded, "SELECT count(*) AS n FROM landing.universe")[0]["n"]
    assert all(each["reason"] for each in told["symbols"])
    held = {each["symbol"]: each["weight"] for each in told["symbols"] if each["weight"]}
    assert held | {"CASH": targets["CASH"]} == pytest.approx(targets)
    said = swing(home, "explain", told["session_date"]).stdout
    assert said.splitlines()[0] == f"Decision of {told['session_date']} · live strategy {told['strategy']}"
    assert [line.split()[0] for line in said.splitlines()[2:-1]] == [each["symbol"] for each in told["symbols"]]


def test_verdicts_agree_with_the_decisions(crowded: Pipeline) -> None:
    """Who is ranked has passed its rules, who is picked is held, and a blocking pick ranks before."""
    assert not rows(
        crowded,
        """
        SELECT * FROM explanations
        WHERE (verdict IN ('picked', 'enough_picked', 'too_correlated', 'unknown_correlation')) <> (rank IS NOT NULL)
            OR (verdict = 'picked') <> (pick IS NOT NULL)
            OR NOT is_carried AND (verdict = 'picked') <> (weight > 0)
            OR (verdict IN ('too_correlated', 'unknown_correlation')) <> (blocking_symbol IS NOT NULL)
            OR blocking_correlation <= (SELECT corr_cap FROM strategies WHERE is_live)
            OR reason IS NULL
        """,
    )
    verdicts = {row["verdict"] for row in rows(crowded, "SELECT DISTINCT verdict FROM explanations")}
    assert verdicts >= {"picked", "enough_picked", "too_correlated", "below_trend", "too_few_bars"}


def test_explain_shows_what_was_traded(crowded: Pipeline, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders of the session, and what was filled of them, stand beside the symbol; the marts are asked for them."""
    with crowded.lake.reader() as connection:
        nothing = readers.rows(connection, readers.TRADES_ON, {"day": date(2015, 1, 2)})
    (picked,) = (each for each in json.loads(swing(home, "explain", "--json").stdout)["symbols"] if each["pick"] == 1)
    traded = [
        (picked["symbol"], "BUY", 12.0, 12.0, 100.5, "filled"),
        (picked["symbol"], "SELL", 5.0, 2.0, 101.0, "cancelled"),
        ("GONE", "SELL", 3.0, 0.0, None, "submitted"),
    ]
    monkeypatch.setattr(readers, "trades_on", lambda *_: readers.PlainRows(nothing.names, traded))
    said = swing(home, "explain").stdout
    assert "BUY 12: filled at 100.50; SELL 5: filled 2 at 101.00" in said
    assert "Traded as well, outside of the universe: GONE." in said


@pytest.mark.parametrize("command", [("explain",), ("weights", "--asof")])
def test_a_day_between_sessions_names_the_nearest(home: Path, command: tuple[str, ...]) -> None:
    """A Sunday, and a day after the last bar."""
    said = swing(home, *command, "2015-02-01")
    assert said.exit_code == 5
    assert "Nearest: 2015-01-30 and 2015-02-02" in said.stderr
    assert "Nearest: 20" in swing(home, *command, "2050-01-01").stderr


def test_backtest_answers_what_if(crowded: Pipeline, home: Path) -> None:
    """A variant has the metrics that the build gave it; live and variant share their sessions; nothing is written."""
    with crowded.lake.reader() as connection:
        before = current_snapshot(connection)
    (live,) = rows(crowded, "FROM strategies WHERE is_live")
    told = json.loads(
        swing(home, "backtest", "--set", f"strategy.top_n={live['top_n']},1", "--from", "2014-06", "--json").stdout
    )
    assert [track["is_live"] for track in told["tracks"]] == [False, True]
    assert told["tracks"][0]["parameters"]["top_n"] == 1
    first = rows(crowded, "SELECT min(session_date) AS day FROM sessions WHERE session_date >= DATE '2014-06-01'")
    assert date.fromisoformat(told["first_session"]) >= first[0]["day"]
    said = swing(home, "backtest", "--set", "strategy.top_n=1", "--benchmark", "NONE").stdout
    assert "top 1" in said
    assert "NONE is left out" in said
    with crowded.lake.reader() as connection:
        assert current_snapshot(connection) == before


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("backtest", "--set", "strategy.topn=1"), 3, "Did you mean top_n?"),
        (("backtest", "--set", "strategy.top_n=0"), 3, "--set: strategy.top_n = 0"),
        (("backtest", "--from", "2016", "--to", "2015"), 5, "ends before it begins"),
        (("backtest", "--from", "soon"), 2, "write 2018, 2018-03 or 2018-03-15"),
        (("backtest", "--set", "universe=NONE"), 5, "no bar of NONE"),
        (("compare",), 2, "name another"),
        (("sql", "from nowhere"), 5, "names what is not there: Table with name nowhere does not exist"),
        (("compare", "live", "?"), 2, "names no strategy"),
        (("compare", "live", "20/10 top 2 0.7"), 3, "fast must be below slow"),
        (("open", "report"), 5, "swing report"),
        (("open", "ui", "--port", "1"), 5, "swing dev"),
    ],
)
def test_what_cannot_be_answered_is_said(home: Path, arguments: tuple[str, ...], code: int, says: str) -> None:
    """The code of its kind, the reason, and the remedy."""
    said = swing(home, *arguments)
    assert (said.exit_code, said.stdout) == (code, "")
    assert says in said.stderr


def test_compare_gives_each_difference_its_interval(home: Path) -> None:
    """Names in any notation; the words follow the interval; dearer trades leave less."""
    arguments = ("compare", "live", "30/50/1/0.6", "--seed", "3")
    told = json.loads(swing(home, *arguments, "--json").stdout)
    assert [track["name"] for track in told["tracks"]] == ["20/50 · top 2 · 0.7", "30/50 · top 1 · 0.6"]
    (compared,) = told["comparisons"]
    found = compared["differences"]["cagr"]
    one, other = (track["metrics"]["cagr"] for track in told["tracks"])
    assert found["estimate"] == pytest.approx(other - one)
    assert found["low"] <= found["high"]
    said = swing(home, *arguments).stdout
    contains = found["low"] <= 0 <= found["high"]
    assert ("The interval contains 0: no difference is shown" in said) is contains
    for costs in told["cagr_by_slippage"].values():
        assert list(costs.values()) == sorted(costs.values(), reverse=True)


def test_a_saved_variant_is_compared_by_its_name(crowded: Pipeline, tmp_path: Path) -> None:
    """`--save` keeps what was tried, and says where; `compare` knows the name at once; a taken one is refused."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("data", "catalog.sqlite"):
        (home / name).symlink_to(crowded.lake.home / name)
    (home / "portfolio.yaml").write_text((crowded.lake.home / "portfolio.yaml").read_text(encoding="utf-8"))
    arguments = ("backtest", "--set", "strategy.top_n=1", "--save", "calm")
    said = swing(home, *arguments)
    assert (said.exit_code, said.stderr) == (0, "")
    assert "Saved as calm in" in said.stdout
    told = json.loads(swing(home, "compare", "live", "calm", "--json").stdout)
    assert [track["name"] for track in told["tracks"]] == ["20/50 · top 2 · 0.7", "calm (20/50 · top 1 · 0.7)"]
    again = swing(home, *arguments)
    assert (again.exit_code, "the name is taken" in again.stderr) == (3, True)
    assert swing(home, "backtest", "--save", "calm").exit_code == 2
    assert swing(home, "backtest", "--set", "strategy.top_n=1,3", "--save", "two").exit_code == 3


def test_open_starts_a_browser_or_says_the_address(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address is printed either way."""
    opened: list[str] = []
    page = home / "reports" / "report.html"
    page.parent.mkdir(exist_ok=True)
    page.touch()

    def start(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setattr(webbrowser, "open", start)
    assert swing(home, "open", "report").stdout == f"{page.as_uri()}\n"
    assert opened == [page.as_uri()]
    monkeypatch.setattr(webbrowser, "open", lambda _address: False)
    assert "No browser" in swing(home, "open", "report").stderr
    page.unlink()
