"""What a read from the broker survives: repeats with growing waits, and a breaker that stops hammering."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential, wait_random

from execution.errors import BrokerError, BrokerRefusedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_Answer = TypeVar("_Answer")


class TransientError(BrokerError):
    """A failure that the same request may not meet again: the only kind that is repeated."""


@dataclass(frozen=True, slots=True)
class Persistence:
    """How often a read is repeated and when asking stops altogether; waits in seconds.

    Attributes:
        attempts: In all, the first among them.
        first_wait: Doubled for each further attempt, up to `longest_wait`, with jitter.
        failures_to_stop: So many in a row open the breaker …
        pause: … for so long.
    """

    attempts: int = 3
    first_wait: float = 0.25
    longest_wait: float = 4.0
    failures_to_stop: int = 8
    pause: float = 10.0


class Reader:
    """Makes reads; one breaker for all of them."""

    def __init__(self, name: str, persistence: Persistence) -> None:
        self._name = name
        self._persistence = persistence
        self._breakers = AsyncCircuitBreakerFactory(
            persistence.failures_to_stop,
            persistence.pause,
            exclude=[BrokerRefusedError],  # a refusal is an answer: the gateway works
        )

    async def read(self, ask: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """Return what `ask` returns, repeating it while it fails with a TransientError.

        Raises:
            BrokerError: The last failure, or that too many in a row failed and nothing is asked for a while.
        """
        first = self._persistence.first_wait
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(TransientError),
            stop=stop_after_attempt(self._persistence.attempts),
            wait=wait_exponential(first, self._persistence.longest_wait) + wait_random(0, first),
            reraise=True,
        )
        return await retrying(self._guarded, ask)

    async def _guarded(self, ask: Callable[[], Awaitable[_Answer]]) -> _Answer:
        try:
            async with await self._breakers.get_breaker(self._name):
                return await ask()
        except OpenedState:
            raise BrokerError(
                f"{self._name}: {self._persistence.failures_to_stop} requests in a row failed, so nothing is "
                f"asked for {self._persistence.pause:g} s. Look at the gateway's window; `swing connect` tests it."
            ) from None
