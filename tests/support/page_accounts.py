"""People of a page: an account for each role, their sessions, the codes of their authenticators."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyotp
from argon2 import PasswordHasher

from operations.access import passwords, second_factor
from operations.access.accounts import Accounts, PageAccount, token_digest
from operations.access.roles import Role

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest
    from pages import ServedPage, Told

PASSWORD = "four words of nonsense"  # noqa: S105 - of a test
TOKEN = "a-program-s-token"  # noqa: S105 - of a test
START = datetime(2024, 1, 3, 12, tzinfo=UTC)


@dataclass(slots=True)
class SetClock:
    """A clock that stands until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def move(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)


@dataclass(frozen=True, slots=True)
class Person:
    """An account, and the authenticator of its owner."""

    name: str
    secret: str

    def code(self, now: datetime) -> str:
        """Return what the authenticator shows."""
        return pyotp.TOTP(self.secret).at(now)


@dataclass(slots=True)
class SignedIn:
    """A session in a browser, as headers."""

    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def by(cls, page: ServedPage, name: str, password: str = PASSWORD) -> SignedIn:
        """Sign in."""
        answer = page.ask("/api/session", body={"name": name, "password": password})
        assert answer.status == 200, answer.text
        return cls({"cookie": cookie_of(answer), "x-csrf-token": answer.record["token"]})


def cookie_of(answer: Told) -> str:
    """Return the cookie that an answer sets, as a browser sends it back."""
    return answer.headers["set-cookie"].partition(";")[0]


def quick_hashes(patch: pytest.MonkeyPatch) -> None:
    """Make hashes cheap: what is tested is never their cost."""
    patch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def make_accounts(home: Path) -> dict[Role, Person]:
    """Make an account for each role, named like it, with a second factor; and a program, `prometheus`."""
    accounts = Accounts(home)
    accounts.add(PageAccount("prometheus", Role.VIEWER, token=token_digest(TOKEN)))
    return {person_role: _made(accounts, person_role) for person_role in Role}


def _made(accounts: Accounts, role: Role) -> Person:
    person = Person(role.value, second_factor.new_secret())
    accounts.add(PageAccount(person.name, role, passwords.hash_of(PASSWORD, person.name), secret=person.secret))
    return person


def all_routes(routes: object) -> Iterator[tuple[str, str]]:
    """Yield method and path of every route of an application; a mounted folder is one."""
    for route in routes:  # type: ignore[attr-defined]
        if included := getattr(route, "original_router", None):
            yield from all_routes(included.routes)
            continue
        for method in sorted(getattr(route, "methods", None) or {"GET"}):
            if method != "HEAD":
                yield method, route.path
