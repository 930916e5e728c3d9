"""Acceptance of a source's answer: sound bars, hardly a gap among them, up to the session asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from warehouse.calendar.sessions import is_session, sessions
from warehouse.sources.faults import FaultKind, SourceFault
from warehouse.validation import validate

if TYPE_CHECKING:
    from datetime import date

    import pyarrow as pa

LARGEST_GAP = 0.02
"""Fraction of the sessions from the first bar on that may lack a sound one, as one session may; they are named."""


@dataclass(frozen=True, slots=True)
class Soundness:
    """The quality of one symbol's bars.

    Attributes:
        newest: The last session with a sound bar; None if there is no such bar.
        gaps: The sessions from the first row to `newest` without one.
        fault: The reason not to take the answer; None if it is taken. Stale bars are true all the same.
    """

    newest: date | None
    gaps: tuple[date, ...]
    fault: SourceFault | None


def soundness(bars: pa.Table, until: date) -> Soundness:
    """Judge the bars (RAW_BAR_SCHEMA) of one symbol by the door's rules and the exchange's calendar.

    Args:
        bars: Sessions ascend.
        until: The last session of it or before it must have a bar.
    """
    if not bars.num_rows:
        return Soundness(None, (), SourceFault(FaultKind.NOT_FOUND, f"no bars up to {until}"))
    days: list[date] = validate(bars, is_session).valid["session_date"].to_pylist()
    if not days:
        return Soundness(None, (), SourceFault(FaultKind.MALFORMED, f"none of {bars.num_rows} rows is a bar"))
    first, newest, found = bars["session_date"][0].as_py(), days[-1], set(days)
    expected = sessions(first, newest)
    gaps = tuple(day for day in expected if day not in found)
    fault = None
    if len(gaps) > max(1, LARGEST_GAP * len(expected)):
        reason = f"{len(gaps)} of {len(expected)} sessions have no sound bar, the first {gaps[0]}"
        fault = SourceFault(FaultKind.MALFORMED, reason)
    elif late := sessions(newest, until)[1:]:
        fault = SourceFault(FaultKind.STALE, f"the newest bar is of {newest}, {len(late)} sessions before {late[-1]}")
    return Soundness(newest, gaps, fault)
