"""The Flex web service: a statement is ordered, asked for until it is made, and fetched, within the service's limits.

The token goes to the configured address alone, over no redirect, and stands in no message or log.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

import httpx2
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential, wait_random

from execution.brokers.flex.codes import FLEX_CODES, UNKNOWN, FlexAnswer
from execution.brokers.flex.document import root_of
from execution.errors import StatementError, StatementUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree import ElementTree as ET

    from execution.brokers.statements import StatementAccess

VERSION = "3"
LARGEST = 64 * 2**20
"""Bytes of a document; a year's is some megabytes."""
USER_AGENT = "Python/3"
"""The service refuses a request without one of this form."""


class StatementPendingError(Exception):
    """The statement is being made."""


@dataclass(frozen=True, slots=True)
class FlexPace:
    """Pace and patience of requests; times in seconds.

    Attributes:
        spacing: Between the beginnings of two requests: it keeps one a second and ten a minute at once.
        silence: A reply may pause for so long.
        deadline: A reply takes at most so long, however steadily it drips.
        attempts: Orders of a statement in all, while the failure may pass.
        looks: For a statement that is being made; they become rarer, to one a minute, and end after about ten minutes.
        sleep: Waits.
        clock: Seconds, steadily rising.
    """

    spacing: float = 6.1
    silence: float = 30.0
    deadline: float = 120.0
    attempts: int = 3
    looks: int = 13
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


DEFAULT_PACE = FlexPace()


def pull(access: StatementAccess, pace: FlexPace = DEFAULT_PACE) -> bytes:
    """Order a statement and fetch it, as it came.

    Raises:
        StatementUnavailableError: The service is not there, busy or not ready, after the last attempt.
        StatementError: A person has to change something: the token, the query.
    """
    retrying = Retrying(
        retry=retry_if_exception_type(StatementUnavailableError),
        stop=stop_after_attempt(pace.attempts),
        wait=wait_exponential(multiplier=15, max=120) + wait_random(0, 5),
        sleep=pace.sleep,
        reraise=True,
    )
    with _Asking(access, pace) as asking:
        return retrying(asking.statement)


@dataclass(slots=True)
class _Asking:
    access: StatementAccess
    pace: FlexPace
    _http: httpx2.Client = field(init=False)
    _asked_at: float | None = None

    def __enter__(self) -> Self:
        # No redirects: the token must not be shown to another host.
        timeout = httpx2.Timeout(self.pace.silence)
        transport = _TokenTransport(self.access.token.get_secret_value())
        self._http = httpx2.Client(timeout=timeout, transport=transport, headers={"user-agent": USER_AGENT})
        return self

    def __exit__(self, *_exit: object) -> None:
        self._http.close()

    def statement(self) -> bytes:
        """Order one, and look for it until it is made. Raises StatementError."""
        root = root_of(self._ask("SendRequest", self.access.query_id.get_secret_value()))
        reference = (root.findtext("ReferenceCode") or "").strip()
        if root.findtext("Status") != "Success" or not reference:
            failure = self._told(root)
            raise self._pending(1) if isinstance(failure, StatementPendingError) else failure
        looking = Retrying(
            retry=retry_if_exception_type(StatementPendingError),
            stop=stop_after_attempt(self.pace.looks),
            wait=wait_exponential(multiplier=5, max=60),
            sleep=self.pace.sleep,
            reraise=True,
        )
        try:
            return looking(self._fetched, reference)
        except StatementPendingError:
            raise self._pending(self.pace.looks) from None

    def _pending(self, looks: int) -> StatementUnavailableError:
        known = FLEX_CODES["1019"]
        often = f" after {looks} looks" if looks > 1 else ""
        return StatementUnavailableError(
            f"The broker's statement service answers 1019{often}: {known.meaning}. {known.remedy}"
        )

    def _fetched(self, reference: str) -> bytes:
        content = self._ask("GetStatement", reference)
        root = root_of(content)
        if root.tag == "FlexQueryResponse":
            return content
        raise self._told(root)

    def _told(self, root: ET.Element) -> Exception:
        """Return the failure that a reply states."""
        code = (root.findtext("ErrorCode") or "").strip()
        words = (root.findtext("ErrorMessage") or "").strip()[:200]
        for secret in (self.access.token, self.access.query_id):
            words = words.replace(secret.get_secret_value(), "…")
        known = FLEX_CODES.get(code, UNKNOWN)
        if known.answer is FlexAnswer.WAIT:
            return StatementPendingError()
        kind = StatementUnavailableError if known.answer is FlexAnswer.LATER else StatementError
        said = f"{code or 'no code'}: {known.meaning}{f' ({words!r})' if words else ''}"
        return kind(f"The broker's statement service answers {said}. {known.remedy}")

    def _ask(self, what: str, query: str) -> bytes:
        """Return the body of a reply. Raises StatementError."""
        if self._asked_at is not None:
            self.pace.sleep(max(0.0, self._asked_at + self.pace.spacing - self.pace.clock()))
        self._asked_at = self.pace.clock()
        try:
            with self._http.stream("GET", f"{self.access.url}/{what}", params={"q": query, "v": VERSION}) as reply:
                content = self._read(reply)
        except httpx2.HTTPError as error:  # its words may hold the address
            raise StatementUnavailableError(
                f"The broker's statement service cannot be reached: {type(error).__name__}. Check the network and "
                "statements.url; the next pull asks again."
            ) from None
        if reply.status_code != HTTPStatus.OK:
            is_passing = reply.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or reply.status_code in {
                HTTPStatus.TOO_MANY_REQUESTS,
                HTTPStatus.REQUEST_TIMEOUT,
            }
            kind = StatementUnavailableError if is_passing else StatementError
            raise kind(
                f"The broker's statement service answers with HTTP status {reply.status_code}. "
                + ("The next pull asks again." if is_passing else "Check statements.url in portfolio.yaml.")
            )
        return content

    def _read(self, reply: httpx2.Response) -> bytes:
        parts, size, started = [], 0, self.pace.clock()
        for part in reply.iter_bytes():
            size += len(part)
            if size > LARGEST or self.pace.clock() - started > self.pace.deadline:
                raise StatementUnavailableError(
                    f"The broker's statement did not end within {self.pace.deadline:g} s and {LARGEST // 2**20} MB. "
                    "Let the query cover fewer days."
                )
            parts.append(part)
        return b"".join(parts)


class _TokenTransport(httpx2.HTTPTransport):
    """Adds the token to a request on its way out; it stands in no address that is logged or raised."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url.copy_merge_params({"t": self._token})
        sent = httpx2.Request(
            request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
        )
        return super().handle_request(sent)
