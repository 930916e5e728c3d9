"""Retries of reads: a failure that may pass is met by asking again, after growing waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential, wait_random

from execution.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_Answer = TypeVar("_Answer")


class TransientError(BrokerError):
    """A failure that the same request may not meet again: the only kind that is retried.

    Attributes:
        code: The broker's, if it said one; else 0.
    """

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Number and pace of the attempts at a read; waits in seconds.

    Attributes:
        attempts: All of them, the first included.
        first_wait: Doubled for each further attempt, up to `longest_wait`, with jitter.
    """

    attempts: int = 3
    first_wait: float = 0.25
    longest_wait: float = 4.0

    async def read(self, ask: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """Return what `ask` returns, retrying it while it fails with a TransientError. Raises the last failure."""

        async def attempt() -> _Answer:  # tenacity awaits coroutine functions alone
            return await ask()

        retrying = AsyncRetrying(
            retry=retry_if_exception_type(TransientError),
            stop=stop_after_attempt(self.attempts),
            wait=wait_exponential(self.first_wait, self.longest_wait) + wait_random(0, self.first_wait),
            reraise=True,
        )
        return await retrying(attempt)
