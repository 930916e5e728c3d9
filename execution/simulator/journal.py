"""The broker's events in order; optionally also as JSON lines in a file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Entry:
    """One event at the broker.

    Attributes:
        kind: "order", "modify", "cancel", "fill" or "correct".
        quantity: Shares ordered, filled or corrected.
        outcome: "accepted" or the refusal of an order; the reason of a cancel; the execution id of a fill.
    """

    at: datetime
    kind: str
    client_id: int
    order_id: int
    permanent_id: int
    order_ref: str
    symbol: str
    side: str
    quantity: Decimal
    outcome: str
    price: Decimal | None = None

    @property
    def is_accepted(self) -> bool:
        """True if the broker took this order."""
        return self.kind == "order" and self.outcome == "accepted"


class Journal:
    """Entries in the order of the broker's events."""

    def __init__(self, path: Path | None = None) -> None:
        self.entries: list[Entry] = []
        self._path = path

    def write(self, entry: Entry) -> None:
        """Add an entry."""
        self.entries.append(entry)
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(entry), default=str) + "\n")
