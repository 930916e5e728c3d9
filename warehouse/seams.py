"""Seams: new bars of a source that meet or overlap stored ones must have their adjustment, or replace them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from warehouse.calendar.sessions import is_session
from warehouse.errors import SourceError
from warehouse.tables import NEWEST_OF_SOURCE
from warehouse.validation import validate

if TYPE_CHECKING:
    from collections.abc import Collection

    import duckdb

    from warehouse.sources.base import SymbolBars

MOST_TOLD = 10

# Adjusted prices are rounded, so that two exports of one base differ by up to a cent; a payout at a seam without
# overlap cannot be told from a new base. A step of exp(0.3) between neighbours is more than any index fund ever made.
SEAMS = f"""
WITH stored AS ({NEWEST_OF_SOURCE}),
paired AS (
    SELECT coalesce(valid_rows.symbol, stored.symbol) AS symbol,
        coalesce(valid_rows.session_date, stored.session_date) AS session_date,
        valid_rows.symbol IS NOT NULL AS is_new, stored.symbol IS NOT NULL AS is_stored,
        coalesce(valid_rows.adj_close, stored.adj_close) AS adj_close,
        coalesce(valid_rows.close, stored.close) AS close,
        valid_rows.adj_close / stored.adj_close AS adj_ratio, valid_rows.close / stored.close AS ratio
    FROM valid_rows FULL JOIN stored USING (symbol, session_date)
    WHERE coalesce(valid_rows.symbol, stored.symbol) IN (SELECT symbol FROM valid_rows)
),
bases AS (
    SELECT symbol, min(session_date) FILTER (is_stored) AS first_stored,
        count(*) FILTER (is_new AND is_stored) AS shared,
        count(*) FILTER (is_stored AND NOT is_new) AS kept, median(adj_ratio) AS adj_ratio, median(ratio) AS ratio,
        1e-4 + 0.011 / median(least(close, adj_close)) AS tolerance
    FROM paired GROUP BY symbol
),
neighbours AS (
    SELECT symbol, session_date, lag(session_date) OVER by_day AS before,
        is_new <> lag(is_new) OVER by_day AS is_seam,
        adj_close / close AS factor, lag(adj_close / close) OVER by_day AS factor_before,
        ln(adj_close / lag(adj_close) OVER by_day) AS step
    FROM paired WINDOW by_day AS (PARTITION BY symbol ORDER BY session_date)
),
broken AS (
    SELECT symbol, min(session_date) AS session_date, arg_min(before, session_date) AS before
    FROM neighbours
    WHERE is_seam AND (abs(factor / factor_before - 1) > 1e-3 OR (abs(step) > 0.3 AND session_date - before < 10))
    GROUP BY symbol
)
SELECT symbol, first_stored, shared, adj_ratio, ratio, broken.before, broken.session_date
FROM bases LEFT JOIN broken USING (symbol)
WHERE kept > 0 AND CASE
    WHEN shared > 0 THEN abs(adj_ratio - 1) > tolerance OR abs(ratio - 1) > tolerance
    ELSE broken.symbol IS NOT NULL
END
ORDER BY symbol
"""


def other_bases(connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, str]:
    """Return the symbols of the view valid_rows that would be left with two adjustments, each with what was seen.

    Some stored bars of such a symbol would stay, and are adjusted in another way.
    """
    found = connection.execute(SEAMS, {"source": source}).fetchall()
    return {
        symbol: (
            f"for the same days the close is now {ratio:.5g} and the adjusted close {adj_ratio:.5g} times as high"
            if shared
            else f"where they meet, {before} and {day}, the adjustment changes"
        )
        + f"; land its whole history, from {first} on"
        for symbol, first, shared, adj_ratio, ratio, before, day in found
    }


def breaks(connection: duckdb.DuckDBPyConnection, answers: Collection[SymbolBars]) -> dict[tuple[str, str], str]:
    """Return source and symbol of the answers that would leave a series with two adjustments, with what was seen."""
    found: dict[tuple[str, str], str] = {}
    for source in {answer.source for answer in answers}:
        stored = connection.execute("SELECT DISTINCT symbol FROM landing.bar_versions WHERE source = ?", [source])
        symbols = {symbol for (symbol,) in stored.fetchall()}
        if own := [each.continuing for each in answers if each.source == source and each.symbol in symbols]:
            connection.register("valid_rows", validate(pa.concat_tables(own), is_session).valid)
            found |= {(source, symbol): seen for symbol, seen in other_bases(connection, source).items()}
    return found


def refuse_other_bases(connection: duckdb.DuckDBPyConnection, source: str) -> None:
    """Refuse a batch (the view valid_rows) if a symbol would be left with two adjustments. Raises SourceError."""
    found = other_bases(connection, source)
    if not found:
        return
    told = [f"{symbol}: {seen}" for symbol, seen in list(found.items())[:MOST_TOLD]]
    more = f"\n… and {len(found) - MOST_TOLD} more" if len(found) > MOST_TOLD else ""
    raise SourceError(
        "These bars are adjusted in another way than the stored ones of the same source, and two adjustments must not"
        f" stand in one series.\n{chr(10).join(told)}{more}\nNothing was landed."
    )
