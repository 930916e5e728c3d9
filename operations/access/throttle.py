"""Throttles: whoever fails several times waits, longer each time."""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

MOST_KEPT = 10_000
"""Keys that one throttle remembers; beyond that the oldest are forgotten, so that no flood fills the memory."""
FORGOTTEN = timedelta(hours=1)
"""After the last failure."""
NETWORK_BITS = 64
"""Of an IPv6 address: one customer has all that follow."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Failures that cost nothing, and the pauses after further ones, each twice the one before."""

    free: int
    first: timedelta
    longest: timedelta


BY_ADDRESS = Patience(5, timedelta(seconds=5), timedelta(minutes=15))
BY_NAME = Patience(5, timedelta(seconds=5), timedelta(minutes=1))
"""Shorter, because others can cause it: nobody shall keep the owner out of the page for long."""
BY_CODE = Patience(3, timedelta(seconds=30), timedelta(minutes=15))


class Throttle:
    """Failures by key."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._failures: OrderedDict[str, tuple[int, datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def seconds_left(self, key: str, now: datetime) -> float:
        """Return how long a key has to wait; 0 if it may try."""
        with self._lock:
            count, at = self._failures.get(key, (0, now))
        if count < self._patience.free or now - at > FORGOTTEN:
            return 0.0
        doublings = min(count - self._patience.free, 16)
        pause = min(self._patience.first * (1 << doublings), self._patience.longest)
        return max((at + pause - now).total_seconds(), 0.0)

    def failed(self, key: str, now: datetime) -> None:
        """Count a failure."""
        with self._lock:
            count, at = self._failures.pop(key, (0, now))
            self._failures[key] = (1 if now - at > FORGOTTEN else count + 1, now)
            while len(self._failures) > MOST_KEPT:
                self._failures.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """Forget a key's failures."""
        with self._lock:
            self._failures.pop(key, None)


def network_of(address: str) -> str:
    """Return the network by which an address is throttled: itself, or the first half of an IPv6 address."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv6Address):
        return str(known.ipv4_mapped or ipaddress.ip_network((known, NETWORK_BITS), strict=False))
    return str(known)
