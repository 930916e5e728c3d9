"""Batches: questions about single symbols that are asked at about the same time, answered together."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

WINDOW = 0.02
"""Seconds for which a batch takes symbols."""

_Topic = TypeVar("_Topic")
_Answer = TypeVar("_Answer")


class Batches(Generic[_Topic, _Answer]):
    """Collects what is asked on one topic.

    Args:
        answer: Answers a topic for some symbols; what it raises is told to all who wait for the batch.
        size: The most symbols in a batch of a topic.
    """

    def __init__(
        self,
        answer: Callable[[_Topic, list[str]], Awaitable[Mapping[str, _Answer]]],
        size: Callable[[_Topic], int],
    ) -> None:
        self._answer = answer
        self._size = size
        self._open: dict[_Topic, tuple[list[str], asyncio.Task[Mapping[str, _Answer]]]] = {}
        self._running: set[asyncio.Task[Mapping[str, _Answer]]] = set()

    async def ask(self, topic: _Topic, symbol: str) -> _Answer | None:
        """Return the answer for a symbol; None if the batch's answer says nothing of it."""
        if topic not in self._open:
            batch: list[str] = []
            task = asyncio.create_task(self._answered(topic, batch))
            self._open[topic] = batch, task
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        batch, task = self._open[topic]
        batch.append(symbol)
        if len(batch) >= self._size(topic):
            del self._open[topic]
        # Shielded: whoever gives up waiting takes nothing from the others.
        return (await asyncio.shield(task)).get(symbol)

    async def close(self) -> None:
        """Stop what nobody waits for any more."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _answered(self, topic: _Topic, batch: list[str]) -> Mapping[str, _Answer]:
        await asyncio.sleep(WINDOW)
        if topic in self._open and self._open[topic][0] is batch:
            del self._open[topic]
        return await self._answer(topic, batch)
