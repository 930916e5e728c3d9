"""The faults of bar sources: one vocabulary, whatever the source.

An answer that is not understood is `malformed`. It never means "no data": vendors send notices of every kind, and a
notice taken for an empty history loses the symbol without a word.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from warehouse.errors import SourceError

if TYPE_CHECKING:
    from datetime import datetime


class FaultKind(StrEnum):
    """Reasons for which a source gave no acceptable bars of a symbol."""

    QUOTA = "quota"
    """The requests that the plan allows are used up."""
    ENTITLEMENT = "entitlement"
    """The plan does not include these bars."""
    NOT_FOUND = "not_found"
    """The source says, in words or an answer that is known, that it has no such bars."""
    AUTH = "auth"
    """There is no key, or the source refuses it."""
    TRANSIENT = "transient"
    """The same request may succeed in a moment: no connection, no answer in time, the source's own failure."""
    MALFORMED = "malformed"
    """The answer is not understood, or contradicts itself."""
    STALE = "stale"
    """The bars end before the session that was asked for."""

    @property
    def remedy(self) -> str:
        """One sentence that says what to do."""
        return _REMEDIES[self]


_REMEDIES = {
    FaultKind.QUOTA: "Fetch again after the reset, add a source to sources.order, or say in sources.requests what a "
    "larger plan allows.",
    FaultKind.ENTITLEMENT: "Subscribe to these bars, or add a source to sources.order.",
    FaultKind.NOT_FOUND: "Check how the symbol is written, or add a source that knows it to sources.order.",
    FaultKind.AUTH: "Give the right key; until then another source of sources.order may answer.",
    FaultKind.TRANSIENT: "Fetch again.",
    FaultKind.MALFORMED: "Look whether the vendor announces a failure or a change; another source may answer.",
    FaultKind.STALE: "Fetch again when the vendor has published the session, for most at 17:30 in New York.",
}


@dataclass(frozen=True, slots=True)
class SourceFault:
    """The reason for which a source gave no acceptable bars.

    Attributes:
        reason: In words, without any key.
        resets_at: The instant from which asking makes sense again; None if the source does not say.
    """

    kind: FaultKind
    reason: str
    resets_at: datetime | None = None

    def __str__(self) -> str:
        """Return kind, reason and reset in one line."""
        again = f" (again from {self.resets_at:%Y-%m-%d %H:%M:%S %Z})" if self.resets_at else ""
        return f"{self.kind}: {self.reason}{again}"


class SourceFaultError(SourceError):
    """Carries a fault up to whoever decides what follows from it."""

    def __init__(self, fault: SourceFault) -> None:
        super().__init__(str(fault))
        self.fault = fault

    @classmethod
    def of(cls, kind: FaultKind, reason: str) -> SourceFaultError:
        """Make the error of a fault that names no instant."""
        return cls(SourceFault(kind, reason))
