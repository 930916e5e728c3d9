"""Verdicts of the gates on bars: what is told of them, how long they stand, and a person's acknowledgement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from warehouse.errors import LakeError

if TYPE_CHECKING:
    from datetime import date

MOST_TOLD = 6

NEW_EVENTS = """
INSERT INTO landing.verdict_events BY NAME
WITH standing AS (
    SELECT symbol, session_date, code, arg_max(event, recorded_at) AS event, arg_max(severity, recorded_at) AS severity
    FROM landing.verdict_events WHERE event <> 'acknowledged' GROUP BY ALL
    HAVING arg_max(event, recorded_at) = 'raised'
)
SELECT symbol, session_date, code, severity, 'raised' AS event, explanation, now() AS recorded_at
FROM bar_verdicts ANTI JOIN standing USING (symbol, session_date, code, severity)
UNION ALL
SELECT symbol, session_date, code, severity, 'cleared', NULL, now()
FROM standing ANTI JOIN bar_verdicts USING (symbol, session_date, code)
"""
"""A verdict that is new or has another severity, and one that is gone; nothing while nothing changes."""

# Freshness says itself what lags behind.
RECENT = """
SELECT code, severity, list(DISTINCT symbol ORDER BY symbol), max(session_date), arg_max(explanation, session_date)
FROM bar_verdicts
WHERE sessions_ago < greatest(1, (SELECT quarantine_sessions FROM landing.settings)) AND NOT is_acknowledged
    AND code NOT IN ('SERIES_BEHIND', 'SYMBOL_WITHOUT_BARS')
GROUP BY code, severity ORDER BY severity, max(session_date) DESC, code
"""

EARLIER = """
SELECT count(*), count(DISTINCT symbol), min(session_date), max(session_date)
FROM bar_verdicts WHERE NOT is_acknowledged
"""


def record_verdicts(connection: duckdb.DuckDBPyConnection) -> None:
    """Append what has changed about the verdicts, in the transaction that publishes them."""
    connection.execute(NEW_EVENTS)


def doubts(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Say what of the targets is held, and what the gates hold against the newest bars; before a build nothing."""
    if not _are_built(connection):
        return []
    held = connection.execute("SELECT explanation FROM live_holds").fetchall()
    lines = [explanation for (explanation,) in held]
    found = connection.execute(RECENT).fetchall()
    lines += [
        f"{code}, {severity}: {', '.join(symbols)}, newest {day}. {explanation}"
        for code, severity, symbols, day, explanation in found[:MOST_TOLD]
    ]
    if len(found) > MOST_TOLD:
        lines.append(f"… and {len(found) - MOST_TOLD} findings more: swing sql 'from bar_verdicts'")
    return lines


def history_doubts(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Say in a line how many bars of the history the gates warn of."""
    if not _are_built(connection):
        return []
    row = connection.execute(EARLIER).fetchone()
    if row is None or not row[0]:
        return []
    findings, symbols, first, last = row
    told = f"{findings:,} bars of {symbols} symbols, {first} to {last}"
    return [f"The gates warn of {told}; results on these may be wrong: swing sql 'from bar_verdicts'"]


def acknowledge(connection: duckdb.DuckDBPyConnection, symbol: str, session: date | None) -> int:
    """Record that a symbol's verdicts were looked at and its bars are right; the number of them.

    Args:
        connection: The lake, for writing.
        symbol: The symbol.
        session: Session of the bar; None for every session with an open verdict.

    Raises:
        LakeError: There is no such open verdict.
    """
    if not _are_built(connection):
        raise LakeError("There are no verdicts yet. Build them first: `swing backtest`.")
    row = connection.execute(
        """
        INSERT INTO landing.verdict_events BY NAME
        SELECT symbol, session_date, code, 'acknowledged' AS event, now() AS recorded_at
        FROM bar_verdicts
        WHERE symbol = $symbol AND session_date = coalesce($session, session_date) AND NOT is_acknowledged
        """,
        {"symbol": symbol, "session": session},
    ).fetchone()
    if row is None or not row[0]:
        when = f" on {session}" if session else ""
        raise LakeError(f"No gate holds anything against {symbol}{when}. `swing sql 'from bar_verdicts'` lists all.")
    return int(row[0])


def _are_built(connection: duckdb.DuckDBPyConnection) -> bool:
    """Tell by asking for no row: the list of all relations takes longer."""
    try:
        connection.execute("FROM bar_verdicts, live_holds LIMIT 0")
    except duckdb.CatalogException:
        return False
    return True
