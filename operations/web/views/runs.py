"""Runs and alerts: what was run on the warehouse, how it ended, and what was told to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operations.web import standing

if TYPE_CHECKING:
    from operations.web.reading import Reading

MOST = 60
"""Newest rows that are shown."""


def document(reading: Reading) -> dict[str, Any]:
    """Return the newest runs, and the newest preflight and alerts where there are such relations.

    Raises:
        LakeError: There is no warehouse.
    """
    return {
        "runs": reading.records(
            "SELECT run_id, kind, started_at, finished_at, epoch(finished_at) - epoch(started_at) AS seconds, outcome, "
            "as_of_session, snapshot_after, code_version, parameters_hash, message "
            f"FROM runs ORDER BY started_at DESC LIMIT {MOST}"
        ),
        "preflight": reading.if_built(standing.PREFLIGHT),
        "alerts": reading.if_built(
            "SELECT alert_number, raised_at, severity, code, title, remedy, delivered_to, acknowledged_at, "
            f"acknowledged_by FROM alerts ORDER BY raised_at DESC LIMIT {MOST}"
        ),
    }
