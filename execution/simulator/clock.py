"""The simulator's clock: it can be set, and goes on from there."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """An instant that passes `speed` times as fast as real time."""

    def __init__(self, start: datetime, speed: float = 1.0) -> None:
        self._speed = speed
        self.set(start)

    def now(self) -> datetime:
        """Return the simulated instant, UTC."""
        return self._start + timedelta(seconds=(time.monotonic() - self._since) * self._speed)

    def set(self, instant: datetime) -> None:
        """Jump to `instant`, an aware datetime; time goes on from there."""
        if instant.tzinfo is None:
            raise ValueError(f"{instant} has no timezone: pass an aware datetime")
        self._start = instant.astimezone(UTC)
        self._since = time.monotonic()
