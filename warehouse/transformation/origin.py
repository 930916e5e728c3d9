"""Record of what the published targets were built with, so that nobody trades them under another configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse.version import code_version

if TYPE_CHECKING:
    import duckdb


def record_origin(connection: duckdb.DuckDBPyConnection, bars_snapshot: int) -> None:
    """Replace the record, in the transaction that publishes the targets.

    Args:
        connection: The lake, for writing.
        bars_snapshot: Snapshot of the lake whose bars and configuration the models read.
    """
    connection.execute(
        """
        CREATE OR REPLACE TABLE target_origin AS
        SELECT
            parameters_hash, $code_version AS code_version, $bars_snapshot::BIGINT AS bars_snapshot, now() AS built_at
        FROM landing.settings
        """,
        {"code_version": code_version(), "bars_snapshot": bars_snapshot},
    )
