"""The second factor: codes by time (TOTP) of an authenticator, each of which counts once."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

import pyotp

if TYPE_CHECKING:
    from datetime import datetime

ISSUER = "swing-portfolio"
LATE = 1
"""Codes before and after the current one that count: clocks differ by half a minute."""


def new_secret() -> str:
    """Return a new secret of 160 bits, as authenticators take it."""
    return pyotp.random_base32()


def address_of(name: str, secret: str) -> str:
    """Return the otpauth address by which an authenticator learns a secret."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def number_of(secret: str, code: str, now: datetime, after: int) -> int | None:
    """Return the number of the half minute that a code belongs to.

    Args:
        secret: Of the account.
        code: As it was typed.
        now: Machine's time, aware.
        after: Number of the newest code that was used: it and those before it count no more.

    Returns:
        None for a code that is wrong, used, or of another time.
    """
    typed = "".join(code.split()).encode()
    factor = pyotp.TOTP(secret)
    current = factor.timecode(now)
    numbers = [number for number in range(max(current - LATE, 0), current + LATE + 1) if number > after]
    matching = [number for number in numbers if hmac.compare_digest(factor.generate_otp(number).encode(), typed)]
    return matching[0] if matching else None
