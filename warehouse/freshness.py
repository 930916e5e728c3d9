"""Doubts about the universe's bars: freshness by the exchange's calendar and the clock, and the gates' verdicts."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from warehouse import verdicts
from warehouse.calendar.sessions import last_completed_session, sessions
from warehouse.sources.synthetic import SyntheticSource

if TYPE_CHECKING:
    from datetime import date, datetime

    import duckdb

PATIENCE = 1
"""Sessions that the newest bar may be behind: the one that has just ended may not have been fetched yet."""

NEWEST_BARS = """
SELECT universe.symbol, max(versions.session_date) AS newest
FROM landing.universe LEFT JOIN landing.bar_versions AS versions ON universe.symbol = versions.symbol
WHERE versions.source IS DISTINCT FROM ?
GROUP BY universe.symbol ORDER BY universe.symbol
"""


def doubts(connection: duckdb.DuckDBPyConnection, now: datetime) -> list[str]:
    """Say which symbols of the universe have no bars, bars too old to decide on today, or doubtful newest bars.

    The sample market is made up, and never stale.
    """
    rows = connection.execute(NEWEST_BARS, [SyntheticSource.name]).fetchall()
    due = last_completed_session(now)
    ends: dict[date | None, list[str]] = defaultdict(list)
    for symbol, newest in rows:
        ends[newest].append(symbol)
    stale = [_doubt(symbols, newest, due) for newest, symbols in ends.items() if newest is None or _behind(newest, due)]
    return [*stale, *verdicts.doubts(connection)]


def _behind(newest: date, due: date) -> int:
    """Return the sessions after `newest` until `due`, 0 if they are no more than one waits for."""
    behind = len(sessions(newest, due)) - 1
    return behind if behind > PATIENCE else 0


def _doubt(symbols: list[str], newest: date | None, due: date) -> str:
    names = ", ".join(symbols)
    if newest is None:
        return f"No bars of {names}: is it spelled as the source has it? `swing fetch` lands bars."
    return f"Stale: bars of {names} end on {newest}, {_behind(newest, due)} sessions before {due}. Fetch newer ones."
