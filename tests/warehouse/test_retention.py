"""Expiry of old states: what stays can still be asked for, to the last row; bars stay whatever their age."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from warehouse import runs
from warehouse.lake import Lake, current_snapshot
from warehouse.retention import expendable, expire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

NOW = datetime.now(UTC)
TOMORROW, IN_TWO_MONTHS = NOW + timedelta(days=2), NOW + timedelta(days=60)
VERSIONS = "SELECT count(*), sum(hash(v)) FROM (FROM landing.bar_versions AT (VERSION => {})) AS v"


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A lake of three runs, each of which appends bars and makes a relation anew."""
    lake = Lake(tmp_path / "home")
    with lake.lock(), lake.writer() as connection:
        for number in range(3):
            runs.start(connection, runs.RunStart(str(number), "daily", "hash"))
            connection.execute(
                "INSERT INTO landing.bar_versions BY NAME SELECT ? AS symbol, range AS batch_id FROM range(1_000)",
                [f"S{number}"],
            )
            connection.execute("CREATE OR REPLACE TABLE relation AS SELECT range AS n FROM range(10_000)")
            runs.finish(connection, str(number), runs.Outcome.SUCCEEDED)
        yield connection


def _ends(connection: duckdb.DuckDBPyConnection) -> list[int]:
    rows = connection.execute("SELECT snapshot_after FROM runs WHERE snapshot_after > 0 ORDER BY run_id").fetchall()
    return [snapshot for (snapshot,) in rows]


def _decided(connection: duckdb.DuckDBPyConnection, snapshot: int) -> None:
    connection.execute(
        "INSERT INTO landing.ledger_events BY NAME SELECT 'decided' AS kind, ?::TIMESTAMPTZ AS recorded_at, "
        "format('{{\"lake_snapshot\": {}}}', ?::BIGINT) AS payload",
        [NOW, snapshot],
    )


def test_states_of_the_last_day_stay(writer: duckdb.DuckDBPyConnection) -> None:
    """Nothing goes while a reader may be at it."""
    assert expendable(writer, NOW) == []


def test_only_ends_of_runs_stay(writer: duckdb.DuckDBPyConnection) -> None:
    """What lies between two runs goes; every end of a run answers as before, and the bars are all there."""
    ends, before = _ends(writer), current_snapshot(writer)
    told = {end: writer.execute(VERSIONS.format(end)).fetchall() for end in ends}
    gone = expendable(writer, TOMORROW)
    assert gone
    assert not set(gone) & {*ends, before}

    found = expire(writer, TOMORROW)

    assert found.expired == len(gone)
    assert {end: writer.execute(VERSIONS.format(end)).fetchall() for end in ends} == told
    assert writer.execute("SELECT count(*) FROM landing.bar_versions").fetchall() == [(3_000,)]
    assert writer.execute("SELECT count(*) FROM relation").fetchall() == [(10_000,)]
    assert set(expendable(writer, TOMORROW)) <= {before}  # the merge has left a newer one


def test_of_an_earlier_month_the_last_run_stays(writer: duckdb.DuckDBPyConnection) -> None:
    """A failed run is not a month's last state as long as another succeeded."""
    writer.execute("UPDATE runs SET outcome = 'failed' WHERE run_id = '2'")
    ends = _ends(writer)
    assert expire(writer, IN_TWO_MONTHS).files > 0
    rows = writer.execute("SELECT snapshot_id FROM snapshots()").fetchall()
    assert set(ends) & {snapshot for (snapshot,) in rows} == {ends[1]}


def test_what_a_recent_decision_has_read_stays(writer: duckdb.DuckDBPyConnection) -> None:
    """A decision reads within a run, at a state that is no run's end."""
    read = _ends(writer)[0] - 1
    _decided(writer, read)
    assert read not in expendable(writer, TOMORROW)
    assert read in expendable(writer, IN_TWO_MONTHS)


def test_merged_files_go_the_next_time(writer: duckdb.DuckDBPyConnection) -> None:
    """A reader that has just opened a file can read it to its end."""
    expire(writer, TOMORROW)
    again = expire(writer, TOMORROW)
    assert again.files > 0
    assert expire(writer, TOMORROW).files == 0
