"""Earlier states of the lake, asked for as a person remembers them: by snapshot, by run, by day or time."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from warehouse.calendar.sessions import EXCHANGE_ZONE
from warehouse.errors import LakeError

if TYPE_CHECKING:
    import duckdb

    from warehouse.lake import Lake

SHORTEST_PREFIX = 4
"""Letters of a run's id that tell it from others."""
LISTED = 3
EXPIRES = "States stay for 30 days, then the last of each month (`swing maintain`)"
LIST = '`swing sql "from runs order by started_at"` lists the runs, `swing sql "from snapshots()"` the states.'


def snapshot_of(lake: Lake, state: str) -> int:
    """Return the snapshot that a person means.

    Args:
        lake: The lake.
        state: Number of a snapshot; the id of a run, or its beginning; a day, as it stood at the end of that day in
            New York; or a day and time, in New York unless it names its zone.

    Raises:
        LakeError: It means none, more than one, or one that has expired.
    """
    text = state.strip()
    with lake.reader() as connection:
        known = {number for (number,) in connection.execute("SELECT snapshot_id FROM snapshots()").fetchall()}
        if text.isdecimal() and int(text) in known:
            return int(text)
        moment = _moment(text)
        if moment is not None:
            return _at(connection, moment, text)
        if re.fullmatch(r"[0-9a-fA-F-]+", text) and len(text) >= SHORTEST_PREFIX:
            found = _after_run(connection, text.lower(), known)
            if found is not None:
                return found
    if text.isdecimal():
        raise LakeError(
            f"The warehouse has no snapshot {text}, and no run that begins so: it holds {min(known)} to {max(known)}, "
            f"without those that have expired. {EXPIRES}. {LIST}"
        )
    raise LakeError(
        f"'{state}' names no state of the warehouse. Write a snapshot (12), a run's id or its beginning, a day "
        f"(2024-03-09: as it stood at its end in New York), or a time (2024-03-09T15:55). {LIST}"
    )


def _moment(text: str) -> datetime | None:
    """Return the end of a day, or a time; None for another text."""
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return datetime.combine(date.fromisoformat(text) + timedelta(days=1), time(), EXCHANGE_ZONE)
        if re.match(r"\d{4}-\d{2}-\d{2}[T ]", text):
            found = datetime.fromisoformat(text)
            return found if found.tzinfo else found.replace(tzinfo=EXCHANGE_ZONE)
    except ValueError as error:
        raise LakeError(f"'{text}' is no day and no time: {error}. Write 2024-03-09 or 2024-03-09T15:55.") from error
    return None


def _at(connection: duckdb.DuckDBPyConnection, moment: datetime, text: str) -> int:
    moments = {"moment": moment.astimezone(UTC)}
    (kept, first, left) = connection.execute(
        """
        SELECT max(snapshot_id) FILTER (snapshot_time < $moment), min(snapshot_time),
            (SELECT max(snapshot_after) FROM runs WHERE finished_at < $moment)
        FROM snapshots()
        """,
        moments,
    ).fetchall()[0]
    if kept is None and left is None:
        raise LakeError(
            f"The warehouse begins on {first:%Y-%m-%d %H:%M} UTC, after {text}. Ask for a later day. {LIST}"
        )
    if left is not None and (kept is None or left > kept):
        raise LakeError(f"The state of {text} (snapshot {left}) has expired. {EXPIRES}. {LIST}")
    return int(kept)


def _after_run(connection: duckdb.DuckDBPyConnection, prefix: str, known: set[int]) -> int | None:
    """Return the snapshot that a run has left; None for digits that begin no run's id."""
    found = connection.execute(
        "SELECT run_id, kind, started_at, snapshot_after FROM runs WHERE starts_with(run_id, $prefix) "
        "ORDER BY started_at",
        {"prefix": prefix},
    ).fetchall()
    if not found and prefix.isdecimal():
        return None
    if not found:
        raise LakeError(f"No run's id begins with '{prefix}'. {LIST}")
    if len(found) > 1:
        some = "; ".join(
            f"{run_id} ({kind}, {started:%Y-%m-%d %H:%M} UTC)" for run_id, kind, started, _ in found[:LISTED]
        )
        raise LakeError(f"{len(found)} runs begin with '{prefix}': {some}. Write more of the id.")
    ((run_id, kind, started, snapshot),) = found
    name = f"The {kind} run {run_id[:8]} of {started:%Y-%m-%d %H:%M} UTC"
    if snapshot is None:
        raise LakeError(f"{name} left no state: it was killed, or is still at work. {LIST}")
    if snapshot not in known:
        raise LakeError(f"{name} left snapshot {snapshot}, which has expired. {EXPIRES}. {LIST}")
    return int(snapshot)
