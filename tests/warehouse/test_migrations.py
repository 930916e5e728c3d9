"""Homes of earlier versions open and go on; those of later ones are left alone."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from lakes import build_lake

from warehouse.errors import LakeNewerError
from warehouse.lake import Lake, current_snapshot, scratch
from warehouse.landing import land_portfolio
from warehouse.migrations import MIGRATIONS, SCHEMA_VERSION, prepare
from warehouse.settings.portfolio import load_portfolio
from warehouse.tables import TABLES

if TYPE_CHECKING:
    import duckdb

FIXTURES = Path(__file__).with_name("fixtures")
COMMITS = ("a63c871", "cb20510", "c124b35")
"""Each made the home of its name: three symbols, 187 sessions, the whole pipeline, permuted worlds if it knew any."""
KEPT = ("target_weights", "selections", "live_targets", "backtest_daily", "walk_forward_folds", "walk_forward_daily")
"""Relations whose rows the program of that time and this one agree about."""
COLUMNS = """
SELECT if(data_type = 'DOUBLE', 'round(' || column_name || ', 9)', column_name)
FROM duckdb_columns() WHERE table_name = ? AND database_name = current_database()
"""
"""Sums run in any order, so doubles are rounded."""


@pytest.fixture(params=COMMITS)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    """Unpack the home that a commit has made."""
    with tarfile.open(FIXTURES / f"{request.param}.tar.xz") as packed:
        packed.extractall(tmp_path, filter="data")
    return Lake(tmp_path)


def rows(lake: Lake, query: str) -> list[tuple[Any, ...]]:
    """Ask a lake."""
    with lake.reader() as connection:
        return connection.execute(query).fetchall()


def relations(lake: Lake, columns: dict[str, list[str]]) -> dict[str, list[tuple[Any, ...]]]:
    """Read some columns of relations."""
    return {name: rows(lake, f"SELECT {', '.join(columns[name])} FROM {name} ORDER BY ALL") for name in columns}


def described(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[Any, ...]]]:
    """Return name and type of the columns of each table."""
    return {
        name: connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE {name}) ORDER BY ALL").fetchall()
        for name in TABLES
    }


@pytest.mark.slow
def test_an_old_home_is_read_migrated_once_and_goes_on(old: Lake) -> None:
    """It is read as it is; the first writer migrates it, the next changes nothing; the same rows are built again."""
    with old.reader() as connection:
        columns = {name: [column for (column,) in connection.execute(COLUMNS, [name]).fetchall()] for name in KEPT}
    before = relations(old, columns)
    bars = rows(old, "FROM landing.bar_versions ORDER BY ALL")
    assert all(before.values())

    with old.lock(), old.writer() as connection:
        found = connection.execute(
            "SELECT outcome, message, snapshot_after FROM runs WHERE kind = 'migration'"
        ).fetchall()
        snapshot = current_snapshot(connection)
    assert found == [("succeeded", migration.purpose, snapshot) for migration in MIGRATIONS]
    with old.lock(), old.writer() as connection:
        assert current_snapshot(connection) == snapshot
        land_portfolio(connection, load_portfolio(old.home))

    built = build_lake(old)
    assert not built.failures
    assert rows(old, "FROM landing.bar_versions ORDER BY ALL") == bars
    assert relations(old, columns) == before


def test_a_migrated_home_has_the_tables_of_a_new_one(old: Lake) -> None:
    """Names and types of every column are those that a new home gets, wherever the home comes from."""
    with scratch() as connection:
        fresh = described(connection)
    with old.lock(), old.writer() as connection:
        land_portfolio(connection, load_portfolio(old.home))
        assert described(connection) == fresh


def test_a_newer_home_is_neither_read_nor_changed(tmp_path: Path) -> None:
    """A schema version beyond this program's is refused with a code of its own."""
    lake = Lake(tmp_path)
    with lake.lock(), lake.writer() as connection:
        connection.execute("INSERT INTO schema_versions VALUES (?, now())", [SCHEMA_VERSION + 1])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")}
    with pytest.raises(LakeNewerError, match="a newer program has written it") as refused, lake.reader():
        pass
    assert refused.value.exit_code == 20
    with pytest.raises(LakeNewerError, match="Nothing was read or changed"), lake.lock(), lake.writer():
        pass
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")} == before


def test_a_migration_that_fails_changes_nothing(old: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps before the one that fails are undone with it."""
    tables = "SELECT table_name FROM duckdb_tables() ORDER BY ALL"
    before = rows(old, tables)
    broken = type(MIGRATIONS[0])("broken", "SELECT 1 FROM nowhere")
    monkeypatch.setattr("warehouse.migrations.MIGRATIONS", (*MIGRATIONS, broken))
    with pytest.raises(Exception, match="nowhere"), old.lock(), old.writer():
        pass
    assert rows(old, tables) == before


def test_a_new_home_is_of_the_newest_version(tmp_path: Path) -> None:
    """It needs no migration, and records none."""
    lake = Lake(tmp_path)
    with lake.lock(), lake.writer() as connection:
        prepare(connection, "here")
        assert connection.execute("SELECT version FROM schema_versions").fetchall() == [(SCHEMA_VERSION,)]
        assert connection.execute("FROM runs").fetchall() == []
