"""Brings the ledger's events to the warehouse as soon as they are there, whoever traded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from execution.service import open_ledger
from warehouse.errors import SwingError
from warehouse.lake import relations
from warehouse.landing import land_ledger
from warehouse.sources.base import silent

if TYPE_CHECKING:
    from execution.installation import Installation

MARTS = frozenset(
    {
        "account_daily",
        "account_trades",
        "alerts",
        "cash_movements",
        "decisions",
        "fills",
        "orders",
        "positions",
        "preflight_checks",
        "shortfall_daily",
        "slippage",
        "statement_exceptions",
        "statements",
        "trades",
    }
)
"""Views over the landed events: once they are made, landing is all that they need."""


def publish_ledger(installation: Installation, *, is_building: bool = True) -> str:
    """Land the ledger's new events, and make the marts where they are missing.

    Args:
        installation: Whose ledger and warehouse.
        is_building: False leaves missing marts to the next build, for whoever is a run himself.

    Returns:
        The reason why that has to wait for the next build; empty if all is there. What was traded stands in the ledger
        in any case, so nothing is raised.
    """
    lake = installation.lake
    if not lake.catalog.exists():
        return ""
    try:
        with open_ledger(installation) as ledger:
            rows = ledger.rows()
        with lake.lock(), lake.writer() as connection:
            land_ledger(connection, rows)
            has_marts = relations(connection) >= MARTS
        if not has_marts and is_building:
            from dagster_defs import jobs  # noqa: PLC0415 - Dagster and dbt, which most trades do without

            jobs.run(installation, "ledger", {}, silent)
    except (SwingError, duckdb.Error) as error:
        return str(error)
    return ""
