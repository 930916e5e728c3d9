"""Evidence: the headline of the backtest and of the walk-forward, its folds, and the tear sheet in place."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from research.report.formats import length_caveat
from warehouse import readers
from warehouse.errors import LakeError

if TYPE_CHECKING:
    from operations.web.reading import Reading

SHEET = "report.html"


def document(reading: Reading) -> dict[str, Any]:
    """Return both headlines and the folds; what was never built is null.

    Raises:
        LakeError: The backtest was never built.
    """
    chosen = readers.rows(reading.lake, readers.LIVE_METRICS).records()
    live = chosen[0] if chosen else None
    honest = _walk_forward(reading)
    sheet = reading.installation.reports / SHEET
    return {
        "strategy": readers.rows(reading.lake, readers.LIVE_STRATEGY).records()[0],
        "backtest": live,
        "walk_forward": honest,
        "caveats": [told for each in (live, honest) if each and (told := length_caveat(each.get("sessions")))],
        "folds": _folds(reading),
        "sheet_at": datetime.fromtimestamp(sheet.stat().st_mtime, UTC) if sheet.is_file() else None,
    }


def _walk_forward(reading: Reading) -> dict[str, Any] | None:
    try:
        found = readers.rows(reading.lake, readers.WALK_FORWARD_METRICS).records()
    except LakeError:
        return None
    return found[0] if found else None


def _folds(reading: Reading) -> list[dict[str, Any]]:
    try:
        return readers.rows(reading.lake, readers.folds()).records()[::-1]
    except LakeError:
        return []
