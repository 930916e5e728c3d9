"""The door of the page: who comes in, who may do what, and what is kept of it."""

from __future__ import annotations

import hmac
import logging
import threading
from collections import Counter
from typing import TYPE_CHECKING

from execution.ledger.events import Event, Scope
from execution.ledger.watch_events import AlertKind, AlertRaised, PageAccess
from execution.service import machine_clock, open_ledger
from operations.access import passwords, second_factor
from operations.access.accounts import NAME, Accounts, token_digest
from operations.access.refusals import AccessCode, AccessRefusedError
from operations.access.roles import Role
from operations.access.sessions import NOBODY, Sessions, Visitor
from operations.access.throttle import BY_ADDRESS, BY_CODE, BY_NAME, Throttle, network_of
from operations.alerts.telling import tell
from operations.errors import AccessError
from warehouse.errors import SwingError
from warehouse.settings.alerts import Severity

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from execution.installation import Installation
    from operations.access.accounts import PageAccount
    from operations.access.roles import PageAction
    from warehouse.settings.page import PageSettings

MOST_AT_ONCE = 4
"""Sign-ins that wait for the one whose hash is being computed (0.2 s, 64 MB each); one more is refused."""
TOLD_AT = 10
"""Suspicious refusals of a day that are told; then every tenfold of it."""
MOST_NAMED = 1000
"""Addresses of a day that are counted apart."""
ANY_NAME = ""
"""By which names that nobody can have are throttled together."""

LOG = logging.getLogger(__name__)


class Door:
    """Accounts, sessions, throttles and counts of one served page.

    Args:
        installation: Whose page it is.
        settings: The configuration's section about it.
        clock: Returns the machine's time, aware: sessions and codes go by no gateway's clock.
        alert: Tells of too many refusals.
    """

    def __init__(
        self,
        installation: Installation,
        settings: PageSettings,
        *,
        clock: Callable[[], datetime] = machine_clock,
        alert: Callable[[Installation, datetime, AlertRaised], object] = tell,
    ) -> None:
        self.settings = settings
        self.accounts = Accounts(installation.home)
        self.clock = clock
        self.refused: Counter[str] = Counter()
        self._installation = installation
        self._alert = alert
        self._sessions = Sessions(settings)
        self._is_closed = settings.is_sign_in_required or bool(settings.hosts)
        self._by_address, self._by_name = Throttle(BY_ADDRESS), Throttle(BY_NAME)
        self._by_code = Throttle(BY_CODE)
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._hashing, self._counting = threading.Lock(), threading.Lock()
        self._today: tuple[str, Counter[str]] = ("", Counter())

    @property
    def is_open(self) -> bool:
        """True if nobody has to sign in. Once closed it stays closed. Raises AccessRefusedError."""
        if not self._is_closed:
            self._is_closed = bool(self._known())
        return not self._is_closed

    def visitor(self, cookie: str, authorization: str, address: str) -> Visitor | None:
        """Return who sends a request, by its cookie or its program's token; None for nobody we know.

        Raises:
            AccessRefusedError: The accounts cannot be read.
        """
        if self.is_open:
            return Visitor(NOBODY, Role.TRADER, self._sessions.token(None), address, is_known=False)
        known = self._known()
        if authorization:
            scheme, _, token = authorization.partition(" ")
            digest = token_digest(token.strip()) if scheme.lower() == "bearer" else ""
            found = [each for each in known.values() if each.token and hmac.compare_digest(each.token, digest)]
            return Visitor(found[0].name, Role.VIEWER, "", address) if found else None
        session = self._sessions.read(cookie, known, self.clock()) if cookie else None
        if session is None:
            return None
        return Visitor(session.name, known[session.name].role, self._sessions.token(session), address, session)

    def renewed_cookie(self, visitor: Visitor) -> str:
        """Return the cookie that counts from now on, after a person has done something; empty to leave the old one."""
        session = self._sessions.renewed(visitor.session, self.clock()) if visitor.session else None
        return self._sessions.cookie(session) if session else ""

    def sign_in(self, name: str, password: str, address: str) -> tuple[Visitor, str]:
        """Begin a session; return its visitor and cookie.

        Raises:
            AccessRefusedError: Name or password is wrong, or too many attempts have failed.
        """
        name = name.strip().lower()
        keys = (network_of(address), name if NAME.fullmatch(name) else ANY_NAME)
        self._wait_over(*keys)
        if not self._places.acquire(blocking=False):
            raise self.refusal(AccessCode.SIGN_IN_PAUSED, keys[0], seconds=1)
        try:
            with self._hashing:
                self._wait_over(*keys)  # those before may have failed
                account = self._known().get(name)
                is_right = passwords.is_right(account.password if account else "", password)
                if account is None or not is_right:
                    self._by_address.failed(keys[0], self.clock())
                    self._by_name.failed(keys[1], self.clock())
                    raise self.refusal(AccessCode.SIGN_IN_WRONG, keys[0])
        finally:
            self._places.release()
        self._by_address.succeeded(keys[0])
        self._by_name.succeeded(keys[1])
        session = self._sessions.begin(account, self.clock())
        visitor = Visitor(name, account.role, self._sessions.token(session), address, session)
        self.note("sign-in", visitor)
        return visitor, self._sessions.cookie(session)

    def sign_out(self, visitor: Visitor) -> None:
        """End a visitor's session."""
        if visitor.session:
            self._sessions.end(visitor.session, self.clock())
            self.note("sign-out", visitor)

    def check_token(self, visitor: Visitor, token: str) -> None:
        """Raise AccessRefusedError unless a request comes from a page of the visitor's own session."""
        if not visitor.token or not hmac.compare_digest(token.encode(), visitor.token.encode()):
            raise self.refusal(AccessCode.TOKEN_WRONG, visitor.address)

    def check_role(self, visitor: Visitor, action: PageAction) -> None:
        """Raise AccessRefusedError unless a visitor's role allows an action."""
        if not visitor.may(action):
            detail = f"{visitor.name} is {visitor.role}, and only a {action.role} may do that."
            raise self.refusal(AccessCode.ROLE_TOO_LOW, visitor.address, detail=detail)

    def use_code(self, visitor: Visitor, code: str) -> None:
        """Accept a code of the visitor's second factor, once.

        Raises:
            AccessRefusedError: It is wrong or was used, there is no second factor, or too many were wrong.
        """
        account = self._known().get(visitor.name)
        if account is None or not account.secret:
            raise self.refusal(AccessCode.SECOND_FACTOR_MISSING, visitor.address)
        if seconds := self._by_code.seconds_left(visitor.name, self.clock()):
            raise self.refusal(AccessCode.CODE_PAUSED, visitor.address, seconds=seconds)
        if not self._is_code_used(account, code):
            self._by_code.failed(visitor.name, self.clock())
            raise self.refusal(AccessCode.CODE_WRONG, visitor.address)
        self._by_code.succeeded(visitor.name)

    def _is_code_used(self, account: PageAccount, code: str) -> bool:
        number = second_factor.number_of(account.secret, code, self.clock(), account.last_code)
        return number is not None and self.accounts.use_code(account.name, number)

    def note(self, action: str, visitor: Visitor, about: str = "") -> None:
        """Record an action, or say in the log that it could not be: a sign-in must work without a ledger."""
        try:
            self.record(action, visitor, about)
        except SwingError:
            LOG.warning("not recorded: %s by %s", action, visitor.name)

    def record(self, action: str, visitor: Visitor, about: str = "") -> None:
        """Record an action, with who and from where. Raises LedgerError."""
        record_access(self._installation, PageAccess(action, visitor.name, visitor.address, about))

    def refusal(self, code: AccessCode, address: str, seconds: float = 0.0, detail: str = "") -> AccessRefusedError:
        """Return a refusal, counted; too many of a day are told, each tenfold once."""
        now = self.clock()
        with self._counting:
            self.refused[code] += 1
            if code.is_suspicious:
                if self._today[0] != f"{now:%Y-%m-%d}":
                    self._today = (f"{now:%Y-%m-%d}", Counter())
                is_kept = len(self._today[1]) < MOST_NAMED
                self._today[1][f"{code} from {address if is_kept else 'elsewhere'}"] += 1
                if _is_told(total := self._today[1].total()):
                    alert = _refused_often(self._today[0], total, self._today[1])
                    threading.Thread(target=self._alert, args=(self._installation, now, alert), daemon=True).start()
        return AccessRefusedError(code, seconds, detail)

    def turned_away(self, status: int) -> None:
        """Count what the guard refused before anybody was asked who they are: foreign names and foreign pages."""
        with self._counting:
            self.refused[f"GUARD_{status}"] += 1

    def _wait_over(self, network: str, name: str) -> None:
        now = self.clock()
        left = max(self._by_address.seconds_left(network, now), self._by_name.seconds_left(name, now))
        if left:
            raise self.refusal(AccessCode.SIGN_IN_PAUSED, network, seconds=left)

    def _known(self) -> dict[str, PageAccount]:
        try:
            return self.accounts.all()
        except AccessError as error:
            raise AccessRefusedError(AccessCode.ACCOUNTS_UNREADABLE) from error


def record_access(installation: Installation, access: PageAccess) -> None:
    """Record what was done at the page or with its accounts. Raises LedgerError."""
    with open_ledger(installation) as ledger:
        ledger.append(Event(Scope(""), access))


def _is_told(total: int) -> bool:
    while total > TOLD_AT and total % 10 == 0:
        total //= 10
    return total == TOLD_AT


def _refused_often(day: str, total: int, found: Counter[str]) -> AlertRaised:
    most = "\n".join(f"{count} times {what}" for what, count in found.most_common(5))
    return AlertRaised(
        f"access/{day}/{total}",
        AlertKind.ACCESS,
        Severity.WARNING,
        f"{day}: the page has refused {total} attempts",
        f"Since midnight UTC, most often:\n{most}",
        remedy="If none of it was you, somebody tries to get in: close the proxy, change passwords "
        "(`swing user password`), and see docs/security.md. Halting works all the same: `swing halt`.",
    )
