"""The door: sign-in and its throttles, sessions in virtual time, codes, and what is told of refusals."""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from page_accounts import PASSWORD, START, TOKEN, SetClock, make_accounts, quick_hashes

from execution.installation import Installation
from execution.ledger.events import EventKind
from execution.service import open_ledger
from operations.access import passwords
from operations.access.accounts import Accounts, PageAccount
from operations.access.door import MOST_AT_ONCE, Door
from operations.access.refusals import AccessCode, AccessRefusedError
from operations.access.roles import PageAction, Role
from warehouse.settings.portfolio import load_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from page_accounts import Person

    from execution.ledger.watch_events import AlertRaised
    from operations.access.sessions import Visitor

HERE, THERE = "192.0.2.7", "198.51.100.9"
WRONG = "a wrong one, and long enough"


class Entrance:
    """A door with people, a clock of its own, and a list of the alerts that it raised."""

    def __init__(self, home: Path) -> None:
        self.installation = Installation(home)
        self.people: dict[Role, Person] = make_accounts(home)
        self.accounts = Accounts(home)
        self.clock = SetClock()
        self.alerts: list[AlertRaised] = []
        self.told = threading.Event()
        self.door = self.another()

    def another(self) -> Door:
        """Make the door of another process."""
        return Door(self.installation, load_page(self.installation.home), clock=self.clock, alert=self._alert)

    def _alert(self, _installation: Installation, _now: object, alert: AlertRaised) -> None:
        self.alerts.append(alert)
        self.told.set()

    def signed_in(self, role: Role = Role.TRADER) -> tuple[Visitor, str]:
        """Sign in with a role's account."""
        return self.door.sign_in(role.value, PASSWORD, HERE)

    def seen(self, cookie: str) -> Visitor | None:
        """Return whom the door sees in a cookie."""
        return self.door.visitor(cookie, "", HERE)

    def refused(self, attempt: Callable[[], object]) -> AccessCode:
        """Return the code with which an attempt is refused."""
        with pytest.raises(AccessRefusedError) as found:
            attempt()
        return found.value.code

    def fail(self, name: str = "trader", address: str = HERE) -> AccessCode:
        """Try a wrong password; return the code of the refusal."""
        return self.refused(lambda: self.door.sign_in(name, WRONG, address))

    def recorded(self) -> list[tuple[str, str, str, str]]:
        """Return what the ledger holds of the page: action, who, from where, about what."""
        with open_ledger(self.installation) as ledger:
            found = [each.event.payload for each in ledger.of_kinds(EventKind.PAGE_ACCESSED)]
        return [(each.action, each.by, each.address, each.about) for each in found]  # type: ignore[union-attr]


@pytest.fixture
def entrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Entrance:
    """A door with an account for each role."""
    quick_hashes(monkeypatch)
    return Entrance(tmp_path)


def test_without_accounts_the_door_is_open_and_the_first_account_closes_it_for_good(tmp_path: Path) -> None:
    """On this machine alone nobody signs in until there is an account; taking it away opens nothing."""
    installation = Installation(tmp_path)
    door, accounts = Door(installation, load_page(tmp_path)), Accounts(tmp_path)
    visitor = door.visitor("", "", HERE)
    assert visitor is not None
    assert (visitor.name, visitor.is_known, visitor.may(PageAction.RESUME)) == ("page", False, True)
    accounts.add(PageAccount("anna", Role.VIEWER))
    assert door.visitor("", "", HERE) is None
    accounts.remove("anna")
    assert door.visitor("", "", HERE) is None


@pytest.mark.parametrize(
    "changes", [{"is_sign_in_required": True}, {"hosts": ("swing.example.org",), "proxies": ("127.0.0.1/32",)}]
)
def test_the_configuration_closes_the_door_without_accounts(tmp_path: Path, changes: dict[str, object]) -> None:
    """A home that was restored without its accounts shows nothing, nor does one behind a proxy."""
    settings = load_page(tmp_path).model_copy(update=changes)
    assert Door(Installation(tmp_path), settings).visitor("", "", HERE) is None


def test_a_session_is_its_account_s(entrance: Entrance) -> None:
    """Who signs in is known by the cookie, with role and address; the ledger says who came from where."""
    _, cookie = entrance.signed_in(Role.OPERATOR)
    visitor = entrance.seen(cookie)
    assert visitor is not None
    assert (visitor.name, visitor.role, visitor.address) == ("operator", Role.OPERATOR, HERE)
    assert visitor.may(PageAction.HALT)
    assert not visitor.may(PageAction.RESUME)
    assert entrance.recorded() == [("sign-in", "operator", HERE, "")]


def test_a_session_ends_when_it_is_idle_and_when_it_is_old(entrance: Entrance) -> None:
    """An hour without anything done ends it; what is done renews it, but never beyond twelve hours."""
    _, cookie = entrance.signed_in()
    entrance.clock.move(minutes=59)
    visitor = entrance.seen(cookie)
    assert visitor is not None
    renewed = entrance.door.renewed_cookie(visitor)
    entrance.clock.move(minutes=2)
    assert entrance.seen(cookie) is None
    assert entrance.seen(renewed) is not None
    for _ in range(20):
        entrance.clock.move(minutes=36)
        visitor = entrance.seen(renewed)
        renewed = entrance.door.renewed_cookie(visitor) if visitor else renewed
    assert entrance.clock() - START > timedelta(hours=12)
    assert entrance.seen(renewed) is None


def test_polling_renews_nothing(entrance: Entrance) -> None:
    """A cookie that is a few seconds old stays as it is."""
    visitor, _ = entrance.signed_in()
    assert entrance.door.renewed_cookie(visitor) == ""


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda each: each.accounts.remove("trader"), id="account removed"),
        pytest.param(lambda each: each.accounts.change("trader", password=""), id="password changed"),
        pytest.param(lambda each: each.accounts.change("trader", secret=""), id="second factor changed"),
        pytest.param(lambda each: each.door.sign_out(each.seen(each.cookie)), id="signed out"),
        pytest.param(lambda each: setattr(each, "door", each.another()), id="server started again"),
    ],
)
def test_a_copy_of_the_cookie_ends_with_the_session(entrance: Entrance, end: Callable[[Entrance], None]) -> None:
    """However a session ends, no copy of its cookie counts any more."""
    _, cookie = entrance.signed_in()
    entrance.cookie = cookie  # type: ignore[attr-defined]
    assert entrance.seen(cookie) is not None
    end(entrance)
    assert entrance.seen(cookie) is None


def test_a_forged_cookie_is_nobody_s(entrance: Entrance) -> None:
    """Neither another process's cookie nor a changed letter is believed."""
    _, cookie = entrance.signed_in()
    _, theirs = entrance.another().sign_in("trader", PASSWORD, HERE)
    assert entrance.seen(theirs) is None
    for forged in ("", "x", f"{cookie}x", cookie[1:], cookie.swapcase(), "é.ü"):
        assert entrance.seen(forged) is None


def test_each_session_has_a_token_of_its_own(entrance: Entrance) -> None:
    """The token of another session of the same person is refused, as none is."""
    first, _ = entrance.signed_in()
    second, _ = entrance.signed_in()
    entrance.door.check_token(first, first.token)
    for wrong in (second.token, "", "é"):
        assert entrance.refused(partial(entrance.door.check_token, first, wrong)) is AccessCode.TOKEN_WRONG


def test_a_program_reads_and_controls_nothing(entrance: Entrance) -> None:
    """A program's token makes a viewer without a token for controls; another token is nobody's."""
    program = entrance.door.visitor("", f"Bearer {TOKEN}", HERE)
    assert program is not None
    assert (program.name, program.role) == ("prometheus", Role.VIEWER)
    assert entrance.refused(lambda: entrance.door.check_token(program, "")) is AccessCode.TOKEN_WRONG
    for wrong in (f"Bearer {TOKEN}x", "Bearer ", f"Basic {TOKEN}", "Bearer é"):
        assert entrance.door.visitor("", wrong, HERE) is None
    assert entrance.refused(lambda: entrance.door.sign_in("prometheus", TOKEN, HERE)) is AccessCode.SIGN_IN_WRONG


def test_a_name_that_nobody_has_costs_as_much_as_one_that_somebody_has(
    entrance: Entrance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each attempt computes one hash, whoever is named, and both answers are the same."""
    computed: list[str] = []
    known = passwords.is_right

    def counted(hashed: str, password: str) -> bool:
        computed.append(hashed)
        return known(hashed, password)

    monkeypatch.setattr(passwords, "is_right", counted)
    with pytest.raises(AccessRefusedError) as somebody:
        entrance.door.sign_in("trader", WRONG, HERE)
    with pytest.raises(AccessRefusedError) as nobody:
        entrance.door.sign_in("nobody", WRONG, HERE)
    assert str(somebody.value) == str(nobody.value)
    assert len(computed) == 2


def test_failing_from_one_address_makes_it_wait_longer_each_time(entrance: Entrance) -> None:
    """Five wrong passwords are free, then each pause is twice the last; other addresses and people go on."""
    assert {entrance.fail(f"guess{number}") for number in range(5)} == {AccessCode.SIGN_IN_WRONG}
    waits = []
    for number in range(5, 9):
        with pytest.raises(AccessRefusedError) as paused:
            entrance.door.sign_in("trader", PASSWORD, HERE)
        assert paused.value.code is AccessCode.SIGN_IN_PAUSED
        waits.append(paused.value.seconds)
        entrance.clock.move(seconds=paused.value.seconds)
        assert entrance.fail(f"guess{number}") is AccessCode.SIGN_IN_WRONG
    assert waits == [5, 10, 20, 40]
    assert entrance.door.sign_in("operator", PASSWORD, THERE)


def test_failing_under_one_name_from_everywhere_holds_it_up_a_minute_at_most(entrance: Entrance) -> None:
    """Many addresses cannot guess fast, nor keep a person out of the page for long; open sessions go on."""
    _, cookie = entrance.signed_in()
    for number in range(30):
        entrance.fail("trader", f"203.0.113.{number}")
        entrance.clock.move(seconds=61)
    entrance.fail("trader", THERE)
    with pytest.raises(AccessRefusedError) as paused:
        entrance.door.sign_in("trader", PASSWORD, HERE)
    assert paused.value.seconds <= 60
    assert entrance.seen(cookie) is not None
    entrance.clock.move(seconds=60)
    assert entrance.signed_in()


def test_a_paused_attempt_computes_no_hash(entrance: Entrance, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood costs the machine nothing once it is paused."""
    for number in range(5):
        entrance.fail(f"guess{number}")
    monkeypatch.setattr(passwords, "is_right", lambda *_: pytest.fail("a hash was computed"))
    assert entrance.fail() is AccessCode.SIGN_IN_PAUSED


def test_few_hashes_are_computed_at_once(entrance: Entrance, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign-ins wait in a short line; one more than it holds is refused at once."""
    begun, go_on = threading.Event(), threading.Event()

    def slow(_known: str, _password: str) -> bool:
        begun.set()
        return go_on.wait(30)

    monkeypatch.setattr(passwords, "is_right", slow)
    waiting = [
        threading.Thread(target=entrance.door.sign_in, args=("trader", PASSWORD, f"192.0.2.{number}"))
        for number in range(MOST_AT_ONCE)
    ]
    for each in waiting:
        each.start()
    assert begun.wait(30)
    while entrance.door._places._value:
        pass
    assert entrance.fail(address=THERE) is AccessCode.SIGN_IN_PAUSED
    go_on.set()
    for each in waiting:
        each.join(30)


def test_a_code_opens_once(entrance: Entrance) -> None:
    """The code that resumed once resumes nothing again, not even by another process, nor does the one before."""
    visitor, _ = entrance.signed_in()
    person = entrance.people[Role.TRADER]
    before, code = person.code(START - timedelta(seconds=30)), person.code(START)
    entrance.door.use_code(visitor, code)
    assert entrance.refused(lambda: entrance.door.use_code(visitor, code)) is AccessCode.CODE_WRONG
    assert entrance.refused(lambda: entrance.another().use_code(visitor, code)) is AccessCode.CODE_WRONG
    assert entrance.refused(lambda: entrance.door.use_code(visitor, before)) is AccessCode.CODE_WRONG
    entrance.clock.move(seconds=30)
    entrance.door.use_code(visitor, person.code(entrance.clock()))


def test_guessing_codes_is_held_up(entrance: Entrance) -> None:
    """Three wrong codes are free, then even the right one waits."""
    visitor, _ = entrance.signed_in()
    for _ in range(3):
        assert entrance.refused(lambda: entrance.door.use_code(visitor, "x")) is AccessCode.CODE_WRONG
    code = entrance.people[Role.TRADER].code(START)
    assert entrance.refused(lambda: entrance.door.use_code(visitor, code)) is AccessCode.CODE_PAUSED
    entrance.clock.move(seconds=30)
    entrance.door.use_code(visitor, code)


def test_without_a_second_factor_no_code_counts(entrance: Entrance) -> None:
    """A trader without an authenticator, and whoever uses an open page, is refused."""
    entrance.accounts.change("trader", secret="")
    visitor, _ = entrance.signed_in()
    assert entrance.refused(lambda: entrance.door.use_code(visitor, "")) is AccessCode.SECOND_FACTOR_MISSING


def test_accounts_that_cannot_be_read_let_nobody_in(entrance: Entrance) -> None:
    """A file that others can read ends every session, and no sign-in works."""
    _, cookie = entrance.signed_in()
    entrance.accounts.path.chmod(0o644)
    assert entrance.refused(lambda: entrance.seen(cookie)) is AccessCode.ACCOUNTS_UNREADABLE
    assert entrance.refused(entrance.signed_in) is AccessCode.ACCOUNTS_UNREADABLE


def test_refusals_are_counted_and_told_at_ten_and_a_hundred(entrance: Entrance) -> None:
    """Many refusals of a day are one warning at ten, another at a hundred; sessions that ran out are not suspicious."""
    visitor, _ = entrance.signed_in(Role.VIEWER)
    for _ in range(50):
        entrance.door.refusal(AccessCode.SIGN_IN_NEEDED, HERE)
    assert entrance.alerts == []
    for _ in range(99):
        entrance.refused(lambda: entrance.door.check_role(visitor, PageAction.HALT))
    assert entrance.told.wait(10)
    entrance.told.clear()
    entrance.refused(lambda: entrance.door.check_role(visitor, PageAction.HALT))
    assert entrance.told.wait(10)
    assert [alert.key for alert in entrance.alerts] == ["access/2024-01-03/10", "access/2024-01-03/100"]
    assert "100 times ROLE_TOO_LOW from 192.0.2.7" in entrance.alerts[1].text
    assert entrance.door.refused == {AccessCode.ROLE_TOO_LOW: 100, AccessCode.SIGN_IN_NEEDED: 50}


def test_a_sign_in_works_without_a_ledger(entrance: Entrance) -> None:
    """Whoever must halt gets in although nothing can be recorded."""
    (entrance.installation.home / "ledger.sqlite").mkdir()
    assert entrance.signed_in(Role.OPERATOR)
