"""Lakes on rough machines: damaged, misplaced, by a wrong clock; each is told in one message, and nothing is lost."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse import landing
from warehouse.calendar import sessions as calendar
from warehouse.errors import LakeError, SourceError
from warehouse.lake import Lake
from warehouse.landing import land_bars
from warehouse.sources.base import RAW_BAR_SCHEMA, BarSource, Progress
from warehouse.sources.files import source as files
from warehouse.sources.files.source import FileSource
from warehouse.transformation.project import PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

DAY = date(2026, 11, 27)


class Given(BarSource):
    """One bar of a day."""

    name = "files"

    def __init__(self, *days: date) -> None:
        self._days = days

    def fetch(self, progress: Progress) -> Iterator[pa.Table]:
        """Yield it."""
        progress(1, 1, "")
        prices = dict.fromkeys(("open", "high", "low", "close", "adj_close"), 10.0)
        rows = [
            {
                "symbol": "SPY", "session_date": day, **prices, "volume": 1.0, "dividend": 0.0,
                "is_final": True, "file": "spy.csv", "line": line,
            }
            for line, day in enumerate(self._days, 2)
        ]  # fmt: skip
        yield pa.Table.from_pylist(rows, RAW_BAR_SCHEMA)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake with a bar."""
    made = Lake(tmp_path / "home")
    with made.lock(), made.writer() as connection:
        land_bars(connection, Given(DAY))
    return made


def _one_file(lake: Lake) -> Path:
    return next(path for path in lake.data.rglob("*.parquet") if "bar_versions" in str(path))


def _catalog_of(lake: Lake, content: bytes | None) -> None:
    """Replace the catalog with its journal; None removes it."""
    for path in lake.home.glob("catalog.sqlite*"):
        path.unlink()
    if content is not None:
        lake.catalog.write_bytes(content)


DAMAGES: dict[str, Callable[[Lake], object]] = {
    "an empty catalog": lambda lake: _catalog_of(lake, b""),
    "no catalog": lambda lake: _catalog_of(lake, None),
    "garbage in the catalog": lambda lake: _catalog_of(lake, b"garbage " * 999),
    "a file deleted": lambda lake: _one_file(lake).unlink(),
    "a file cut off": lambda lake: _one_file(lake).write_bytes(_one_file(lake).read_bytes()[:40]),
    "an empty file": lambda lake: _one_file(lake).write_bytes(b""),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_lake_is_told_in_one_message(lake: Lake, damage: Callable[[Lake], object]) -> None:
    """Readers and writers say what is damaged and what to do; none of them makes a new lake over the old data."""
    damage(lake)
    files = sorted(lake.data.rglob("*.parquet"))
    with pytest.raises(LakeError, match="backup"), lake.reader() as connection:
        connection.execute("FROM landing.bar_versions").fetchall()
    with pytest.raises(LakeError, match="backup"), lake.lock(), lake.writer() as connection:
        connection.execute("FROM landing.bar_versions").fetchall()
    assert sorted(lake.data.rglob("*.parquet")) == files


@pytest.mark.parametrize("name", ["o'clock", "a b", "#1", "ü", '"quoted"'])
def test_a_lake_lies_where_its_home_is_called(tmp_path: Path, name: str) -> None:
    """Quotes and spaces lead to no other file; a lake may be moved to such a home."""
    lake = Lake(tmp_path / name)
    with lake.lock(), lake.writer() as connection:
        land_bars(connection, Given(DAY))
    shutil.move(lake.home, tmp_path / f"moved {name}")
    with Lake(tmp_path / f"moved {name}").reader() as connection:
        assert connection.execute("SELECT count(*) FROM landing.bar_versions").fetchone() == (1,)


@pytest.mark.parametrize("name", ["what?", "50%", "a*", "[x]", "back\\slash"])
def test_a_home_that_would_lead_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    """The message names the characters, and no folder is made."""
    lake = Lake(tmp_path / name)
    with pytest.raises(LakeError, match="without"), lake.writer():
        pass
    assert not lake.home.exists()


def test_an_empty_zone_is_no_zone(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Times come with UTC, whatever $TZ says."""
    monkeypatch.setenv("TZ", "")
    with lake.reader() as connection:
        (landed,) = connection.execute("SELECT max(ingested_at) FROM landing.bar_versions").fetchone() or (None,)
        assert connection.execute("SELECT current_setting('TimeZone')").fetchone() == ("UTC",)
    assert landed is not None
    assert landed.utcoffset() is not None


@pytest.mark.parametrize(
    "query",
    [
        "FROM read_csv('/etc/passwd')",
        "COPY (SELECT 1) TO '/tmp/swing-was-here'",
        "ATTACH '/tmp/swing-was-here.db' AS other",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
    ],
)
def test_a_confined_connection_sees_this_lake_alone(lake: Lake, query: str) -> None:
    """A query reads the lake, and neither another file nor the way to one."""
    with lake.reader() as connection:
        lake.confine(connection)
        assert connection.execute("SELECT count(*) FROM landing.bar_versions").fetchone() == (1,)
        with pytest.raises(duckdb.Error):
            connection.execute(query).fetchall()


def test_versions_are_ordered_by_batch(lake: Lake) -> None:
    """A correction shows even if the clock was ahead when the first version landed."""
    model = PROJECT / "models" / "reconciliation" / "source_bars.sql"
    sql = re.sub(r"\{\{ source\('landing', '(\w+)'\) \}\}", r"landing.\1", model.read_text(encoding="utf-8"))
    with lake.lock(), lake.writer() as connection:
        connection.execute(
            "INSERT INTO landing.bar_versions SELECT * REPLACE (close + 1 AS close, batch_id + 1 AS batch_id, "
            "'1970-01-01'::TIMESTAMPTZ AS ingested_at) FROM landing.bar_versions"
        )
        assert connection.execute(f"SELECT close FROM ({sql})").fetchall() == [(11.0,)]


def test_a_bar_comes_back_from_a_calendar_that_was_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a wrong clock took for no session lands with the next batch, once, and newer rows go first."""
    lake = Lake(tmp_path / "home")

    def nothing(days: NDArray[np.datetime64]) -> NDArray[np.bool_]:
        return np.zeros(len(days), dtype=bool)

    with lake.lock(), lake.writer() as connection:
        with monkeypatch.context() as wrong:
            wrong.setattr(landing, "is_session", nothing)
            assert land_bars(connection, Given(DAY)).quarantined == 1
        assert land_bars(connection, Given(date(2026, 11, 25))).new == 2
        assert land_bars(connection, Given(date(2026, 11, 25))).unchanged == 1
        assert connection.execute("SELECT count(*) FROM landing.bar_versions").fetchone() == (2,)


@pytest.mark.parametrize("year", [1970, 2010, 2026])
def test_a_clock_that_is_behind_hides_no_session(monkeypatch: pytest.MonkeyPatch, year: int) -> None:
    """The calendar reaches to KNOWN_TO by any clock."""

    class Behind(datetime):
        @classmethod
        def now(cls, tz: object = None) -> Behind:
            assert tz is UTC
            return cls(year, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(calendar, "datetime", Behind)
    calendar._calendar.cache_clear()
    try:
        assert calendar.sessions(DAY, DAY) == [DAY]
        assert calendar.sessions(date(2027, 12, 31), date(2027, 12, 31)) == [date(2027, 12, 31)]
    finally:
        calendar._calendar.cache_clear()


def test_a_parquet_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows and unpacked bytes are bounded by what the file says of itself."""
    path = tmp_path / "SPY.parquet"
    pq.write_table(next(Given(DAY, DAY, DAY).fetch(lambda *_: None)).drop(["problem", "file", "line"]), path)
    for bound in ("MOST_ROWS", "MOST_BYTES"):
        with monkeypatch.context() as tight:
            tight.setattr(files, bound, 2)
            with pytest.raises(SourceError, match="Split it"):
                list(FileSource([path]).fetch(lambda *_: None))
