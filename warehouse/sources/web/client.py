"""A vendor asked over HTTP: bounded in time, within its rate limit, repeated where that helps, left alone where not."""

from __future__ import annotations

import asyncio
import textwrap
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random

from warehouse.sources.faults import FaultKind, SourceFault, SourceFaultError
from warehouse.sources.web.allowance import Allowance
from warehouse.sources.web.circuit import Circuit
from warehouse.sources.web.replies import payload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pydantic import SecretStr
    from tenacity import RetryCallState

    from warehouse.sources.web.replies import KnownReply

UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
"""Errors by which reading a body ends that is not as it should be."""
LONGEST_REASON = 160

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """The pace and the patience of requests to a vendor; times in seconds.

    Attributes:
        requests: The rate limit: so many …
        window: … in so long.
        in_flight: At most so many at once.
        deadline: A reply takes at most so long, however steadily it drips.
        attempts: In all, the first among them; only a transient fault is met by another.
        first_wait: Before the second attempt; doubled from then on, with jitter.
        longest_wait: For another attempt or for a turn; where it would be longer, the symbol is given up at once.
        failures_to_stop: So many in a row, and nothing is asked …
        pause: … for so long.
    """

    requests: int
    window: int
    in_flight: int = 8
    deadline: float = 30.0
    attempts: int = 3
    first_wait: float = 0.5
    longest_wait: float = 60.0
    failures_to_stop: int = 5
    pause: float = 60.0


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class WebAccess:
    """The way to a vendor.

    Attributes:
        clock: The time, aware.
        transport: Of httpx2, instead of the network.
    """

    base_url: str
    limits: RequestLimits
    clock: Callable[[], datetime] = utc_now
    transport: httpx2.AsyncBaseTransport | None = None


class WebClient:
    """Asks one vendor; serves one event loop.

    Args:
        keys: Request headers that hold keys. A key stands in no message, log or representation.
        known: The vendor's notices.
        access: The way to it.
    """

    def __init__(self, keys: Mapping[str, SecretStr], known: tuple[KnownReply, ...], access: WebAccess) -> None:
        self._keys = keys
        self._known = known
        self._limits = limits = access.limits
        self._clock = access.clock
        self._allowance = Allowance(limits.requests, limits.window)
        self._circuit = Circuit(limits.failures_to_stop, timedelta(seconds=limits.pause), access.clock)
        self._slots = asyncio.Semaphore(limits.in_flight)
        self._backoff = wait_exponential(limits.first_wait, limits.longest_wait) + wait_random(0, limits.first_wait)
        # No redirects: a key must not be shown to another host. One deadline for all instead of one for each read.
        self._http = httpx2.AsyncClient(
            base_url=access.base_url, auth=_KeyHeaders(keys), timeout=None, transport=access.transport
        )

    async def get(self, path: str, parameters: Mapping[str, str | int], read: Callable[[Any], _Answer]) -> _Answer:
        """Return what `read` makes of the JSON at `path`.

        Args:
            path: Below the base URL.
            parameters: The query.
            read: May raise SourceFaultError, or any of UNREADABLE for a body that is not understood.

        Raises:
            SourceFaultError: The last attempt's fault.
        """
        retrying = AsyncRetrying(
            retry=retry_if_exception(self._is_worth_repeating),
            stop=stop_after_attempt(self._limits.attempts),
            wait=self._wait,
            reraise=True,
        )
        return await retrying(self._attempt, path, parameters, read)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _attempt(self, path: str, parameters: Mapping[str, str | int], read: Callable[[Any], _Answer]) -> _Answer:
        self._circuit.check()
        await self._turn()
        async with self._slots:
            self._circuit.check()
            try:
                answer = await self._asked(path, parameters, read)
            except SourceFaultError as error:
                fault = self._judged(error.fault)
                self._circuit.record(fault)
                raise SourceFaultError(fault) from error.__cause__
        self._circuit.record(None)
        return answer

    async def _turn(self) -> None:
        """Wait for a turn within the rate limit, or say that it is too far away."""
        now = self._clock().timestamp()
        turn = self._allowance.next_turn(now)
        if turn - now > self._limits.longest_wait:
            reason = f"{self._limits.requests} requests in {self._limits.window} s are used up"
            raise SourceFaultError(SourceFault(FaultKind.QUOTA, reason, datetime.fromtimestamp(turn, UTC)))
        self._allowance.take()
        await asyncio.sleep(turn - now)

    async def _asked(self, path: str, parameters: Mapping[str, str | int], read: Callable[[Any], _Answer]) -> _Answer:
        try:
            async with asyncio.timeout(self._limits.deadline):
                response = await self._http.get(path, params=parameters)
        except TimeoutError:
            raise SourceFaultError.of(FaultKind.TRANSIENT, f"no reply in {self._limits.deadline:g} s") from None
        except httpx2.DecodingError as error:
            raise SourceFaultError.of(FaultKind.MALFORMED, f"the reply cannot be decoded ({error})") from error
        except httpx2.RequestError as error:
            reason = f"{type(error).__name__} {error}".strip()
            raise SourceFaultError.of(FaultKind.TRANSIENT, f"the connection failed ({reason})") from error
        try:
            return read(payload(response, self._known, self._clock()))
        except UNREADABLE as error:
            reason = f"the reply is not understood ({type(error).__name__}: {error})"
            raise SourceFaultError.of(FaultKind.MALFORMED, reason) from error

    def _judged(self, fault: SourceFault) -> SourceFault:
        """Hide the keys, and tell a pause from a quota: what resets soon is waited for."""
        reason = fault.reason
        for key in self._keys.values():
            reason = reason.replace(key.get_secret_value().split()[-1], "…")
        reason = textwrap.shorten(reason, LONGEST_REASON, placeholder=" …")
        if fault.kind is not FaultKind.QUOTA:
            return replace(fault, reason=reason)
        now = self._clock()
        resets_at = fault.resets_at or datetime.fromtimestamp(self._allowance.window_end(now.timestamp()), UTC)
        is_soon = resets_at - now <= timedelta(seconds=self._limits.longest_wait)
        return SourceFault(FaultKind.TRANSIENT if is_soon else FaultKind.QUOTA, reason, resets_at)

    def _is_worth_repeating(self, error: BaseException) -> bool:
        is_transient = isinstance(error, SourceFaultError) and error.fault.kind is FaultKind.TRANSIENT
        return is_transient and self._until_reset(error) <= self._limits.longest_wait

    def _wait(self, attempt: RetryCallState) -> float:
        error = attempt.outcome.exception() if attempt.outcome else None
        return max(self._backoff(attempt), self._until_reset(error))

    def _until_reset(self, error: BaseException | None) -> float:
        resets_at = error.fault.resets_at if isinstance(error, SourceFaultError) else None
        return (resets_at - self._clock()).total_seconds() if resets_at else 0.0


class _KeyHeaders(httpx2.Auth):
    """Adds the keys to a request when it is sent; they stand nowhere before."""

    def __init__(self, keys: Mapping[str, SecretStr]) -> None:
        self._keys = keys

    def auth_flow(self, request: httpx2.Request) -> Iterator[httpx2.Request]:  # type: ignore[override]
        for name, key in self._keys.items():
            request.headers[name] = key.get_secret_value()
        yield request
