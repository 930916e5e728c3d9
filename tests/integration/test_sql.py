"""`swing sql` as a user meets it: every relation, in every format, read-only."""

from __future__ import annotations

import csv
import io
import subprocess
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from command_line import SWING
from generations import PUBLIC

if TYPE_CHECKING:
    from pathlib import Path

    from sample_market import Market

pytest_plugins = ("sample_market",)
pytestmark = pytest.mark.slow


def test_sql_knows_every_public_relation(market: Market) -> None:
    """Each relation answers to its bare name and has its columns and rows."""
    counts = ", ".join(f"(SELECT count(*) FROM {name}) AS {name}" for name in PUBLIC)
    (found,) = market.swing("sql", f"SELECT {counts}", "--format", "json").record
    assert found.keys() == PUBLIC.keys()
    assert all(count > 0 for count in found.values())
    missing = {
        name: set(columns.split()) - {row["column_name"] for row in market.rows(f"DESCRIBE {name}")}
        for name, columns in PUBLIC.items()
    }
    assert not {name: columns for name, columns in missing.items() if columns}


def test_sql_prints_and_travels(market: Market) -> None:
    """A table for people, CSV for spreadsheets, and the state of an earlier snapshot."""
    query = "SELECT symbol FROM landing.universe ORDER BY symbol"
    table = market.swing("sql", query).out.split()
    assert table == ["symbol", *sorted(["SPY", "QQQ", "VTI", "TLT", "IEF", "GLD", "XLE", "BND", "BITO"])]
    at = str(market.narrow_snapshot)
    text = market.swing("sql", query, "--format", "csv", "--at", at).out
    assert list(csv.DictReader(io.StringIO(text))) == [{"symbol": s} for s in ("GLD", "IEF", "TLT")]


@pytest.mark.parametrize("relation", ["selections", "walks", "allocations", "runs", "landing.settings"])
def test_sql_prints_any_relation_in_every_format(market: Market, relation: str) -> None:
    """Lists, structs and nulls are cells too; a table ends after 40 rows and says how many more there are."""
    rows = market.rows(f"FROM {relation}")
    table = market.swing("sql", f"FROM {relation}").out.splitlines()
    cut = len(rows) > 40
    assert len(table) == 1 + min(40, len(rows)) + cut
    assert (f"… and {len(rows) - 40:,} rows more." in table[-1]) == cut
    text = market.swing("sql", f"FROM {relation}", "--format", "csv").out
    assert len(list(csv.reader(io.StringIO(text)))) == 1 + len(rows)
    assert set(rows[0]) == set(next(csv.reader(io.StringIO(text))))


def test_sql_writes_parquet(market: Market, tmp_path: Path) -> None:
    """The bytes on standard output are a file that pyarrow reads back."""
    file = tmp_path / "rows.parquet"
    with file.open("wb") as rows:
        query = [str(SWING), "sql", "FROM allocations LIMIT 3", "--format", "parquet"]
        subprocess.run(query, env=market.swing.environment, stdout=rows, check=True)
    assert pq.read_table(file).num_rows == 3


@pytest.mark.parametrize("statement", ["DELETE FROM landing.bar_versions", "CREATE TABLE mine (a INT)"])
def test_sql_only_reads(market: Market, statement: str) -> None:
    """A statement that would change the lake is refused, and changes nothing."""
    snapshots = "SELECT count(*) AS snapshots FROM snapshots()"
    before = market.rows(snapshots)
    said = market.swing("sql", statement)
    assert said.code == 5
    assert "only answers" in said.err
    assert "Traceback" not in said.err
    assert market.rows(snapshots) == before
