"""The parameter search: its trials are the models', its folds know nothing of each other, its seeds reproduce."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from benches import bench_of
from lakes import World
from markets import MARKETS

from research.search.out_of_sample import BLEND, live_through
from research.search.report import stability, warnings_of
from research.search.space import AXES, Point, at_edge, name_of, neighbours, plane
from research.search.studies import MULTI, SearchDesign, _compromise, search
from research.search.trials import TriedPoints, folds_of
from research.statistics.metrics import Metric
from research.workbench import put
from warehouse.errors import LakeError
from warehouse.lake import scratch
from warehouse.sources.base import silent

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from research.search.studies import Found
    from research.search.trials import Fold
    from research.workbench import Bench, Models

GRID: dict[str, Any] = {"ema_fast": [8, 20], "ema_slow": [50], "top_n": [1, 2], "corr_cap": [0.5, 0.7]}
SETTINGS = {"grid": GRID, "walk_forward": {"train_months": 18, "test_months": 9}}
ASKED = SearchDesign(trials=16, top=3)


@pytest.fixture(scope="module")
def bench(bench_models: Models) -> Bench:
    """Four years of four symbols."""
    return bench_of(bench_models, World(MARKETS["month_end_start"](), SETTINGS))


@pytest.fixture(scope="module")
def folds(bench: Bench) -> list[Fold]:
    """Every fold."""
    with bench.opened() as connection:
        return folds_of(bench, connection, None)


@pytest.fixture(scope="module")
def trials(bench: Bench) -> Iterator[TriedPoints]:
    """Trials that the tests share."""
    with bench.opened() as connection:
        yield TriedPoints.on(bench, connection)


@pytest.fixture(scope="module")
def found(trials: TriedPoints, folds: list[Fold]) -> list[Found]:
    """What a small search finds in every fold."""
    return search(trials, folds, ASKED, silent)


def test_trials_have_the_objectives_of_the_walk_forward(bench: Bench, trials: TriedPoints, folds: list[Fold]) -> None:
    """Points of the grid measure over every train window what the walk-forward measures."""
    with bench.opened() as connection:
        bench.compute(connection, ["walk_forward_objectives"])
        rows = connection.execute(
            """
            SELECT fold_id, ema_fast, ema_slow, top_n, corr_cap, objective
            FROM walk_forward_objectives JOIN strategies USING (strategy_id) WHERE objective IS NOT NULL
            """
        ).fetchall()
    wanted = {(fold_id, Point(*point)): objective for fold_id, *point, objective in rows}
    points = sorted({point for _, point in wanted})
    trials.compute(points)
    for fold in folds:
        measured = trials.measure(points, fold).metrics[Metric.CALMAR]
        np.testing.assert_allclose(measured, [wanted[fold.fold_id, point] for point in points], rtol=1e-9, atol=1e-9)


def test_the_folds_are_the_walk_forwards(bench: Bench, folds: list[Fold]) -> None:
    """All folds, or the last ones; none in a short history is refused."""
    assert [fold.fold_id for fold in folds] == list(range(1, len(folds) + 1))
    with bench.opened() as connection:
        assert folds_of(bench, connection, 2) == folds[-2:]
    short = replace(bench, bars=bench.bars.filter(pc.field("session_date") < folds[0].test_start))
    with short.opened() as connection, pytest.raises(LakeError, match="too short"):
        folds_of(short, connection, None)


def test_a_seed_finds_the_same_again(trials: TriedPoints, folds: list[Fold], found: list[Found]) -> None:
    """The same seed proposes the same points; another seed proposes others."""
    assert search(trials, folds[:2], ASKED, silent) == found[:2]
    assert search(trials, folds[:2], replace(ASKED, seed=2), silent) != found[:2]


def test_a_fold_knows_nothing_of_the_future(bench: Bench, folds: list[Fold], found: list[Found]) -> None:
    """Without later folds, and without any bar after its train window, a fold's study finds the same."""
    train = replace(bench, bars=bench.bars.filter(pc.field("session_date") < folds[1].test_start))
    with train.opened() as connection:
        again = search(TriedPoints.on(train, connection), folds[:2], ASKED, silent)
    assert [each.best for each in again] == [each.best for each in found[:2]]
    assert again == found[:2]


def test_the_winner_is_the_best_that_was_tried(trials: TriedPoints, found: list[Found]) -> None:
    """An ensemble is ranked by the objective, best first, without repetition."""
    for each in found:
        assert len(set(each.best)) == len(each.best) == ASKED.top
        objectives = trials.measure(each.best, each.fold).metrics[Metric.CALMAR].round(10)
        assert each.objective == objectives[0]
        assert (np.diff(objectives) <= 0).all()


def test_several_objectives_give_a_front(trials: TriedPoints, folds: list[Fold]) -> None:
    """Among Calmar, turnover and drawdown no point of the front beats another in all, and the winner is one."""
    (each,) = search(trials, folds[-1:], replace(ASKED, objective=MULTI, trials=50), silent)
    assert each.best[0] in each.front
    measured = trials.measure(each.front, each.fold)
    rows = np.column_stack(
        [measured.metrics[Metric.CALMAR], -measured.turnover, measured.metrics[Metric.MAX_DRAWDOWN]]
    ).round(10)
    beats = (rows[:, None] >= rows[None]).all(axis=2) & (rows[:, None] > rows[None]).any(axis=2)
    assert not beats.any()


def test_a_compromise_is_good_in_everything() -> None:
    """The second of three corners of a front wins; what another beats in everything, or is not defined, comes last."""
    values = np.array([[3.0, 0.0, 1.0], [2.0, 2.0, 2.0], [0.0, 3.0, 0.0], [1.0, 1.0, 0.5], [np.nan, 9.0, 9.0]])
    scores, front = _compromise(values, np.isfinite(values).all(axis=1))
    assert front.tolist() == [True, True, True, False, False]
    assert scores.argmax() == 1
    assert scores[:3].min() > scores[3:].max()


def test_an_ensemble_of_one_is_its_member(bench: Bench, found: list[Found]) -> None:
    """With one member a fold, the ensemble's account is the search's; the grid's is the walk-forward's."""
    winners = [replace(each, best=each.best[:1]) for each in found]
    searched, ensemble, grid = live_through(bench, winners)
    assert ensemble.metrics == pytest.approx(searched.metrics, rel=1e-9)
    np.testing.assert_allclose(ensemble.daily["net_return"], searched.daily["net_return"], rtol=0, atol=1e-12)
    with bench.opened() as connection:
        bench.compute(connection, ["walk_forward_metrics"])
        wanted = connection.execute("SELECT * EXCLUDE (scenario_id) FROM walk_forward_metrics").to_arrow_table()
    assert grid.metrics == pytest.approx(wanted.to_pylist()[0], rel=1e-9)


def test_an_ensemble_lies_between_its_members(bench: Bench, found: list[Found]) -> None:
    """An ensemble of three is accounted for over the same sessions, with a turnover of its own."""
    searched, ensemble, grid = live_through(bench, found)
    assert len(searched.daily) == len(ensemble.daily) == len(grid.daily)
    assert not np.allclose(searched.daily["net_return"], ensemble.daily["net_return"])
    assert (ensemble.daily["cost"] >= 0).all()


def test_an_ensembles_target_is_the_mean_of_its_members() -> None:
    """Two members of 0.6/0.3 and 0.5 in one common symbol; a member in cash counts as cash."""
    with scratch() as connection:
        _ensemble_example(connection)
        before = connection.execute("SELECT max(allocation_id) FROM allocations").fetchone()
        connection.execute(BLEND)
        rows = connection.execute(
            "SELECT session_date::VARCHAR, symbols, weights FROM allocations WHERE allocation_id > $last ORDER BY ALL",
            {"last": before[0] if before else 0},
        ).fetchall()
    assert rows == [
        ("2020-01-02", ["AAA", "BBB"], [pytest.approx(0.55), pytest.approx(0.15)]),
        ("2020-01-03", ["AAA"], [pytest.approx(0.25)]),
    ]


def _ensemble_example(connection: duckdb.DuckDBPyConnection) -> None:
    days = "DATE '2020-01-01' AS test_start, DATE '2020-02-01' AS test_end"
    connection.execute(f"CREATE TABLE members AS SELECT unnest(['x', 'y']) AS strategy_id, 2 AS size, {days}")
    connection.execute(
        """
        CREATE TABLE allocations (
            allocation_id BIGINT, scenario_id INTEGER, session_date DATE, max_weight DOUBLE, cash_buffer DOUBLE,
            symbols VARCHAR[], weights DOUBLE[], selected_by INTEGER[]
        );
        INSERT INTO allocations VALUES
            (1, 0, '2020-01-02', 1, 0, ['AAA', 'BBB'], [0.6, 0.3], []), (2, 0, '2020-01-02', 1, 0, ['AAA'], [0.5], []),
            (3, 0, '2020-01-03', 1, 0, ['AAA'], [0.5], []), (4, 0, '2020-03-02', 1, 0, ['AAA'], [0.5], []);
        """
    )
    decided = [("x", "2020-01-02", 1), ("y", "2020-01-02", 2), ("y", "2020-01-03", 3), ("x", "2020-03-02", 4)]
    rows = [{"strategy_id": name, "session_date": day, "allocation_id": number} for name, day, number in decided]
    put(connection, "strategy_allocations", pa.Table.from_pylist(rows))
    connection.execute("ALTER TABLE strategy_allocations ALTER session_date TYPE DATE")


def test_the_neighbourhood_of_a_winner(trials: TriedPoints, found: list[Found]) -> None:
    """The map holds the winner's objective at its frame; warnings speak of its edges and of what is around."""
    stable = stability(trials, found, "calmar")
    assert stable.winner == found[-1].best[0]
    for panel in stable.panels:
        assert panel.values[next(iter(panel.framed))] == pytest.approx(stable.objective)
    fragile = replace(stable, neighbours=0.1, objective=1.0, edges=("ema_fast",))
    told = " ".join(warnings_of(found, fragile))
    assert "edge of what was searched (ema_fast)" in told
    assert "a peak, not a plateau" in told


def test_points_at_the_edge_and_beside() -> None:
    """Edges are the ends of an axis, but fewer than one symbol is nowhere; neighbours are one step away."""
    assert at_edge(Point(5, 50, 2, 0.9)) == ["ema_fast", "corr_cap"]
    assert at_edge(Point(8, 200, 1, 0.9)) == ["ema_slow"]
    assert neighbours(Point(5, 50, 2, 0.6)) == [
        Point(8, 50, 2, 0.6),
        Point(5, 40, 2, 0.6),
        Point(5, 60, 2, 0.6),
        Point(5, 50, 1, 0.6),
        Point(5, 50, 3, 0.6),
        Point(5, 50, 2, 0.55),
        Point(5, 50, 2, 0.65),
    ]
    every = plane(Point(5, 50, 2, 0.6), "top_n", "corr_cap")
    assert len(every) == len(AXES["top_n"]) * len(AXES["corr_cap"])
    assert every[1] == Point(5, 50, 1, 0.45)
    assert name_of(every[1]) == "5/50/1/0.45"
    assert max(AXES["ema_fast"]) < min(AXES["ema_slow"])
