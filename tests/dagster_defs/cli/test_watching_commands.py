"""The commands that watch, as a user types them: what they print, their exit codes, and no secret anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from command_line import Swing
from receivers import PASSWORD, mail_server

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_a_preflight_is_shown_told_listed_and_acknowledged(tmp_path: Path) -> None:
    """From a gateway that is not there to the mail about it, the list of alerts, and the end of its escalation."""
    swing = Swing(tmp_path / "home")
    assert swing("alert", "--test").code == 22
    with mail_server() as box:
        (swing.home / "portfolio.yaml").write_text(
            f'broker: {{port: 1}}\nalerts: {{channels: [{{name: mail, url: "{box.url}"}}]}}', encoding="utf-8"
        )
        said = [
            swing("alert", "--test"),
            swing("preflight", "--json"),
            swing("preflight"),
            swing("alerts", "--json"),
            swing("ack", "all"),
            swing("ack", "999"),
            swing("digest"),
            swing("watchdog"),
        ]
    assert [each.code for each in said] == [0, 21, 21, 0, 0, 22, 0, 0]
    assert said[0].out.startswith("mail: delivered (mailto://me:****@127.0.0.1:")
    levels = {check["code"]: check["level"] for check in said[1].record["checks"]}
    assert levels["GATEWAY"] == levels["WAREHOUSE"] == "failure"
    assert levels["SCHEDULES"] == levels["DAEMON"] == "warning"
    assert "GATEWAY, WAREHOUSE. See above what to do." in said[2].err
    (alert,) = said[3].record
    assert alert["delivered_to"] == "mail"
    assert said[4].out == f"Acknowledged {alert['number']}: {alert['title']}\n"
    assert "There is no alert 999." in said[5].err
    assert "Rebalance: No rebalance was due." in said[6].out
    assert said[7].out == "Nothing is overdue.\n"
    assert [title.partition(":")[0] for title in box.titles] == ["[swing] TEST", "[swing] ALARM"]
    assert PASSWORD not in "".join(each.out + each.err for each in said) + box.text
