"""Expiry of the lake's old states: recent ends of runs stay, what recent decisions have read, and a month's last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from warehouse.lake import ALIAS, quoted

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

KEPT_DAYS = 30
"""Days for which the state after every run stays."""

EXPENDABLE = """
    WITH run_ends AS (
        SELECT snapshot_after AS snapshot_id, finished_at, outcome FROM runs WHERE snapshot_after IS NOT NULL
    ),
    kept AS (
        SELECT snapshot_id FROM run_ends WHERE finished_at >= $now - to_days($kept_days)
        UNION ALL
        SELECT snapshot_id FROM run_ends
        QUALIFY row_number() OVER (
            PARTITION BY date_trunc('month', finished_at) ORDER BY outcome = 'succeeded' DESC, snapshot_id DESC
        ) = 1
        UNION ALL
        SELECT unnest([payload ->> 'lake_snapshot', payload ->> 'targets_bars_snapshot'])::BIGINT
        FROM landing.ledger_events WHERE kind = 'decided' AND recorded_at >= $now - to_days($kept_days)
    )
    SELECT snapshot_id FROM snapshots()
    WHERE snapshot_time < $now - INTERVAL 1 DAY AND snapshot_id < (SELECT max(snapshot_id) FROM snapshots())
        AND snapshot_id NOT IN (SELECT snapshot_id FROM kept WHERE snapshot_id IS NOT NULL)
    ORDER BY snapshot_id
"""
# A state of the last day stays, whoever wrote it: a reader may be at it.


@dataclass(frozen=True, slots=True)
class Expiry:
    """Result of an expiry.

    Attributes:
        expired: Snapshots that were given up.
        kept: Snapshots that can still be asked for.
        files: Data files that were deleted, those among them that an earlier merge had replaced.
    """

    expired: int
    kept: int
    files: int


def expendable(connection: duckdb.DuckDBPyConnection, now: datetime, kept_days: int = KEPT_DAYS) -> list[int]:
    """Return the snapshots that may go, ascending.

    Args:
        connection: The lake.
        now: The time, aware.
        kept_days: Days for which the state after every run stays, 1 or more; earlier, the last of each month does.
    """
    rows = connection.execute(EXPENDABLE, {"now": now, "kept_days": kept_days}).fetchall()
    return [snapshot for (snapshot,) in rows]


def expire(connection: duckdb.DuckDBPyConnection, now: datetime, kept_days: int = KEPT_DAYS) -> Expiry:
    """Give old states up, delete the files that only they needed, and merge small files.

    Every version of every bar stays: landing is never thinned. The caller holds the right to write, and no transaction.
    Killed at any step it has lost nothing that was to stay, and the next call goes on.

    Args:
        connection: The lake, for writing.
        now: As in `expendable`, like the next.
        kept_days: See there.
    """
    expired = expendable(connection, now, kept_days)
    if expired:
        connection.execute(f"CALL ducklake_expire_snapshots({quoted(ALIAS)}, versions => ?)", [expired])
    deleted = connection.execute(f"CALL ducklake_cleanup_old_files({quoted(ALIAS)}, cleanup_all => true)").fetchall()
    # After the cleaning: whoever reads now may have opened the files that are replaced here. They go the next time.
    connection.execute(f"CALL ducklake_merge_adjacent_files({quoted(ALIAS)})")
    kept = connection.execute("SELECT count(*) FROM snapshots()").fetchall()[0][0]
    return Expiry(len(expired), kept, len(deleted))
