"""The section about alerts: what is allowed, and that no message shows a channel's URL."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING

import pytest

from warehouse.errors import ConfigurationError
from warehouse.settings.alerts import Severity
from warehouse.settings.portfolio import FILE_NAME, Portfolio, load_portfolio

if TYPE_CHECKING:
    from pathlib import Path

URL = "mailtos://me:hunter2@mail.example?to=you"


def loaded(home: Path, text: str) -> Portfolio:
    """The configuration with this override."""
    (home / FILE_NAME).write_text(text, encoding="utf-8")
    return load_portfolio(home)


def test_a_channel_says_what_it_takes(tmp_path: Path) -> None:
    """A channel tells everything unless a minimum stands there; its URL is masked wherever it is printed."""
    portfolio = loaded(tmp_path, f'alerts: {{channels: [{{name: mail, url: "{URL}"}}], quiet_hours: 22:00-07:00}}')
    (channel,) = portfolio.alerts.channels
    assert (channel.name, channel.minimum, channel.is_escalation) == ("mail", Severity.INFO, False)
    assert channel.url is not None
    assert channel.url.get_secret_value() == URL
    assert portfolio.alerts.quiet == (time(22), time(7))
    assert "hunter2" not in repr(portfolio) + portfolio.model_dump_json()


def test_alerts_change_no_number(tmp_path: Path) -> None:
    """Targets stay valid when somebody changes who is told."""
    before = load_portfolio(tmp_path).parameters_hash
    assert loaded(tmp_path, "alerts: {escalate_after: 5}").parameters_hash == before


@pytest.mark.parametrize(
    ("alerts", "reason"),
    [
        (f'{{channels: [{{name: mail, url: "{URL}", url_file: mail}}]}}', "exclude each other"),
        (f'{{channels: [{{name: a, url: "{URL}"}}, {{name: a, url_file: b}}]}}', "a names 2 channels"),
        ('{channels: [{name: mail, url: "me:hunter2 at mail.example"}]}', "its url is none"),
        (f'{{channels: [{{name: "{URL}"}}]}}', "a word of at most 20 letters"),
        (f'{{channels: [{{name: mail, ulr: "{URL}"}}]}}', "Did you mean url"),
        (f'{{channels: ["{URL}"]}}', "a list of"),
        (f'{{channels: "{URL}"}}', "a list of"),
        (f'"{URL}"', "a section with the keys channels"),
        (f'{{"{URL}": 1}}', "unknown key"),
        (f'{{heartbeat: {{url: "{URL}"}}}}', "the heartbeat's: https"),
        ("{quiet_hours: 22-07}", "22:00-07:00"),
        ("{quiet_hours: 22:00-27:00}", "22:00-07:00"),
        ("{time_zone: Mars/Olympus}", "Europe/Berlin"),
        ("{escalate_after: 0}", "from 1 to 1440"),
    ],
)
def test_a_fault_is_told_without_the_secret(tmp_path: Path, alerts: str, reason: str) -> None:
    """What is wrong is named with its place; what could be a password is never shown."""
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, f"alerts: {alerts}")
    assert reason in str(caught.value)
    assert "portfolio.yaml:1" in str(caught.value)
    assert "hunter2" not in str(caught.value)
