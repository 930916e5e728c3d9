"""Alerts are delivered once, tried again while a channel fails, held back at night, escalated when nobody answers."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from receivers import PASSWORD, mail_server, web_server

from execution.installation import Installation
from execution.ledger.events import Event, EventKind, Scope
from execution.ledger.watch_events import AlertClaimed, AlertKind, AlertRaised
from execution.service import open_ledger
from operations.alerts import channels
from operations.alerts.dispatch import is_due, is_quiet, pause_after
from operations.alerts.states import AlertState, Delivery, alert_states
from operations.alerts.telling import acknowledge, tell, try_channels
from warehouse.settings.alerts import Channel, Severity
from warehouse.settings.portfolio import load_alerts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from receivers import Hook

ROOT = Path(__file__).parents[3]
NOW = datetime.now(UTC)
ALARM = AlertRaised("k", AlertKind.RUN_FAILED, Severity.ALARM, "It failed", "Sold 7 of 10 SPY.", "BrokerError", "Mend.")
INFO = AlertRaised("i", AlertKind.REBALANCED, Severity.INFO, "Rebalanced", "3 of 3 orders filled.")


@pytest.fixture(autouse=True)
def _at_present(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin each test now: the ledger records by this machine's clock, and the module may be an hour old."""
    monkeypatch.setattr(sys.modules[__name__], "NOW", datetime.now(UTC))


def channel(**settings: object) -> Channel:
    """A channel with these settings."""
    return Channel.model_validate({"name": "c", **settings})


def configure(home: Path, alerts: str) -> Installation:
    """A home with this section about alerts."""
    (home / "portfolio.yaml").write_text(f"alerts: {{{alerts}}}\n", encoding="utf-8")
    return Installation(home)


def states(here: Installation) -> tuple[AlertState, ...]:
    """Every alert of the ledger."""
    with open_ledger(here) as ledger:
        return alert_states(ledger)


@contextmanager
def hooked(home: Path, status: int = 200) -> Iterator[tuple[Installation, Hook]]:
    """A home whose one channel is a web server that answers so."""
    with web_server(status) as hook:
        yield configure(home, f'channels: [{{name: hook, url: "{hook.url}"}}]'), hook


def test_a_channel_that_answers_500_is_tried_again(tmp_path: Path) -> None:
    """A failed delivery gives its claim back: the next round after the pause delivers, and then nobody sends again."""
    with hooked(tmp_path, 500) as (here, hook):
        first = tell(here, NOW, ALARM)
        at_once = tell(here, NOW, ALARM)
        hook.status = 200
        later = tell(here, NOW + timedelta(minutes=2))
        again = tell(here, NOW + timedelta(minutes=60))
    assert [each.reason for each in first.delivered] == ["it cannot be reached, or has refused the message"]
    assert [each.reason for each in later.delivered] == [""]
    assert not at_once.delivered + again.delivered
    assert len(hook.requests) == 2
    (state,) = states(here)
    assert state.delivered_to == ("hook",)
    assert "Sold … of … SPY." in json.loads(hook.requests[1][1])["message"]


def test_a_channel_that_hangs_costs_its_time_limit_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that takes a connection and never answers is left after the limit, and named without its URL."""
    monkeypatch.setattr(channels, "LIMIT_SECONDS", 1)
    with hooked(tmp_path, 0) as (here, hook):
        found = tell(here, NOW, ALARM)
        hook.end.set()
    assert [each.reason for each in found.delivered] == ["no answer within 1 s"]
    assert PASSWORD not in repr(found)


def test_one_channel_that_refuses_keeps_no_other_waiting(tmp_path: Path) -> None:
    """A port that nobody listens at fails at once; the mail arrives."""
    with mail_server() as box:
        here = configure(
            tmp_path,
            f'channels: [{{name: gone, url: "json://me:{PASSWORD}@127.0.0.1:1/x"}}, {{name: mail, url: "{box.url}"}}]',
        )
        found = tell(here, NOW, ALARM)
    assert [(each.channel, bool(each.reason)) for each in found.delivered] == [("gone", True), ("mail", False)]
    assert len(box.received) == 1


TWO = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from execution.installation import Installation
from operations.alerts.telling import tell
sys.stdin.readline()
print(len(tell(Installation(Path(sys.argv[1])), datetime.now(UTC)).delivered))
"""


def test_two_processes_never_both_send(tmp_path: Path) -> None:
    """Of two processes that find the same alerts at the same time, each alert is sent by one."""
    with hooked(tmp_path) as (here, hook):
        with open_ledger(here) as ledger:
            for number in range(5):
                alert = AlertRaised(f"k{number}", AlertKind.TEST, Severity.ALARM, f"Title {number}", "Text")
                ledger.append(Event(Scope(""), alert))
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", TWO, str(tmp_path)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        sent = [int(process.communicate("go\n", timeout=120)[0]) for process in processes]
    assert sum(sent) == 5
    assert len(hook.requests) == 5


def test_a_claim_whose_process_died_expires(tmp_path: Path) -> None:
    """A claim without an outcome holds others back for a minute, and then counts as failed."""
    with hooked(tmp_path) as (here, hook):
        with open_ledger(here) as ledger:
            ledger.append(
                Event(Scope(""), ALARM), Event(Scope(""), AlertClaimed("k", "hook", 1, NOW + timedelta(minutes=1)))
            )
        assert not tell(here, NOW).delivered
        assert [each.reason for each in tell(here, NOW + timedelta(minutes=2)).delivered] == [""]
    assert len(hook.requests) == 1


@pytest.mark.parametrize(
    ("alert", "through", "sent_after"),
    [
        (INFO, channel(), 0),
        (INFO, channel(minimum=Severity.WARNING), None),
        (ALARM, channel(minimum=Severity.ALARM), 0),
        (ALARM, channel(is_escalation=True), 30),
        (INFO, channel(is_escalation=True), None),
    ],
)
def test_severity_decides_who_is_told(
    tmp_path: Path, alert: AlertRaised, through: Channel, sent_after: int | None
) -> None:
    """A channel has a least severity; one for escalation waits half an hour, and takes alarms alone."""
    state, settings = AlertState(1, NOW, None, alert), load_alerts(tmp_path)
    due = [minute for minute in range(60) if is_due(state, through, settings, NOW + timedelta(minutes=minute))]
    assert due[:1] == ([] if sent_after is None else [sent_after])


def test_an_acknowledged_alarm_does_not_escalate(tmp_path: Path) -> None:
    """`swing ack` ends it for every channel that has not been told yet."""
    with web_server() as hook:
        here = configure(tmp_path, f'channels: [{{name: hook, url: "{hook.url}", is_escalation: true}}]')
        tell(here, NOW, ALARM)
        (state,) = states(here)
        assert acknowledge(here, NOW, state.number) == [f"{state.number}: It failed"]
        assert acknowledge(here, NOW, None) == []
        tell(here, NOW + timedelta(hours=1))
    assert not hook.requests


@pytest.mark.parametrize("hour", range(24))
def test_quiet_hours_hold_information_back_and_no_alarm(tmp_path: Path, hour: int) -> None:
    """From ten in the evening to seven, over midnight, in the configured zone."""
    configure(tmp_path, "quiet_hours: 22:00-07:00, time_zone: Europe/Berlin")
    settings, now = load_alerts(tmp_path), datetime(2024, 1, 9, hour, tzinfo=ZoneInfo("Europe/Berlin"))
    is_held = hour >= 22 or hour < 7
    assert is_quiet(settings, now) is is_held
    assert is_due(AlertState(1, now, None, INFO), channel(), settings, now) is not is_held
    assert is_due(AlertState(1, now, None, ALARM), channel(), settings, now)


def test_pauses_grow_up_to_three_hours(tmp_path: Path) -> None:
    """One minute, two, four …: a channel that is down for days costs few attempts."""
    assert [pause_after(attempts).total_seconds() / 60 for attempts in (1, 2, 3, 8, 50)] == [1, 2, 4, 128, 180]
    failed = AlertState(1, NOW, None, ALARM, {"c": Delivery(attempts=2, failed_at=NOW)})
    settings = load_alerts(tmp_path)
    assert not is_due(failed, channel(), settings, NOW + timedelta(minutes=1))
    assert is_due(failed, channel(), settings, NOW + timedelta(minutes=2))


def test_a_broken_ledger_is_told_once_a_day(tmp_path: Path) -> None:
    """Without a ledger there is no claim in it; a file stands in, so that each tick does not tell it again."""
    with web_server() as hook:
        configure(tmp_path, f'channels: [{{name: hook, url: "{hook.url}"}}]')
        here = Installation(tmp_path, ledger_url=f"sqlite:///{tmp_path}/portfolio.yaml/ledger.sqlite")
        for hours in (0, 0, 24):
            tell(here, NOW + timedelta(hours=hours))
    assert len(hook.requests) == 2
    assert "The ledger cannot be used" in hook.requests[0][1]


def test_a_fault_elsewhere_in_the_configuration_is_told(tmp_path: Path) -> None:
    """Whoever breaks the strategy's section still hears of the run that fails for it."""
    with web_server() as hook:
        here = Installation(tmp_path)
        text = f'strategy: {{top_n: none}}\nalerts: {{channels: [{{name: hook, url: "{hook.url}"}}]}}\n'
        (tmp_path / "portfolio.yaml").write_text(text, encoding="utf-8")
        assert [each.reason for each in tell(here, NOW, ALARM).delivered] == [""]
    assert len(hook.requests) == 1


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{name: mail}", "SWING_ALERT_MAIL"),
        ("{name: mail, url_file: nothing}", "secrets/nothing cannot be read"),
        (f'{{name: mail, url: "nosuch://me:{PASSWORD}@host"}}', "is not understood (what follows nosuch://"),
        (f'{{name: mail, url: "mailto://me:{PASSWORD}"}}', "is not understood"),
    ],
)
def test_a_url_that_is_none_is_told_without_it(tmp_path: Path, line: str, fault: str) -> None:
    """A channel that cannot be used is named with what to do; the others go on, and no secret is shown."""
    with web_server() as hook:
        here = configure(tmp_path, f'channels: [{line}, {{name: hook, url: "{hook.url}"}}]')
        found = tell(here, NOW, ALARM)
    assert [fault in each for each in found.faults] == [True]
    assert PASSWORD not in repr(found)
    assert len(hook.requests) == 1


def test_a_url_may_lie_in_a_file_or_in_the_environment(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A name alone is looked up among the home's secrets; what is printed masks the password."""
    from pydantic import SecretStr  # noqa: PLC0415 - this test alone

    with web_server() as hook:
        configure(tmp_path, "channels: [{name: first, url_file: hook}, {name: second}]")
        (tmp_path / "secrets").mkdir()
        (tmp_path / "secrets" / "hook").write_text(f"{hook.url}\n", encoding="utf-8")
        here = Installation(tmp_path, urls={"second": SecretStr(hook.url)})
        found = try_channels(here, NOW)
    assert [(name, reason) for name, _, reason in found] == [("first", ""), ("second", "")]
    assert {place for _, place, _ in found} == {f"json://me:****@127.0.0.1:{hook.port}/hook"}
    assert len(hook.requests) == 2
    assert PASSWORD not in repr(here) + "".join(capfd.readouterr())


def test_no_secret_reaches_the_ledger(tmp_path: Path) -> None:
    """What was sent, where and why it failed is recorded without a URL."""
    with hooked(tmp_path, 500) as (here, _):
        tell(here, NOW, ALARM)
        with open_ledger(here) as ledger:
            kinds = [recorded.event.kind for recorded in ledger.read()]
            assert PASSWORD not in repr(ledger.rows())
    assert kinds == [EventKind.ALERT_RAISED, EventKind.ALERT_CLAIMED, EventKind.ALERT_SENT]
