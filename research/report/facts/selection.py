"""Choice of the parameters, fold by fold, and its result out of sample."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from research.report.facts.series import Missing
from research.statistics.metrics import Metric, sharpe_ratio, total_return
from warehouse.settings.strategy import AXES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from research.readers import History, SearchRecord
    from research.statistics.samples import FloatArray

PARAMETERS = tuple(AXES)
MAPPED = (Metric.SHARPE, Metric.CALMAR)


@dataclass(frozen=True, slots=True)
class FoldResult:
    """Choice of one fold, with its earnings afterwards.

    Attributes:
        objective: The winner's, in the train window.
        trained: The winner's annual Sharpe ratio in the train window.
        tested: Annual Sharpe ratio in the test window, of a few dozen sessions; None where nothing varied.
        total: Return in the test window, after costs.
    """

    fold_id: int
    train_start: date
    test_start: date
    last: date
    parameters: Mapping[str, float]
    objective: float | None
    trained: float | None
    tested: float | None
    total: float


@dataclass(frozen=True, slots=True)
class Tally:
    """Number of folds that chose each value of a parameter.

    Attributes:
        at_edge: Share of the folds whose winner has the lowest or highest value of three or more: a sign that the best
            may lie outside the grid. None where the grid has fewer than three.
    """

    parameter: str
    counts: Mapping[float, int]
    at_edge: float | None


@dataclass(frozen=True, slots=True)
class GridPoint:
    """A strategy of the grid, with each mapped metric over all sessions."""

    parameters: Mapping[str, float]
    is_live: bool
    values: Mapping[Metric, float | None]


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The live parameters among the strategies one step away from them.

    Attributes:
        live: Sharpe ratio of the live parameters.
        neighbours: How many strategies differ by one step of one parameter.
        low: The worst of those.
        mean: Their mean.
        rank: Place of the live parameters in the whole grid, 1 is the best.
        trials: Size of the grid.
    """

    live: float
    neighbours: int
    low: float
    mean: float
    rank: int
    trials: int


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """Choices of the walk-forward, with the map that they were made on."""

    objective: str
    train_months: int
    test_months: int
    folds: tuple[FoldResult, ...]
    changes: int
    tallies: tuple[Tally, ...]
    trained: float | None
    points: tuple[GridPoint, ...]
    neighbourhood: Neighbourhood | Missing


def selection_of(history: History, search: SearchRecord) -> Selection:
    """Follow every fold from its choice to its result, and map the grid."""
    folds = _folds(history, search)
    chosen = [tuple(fold.parameters.values()) for fold in folds]
    grid = search.strategies[search.strategies["grid_order"].notna()]
    trained = [fold.trained for fold in folds if fold.trained is not None]
    return Selection(
        objective=str(history.settings["objective"]),
        train_months=int(history.settings["train_months"]),
        test_months=int(history.settings["test_months"]),
        folds=folds,
        changes=sum(one != other for one, other in pairwise(chosen)),
        tallies=tuple(_tally(name, grid[name], [fold.parameters[name] for fold in folds]) for name in PARAMETERS),
        trained=float(np.mean(trained)) if trained else None,
        points=tuple(_point(row) for row in grid.to_dict("records")),
        neighbourhood=_neighbourhood(grid),
    )


def _folds(history: History, search: SearchRecord) -> tuple[FoldResult, ...]:
    sessions = pd.DatetimeIndex(history.live["session_date"])
    row_of = {strategy: row for row, strategy in enumerate(search.strategies["strategy_id"])}
    tested = dict(tuple(search.walk_forward.groupby("fold_id")))
    folds = []
    for fold in search.folds.to_dict("records"):
        if fold["fold_id"] not in tested:  # before the first session out of sample that could earn
            continue
        inside = np.asarray((sessions >= fold["train_start"]) & (sessions < fold["test_start"]))
        after = tested[fold["fold_id"]]
        earned = after["net_return"].to_numpy(dtype=float)
        folds.append(
            FoldResult(
                fold_id=int(fold["fold_id"]),
                train_start=fold["train_start"].date(),
                test_start=fold["test_start"].date(),
                last=after["session_date"].iloc[-1].date(),
                parameters={name: fold[name] for name in PARAMETERS},
                objective=_known(fold["objective"]),
                trained=_sharpe(search.trials[row_of[fold["strategy_id"]], inside]),
                tested=_sharpe(earned),
                total=total_return(earned),
            )
        )
    return tuple(folds)


def _tally(parameter: str, grid: pd.Series[float], chosen: Sequence[float]) -> Tally:
    values = sorted(grid.unique().tolist())
    counts = {value: sum(each == value for each in chosen) for value in values}
    ends = counts[values[0]] + counts[values[-1]]
    return Tally(parameter, counts, ends / len(chosen) if len(values) > 2 and chosen else None)  # noqa: PLR2004 - ends


def _point(row: Mapping[Any, Any]) -> GridPoint:
    parameters = {name: row[name] for name in PARAMETERS}
    return GridPoint(parameters, bool(row["is_live"]), {metric: _known(row[metric]) for metric in MAPPED})


def _neighbourhood(grid: pd.DataFrame) -> Neighbourhood | Missing:
    live = grid[grid["is_live"]]
    if live.empty:
        return Missing("The live parameters are not on the grid, so they have no neighbours there.")
    steps = pd.DataFrame({name: grid[name].rank(method="dense") for name in PARAMETERS})
    distance = (steps - steps.loc[live.index[0]]).abs().sum(axis="columns")
    sharpe = grid["sharpe"]
    near = sharpe[distance == 1].dropna()
    mine = float(live["sharpe"].iloc[0])
    if near.empty or np.isnan(mine):
        return Missing("The grid has no strategy one step away from the live parameters.")
    rank = int((sharpe > mine).sum()) + 1
    return Neighbourhood(mine, len(near), float(near.min()), float(near.mean()), rank, len(grid))


def _sharpe(returns: FloatArray) -> float | None:
    return _known(sharpe_ratio(returns[None, :])[0]) if len(returns) > 1 else None


def _known(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else float(value)
