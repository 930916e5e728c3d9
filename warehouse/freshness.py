"""Doubts about the universe's bars: freshness by the exchange's calendar and the clock, and the gates' verdicts."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from warehouse import verdicts
from warehouse.sources.registry import SourceKind, named

if TYPE_CHECKING:
    from datetime import date, datetime

    import duckdb

SATURDAY = 5
PATIENCE = 1
"""Sessions that the newest bar may be behind: the one that has just ended may not have been fetched yet."""
LONG = 30
"""Days that hold more sessions than one waits for, whatever the exchange's calendar: nobody need load it to tell."""

MADE_UP = ", ".join(f"'{name}'" for name in named(SourceKind.SAMPLE))
NEWEST_BARS = f"""
SELECT universe.symbol, max(versions.session_date) AS newest
FROM landing.universe ANTI JOIN (FROM landing.symbol_changes WHERE ended_on IS NOT NULL) AS ended USING (symbol)
    LEFT JOIN landing.bar_versions AS versions USING (symbol)
WHERE coalesce(versions.source NOT IN ({MADE_UP}), true)
GROUP BY universe.symbol ORDER BY universe.symbol
"""


def doubts(connection: duckdb.DuckDBPyConnection, now: datetime) -> list[str]:
    """Say which symbols of the universe have no bars, bars too old to decide on today, or doubtful newest bars."""
    return [*stale(connection, now), *verdicts.doubts(connection)]


def stale(connection: duckdb.DuckDBPyConnection, now: datetime) -> list[str]:
    """Say which symbols of the universe have no bars, or bars too old to decide on today.

    The sample market is made up, and never stale; a symbol that has ended has nothing to wait for.
    """
    rows = connection.execute(NEWEST_BARS).fetchall()
    ends: dict[date | None, list[str]] = defaultdict(list)
    for symbol, newest in rows:
        ends[newest].append(symbol)
    return [doubt for newest, symbols in ends.items() if (doubt := _doubt(symbols, newest, now))]


def _doubt(symbols: list[str], newest: date | None, now: datetime) -> str:
    """Say what is wrong with symbols whose bars end on a day; empty for nothing."""
    names = ", ".join(symbols)
    if newest is None:
        return f"No bars of {names}: is it spelled as the source has it? `swing fetch` imports them."
    age = (now.date() - newest).days
    if age > LONG:
        return f"Stale: bars of {names} end on {newest}, {age:,} days ago. Fetch newer ones."
    if _is_surely_fresh(newest, age):
        return ""
    from warehouse.calendar.sessions import last_completed_session, sessions_behind  # noqa: PLC0415 - it is slow to load

    due = last_completed_session(now)
    behind = sessions_behind(newest, due)
    if behind <= PATIENCE:
        return ""
    return f"Stale: bars of {names} end on {newest}, {behind} sessions before {due}. Fetch newer ones."


def _is_surely_fresh(newest: date, age: int) -> bool:
    """Tell without the calendar: too few weekdays have passed for as many sessions."""
    return sum((newest + timedelta(days=after)).weekday() < SATURDAY for after in range(1, age + 1)) <= PATIENCE
