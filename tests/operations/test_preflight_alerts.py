"""A preflight that fails reaches a person: from the gateway's closed port to a mailbox."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from receivers import PASSWORD, mail_server

from execution.installation import Installation
from execution.ledger.watch_events import Moment
from operations import preflight
from operations.alerts.telling import tell

if TYPE_CHECKING:
    from pathlib import Path

NEW_YORK = ZoneInfo("America/New_York")
SUNDAY_EVENING = datetime(2024, 6, 9, 20, tzinfo=NEW_YORK)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose gateway is not there."""
    (tmp_path / "portfolio.yaml").write_text("broker: {port: 1}\n", encoding="utf-8")
    return tmp_path


def test_a_login_that_died_on_sunday_is_told_on_sunday(home: Path) -> None:
    """The evening before Monday's session a mail says what will not work and what to do, and later ticks add none."""
    with mail_server() as box:
        (home / "portfolio.yaml").write_text(
            f'broker: {{port: 1}}\nalerts: {{channels: [{{name: mail, url: "{box.url}"}}]}}\n', encoding="utf-8"
        )
        here = Installation(home)
        preflight.run(here, SUNDAY_EVENING, Moment.EVENING_BEFORE)
        first, second = tell(here, SUNDAY_EVENING), tell(here, SUNDAY_EVENING)
    assert [each.reason for each in first.delivered] == [""]
    assert not second.delivered
    assert not first.faults + second.faults
    (title,) = box.titles
    assert title.startswith("[swing] ALARM: The rebalance of 2024-06-10 will not work: gateway")
    assert "Nothing listens at 127.0.0.1:1" in box.text
    assert "What to do: Start TWS or IB Gateway" in box.text
    assert "The session closes on Monday 2024-06-10 at 16:00 New York time." in box.text
    assert PASSWORD not in box.text
