"""Rate limits as vendors count them: so many requests in each minute or hour of the clock.

Rate-limiting libraries wait for a turn. A source that has others behind it must know at once how long that would be.
"""

from __future__ import annotations


class Allowance:
    """So many requests in each window of the clock.

    Args:
        requests: In each window, 1 or more.
        seconds: The length of a window; windows begin at multiples of it since the epoch.
    """

    def __init__(self, requests: int, seconds: int) -> None:
        self._requests = requests
        self._seconds = seconds
        self._window = 0
        self._taken = 0  # of this window's turns and the next ones'

    def next_turn(self, now: float) -> float:
        """Return when the next free turn is: `now`, or the start of a later window; seconds since the epoch."""
        window = int(now // self._seconds)
        if window > self._window:
            self._taken = max(0, self._taken - (window - self._window) * self._requests)
            self._window = window
        ahead = self._taken // self._requests
        return float((self._window + ahead) * self._seconds) if ahead else now

    def take(self) -> None:
        """Take the turn that `next_turn` told."""
        self._taken += 1

    def window_end(self, now: float) -> float:
        """Return when the window of `now` ends."""
        return (now // self._seconds + 1) * self._seconds
