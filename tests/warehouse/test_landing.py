"""What is landed stays: versions, quarantine, refusals, whole batches and time travel in a real lake."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from warehouse.calendar.sessions import sessions
from warehouse.errors import LakeError, SourceError
from warehouse.lake import Lake, current_snapshot
from warehouse.landing import land_bars, land_portfolio
from warehouse.settings.portfolio import load_portfolio
from warehouse.sources.files.source import FileOptions, FileSource
from warehouse.sources.synthetic import SyntheticSource

if TYPE_CHECKING:
    from pathlib import Path

    from lakes import Models

    from warehouse.landing import Landed
    from warehouse.sources.base import BarSource

HEADER = "symbol,date,open,high,low,close,adj_close,volume,dividend"
MONDAY = "SPY,2024-03-04,512,514,511,513,513,100,0"
TUESDAY = "SPY,2024-03-05,513,513,506,507,507,100,0"
TUESDAY_CORRECTED = "SPY,2024-03-05,513,513,506,508,508,100,0"


@dataclass(frozen=True)
class Landing:
    """A lake of its own, and the files that were landed in it."""

    lake: Lake
    folder: Path

    def file(self, name: str, *lines: str) -> Path:
        """Write a CSV of bars."""
        path = self.folder / name
        path.write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")
        return path

    def land(self, *lines: str, final_until: date | None = None) -> Landed:
        """Land these lines of a file named bars.csv."""
        paths = [self.file("bars.csv", *lines)]
        return self.land_source(FileSource(paths, FileOptions(final_until=final_until)))

    def land_source(self, source: BarSource) -> Landed:
        """Land what a source brings."""
        with self.lake.lock(), self.lake.writer() as connection:
            return land_bars(connection, source)

    def rows(self, query: str, snapshot: int | None = None) -> list[tuple[Any, ...]]:
        """Ask the lake, as it is or as it was at a snapshot."""
        with self.lake.reader(snapshot) as connection:
            return connection.execute(query).fetchall()

    @property
    def snapshot(self) -> int:
        """The newest snapshot."""
        with self.lake.reader() as connection:
            return current_snapshot(connection)

    def newest(self, models: Models) -> list[tuple[Any, ...]]:
        """Make the relation `bars`, and read its close and finality by symbol and session."""
        with self.lake.lock(), self.lake.writer() as connection:
            for statement in takewhile(lambda statement: statement.relation != "stg_bars", models.statements):
                connection.execute(statement.sql)
        return self.rows("SELECT close, is_final FROM bars ORDER BY symbol, session_date")


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    """Make a lake with tables and nothing in them."""
    lake = Lake(tmp_path / "home")
    with lake.lock(), lake.writer():
        pass
    return Landing(lake, tmp_path)


VERSIONS = "SELECT close FROM landing.bar_versions ORDER BY session_date, batch_id"


def test_the_same_content_again_adds_nothing(landing: Landing) -> None:
    """A second landing of the same bars leaves the lake at the same snapshot."""
    first = landing.land(MONDAY, TUESDAY)
    before = landing.snapshot
    second = landing.land(TUESDAY, MONDAY)
    assert (first.new, first.batch_id, first.last_session) == (2, 1, date(2024, 3, 5))
    assert (second.new, second.changed, second.unchanged, second.batch_id) == (0, 0, 2, 0)
    assert landing.snapshot == before


def test_changed_content_is_a_new_version(landing: Landing, models: Models) -> None:
    """A correction stands beside what it corrects, and `bars` shows it."""
    landing.land(MONDAY, TUESDAY)
    corrected = landing.land(MONDAY, TUESDAY_CORRECTED)
    assert (corrected.new, corrected.changed, corrected.unchanged) == (0, 1, 1)
    assert landing.rows(VERSIONS) == [(513.0,), (507.0,), (508.0,)]
    assert landing.newest(models) == [(513.0, True), (508.0, True)]


def test_a_correction_can_be_taken_back(landing: Landing, models: Models) -> None:
    """Landing the first content once more is a third version: what counts is the newest."""
    for tuesday in (TUESDAY, TUESDAY_CORRECTED, TUESDAY):
        landing.land(tuesday)
    assert landing.rows(VERSIONS) == [(507.0,), (508.0,), (507.0,)]
    assert landing.newest(models) == [(507.0, True)]


def test_a_final_bar_replaces_a_provisional_one(landing: Landing, models: Models) -> None:
    """The session's bar while it trades is displaced by its final one, even with equal numbers."""
    landing.land(MONDAY, TUESDAY, final_until=date(2024, 3, 4))
    assert landing.newest(models) == [(513.0, True), (507.0, False)]
    assert landing.land(MONDAY, TUESDAY).changed == 1
    assert landing.newest(models) == [(513.0, True), (507.0, True)]


def test_a_provisional_bar_never_displaces_a_final_one(landing: Landing, models: Models) -> None:
    """However late it is landed."""
    landing.land(TUESDAY_CORRECTED)
    landing.land(TUESDAY, final_until=date(2024, 3, 4))
    assert len(landing.rows(VERSIONS)) == 2
    assert landing.newest(models) == [(508.0, True)]


def test_invalid_rows_are_quarantined_with_file_and_line(landing: Landing) -> None:
    """What is no bar is set aside once, with its place; the rest is landed."""
    lines = [f"SPY,{day},512,514,511,513,513,100,0" for day in sessions(date(2023, 3, 6), date(2024, 3, 4))]
    lines += [
        "SPY,2024-03-05,513,505,506,507,507,100,0",
        "SPY,2024-03-06,513,513,506,,507,100,0",
        "SPY,2024-03-09,513,513,506,507,507,100,0",
    ]
    landed = landing.land(*lines)
    assert (landed.read, landed.new, landed.quarantined) == (len(lines), len(lines) - 3, 3)
    assert landing.land(*lines).quarantined == 0
    file, last = str(landing.folder / "bars.csv"), len(lines) + 1
    assert landing.rows("SELECT code, file, line FROM quarantined_bars ORDER BY line") == [
        ("HIGH_BELOW_LOW", file, last - 2),
        ("MISSING_VALUE", file, last - 1),
        ("NOT_A_SESSION", file, last),
    ]


def bars_of(first: date, last: date, factor: float = 1.0, split: float = 1.0) -> list[str]:
    """Write bars of every session: the close by the day of the year, adjusted by a factor and a split."""
    lines = []
    for day in sessions(first, last):
        close = (500 + day.timetuple().tm_yday / 10) / split
        adjusted = f"{close},{close},{close},{close},{close * factor:.6f}"
        lines.append(f"SPY,{day},{adjusted},100,0")
    return lines


MARCH, APRIL = (date(2024, 3, 1), date(2024, 3, 28)), (date(2024, 4, 1), date(2024, 4, 30))
OVERLAP = (date(2024, 3, 20), date(2024, 4, 30))
WHOLE = (MARCH[0], APRIL[1])


@pytest.mark.parametrize("span", [OVERLAP, APRIL, WHOLE])
def test_bars_of_the_same_adjustment_continue_a_series(landing: Landing, span: tuple[date, date]) -> None:
    """An overlap that agrees, bars that follow on, and the whole history again."""
    landing.land(*bars_of(*MARCH, 0.98))
    landing.land(*bars_of(*span, 0.98))
    assert landing.rows("SELECT count(DISTINCT session_date) FROM landing.bar_versions") == [(len(sessions(*WHOLE)),)]


@pytest.mark.parametrize(
    ("span", "adjustment", "message"),
    [
        (OVERLAP, (0.97, 1.0), r"close is now 1 and the adjusted close 0\.9898 times"),
        (OVERLAP, (0.98, 2.0), r"close is now 0\.5 and the adjusted close 0\.5 times"),
        (APRIL, (1.0, 1.0), "where they meet, 2024-03-28 and 2024-04-01, the adjustment changes"),
        (APRIL, (0.98, 2.0), "where they meet, 2024-03-28 and 2024-04-01, the adjustment changes"),
        ((date(2024, 2, 1), date(2024, 3, 5)), (1.0, 1.0), r"adjusted close 1\.0204 times"),
    ],
)
def test_bars_of_another_adjustment_are_refused(
    landing: Landing, span: tuple[date, date], adjustment: tuple[float, float], message: str
) -> None:
    """A dividend or a split re-bases all earlier bars: a part of them must not stay as it was."""
    landing.land(*bars_of(*MARCH, 0.98))
    before = landing.snapshot
    with pytest.raises(SourceError, match=message + ".*land its whole history, from 2024-03-01 on"):
        landing.land(*bars_of(*span, *adjustment))
    assert landing.snapshot == before


def test_a_whole_history_of_another_adjustment_is_a_new_version(landing: Landing, models: Models) -> None:
    """Where it replaces every stored bar, one adjustment stands in the series."""
    landing.land(*bars_of(*MARCH, 0.98))
    landed = landing.land(*bars_of(*WHOLE, 0.97))
    assert (landed.new, landed.changed) == (len(sessions(*APRIL)), len(sessions(*MARCH)))
    landing.newest(models)
    factors = landing.rows("SELECT DISTINCT round(adj_close / close, 4) FROM bars")
    assert factors == [(0.97,)]


def test_made_up_bars_do_not_join_real_ones(landing: Landing) -> None:
    """The sample market is refused in a lake with real bars, and real bars in its lake."""
    landing.land(MONDAY)
    before = landing.snapshot
    with pytest.raises(SourceError, match="made-up and real prices must not mix"):
        landing.land_source(SyntheticSource())
    assert landing.snapshot == before

    sample = Landing(Lake(landing.folder / "sample"), landing.folder)
    with sample.lake.lock(), sample.lake.writer() as connection:
        land_bars(connection, SyntheticSource())
    with pytest.raises(SourceError, match="made-up and real prices must not mix"):
        sample.land(MONDAY)


def test_unreadable_input_lands_nothing(landing: Landing) -> None:
    """One damaged file of a folder refuses the whole folder."""
    landing.file("a.csv", MONDAY)
    (landing.folder / "b.parquet").write_bytes(b"PAR1 but no more")
    before = landing.snapshot
    with pytest.raises(SourceError, match=r"b\.parquet"):
        landing.land_source(FileSource([landing.folder]))
    assert landing.snapshot == before


def test_a_split_that_a_file_states_is_landed_and_one_that_it_withdraws_is_none(landing: Landing) -> None:
    """Within the days of the file; another export without the column says nothing about splits."""
    path = landing.folder / "SPY.csv"

    def stated(second: str, header: str = "date,open,high,low,close,stock splits") -> list[tuple[Any, ...]]:
        path.write_text(f"{header}\n2024-03-04,10,12,9,11,0\n2024-03-05,11,12,9,11,{second}\n", encoding="utf-8")
        landing.land_source(FileSource([path]))
        return landing.rows("SELECT symbol, session_date, ratio FROM landing.corporate_actions ORDER BY batch_id")

    split = ("SPY", date(2024, 3, 5), 2.0)
    assert stated("0") == []
    assert stated("2:1") == stated("2") == [split]
    assert stated("5", "date,open,high,low,close,volume") == [split]
    assert stated("0") == stated("0") == [split, ("SPY", date(2024, 3, 5), None)]
    assert stated("2") == [split, ("SPY", date(2024, 3, 5), None), split]


def test_a_batch_that_fails_half_way_leaves_nothing(landing: Landing) -> None:
    """Where the second of two inserts fails, the first is undone."""
    with landing.lake.lock(), landing.lake.writer() as connection:
        connection.execute("ALTER TABLE quarantined_bars DROP COLUMN ingested_at")
    before = landing.snapshot
    with pytest.raises(duckdb.Error, match="ingested_at"):
        landing.land(MONDAY, "SPY,2024-03-09,513,513,506,507,507,100,0")
    assert landing.rows(VERSIONS) == []
    assert landing.snapshot == before


def test_a_reader_travels_back_to_a_snapshot(landing: Landing, models: Models) -> None:
    """At an earlier snapshot the lake holds what was known then."""
    landing.land(TUESDAY)
    landing.newest(models)
    then = landing.snapshot
    landing.land(TUESDAY_CORRECTED)
    landing.newest(models)
    assert landing.rows("SELECT close FROM bars", then) == [(507.0,)]
    assert landing.rows("SELECT close FROM bars") == [(508.0,)]
    assert landing.rows(VERSIONS, then) == [(507.0,)]


def test_a_snapshot_that_never_was_is_refused(landing: Landing) -> None:
    """The message names the snapshot and tells how to list those there are."""
    with pytest.raises(LakeError, match=r"no snapshot 999\b.*snapshots\(\)"):
        landing.rows("SELECT 1", 999)


def test_a_lake_that_never_was_is_refused(tmp_path: Path) -> None:
    """Reading does not make an empty lake."""
    with pytest.raises(LakeError, match="no warehouse"), Lake(tmp_path / "none").reader():
        pass
    assert not (tmp_path / "none").exists()


def test_a_portfolio_is_landed_once_and_replaced_when_it_changes(landing: Landing) -> None:
    """The same settings again leave the snapshot; another universe replaces the rows."""
    home = landing.lake.home
    with landing.lake.lock(), landing.lake.writer() as connection:
        assert land_portfolio(connection, load_portfolio(home))
        before = current_snapshot(connection)
        assert not land_portfolio(connection, load_portfolio(home))
        assert current_snapshot(connection) == before
        (home / "portfolio.yaml").write_text("universe: [SPY]\n", encoding="utf-8")
        assert land_portfolio(connection, load_portfolio(home))
    assert landing.rows("SELECT symbol FROM landing.universe") == [("SPY",)]
    assert landing.rows("SELECT count(*), count(*) FILTER (is_live) FROM landing.strategies") == [(81, 1)]
