"""Time that passes only when everybody waits: hours of a trading day in milliseconds."""

from __future__ import annotations

import asyncio
import selectors
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")
TICK = 1e-6
"""Seconds by which a timer comes late: who waits until a time is past must not wait for ever."""


@dataclass(slots=True)
class VirtualTime:
    """A clock of `seconds` since `start`, an aware datetime; it outlives the loops that move it."""

    start: datetime
    seconds: float = 0.0

    def now(self) -> datetime:
        """The instant."""
        # By UTC: a local time jumps when the clocks are changed.
        return (self.start.astimezone(UTC) + timedelta(seconds=self.seconds)).astimezone(self.start.tzinfo)

    def jump(self, instant: datetime) -> None:
        """Let time pass until then; never back."""
        self.seconds = max(self.seconds, (instant - self.start.astimezone(UTC)).total_seconds())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work in a loop of this time."""
        with asyncio.Runner(loop_factory=lambda: VirtualLoop(self)) as runner:
            return runner.run(work)


class _Selector(selectors.SelectSelector):
    """Does not wait for a timer: lets the time pass instead."""

    def __init__(self, time: VirtualTime) -> None:
        super().__init__()
        self._virtual = time

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everybody waits, and nothing will ever happen"
            self._virtual.seconds += timeout + TICK
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop of a virtual time."""

    def __init__(self, time: VirtualTime) -> None:
        self._virtual = time
        super().__init__(_Selector(time))

    def time(self) -> float:
        """The time, in seconds."""
        return self._virtual.seconds
