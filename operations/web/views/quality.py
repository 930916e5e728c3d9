"""Data quality: freshness by symbol, what the gates hold against bars, and where sources differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operations.web import standing
from warehouse.calendar.sessions import last_completed_session

if TYPE_CHECKING:
    from operations.web.reading import Reading

MOST = 100
"""Newest rows that are shown."""
VERDICTS = f"""
SELECT symbol, session_date, code, severity, value, allowed, sessions_ago, is_acknowledged, explanation
FROM bar_verdicts ORDER BY is_acknowledged, severity, session_date DESC, symbol LIMIT {MOST}
"""
COUNTS = """
SELECT code, severity, count(*) AS findings, count(DISTINCT symbol) AS symbols, max(session_date) AS newest,
    count(*) FILTER (is_acknowledged) AS acknowledged
FROM bar_verdicts GROUP BY code, severity ORDER BY severity, findings DESC
"""


def document(reading: Reading) -> dict[str, Any]:
    """Return freshness, verdicts, holds, their history, rejected rows and differences between sources.

    Raises:
        LakeError: There is no warehouse.
    """
    return {
        "due": last_completed_session(reading.now),
        "symbols": reading.once(standing.symbols),
        "feeds": reading.once(standing.feeds),
        "holds": reading.if_built("FROM live_holds"),
        "verdicts": reading.if_built(VERDICTS),
        "counts": reading.if_built(COUNTS),
        "history": reading.if_built(f"FROM verdict_history ORDER BY first_seen_at DESC, symbol LIMIT {MOST}"),
        "differences": reading.if_built(f"FROM source_differences ORDER BY session_date DESC, symbol LIMIT {MOST}"),
        "rejected": reading.if_built(
            "SELECT symbol, session_date, code, reason, source, file, line FROM quarantined_bars "
            f"ORDER BY ingested_at DESC LIMIT {MOST}"
        ),
    }
