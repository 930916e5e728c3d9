"""A circuit: stops asking a source that refuses, or that fails again and again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from warehouse.sources.faults import FaultKind, SourceFault, SourceFaultError

if TYPE_CHECKING:
    from collections.abc import Callable

REFUSALS = {FaultKind.QUOTA, FaultKind.AUTH}
"""Faults that the next request would meet as well: one is enough."""
ANSWERS = {FaultKind.NOT_FOUND, FaultKind.STALE}
"""Faults of a source that works."""
NEVER = datetime.max.replace(tzinfo=UTC)


class Circuit:
    """Knows whether a source may be asked.

    A refusal opens the circuit until its reset, or for good if it names none. `failures_to_open` other failures in a
    row open it for `pause`; then one more failure opens it again, and a success closes it.
    """

    def __init__(self, failures_to_open: int, pause: timedelta, clock: Callable[[], datetime]) -> None:
        self._failures_to_open = failures_to_open
        self._pause = pause
        self._clock = clock
        self._failures = 0
        self._asked_from: datetime | None = None
        self._fault: SourceFault | None = None

    def check(self) -> None:
        """Raise SourceFaultError, with the fault that opened the circuit, while it is open."""
        if self._fault and self._asked_from and self._clock() < self._asked_from:
            raise SourceFaultError(replace(self._fault, reason=f"not asked, because before: {self._fault.reason}"))

    def record(self, fault: SourceFault | None) -> None:
        """Take note of how a request ended; None is a success."""
        if fault is None or fault.kind in ANSWERS:
            self._failures = 0
            return
        self._failures += 1
        if fault.kind in REFUSALS:
            self._open(fault, fault.resets_at or NEVER)
        elif self._failures >= self._failures_to_open:
            self._open(fault, self._clock() + self._pause)

    def _open(self, fault: SourceFault, until: datetime) -> None:
        if self._asked_from is None or until > self._asked_from:
            self._fault, self._asked_from = fault, until
