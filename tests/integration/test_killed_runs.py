"""Runs that are killed, and readers that look on: nobody sees half a generation, nothing is lost."""

from __future__ import annotations

import multiprocessing
import random
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import pytest
import yaml
from generations import PUBLIC, fingerprint
from lakes import SMALL_GRID
from markets import MARKETS
from processes import Seen, read_until, run_everything
from sameness import ROUNDING, assert_same_rows

from warehouse.lake import Lake, current_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.context import ForkServerProcess
    from pathlib import Path

    import duckdb
    import pandas as pd

pytestmark = pytest.mark.slow

KILLS = 10
READERS = 4
SEED = 20
POLL_SECONDS = 0.1
WARM = multiprocessing.get_context("forkserver")
SETTINGS = {"grid": dict(SMALL_GRID), "walk_forward": {"train_months": 6, "test_months": 3, "objective": "calmar"}}
REVISED_SYMBOL = "SECOND"


@dataclass(frozen=True, slots=True)
class Aim:
    """What a run is to compute.

    Attributes:
        bars: File of bars; the aims differ in the prices of one symbol.
        portfolio: Text of portfolio.yaml; the aims differ in max_weight.
        snapshot: Of the lake after an undisturbed run.
    """

    bars: Path
    portfolio: str
    snapshot: int


@dataclass(frozen=True, slots=True)
class Lived:
    """A lake that was computed undisturbed for each of two aims, the second one last.

    Attributes:
        lake: The lake.
        aims: The two.
    """

    lake: Lake
    aims: tuple[Aim, Aim]


class Run(NamedTuple):
    """A run on record.

    Attributes:
        run_id: Its name.
        outcome: How it ended, or that it is running.
        seconds: How long it took, or has taken so far.
    """

    run_id: str
    outcome: str
    seconds: float


def _started(lake: Lake, bars: Path, portfolio: str) -> ForkServerProcess:
    """Start a run for an aim in a process of its own."""
    (lake.home / "portfolio.yaml").write_text(portfolio, encoding="utf-8")
    process = WARM.Process(target=run_everything, args=(lake.home, bars))
    process.start()
    return process


def _last_run(lake: Lake) -> Run:
    """Read the last run on record."""
    with lake.reader() as connection:
        (row,) = connection.execute(
            """
            SELECT run_id, outcome, epoch(coalesce(finished_at, now()) - started_at)
            FROM runs ORDER BY started_at DESC LIMIT 1
            """
        ).fetchall()
    return Run(*row)


def _finish(process: ForkServerProcess) -> None:
    process.join()
    assert process.exitcode == 0


def _fingerprint(lake: Lake) -> dict[str, str]:
    with lake.reader() as connection:
        return fingerprint(connection)


def _revised(bars: pd.DataFrame) -> pd.DataFrame:
    """Double the prices of one symbol."""
    prices = ["open", "high", "low", "close", "adj_close"]
    revised = bars.copy()
    revised.loc[revised["symbol"] == REVISED_SYMBOL, prices] *= 2
    return revised


@pytest.fixture(scope="module")
def twice_built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """Run both aims to their end; every process starts with the pipeline imported."""
    folder = tmp_path_factory.mktemp("killed")
    lake = Lake(folder / "home")
    lake.home.mkdir()
    bars = MARKETS["late_starts"]()
    settings = {"universe": sorted(bars["symbol"].unique().tolist())} | SETTINGS
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWING_HOME", str(lake.home))  # the server imports what reads it
        WARM.set_forkserver_preload(["dagster_defs.jobs"])
        aims = []
        for name, frame, weight in (("first", bars, 0.5), ("second", _revised(bars), 0.4)):
            frame.to_parquet(folder / f"{name}.parquet")
            portfolio = yaml.safe_dump(settings | {"strategy": {"max_weight": weight}})
            _finish(_started(lake, folder / f"{name}.parquet", portfolio))
            with lake.reader() as connection:
                snapshot = current_snapshot(connection)
            aims.append(Aim(folder / f"{name}.parquet", portfolio, snapshot))
        yield Lived(lake, (aims[0], aims[1]))


def _assert_computed(lake: Lake, aim: Aim) -> None:
    """Fail unless readers see what the undisturbed run of the aim published."""
    with lake.reader(aim.snapshot) as undisturbed, lake.reader() as now:
        for relation in PUBLIC:
            content = f"(SELECT COLUMNS(name -> name <> 'batch_id') FROM {relation})"
            assert_same_rows(undisturbed, now, content, ROUNDING)


def _assert_whole_batches(connection: duckdb.DuckDBPyConnection, bars: pd.DataFrame) -> None:
    """Fail unless every landing is whole, and none is there twice."""
    batches = connection.execute(
        "SELECT batch_id, count(*), count(DISTINCT (symbol, session_date)) FROM landing.bar_versions GROUP BY ALL"
    ).fetchall()
    revision = int((bars["symbol"] == REVISED_SYMBOL).sum())
    assert {rows: keys for _, rows, keys in batches} == {len(bars): len(bars), revision: revision}
    doubled = connection.execute(
        """
        SELECT symbol, session_date, batch_id FROM (
            FROM landing.bar_versions
            WINDOW versions AS (PARTITION BY symbol, session_date ORDER BY batch_id)
            QUALIFY close = lag(close) OVER versions
        )
        """
    ).fetchall()
    assert doubled == []


def test_a_killed_run_leaves_the_last_good_state(twice_built: Lived) -> None:
    """Ten runs are killed at any moment; readers never see a part of one, and the next succeeds."""
    draw = random.Random(SEED)  # noqa: S311 - moments, not secrets
    last = _last_run(twice_built.lake)
    seconds, killed = last.seconds, 0
    while killed < KILLS:
        aim = twice_built.aims[killed % 2]
        before = _fingerprint(twice_built.lake)
        process = _started(twice_built.lake, aim.bars, aim.portfolio)
        while _last_run(twice_built.lake).run_id == last.run_id and process.is_alive():
            time.sleep(POLL_SECONDS)
        process.join(seconds * draw.random())
        process.kill()
        process.join()
        assert process.exitcode in {-signal.SIGKILL, 0}
        last = _last_run(twice_built.lake)
        if last.outcome == "running":
            killed += 1
        else:  # it was faster than the one that was timed
            seconds = last.seconds
        if _fingerprint(twice_built.lake) != before:
            _assert_computed(twice_built.lake, aim)

    aim = twice_built.aims[0]
    _finish(_started(twice_built.lake, aim.bars, aim.portfolio))
    _assert_computed(twice_built.lake, aim)
    with twice_built.lake.reader() as connection:
        outcomes = dict(connection.execute("SELECT outcome, count(*) FROM runs GROUP BY ALL").fetchall())
        _assert_whole_batches(connection, MARKETS["late_starts"]())
    assert outcomes.keys() == {"succeeded", "interrupted"}
    assert outcomes["interrupted"] == KILLS


def test_readers_see_whole_generations(twice_built: Lived) -> None:
    """Four readers look on while a run publishes: no error, and no mixture of two runs."""
    portfolio = (twice_built.lake.home / "portfolio.yaml").read_text(encoding="utf-8")
    (aim,) = (aim for aim in twice_built.aims if aim.portfolio != portfolio)
    stop = WARM.Event()
    ends = [WARM.Pipe(duplex=False) for _ in range(READERS)]
    readers = [WARM.Process(target=read_until, args=(stop, twice_built.lake.home, sending)) for _, sending in ends]
    before = _fingerprint(twice_built.lake)
    for reader, (_, sending) in zip(readers, ends, strict=True):
        reader.start()
        sending.close()  # so that a reader's death ends the wait for its answer
    try:
        _finish(_started(twice_built.lake, aim.bars, aim.portfolio))
    finally:
        stop.set()
    seen: list[Seen] = [receiving.recv() for receiving, _ in ends]
    for reader in readers:
        _finish(reader)
    published = [tuple(each.items()) for each in (before, _fingerprint(twice_built.lake))]
    assert set().union(*(each.generations for each in seen)) <= set(published)
    assert all(published[0] in each.generations for each in seen)
    assert min(each.reads for each in seen) > 1
