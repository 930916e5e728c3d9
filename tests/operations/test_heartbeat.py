"""The outside service hears begin, success, failure and exit code; it delays nobody, and its URL is never shown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from receivers import web_server

from execution.installation import Installation
from operations import heartbeat
from operations.heartbeat import Beat, beat, show_life

if TYPE_CHECKING:
    from pathlib import Path

RUN = "5b2c0a3e-0000-4000-8000-000000000001"


def at_home(home: Path, port: int) -> Installation:
    """A home whose heartbeat goes to a port, by the environment."""
    return Installation(home, urls={"heartbeat": SecretStr(f"http://127.0.0.1:{port}/secret-uuid/")})


def test_the_protocol_of_healthchecks(tmp_path: Path) -> None:
    """Start, success, failure and exit code follow the URL; the run's id tells overlapping runs apart."""
    with web_server() as hook:
        here = at_home(tmp_path, hook.port)
        assert [beat(here, kind, RUN) for kind in (Beat.START, Beat.SUCCESS, Beat.FAIL, 12)] == ["", "", "", ""]
    assert [path for path, _ in hook.requests] == [
        f"/secret-uuid{ending}?rid={RUN}" for ending in ("/start", "", "/fail", "/12")
    ]


@pytest.mark.parametrize(("status", "reason"), [(500, "its service answered 500"), (0, "Timeout")])
def test_a_service_that_fails_is_told_without_its_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, reason: str
) -> None:
    """An answer of 500, or none within the limit, fails nothing."""
    monkeypatch.setattr(heartbeat, "LIMIT_SECONDS", 0.5)
    with web_server(status) as hook:
        said = beat(at_home(tmp_path, hook.port), Beat.SUCCESS)
        hook.end.set()
    assert reason in said
    assert "secret" not in said


def test_a_service_that_is_gone_fails_nothing(tmp_path: Path) -> None:
    """A closed port, a file that is not there and no heartbeat at all are sentences, or nothing."""
    assert "ConnectError" in beat(at_home(tmp_path, 1), Beat.START)
    assert beat(Installation(tmp_path), Beat.START) == ""
    (tmp_path / "portfolio.yaml").write_text("alerts: {heartbeat: {url_file: beat}}", encoding="utf-8")
    assert "secrets/beat cannot be read" in beat(Installation(tmp_path), Beat.START)


def test_a_home_that_cannot_be_written_shows_no_life(tmp_path: Path) -> None:
    """The file of life is left where it can be, and fails nobody."""
    show_life(Installation(tmp_path), datetime(2024, 1, 2, tzinfo=UTC))
    assert (tmp_path / "alive").read_text(encoding="utf-8") == "2024-01-02T00:00:00+00:00\n"
    show_life(Installation(tmp_path / "alive"), datetime(2024, 1, 2, tzinfo=UTC))
