"""Searches and checks as the warehouse has recorded them: the newest of each kind."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from research.readers import if_built
from warehouse.readers import Question

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import duckdb

NEWEST = Question(
    """
    SELECT kind, asked, found, recorded_at::DATE AS day,
        parameters_hash = (SELECT parameters_hash FROM landing.settings) AS is_current
    FROM landing.inquiries QUALIFY row_number() OVER (PARTITION BY kind ORDER BY recorded_at DESC) = 1
    ORDER BY kind
    """
)


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question with its answer.

    Attributes:
        day: When it was answered.
        is_current: True where it was asked of the configuration that the page is about.
        asked: Its options by name.
        found: The answer as `research.inquiries` has recorded it.
    """

    day: date
    is_current: bool
    asked: Mapping[str, Any]
    found: Any


def read_inquiries(connection: duckdb.DuckDBPyConnection) -> dict[str, Inquiry]:
    """Read the newest inquiry of each kind, by its kind; none of a kind that nobody asked."""
    rows = if_built(connection, NEWEST)
    return {
        str(row["kind"]): Inquiry(
            row["day"].date(), bool(row["is_current"]), json.loads(row["asked"]), json.loads(row["found"])
        )
        for row in rows.to_dict("records")
    }
