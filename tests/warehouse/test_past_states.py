"""States of the lake by snapshot, run, day and time; what never was and what has expired are told apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from warehouse import runs
from warehouse.calendar.sessions import EXCHANGE_ZONE
from warehouse.errors import LakeError
from warehouse.lake import Lake, current_snapshot
from warehouse.past_states import snapshot_of
from warehouse.runs import Outcome, RunStart

if TYPE_CHECKING:
    import duckdb

RUNS = ("aaaa1111-0000", "aaaa2222-0000", "bbbb3333-0000", "cccc4444-0000")
"""Two that share a beginning, one whose state has expired, one that was killed."""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake after four runs, without the state that the third has left."""
    made = Lake(tmp_path_factory.mktemp("states"))
    with made.lock(), made.writer() as connection:
        for run_id in RUNS:
            runs.start(connection, RunStart(run_id, "daily", "abc"))
            connection.execute("INSERT INTO landing.universe VALUES (?)", [run_id])
            if run_id != RUNS[3]:
                runs.finish(connection, run_id, Outcome.SUCCEEDED)
        expired = _left(connection, RUNS[2])
        connection.execute("CALL ducklake_expire_snapshots('lake', versions => ?)", [[expired]])
    return made


def _left(connection: duckdb.DuckDBPyConnection, run_id: str) -> int:
    return int(connection.execute("SELECT snapshot_after FROM runs WHERE run_id = ?", [run_id]).fetchall()[0][0])


def test_a_state_is_found_by_what_a_person_remembers(lake: Lake) -> None:
    """A number, a run by the beginning of its id, today, this minute: each is a snapshot that can be read."""
    with lake.reader() as connection:
        newest = current_snapshot(connection)
    today = datetime.now(EXCHANGE_ZONE)
    later = today + timedelta(hours=1)
    assert snapshot_of(lake, str(newest)) == newest
    assert snapshot_of(lake, f" {today:%Y-%m-%d} ") == newest
    assert snapshot_of(lake, f"{later:%Y-%m-%dT%H:%M}") == newest
    assert snapshot_of(lake, later.astimezone(UTC).isoformat()) == newest
    found = snapshot_of(lake, RUNS[0][:5].upper())
    with lake.reader() as connection:
        assert found == _left(connection, RUNS[0])
    with lake.reader(found) as connection:
        assert connection.execute("SELECT symbol FROM landing.universe").fetchall() == [(RUNS[0],)]


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("aaaa", "2 runs begin with 'aaaa': aaaa1111-0000 (daily"),
        ("bbbb", "left snapshot"),
        ("bbbb3333-0000", "has expired. States stay for 30 days"),
        ("cccc", "left no state"),
        ("dddd", "No run's id begins with 'dddd'"),
        ("999", "has no snapshot 999, and no run that begins so: it holds 0 to"),
        ("99999", "has no snapshot 99999"),
        ("yesterday", "names no state"),
        ("2024-02-30", "is no day and no time"),
        ("1999-12-31", "begins on"),
    ],
)
def test_what_is_no_state_is_told(lake: Lake, state: str, says: str) -> None:
    """Each with what to do instead."""
    with pytest.raises(LakeError) as refused:
        snapshot_of(lake, state)
    assert says in str(refused.value)


def test_a_day_whose_state_has_expired_is_not_answered_by_an_older_one(lake: Lake) -> None:
    """After the run whose state is gone, and before anything that was kept."""
    with lake.reader() as connection:
        row = connection.execute("SELECT finished_at FROM runs WHERE run_id = ?", [RUNS[2]]).fetchone()
    assert row is not None
    with pytest.raises(LakeError, match="has expired"):
        snapshot_of(lake, (row[0] + timedelta(microseconds=1)).isoformat())
