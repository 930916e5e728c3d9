"""The command user: accounts of the page as their owner makes, changes and takes them away."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyotp
import pytest
from click.testing import CliRunner
from command_line import SWING, Swing
from page_accounts import PASSWORD, quick_hashes

from dagster_defs.cli.users import user
from execution.installation import Installation
from execution.ledger.events import EventKind
from execution.ledger.watch_events import PageAccess
from execution.service import open_ledger
from operations.access.accounts import Accounts, token_digest
from operations.access.passwords import is_right
from operations.access.roles import Role
from operations.errors import AccessError

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_hashes(monkeypatch)


def called(home: Path, *arguments: str, typed: str = "") -> Result:
    """Run the command with what is typed, or piped, into it."""
    return CliRunner().invoke(user, arguments, input=typed, obj=Installation(home))


def added(home: Path, *options: str, name: str = "anna") -> Result:
    """Add an account with a password from standard input."""
    return called(home, "add", name, *options, "--password-file", "-", typed=f"{PASSWORD}\n")


def test_an_account_is_made_listed_changed_and_taken_away(tmp_path: Path) -> None:
    """From the first account to the last, with a line for each that says what it means for the page."""
    assert "asks nobody to sign in" in called(tmp_path, "list").output
    said = added(tmp_path, "--role", "trader")
    assert said.exit_code == 0
    assert "everybody signs in" in said.output
    assert "swing user second-factor anna" in said.output
    accounts = Accounts(tmp_path)
    assert accounts.get("anna").role is Role.TRADER
    listed = called(tmp_path, "list").output
    assert re.search(r"anna +trader +password", listed)
    assert "argon2" not in listed
    stamp = accounts.get("anna").stamp
    assert called(tmp_path, "password", "anna", typed="another of nonsense\n" * 2).exit_code == 0
    assert is_right(accounts.get("anna").password, "another of nonsense")
    assert accounts.get("anna").stamp != stamp
    assert "No account is left" in called(tmp_path, "remove", "anna").output
    with open_ledger(Installation(tmp_path)) as ledger:
        found = [each.event.payload for each in ledger.of_kinds(EventKind.PAGE_ACCESSED)]
    assert all(isinstance(each, PageAccess) and each.about == "anna" for each in found)
    assert [each.action for each in found if isinstance(each, PageAccess)] == [
        "account-added",
        "password-changed",
        "account-removed",
    ]


def test_a_password_is_never_an_argument(tmp_path: Path) -> None:
    """Neither command takes one: a list of processes would show it; what is typed is not printed."""
    assert called(tmp_path, "add", "anna", PASSWORD).exit_code == 2
    said = called(tmp_path, "add", "anna", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert said.exit_code == 0
    assert PASSWORD not in said.output


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("add", "Anna", "--password-file", "-"), "no name"),
        (("add", "anna", "--password-file", "-"), "already"),
        (("password", "nobody"), "no account 'nobody'. Known: anna"),
        (("remove", "nobody"), "no account 'nobody'"),
        (("second-factor", "nobody"), "no account 'nobody'"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(tmp_path: Path, arguments: tuple[str, ...], reason: str) -> None:
    """Nothing changes, and the message says who is there."""
    added(tmp_path)
    before = Accounts(tmp_path).path.read_bytes()
    said = called(tmp_path, *arguments, typed=f"{PASSWORD}\n")
    assert isinstance(said.exception, AccessError)
    assert said.exception.exit_code == 27
    assert reason in str(said.exception)
    assert Accounts(tmp_path).path.read_bytes() == before


def test_a_program_has_a_token_that_is_shown_once(tmp_path: Path) -> None:
    """Standard output holds the token alone, so that a script can keep it; the file holds its digest."""
    said = called(tmp_path, "add", "prometheus", "--token")
    token = said.stdout.strip()
    assert len(token) == 43
    assert Accounts(tmp_path).get("prometheus").token == token_digest(token)
    assert token not in Accounts(tmp_path).path.read_text(encoding="utf-8")
    assert called(tmp_path, "add", "other", "--token", "--role", "trader").exit_code == 2
    for command in ("password", "second-factor"):
        assert isinstance(called(tmp_path, command, "prometheus").exception, AccessError)


def test_a_second_factor_counts_once_a_code_was_typed(tmp_path: Path) -> None:
    """Three wrong codes change nothing, so that nobody is locked out by a key that was not kept."""
    added(tmp_path, "--role", "trader")
    said = called(tmp_path, "second-factor", "anna", typed="1\n2\n3\n")
    assert isinstance(said.exception, AccessError)
    assert Accounts(tmp_path).get("anna").secret == ""


@pytest.mark.slow
def test_a_phone_learns_the_key_and_its_first_code_counts_no_more(tmp_path: Path) -> None:
    """Through pipes as a script would: read the key, make the code, type it; then the phone is lost."""
    home = tmp_path / "home"
    added(home, "--role", "trader")
    with subprocess.Popen(
        [SWING, "user", "second-factor", "anna"],
        env=Swing(home).environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as told:
        assert told.stdout is not None
        lines = [told.stdout.readline() for _ in range(4)]
        key, address = lines[2].split()[1], lines[3].split()[1]
        assert pyotp.parse_uri(address).secret == key
        out, _ = told.communicate(f"{pyotp.TOTP(key).now()}\n", timeout=60)
    assert told.returncode == 0
    assert "Each code counts once" in out
    account = Accounts(home).get("anna")
    assert account.secret == key
    assert abs(account.last_code - pyotp.TOTP(key).timecode(datetime.now(UTC))) <= 2
    assert Swing(home)("user", "second-factor", "anna", "--remove").code == 0
    assert Accounts(home).get("anna").secret == ""


def test_an_account_is_taken_away_without_a_ledger(tmp_path: Path) -> None:
    """A ledger that cannot be written keeps nobody in."""
    added(tmp_path)
    (tmp_path / "ledger.sqlite").unlink()
    (tmp_path / "ledger.sqlite").mkdir()
    assert called(tmp_path, "remove", "anna").exit_code == 0
    assert Accounts(tmp_path).all() == {}
