"""Reads are retried while that may help, and no further."""

from __future__ import annotations

import asyncio

import pytest

from execution.brokers.retrying import RetryPolicy, TransientError
from execution.errors import BrokerError, BrokerRefusedError

QUICK = RetryPolicy(attempts=3, first_wait=0.001, longest_wait=0.002)


class Gateway:
    """Fails as told, then answers; counts how often it was asked."""

    def __init__(self, *failures: Exception) -> None:
        self.asked = 0
        self._failures = list(failures)

    async def ask(self) -> int:
        """Fail or answer."""
        self.asked += 1
        if self._failures:
            raise self._failures.pop(0)
        return self.asked


def test_a_transient_failure_is_repeated() -> None:
    """Two failures that may pass, then the answer: the third attempt brings it."""
    gateway = Gateway(TransientError("busy"), TransientError("busy"))
    assert asyncio.run(QUICK.read(gateway.ask)) == 3


def test_the_last_failure_is_told() -> None:
    """After the last attempt its own error is raised."""
    gateway = Gateway(*(TransientError(f"busy {number}") for number in range(9)))
    with pytest.raises(TransientError, match="busy 2"):
        asyncio.run(QUICK.read(gateway.ask))
    assert gateway.asked == 3


@pytest.mark.parametrize("failure", [BrokerRefusedError("no"), BrokerError("nothing is known"), ValueError("a fault")])
def test_other_failures_are_not_repeated(failure: Exception) -> None:
    """A failure that will not pass, or may hide a success, is not retried."""
    gateway = Gateway(failure)
    with pytest.raises(type(failure)):
        asyncio.run(QUICK.read(gateway.ask))
    assert gateway.asked == 1


def test_a_dead_gateway_is_asked_so_often_and_no_more() -> None:
    """However long it stays dead, one read asks as often as its policy says and leaves the rest to the caller."""
    gateway = Gateway(*(TransientError("dead") for _ in range(99)))
    for reads in (1, 2, 3):
        with pytest.raises(TransientError):
            asyncio.run(QUICK.read(gateway.ask))
        assert gateway.asked == reads * QUICK.attempts
