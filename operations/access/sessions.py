"""Sessions: who has signed in, in a signed cookie that this process alone can make and read."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from itsdangerous import BadData, URLSafeSerializer

from operations.access.roles import PageAction, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from operations.access.accounts import PageAccount
    from warehouse.settings.page import PageSettings

NOBODY = "page"
"""Name of whoever uses a page that asks nobody to sign in."""
RENEWED = timedelta(minutes=1)
"""Age of a cookie at which the next thing that a person does renews it."""


@dataclass(frozen=True, slots=True)
class PageSession:
    """A session, as its cookie says it.

    Attributes:
        number: Random.
        stamp: Of the account when it began.
        seen: When its person last did something; polling is not doing.
    """

    number: str
    name: str
    stamp: str = field(repr=False)
    begun: datetime
    seen: datetime


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever sends a request.

    Attributes:
        name: Of the account; NOBODY on an open page.
        token: That each control sends back; empty for a program, which controls nothing.
        address: Of the browser.
        session: None on an open page and for a program.
        is_known: It has signed in; False on an open page.
    """

    name: str
    role: Role
    token: str = field(repr=False)
    address: str
    session: PageSession | None = None
    is_known: bool = True

    @property
    def signature(self) -> str:
        """Name by which others read who did something."""
        return f"{self.name} (page)" if self.is_known else self.name

    def may(self, action: str) -> bool:
        """Return True if its role allows an action."""
        return self.role.rank >= PageAction(action).role.rank


class Sessions:
    """Makes and reads cookies. The key dies with the process, and every session with it."""

    def __init__(self, settings: PageSettings) -> None:
        self._key = secrets.token_bytes(32)
        self._signer = URLSafeSerializer(self._key, signer_kwargs={"digest_method": hashlib.sha256})
        self._idle = timedelta(minutes=settings.idle_minutes)
        self._life = timedelta(hours=settings.session_hours)
        self._ended: dict[str, datetime] = {}

    def begin(self, account: PageAccount, now: datetime) -> PageSession:
        """Begin a session."""
        return PageSession(secrets.token_urlsafe(16), account.name, account.stamp, now, now)

    def cookie(self, session: PageSession) -> str:
        """Return the cookie's value."""
        parts = (session.number, session.name, session.stamp, session.begun.timestamp(), session.seen.timestamp())
        signed: str = self._signer.dumps(parts)
        return signed

    def read(self, cookie: str, accounts: Mapping[str, PageAccount], now: datetime) -> PageSession | None:
        """Return the session of a cookie; None if it is not ours, ended, too old, or its account has changed."""
        try:
            number, name, stamp, begun, seen = self._signer.loads(cookie)
        except (BadData, ValueError, TypeError):
            return None
        session = PageSession(number, name, stamp, _time(begun), _time(seen))
        account = accounts.get(name)
        is_current = account is not None and hmac.compare_digest(account.stamp, stamp)
        is_young = now - session.seen < self._idle and now - session.begun < self._life
        return session if is_current and is_young and number not in self._ended else None

    def renewed(self, session: PageSession, now: datetime) -> PageSession | None:
        """Return the session as it is after its person has done something; None while its cookie is young enough."""
        return replace(session, seen=now) if now - session.seen >= RENEWED else None

    def end(self, session: PageSession, now: datetime) -> None:
        """End a session: no copy of its cookie counts any more."""
        self._ended = {number: at for number, at in self._ended.items() if now - at < self._life}
        self._ended[session.number] = now

    def token(self, session: PageSession | None) -> str:
        """Return the token of a session's controls; without one that of an open page."""
        return hmac.new(self._key, (session.number if session else "").encode(), hashlib.sha256).hexdigest()


def _time(seconds: Any) -> datetime:  # noqa: ANN401 - what the signature vouches for
    return datetime.fromtimestamp(seconds, UTC)
