"""The commands serve and `open page`: the page is for this machine, and says what stands in its way."""

from __future__ import annotations

import signal
import socket
import subprocess
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest
from command_line import SWING, Swing

from operations.access.accounts import Accounts, PageAccount
from operations.access.roles import Role

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.20", "::", "example.com"])  # noqa: S104 - refused
def test_another_address_than_this_machine_s_is_refused(tmp_path: Path, host: str) -> None:
    """Without an account nobody else is let in; the message shows both ways from elsewhere."""
    said = Swing(tmp_path / "home")("serve", "--host", host, "--port", "0")
    assert said.code == 3
    assert "ssh -L" in said.err
    assert "swing user add" in said.err


def test_a_sign_in_that_is_asked_for_takes_an_account(tmp_path: Path) -> None:
    """A home that was restored without its accounts is not served at all, if the configuration asks for a sign-in."""
    swing = Swing(tmp_path / "home")
    swing.home.mkdir()
    (swing.home / "portfolio.yaml").write_text("page: {is_sign_in_required: true}", encoding="utf-8")
    said = swing("serve", "--port", "0")
    assert (said.code, said.out) == (3, "")
    assert "is_sign_in_required" in said.err


def test_with_an_account_others_are_served_and_told_to_use_tls(tmp_path: Path) -> None:
    """The page then listens for others, says what it takes, and shows nobody anything."""
    home = tmp_path / "home"
    Accounts(home).add(PageAccount("anna", Role.VIEWER, token="0" * 64))
    with subprocess.Popen(
        [SWING, "serve", "--host", "0.0.0.0", "--port", "0"],  # noqa: S104 - what is tested
        env=Swing(home).environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        try:
            port = server.stdout.readline().split()[4].rpartition(":")[2]
            assert "TLS by a reverse proxy" in server.stdout.readline()
            with pytest.raises(urllib.error.HTTPError, match="401"):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/state", timeout=60)
        finally:
            server.kill()


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """The page never moves to another port by itself: a bookmark names it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = Swing(tmp_path / "home")("serve", "--port", str(port))
    assert said.code == 19
    assert str(port) in said.err


def test_the_page_says_where_it_is_and_ends_when_it_is_told(tmp_path: Path) -> None:
    """The first line holds the address; SIGTERM ends it within its patience."""
    swing = Swing(tmp_path / "home")
    swing.home.mkdir()
    with subprocess.Popen(
        [SWING, "serve", "--port", "0"], env=swing.environment, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            address = server.stdout.readline().split()[4]
            with urllib.request.urlopen(f"{address}/api/state", timeout=60) as answer:  # noqa: S310 - ours
                assert answer.status == 200
            server.send_signal(signal.SIGTERM)
            assert server.wait(60) in {0, -signal.SIGTERM}
        finally:
            server.kill()


def test_nobody_serves_the_page_yet(tmp_path: Path) -> None:
    """`swing open page` names the command that serves it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    said = Swing(tmp_path / "home")("open", "page", "--port", str(port))
    assert said.code == 5
    assert "swing serve" in said.err
