"""Passwords: argon2id hashes, and a comparison that takes as long for a name that nobody has."""

from __future__ import annotations

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from operations.errors import AccessError

SHORTEST, LONGEST = 12, 1024
"""Characters of a password."""
HASHER = PasswordHasher()


def hash_of(password: str, name: str) -> str:
    """Return the hash of a new password. Raises AccessError if it is too short, too long, or holds the name."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise AccessError(
            f"A password has {SHORTEST} to {LONGEST} characters, and this one has {len(password)}. Three or four words "
            "that do not belong together are easy to keep."
        )
    if name in password.lower() and len(password) - len(name) < SHORTEST:
        raise AccessError("The password holds the account's name, and little else. Choose another.")
    return HASHER.hash(password)


def is_right(known: str, password: str) -> bool:
    """Compare a password with a hash, or with nobody's if the hash is empty, in the same time."""
    try:
        return HASHER.verify(known or _nobody(), password) and bool(known)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return HASHER.hash(secrets.token_urlsafe(32))
