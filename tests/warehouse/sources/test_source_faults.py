"""The vocabulary of faults."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from warehouse.errors import SourceError
from warehouse.sources.faults import FaultKind, SourceFault, SourceFaultError

DOCUMENT = Path(__file__).parents[3] / "docs" / "data.md"


def test_every_fault_is_documented() -> None:
    """The table under Failover in docs/data.md has a row for each kind, in their order."""
    section = DOCUMENT.read_text(encoding="utf-8").split("## Failover")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE)
    assert rows == [str(kind) for kind in FaultKind]


def test_a_fault_says_when_to_ask_again() -> None:
    """Kind, reason and instant are one line, and the error that carries them is one of sources."""
    fault = SourceFault(FaultKind.QUOTA, "50 requests are used up", datetime(2026, 11, 27, 15, tzinfo=UTC))
    error = SourceFaultError(fault)
    assert str(error) == "quota: 50 requests are used up (again from 2026-11-27 15:00:00 UTC)"
    assert isinstance(error, SourceError)
    assert str(SourceFault(FaultKind.STALE, "late")) == "stale: late"
