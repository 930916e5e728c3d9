"""The page of `swing status`: bars, positions against targets, what comes next; for people and for scripts."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import click
import dagster as dg
import pytest
from click.testing import CliRunner
from dagster._core.scheduler.instigation import InstigatorState, ScheduleInstigatorData
from rich.console import Console

from dagster_defs.cli import terminal
from dagster_defs.cli.main import main
from dagster_defs.schedule_states import SCHEDULES, schedule_states
from execution.ledger.events import Event, Finish, Reconciliation, Scope, SwitchChange
from execution.ledger.ledger import Ledger
from execution.models import Account, Switch
from warehouse.calendar.trading_hours import next_window
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from pathlib import Path

    from lakes import Pipeline

# Dagster calls what its dependencies deprecate.

SESSION = date(2024, 1, 3)
NOW = datetime(2024, 1, 3, 21, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def environment(crowded: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A built home, and a ledger in which an account holds half of what is wanted, and a symbol that nobody knows."""
    url = f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'ledger.sqlite'}"
    with crowded.lake.reader() as connection:
        ((wanted, close),) = connection.execute(
            "SELECT symbol, max_by(close, bars.session_date) FROM bars JOIN live_targets USING (symbol) "
            "GROUP BY symbol ORDER BY max(weight) DESC, symbol LIMIT 1"
        ).fetchall()
    positions = {wanted: Decimal(10), "GONE": Decimal(1)}
    account = Account("DU7", Decimal(str(close)) * 40, Decimal(0), Decimal(0), positions)
    scope = Scope("DU7", "run-1", Mode.PAPER, "s", SESSION)
    ledger = Ledger.open(url)
    ledger.append(
        Event(scope, Reconciliation(account, NOW)),
        Event(scope, Finish(Decimal(1), Decimal(1), {}, "2 of 2 orders filled.")),
        Event(Scope(""), SwitchChange(Switch.REDUCE_ONLY, "owner", "a holiday")),
    )
    ledger.close()
    return {"SWING_HOME": str(crowded.lake.home), "SWING_LEDGER": url}


def test_a_script_reads_what_is_held_against_what_is_wanted(environment: dict[str, str]) -> None:
    """Weights at the newest close; what has no close has no weight; mode, switch, next and last rebalance."""
    record = json.loads(CliRunner(env=environment).invoke(main, ["status", "--json"]).stdout)
    first, *_, unknown = record["holdings"]
    assert first["weight"] == pytest.approx(0.25)
    assert first["difference"] == pytest.approx(0.25 - first["target"])
    assert (unknown["symbol"], unknown["weight"], unknown["target"]) == ("GONE", None, 0)
    assert record["trading"]["scheduled_mode"] == "dry_run"
    assert record["trading"]["switch"].startswith("reduce_only since")
    assert record["trading"]["last_session"] == str(SESSION)
    assert record["schedules"] == dict.fromkeys(SCHEDULES, False)
    assert datetime.fromisoformat(record["next_rebalance"]["deadline"]) > datetime.now(UTC)
    (source,) = record["sources"]
    assert (source["source"], source["sessions_behind"] > 0) == ("given", True)


@pytest.mark.parametrize("width", [None, 40, 120])
def test_a_person_reads_it_anywhere(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, width: int | None
) -> None:
    """In a pipe, and in terminals that are narrow and wide: nothing is wider than the terminal, nothing is missing."""
    if width is not None:
        console = Console(width=width, force_terminal=True, color_system=None, highlight=False, soft_wrap=True)
        monkeypatch.setattr(terminal, "out", console)
        monkeypatch.setattr(console, "print", lambda *said, **_: click.echo(" ".join(map(_plain, said))))
    told = CliRunner(env=environment).invoke(main, ["status"])
    assert (told.exit_code, told.stderr) == (0, "")
    lines = told.stdout.splitlines()
    words = " ".join(told.stdout.split())
    for wanted in (
        "reduce_only since",
        "(a holiday); the schedule trades in mode dry_run",
        "off: rebalance_before_close",
        "in New York",
        "2024-01-03: 2 of 2 orders filled.",
        "ledger and broker agree",
        "Stale: bars of",
        "Positions against the targets of",
        "GONE",
    ):
        assert wanted in words
    longest = max((line for line in lines if environment["SWING_HOME"] not in line), key=len)
    assert width is None or len(longest) <= width, longest


def _plain(said: object) -> str:
    return str(said).replace("[bold]", "").replace("[/bold]", "")


def test_a_schedule_that_runs_is_on(tmp_path: Path) -> None:
    """As Dagster itself records it; the others, and all of a home that Dagster never saw, are off."""
    assert schedule_states(tmp_path) == dict.fromkeys(SCHEDULES, False)
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as instance:
        origin = _origin("daily_after_close")
        data = ScheduleInstigatorData("0 0 * * *", 0.0)
        kind, state = dg._core.scheduler.instigation.InstigatorType, dg._core.scheduler.instigation.InstigatorStatus
        instance.add_instigator_state(InstigatorState(origin, kind.SCHEDULE, state.RUNNING, data))
    assert [name for name, is_on in schedule_states(tmp_path).items() if is_on] == ["daily_after_close"]


def _origin(name: str) -> dg._core.remote_origin.RemoteInstigatorOrigin:
    remote = dg._core.remote_origin
    server = remote.GrpcServerCodeLocationOrigin(host="localhost", port=1)
    return remote.RemoteInstigatorOrigin(remote.RemoteRepositoryOrigin(server, "repository"), name)


@pytest.mark.parametrize(
    ("now", "done", "opens"),
    [
        ("2024-01-03T12:00", None, "2024-01-03T15:55"),
        ("2024-01-03T15:58", None, "2024-01-03T15:55"),
        ("2024-01-03T15:58", "2024-01-03", "2024-01-04T15:55"),
        ("2024-01-03T15:59", None, "2024-01-04T15:55"),
        ("2024-01-05T17:00", None, "2024-01-08T15:55"),
        ("2024-07-02T20:00", None, "2024-07-03T12:55"),
        ("2024-07-03T13:30", None, "2024-07-05T15:55"),
    ],
)
def test_the_next_window_is_the_first_that_is_not_over(now: str, done: str | None, opens: str) -> None:
    """Through nights, weekends, a half-day and a holiday; a session that is done is over."""
    zone = next_window(NOW, 5).opens.tzinfo
    moment = datetime.fromisoformat(now).replace(tzinfo=zone)
    window = next_window(moment, 5, date.fromisoformat(done) if done else None)
    assert window.opens == datetime.fromisoformat(opens).replace(tzinfo=zone)
