"""Reads are repeated while that may help, and not hammered."""

from __future__ import annotations

import asyncio

import pytest

from execution.brokers.retrying import Persistence, Reader, TransientError
from execution.errors import BrokerError, BrokerRefusedError

QUICK = Persistence(attempts=3, first_wait=0.001, longest_wait=0.002, failures_to_stop=4, pause=0.2)


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
    assert asyncio.run(Reader("test", QUICK).read(gateway.ask)) == 3


def test_the_last_failure_is_told() -> None:
    """After the last attempt its own error is raised."""
    gateway = Gateway(*(TransientError(f"busy {number}") for number in range(9)))
    with pytest.raises(TransientError, match="busy 2"):
        asyncio.run(Reader("test", QUICK).read(gateway.ask))
    assert gateway.asked == 3


@pytest.mark.parametrize("failure", [BrokerRefusedError("no"), BrokerError("nothing is known"), ValueError("a fault")])
def test_other_failures_are_not_repeated(failure: Exception) -> None:
    """What will not pass, and what may have happened, is asked once."""
    gateway = Gateway(failure)
    with pytest.raises(type(failure)):
        asyncio.run(Reader("test", QUICK).read(gateway.ask))
    assert gateway.asked == 1


def test_many_failures_stop_the_asking_for_a_while() -> None:
    """After four failures in a row the gateway is left alone; after the pause it is asked again."""

    async def talk() -> None:
        reader, gateway = Reader("test", QUICK), Gateway(*(TransientError("busy") for _ in range(4)))
        with pytest.raises(TransientError):
            await reader.read(gateway.ask)
        with pytest.raises(BrokerError, match="in a row"):
            await reader.read(gateway.ask)
        assert gateway.asked == 4
        with pytest.raises(BrokerError, match="in a row"):
            await reader.read(gateway.ask)
        assert gateway.asked == 4
        await asyncio.sleep(QUICK.pause + 0.05)
        assert await reader.read(gateway.ask) == 5
        assert await reader.read(gateway.ask) == 6

    asyncio.run(talk())


def test_refusals_do_not_stop_the_asking() -> None:
    """A gateway that refuses works: many unknown symbols do not keep the others from being asked."""

    async def talk() -> int:
        reader, gateway = Reader("test", QUICK), Gateway(*(BrokerRefusedError("unknown") for _ in range(9)))
        for _ in range(9):
            with pytest.raises(BrokerRefusedError):
                await reader.read(gateway.ask)
        return await reader.read(gateway.ask)

    assert asyncio.run(talk()) == 10
