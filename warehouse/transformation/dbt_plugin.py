"""Lets dbt attach the lake wherever it runs: loads the extensions before its profile attaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbt.adapters.duckdb.plugins import BasePlugin

from warehouse.lake import load_extensions

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Plugin(BasePlugin):
    """Named in dbt_project/profiles.yml."""

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        """Runs before ATTACH."""
        load_extensions(conn)
