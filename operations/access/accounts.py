"""Accounts of the page: one file in the home that its owner alone can read, written whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError

from operations.access.roles import Role  # noqa: TC001 - pydantic reads it when it runs
from operations.errors import AccessError
from warehouse.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = re.compile(r"[a-z][a-z0-9._-]{0,31}")
FILE = "secrets/page_accounts.json"
"""In the home; secrets are left out of backups."""
PRIVATE = 0o600
OTHERS = 0o077
PATIENCE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class PageAccount:
    """One person, or one program, that may use the page.

    Attributes:
        password: Hash; empty for a program.
        token: SHA-256 (hex) of a program's token; empty for a person. A token is as random as the digest is long, so
            that it needs no slow hash.
        secret: Of the second factor; empty without one.
        last_code: Number of the newest code that was used.
        stamp: Changes with password, role and second factor, and ends the sessions that were begun before.
    """

    name: str
    role: Role
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    last_code: int = 0
    stamp: str = field(default_factory=lambda: secrets.token_urlsafe(12), repr=False)


KNOWN: TypeAdapter[dict[str, PageAccount]] = TypeAdapter(dict[str, PageAccount])


def token_digest(token: str) -> str:
    """Return what is kept of a program's token."""
    return hashlib.sha256(token.encode()).hexdigest()


class Accounts:
    """Accounts of one installation; read anew whenever their file has changed."""

    def __init__(self, home: Path) -> None:
        self.path = home / FILE
        self._read: tuple[Any, dict[str, PageAccount]] = (None, {})

    def all(self) -> dict[str, PageAccount]:
        """Return the accounts by name. Raises AccessError if the file cannot be read, or others can read it."""
        try:
            found = self.path.stat()
            if found.st_mode & OTHERS:
                raise AccessError(
                    f"{self.path} can be read or written by others (mode {found.st_mode & 0o777:o}), so nobody is let "
                    f"in. Whoever may have read it knows every second factor: chmod 600, then make them anew."
                )
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            if stamp != self._read[0]:
                self._read = (stamp, KNOWN.validate_json(self.path.read_bytes()))
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError) as error:
            raise AccessError(
                f"{self.path} cannot be read, so nobody is let in: {_first_line(error)}. Remove the file and make the "
                "accounts anew (`swing user add`)."
            ) from error
        return self._read[1]

    def add(self, account: PageAccount) -> None:
        """Add an account. Raises AccessError if there is one of its name, or the name is not allowed."""
        if not NAME.fullmatch(account.name):
            raise AccessError(
                f"{account.name!r} is no name of an account: a small letter first, then small letters, digits, dots, "
                "- and _, 32 in all."
            )
        with self._changing() as known:
            if account.name in known:
                raise AccessError(f"There is an account {account.name} already. `swing user password` changes it.")
            known[account.name] = account

    def remove(self, name: str) -> None:
        """Remove an account; its sessions end. Raises AccessError if there is none of that name."""
        with self._changing() as known:
            del known[_existing(known, name).name]

    def change(self, name: str, **changes: Any) -> None:  # noqa: ANN401 - fields of PageAccount
        """Change an account; its sessions end. Raises AccessError if there is none of that name."""
        with self._changing() as known:
            known[name] = replace(_existing(known, name), stamp=secrets.token_urlsafe(12), **changes)

    def get(self, name: str) -> PageAccount:
        """Return an account. Raises AccessError if there is none of that name."""
        return _existing(self.all(), name)

    def use_code(self, name: str, number: int) -> bool:
        """Take note that a code is used; False if it, or a later one, was used already. Raises AccessError.

        Written before anything is done with it, so that a code counts once whatever happens next.
        """
        with self._changing() as known:
            account = _existing(known, name)
            if number <= account.last_code:
                return False
            known[name] = replace(account, last_code=number)
            return True

    @contextlib.contextmanager
    def _changing(self) -> Iterator[dict[str, PageAccount]]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with FileLock(f"{self.path}.lock", timeout=PATIENCE_SECONDS, mode=PRIVATE):
                known = dict(self.all())
                yield known
                write_atomically(self.path, KNOWN.dump_json(known, indent=2), PRIVATE)
        except (OSError, Timeout) as error:
            raise AccessError(
                f"{self.path} cannot be written, so nothing has changed: {_first_line(error)}."
            ) from error


def _existing(known: dict[str, PageAccount], name: str) -> PageAccount:
    if name not in known:
        raise AccessError(f"There is no account {name!r}. Known: {', '.join(known) or 'none'}.")
    return known[name]


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")
