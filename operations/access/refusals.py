"""Refusals of the page: a code for a program, words and a remedy for a person, a status for the wire."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class AccessCode(StrEnum):
    """Reasons for which the page refuses somebody."""

    SIGN_IN_NEEDED = "SIGN_IN_NEEDED"
    SIGN_IN_WRONG = "SIGN_IN_WRONG"
    SIGN_IN_PAUSED = "SIGN_IN_PAUSED"
    TLS_NEEDED = "TLS_NEEDED"
    TOKEN_WRONG = "TOKEN_WRONG"  # noqa: S105 - a code
    ROLE_TOO_LOW = "ROLE_TOO_LOW"
    SECOND_FACTOR_MISSING = "SECOND_FACTOR_MISSING"
    CODE_WRONG = "CODE_WRONG"
    CODE_PAUSED = "CODE_PAUSED"
    ACCOUNTS_UNREADABLE = "ACCOUNTS_UNREADABLE"

    @property
    def status(self) -> int:
        """Status of HTTP."""
        return _MEANINGS[self].status

    @property
    def meaning(self) -> str:
        """Cause, in a sentence."""
        return _MEANINGS[self].meaning

    @property
    def remedy(self) -> str:
        """Advice."""
        return _MEANINGS[self].remedy

    @property
    def is_transient(self) -> bool:
        """True if waiting alone helps."""
        return self in {AccessCode.SIGN_IN_PAUSED, AccessCode.CODE_PAUSED}

    @property
    def is_suspicious(self) -> bool:
        """True if many of them are told: a session that ran out is an everyday thing, as a fault of ours is."""
        return self not in {AccessCode.SIGN_IN_NEEDED, AccessCode.ACCOUNTS_UNREADABLE}


class _Meaning(NamedTuple):
    status: int
    meaning: str
    remedy: str


_MEANINGS = MappingProxyType(
    {
        AccessCode.SIGN_IN_NEEDED: _Meaning(
            401, "Nobody has signed in, or the session has ended.", "Sign in at /sign-in."
        ),
        AccessCode.SIGN_IN_WRONG: _Meaning(
            401, "There is no account of that name with that password.", "Try again, or `swing user password NAME`."
        ),
        AccessCode.SIGN_IN_PAUSED: _Meaning(
            429,
            "Too many attempts to sign in have failed from that address or under that name.",
            "Wait; sessions go on, and `swing halt` in a terminal is never held up.",
        ),
        AccessCode.TLS_NEEDED: _Meaning(
            403,
            "The page was asked under another name than this machine's own, without TLS.",
            "Put a reverse proxy with TLS before it, and name both in `page.hosts` and `page.proxies`.",
        ),
        AccessCode.TOKEN_WRONG: _Meaning(
            403, "The page is older than its server or session, or this is no page of it.", "Load the page again."
        ),
        AccessCode.ROLE_TOO_LOW: _Meaning(
            403, "The account's role may not do that.", "Ask somebody whose role may, or use the command line."
        ),
        AccessCode.SECOND_FACTOR_MISSING: _Meaning(
            403,
            "That takes a second factor, and there is none: nobody has signed in, or the account has none.",
            "`swing user second-factor NAME`; or use the command line.",
        ),
        AccessCode.CODE_WRONG: _Meaning(
            403, "The code is missing, wrong, or was used already.", "Wait for the next code of the authenticator."
        ),
        AccessCode.CODE_PAUSED: _Meaning(
            429, "Too many wrong codes were given for the account.", "Wait, or use the command line."
        ),
        AccessCode.ACCOUNTS_UNREADABLE: _Meaning(
            503, "The file of accounts cannot be read, so nobody is let in.", "`swing user list` says what is wrong."
        ),
    }
)


class AccessRefusedError(Exception):
    """Somebody is refused.

    Attributes:
        code: Reason.
        seconds: Time after which trying again makes sense; 0 where waiting does not help.
    """

    def __init__(self, code: AccessCode, seconds: float = 0.0, detail: str = "") -> None:
        wait = f" Try again in {seconds:.0f} s." if seconds else ""
        super().__init__(f"{detail or code.meaning}{wait} {code.remedy}")
        self.code = code
        self.seconds = seconds
