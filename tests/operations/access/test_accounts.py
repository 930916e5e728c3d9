"""Accounts of the page: their file, passwords and second factors."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from page_accounts import PASSWORD, START, Person, SetClock, make_accounts, quick_hashes

from operations.access import second_factor
from operations.access.accounts import Accounts, PageAccount
from operations.access.passwords import SHORTEST, hash_of, is_right
from operations.access.roles import PageAction, Role
from operations.errors import AccessError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_hashes(monkeypatch)


def test_the_file_is_its_owner_s_alone_and_holds_no_password(tmp_path: Path) -> None:
    """Whatever the umask, nobody else may read the file; it holds hashes."""
    make_accounts(tmp_path)
    path = Accounts(tmp_path).path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    text = path.read_text(encoding="utf-8")
    assert PASSWORD not in text
    assert "$argon2id$" in text
    assert [each for each in path.parent.iterdir() if each.name.startswith(".page")] == []


def test_accounts_are_read_again_when_another_process_changes_them(tmp_path: Path) -> None:
    """A page that is being served sees an account that the command line takes away."""
    make_accounts(tmp_path)
    served, terminal = Accounts(tmp_path), Accounts(tmp_path)
    assert set(served.all()) == {"prometheus", *Role}
    terminal.remove("viewer")
    assert "viewer" not in served.all()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_lets_nobody_in(tmp_path: Path, mode: int) -> None:
    """Whoever could read it could make every code."""
    make_accounts(tmp_path)
    accounts = Accounts(tmp_path)
    accounts.path.chmod(mode)
    with pytest.raises(AccessError, match="others"):
        accounts.all()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"anna": {"name": "anna", "role": "owner"}}'])
def test_a_broken_file_lets_nobody_in(tmp_path: Path, content: bytes) -> None:
    """What cannot be read whole is an error, and no empty list."""
    make_accounts(tmp_path)
    accounts = Accounts(tmp_path)
    accounts.path.write_bytes(content)
    with pytest.raises(AccessError, match="cannot be read"):
        accounts.all()
    with pytest.raises(AccessError):
        accounts.remove("viewer")
    assert accounts.path.read_bytes() == content


@pytest.mark.parametrize("name", ["", "Anna", "1st", "a b", "a/../b", "x" * 33, "anna\n", "@@NAME@@", "<b>"])
def test_a_name_is_a_plain_word(tmp_path: Path, name: str) -> None:
    """A name stands in pages, logs and commands, so it holds nothing that means something there."""
    with pytest.raises(AccessError, match="no name"):
        Accounts(tmp_path).add(PageAccount(name, Role.VIEWER))


def test_an_account_is_not_overwritten(tmp_path: Path) -> None:
    """Adding a name twice changes nothing; removing one that is not there says who is."""
    make_accounts(tmp_path)
    accounts = Accounts(tmp_path)
    with pytest.raises(AccessError, match="already"):
        accounts.add(PageAccount("viewer", Role.TRADER))
    assert accounts.get("viewer").role is Role.VIEWER
    with pytest.raises(AccessError, match="operator"):
        accounts.remove("nobody")


def test_every_change_ends_the_sessions(tmp_path: Path) -> None:
    """A new password and a new second factor each give the account another stamp; using a code does not."""
    make_accounts(tmp_path)
    accounts = Accounts(tmp_path)
    stamps = [accounts.get("viewer").stamp]
    accounts.use_code("viewer", 7)
    assert accounts.get("viewer").stamp == stamps[0]
    for change in ({"password": hash_of("another of nonsense", "viewer")}, {"secret": ""}):
        accounts.change("viewer", **change)
        stamps.append(accounts.get("viewer").stamp)
    assert len(set(stamps)) == len(stamps)


def test_a_code_counts_once_whoever_is_first(tmp_path: Path) -> None:
    """Of many requests with the same code, in as many processes, one wins; an older code never counts again."""
    make_accounts(tmp_path)
    with ThreadPoolExecutor(8) as several:
        won = list(several.map(lambda _: Accounts(tmp_path).use_code("trader", 100), range(8)))
    assert sum(won) == 1
    accounts = Accounts(tmp_path)
    assert not accounts.use_code("trader", 99)
    assert accounts.use_code("trader", 101)


@pytest.mark.parametrize("password", ["short", "x" * (SHORTEST - 1), "anna" * 3, "x" * 1025])
def test_a_weak_password_is_refused(password: str) -> None:
    """Too short, too long, or hardly more than the name."""
    with pytest.raises(AccessError):
        hash_of(password, "anna")


def test_a_password_is_compared_with_its_hash_alone() -> None:
    """The right one is right, another is not, and nobody's hash has no password."""
    known = hash_of(PASSWORD, "anna")
    assert is_right(known, PASSWORD)
    assert not is_right(known, f"{PASSWORD} ")
    assert not is_right("", PASSWORD)
    assert not is_right("no hash", PASSWORD)


@pytest.mark.parametrize(("late", "counts"), [(-61, False), (-30, True), (0, True), (30, True), (61, False)])
def test_a_code_counts_for_half_a_minute_and_its_neighbours(late: int, *, counts: bool) -> None:
    """Clocks may differ by half a minute."""
    secret, clock = second_factor.new_secret(), SetClock()
    code = Person("trader", secret).code(START)
    clock.move(seconds=late)
    assert (second_factor.number_of(secret, code, clock(), 0) is not None) is counts


def test_a_code_that_was_used_has_no_number(tmp_path: Path) -> None:
    """After a code's own number neither it nor the one before counts; typed spaces do not matter."""
    person = make_accounts(tmp_path)[Role.TRADER]
    code = person.code(START)
    number = second_factor.number_of(person.secret, f"{code[:3]} {code[3:]}", START, 0)
    assert number is not None
    assert second_factor.number_of(person.secret, code, START, number) is None
    for wrong in ("", "000000 0", "abcdef", code[:5], "é" * 6):
        assert second_factor.number_of(person.secret, wrong, START, 0) is None


def test_the_authenticator_s_address_names_account_and_system() -> None:
    """What an authenticator reads."""
    address = second_factor.address_of("anna", "A" * 32)
    assert address.startswith("otpauth://totp/swing-portfolio:anna?secret=" + "A" * 32)
    assert "issuer=swing-portfolio" in address


def test_what_moves_money_is_a_trader_s_and_takes_a_code() -> None:
    """Operators make trading safer; what lets it go on, or sells, takes the second factor."""
    assert {action for action in PageAction if action.role is Role.TRADER} == {PageAction.RESUME, PageAction.FLATTEN}
    assert {action for action in PageAction if action.needs_code} == {PageAction.RESUME, PageAction.FLATTEN}
    assert all(action.role is not Role.VIEWER for action in PageAction)
