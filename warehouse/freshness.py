"""Doubts about the universe's bars: freshness by the exchange's calendar and the clock, and the gates' verdicts."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from warehouse import verdicts
from warehouse.calendar.sessions import last_completed_session, sessions

if TYPE_CHECKING:
    from datetime import date, datetime

    import duckdb

SATURDAY = 5
PATIENCE = 1
"""Sessions that the newest bar may be behind: the one that has just ended may not have been fetched yet."""

NEWEST_BARS = """
SELECT universe.symbol, max(versions.session_date) AS newest
FROM landing.universe ANTI JOIN (FROM landing.symbol_changes WHERE ended_on IS NOT NULL) AS ended USING (symbol)
    LEFT JOIN landing.bar_versions AS versions USING (symbol)
WHERE versions.source IS DISTINCT FROM ?
GROUP BY universe.symbol ORDER BY universe.symbol
"""


def doubts(connection: duckdb.DuckDBPyConnection, now: datetime) -> list[str]:
    """Say which symbols of the universe have no bars, bars too old to decide on today, or doubtful newest bars."""
    return [*stale(connection, now), *verdicts.doubts(connection)]


def stale(connection: duckdb.DuckDBPyConnection, now: datetime) -> list[str]:
    """Say which symbols of the universe have no bars, or bars too old to decide on today.

    The sample market is made up, and never stale; a symbol that has ended has nothing to wait for.
    """
    from warehouse.sources.synthetic import SyntheticSource  # noqa: PLC0415 - `swing sql` need not wait for pyarrow

    rows = connection.execute(NEWEST_BARS, [SyntheticSource.name]).fetchall()
    ends: dict[date | None, list[str]] = defaultdict(list)
    for symbol, newest in rows:
        if newest is None or not _is_surely_fresh(newest, now):
            ends[newest].append(symbol)
    due = last_completed_session(now) if ends else None
    return [
        _doubt(symbols, newest, due)
        for newest, symbols in ends.items()
        if due and (newest is None or _behind(newest, due))
    ]


def _is_surely_fresh(newest: date, now: datetime) -> bool:
    """Tell without the calendar, which takes a second to load: too few weekdays have passed for as many sessions."""
    days = (now.date() - newest).days
    weekdays = sum((newest + timedelta(days=after)).weekday() < SATURDAY for after in range(1, min(days, 7) + 1))
    return weekdays <= PATIENCE


def _behind(newest: date, due: date) -> int:
    """Return the sessions after `newest` until `due`, 0 if they are no more than one waits for."""
    behind = len(sessions(newest, due)) - 1
    return behind if behind > PATIENCE else 0


def _doubt(symbols: list[str], newest: date | None, due: date) -> str:
    names = ", ".join(symbols)
    if newest is None:
        return f"No bars of {names}: is it spelled as the source has it? `swing fetch` lands bars."
    return f"Stale: bars of {names} end on {newest}, {_behind(newest, due)} sessions before {due}. Fetch newer ones."
