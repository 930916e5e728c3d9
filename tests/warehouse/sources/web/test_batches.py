"""Questions that are answered together."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from virtual_time import VirtualTime

from warehouse.sources.web.batches import Batches

NOW = datetime(2024, 12, 31, tzinfo=UTC)


class Desk:
    """Answers each symbol but X with its topic, in a second; three symbols a batch."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []
        self.batches = Batches(self._answer, lambda _topic: 3)

    async def _answer(self, topic: str, symbols: list[str]) -> dict[str, str]:
        self.asked.append((topic, list(symbols)))
        await asyncio.sleep(1)
        return {symbol: f"{topic} {symbol}" for symbol in symbols if symbol != "X"}


def test_what_is_asked_at_the_same_time_is_asked_once() -> None:
    """Batches are filled in order, one topic apart from another, and a symbol without an answer gets none."""

    async def run() -> None:
        desk = Desk()
        answers = await asyncio.gather(*(desk.batches.ask(topic, symbol) for topic in "st" for symbol in "ABCDX"))
        assert answers == ["s A", "s B", "s C", "s D", None, "t A", "t B", "t C", "t D", None]
        assert sorted(desk.asked) == [
            ("s", ["A", "B", "C"]),
            ("s", ["D", "X"]),
            ("t", ["A", "B", "C"]),
            ("t", ["D", "X"]),
        ]
        await desk.batches.ask("s", "A")
        assert desk.asked[-1] == ("s", ["A"])

    VirtualTime(NOW).run(run())


def test_whoever_gives_up_takes_nothing_from_the_others() -> None:
    """One that waits no longer leaves the batch going."""

    async def run() -> None:
        desk = Desk()
        impatient = asyncio.create_task(asyncio.wait_for(desk.batches.ask("s", "A"), 0.5))
        assert await desk.batches.ask("s", "B") == "s B"
        with pytest.raises(TimeoutError):
            await impatient

    VirtualTime(NOW).run(run())


def test_closing_stops_what_is_being_read() -> None:
    """Nothing is left running."""

    async def run() -> None:
        desk = Desk()
        waiting = asyncio.create_task(desk.batches.ask("s", "A"))
        await asyncio.sleep(0.5)
        await desk.batches.close()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert asyncio.all_tasks() == {asyncio.current_task()}

    VirtualTime(NOW).run(run())
