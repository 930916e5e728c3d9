"""Parameter search: one study a fold, each told of its own trials alone, all of them computed together."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import optuna

from research.search.space import AXES, Point, at_edge
from research.search.trials import TURNOVER
from research.statistics.metrics import Metric
from warehouse.settings.portfolio import Objective

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from research.search.trials import Fold, PointFigures, TriedPoints
    from research.statistics.samples import FloatArray
    from warehouse.sources.base import Progress

    Flags = NDArray[np.bool_]

ASKED_AT_ONCE = 50


MULTI = "multi"
MAXIMISED: Mapping[str, tuple[str, ...]] = {
    **{objective.value: (objective.value,) for objective in Objective},
    MULTI: (Metric.CALMAR, TURNOVER, Metric.MAX_DRAWDOWN),
}
"""Objective of a search -> the figures that it maximises; of several, the winner is the front's best compromise."""


@dataclass(frozen=True, slots=True)
class SearchDesign:
    """Design of a search.

    Attributes:
        objective: A key of `MAXIMISED`.
        trials: Trials a fold.
        top: Number of a fold's best that make its ensemble.
        seed: Of the samplers.
    """

    objective: str = Objective.CALMAR
    trials: int = 200
    top: int = 5
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Found:
    """Result of a fold's study.

    Attributes:
        fold: The fold.
        best: Its best points, the winner first; none of them is twice there.
        objective: The winner's objective, its Calmar if there are several; None where not defined.
        edges: The winner's parameters at the edge of the space.
        front: Points that no other beats in every objective; the winner alone for one objective.
    """

    fold: Fold
    best: tuple[Point, ...]
    objective: float | None
    edges: tuple[str, ...]
    front: tuple[Point, ...] = field(repr=False)


def search(trials: TriedPoints, folds: Sequence[Fold], asked: SearchDesign, report: Progress) -> list[Found]:
    """Search every fold's train window.

    A study learns from its own fold's trials alone: told of another fold's, it would propose what a later market
    rewarded. What two folds propose is computed once.

    Args:
        trials: Computes and remembers points.
        folds: The folds.
        asked: What to search.
        report: Told (done, total, label) in trials.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    studies = [_study(asked, fold) for fold in folds]
    tried: list[dict[Point, FloatArray]] = [{} for _ in folds]
    total, done = asked.trials * len(folds), 0
    while done < total:
        size = min(ASKED_AT_ONCE, asked.trials - done // len(folds))
        asks = [[study.ask(_DISTRIBUTIONS) for _ in range(size)] for study in studies]
        points = [[_point(trial) for trial in batch] for batch in asks]
        report(done, total, f"{len(trials)} strategies computed")
        trials.compute({point for batch in points for point in batch})
        for study, fold, batch, proposed, seen in zip(studies, folds, asks, points, tried, strict=True):
            values = _values(trials.measure(proposed, fold), asked.objective)
            for trial, point, value in zip(batch, proposed, values, strict=True):
                _tell(study, trial, value)
                seen[point] = value
        done += size * len(folds)
    report(done, total, f"{len(trials)} strategies computed")
    return [_found(fold, seen, asked) for fold, seen in zip(folds, tried, strict=True)]


_DISTRIBUTIONS: dict[str, optuna.distributions.BaseDistribution] = {
    name: (
        optuna.distributions.IntDistribution(int(axis[0]), int(axis[-1]), step=int(axis[1] - axis[0]))
        if isinstance(axis[0], int)
        else optuna.distributions.FloatDistribution(axis[0], axis[-1], step=round(axis[1] - axis[0], 2))
    )
    for name, axis in AXES.items()
}


def _study(asked: SearchDesign, fold: Fold) -> optuna.Study:
    seed = int(np.random.SeedSequence([asked.seed, fold.fold_id]).generate_state(1)[0])
    if len(MAXIMISED[asked.objective]) > 1:
        sampler: optuna.samplers.BaseSampler = optuna.samplers.NSGAIISampler(population_size=ASKED_AT_ONCE, seed=seed)
        return optuna.create_study(directions=["maximize"] * len(MAXIMISED[asked.objective]), sampler=sampler)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        # A batch is asked before any of it is answered: the liar keeps it from being one point many times.
        sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
    return optuna.create_study(direction="maximize", sampler=sampler)


def _point(trial: optuna.Trial) -> Point:
    return Point(*(round(trial.params[name], 2) for name in AXES))


def _values(measured: PointFigures, objective: str) -> FloatArray:
    """Return points by figures, to be maximised; rounded, so that equal returns tie."""
    return np.column_stack([measured.to_maximise(name) for name in MAXIMISED[objective]]).round(10)


def _tell(study: optuna.Study, trial: optuna.Trial, value: FloatArray) -> None:
    if np.isfinite(value).all():
        study.tell(trial, value.tolist())
    else:
        study.tell(trial, state=optuna.trial.TrialState.FAIL)


def _found(fold: Fold, seen: dict[Point, FloatArray], asked: SearchDesign) -> Found:
    """Rank a fold's trials; equal ones in the order of their parameters."""
    points = sorted(seen)
    values = np.array([seen[point] for point in points])
    is_defined = np.isfinite(values).all(axis=1)
    if len(MAXIMISED[asked.objective]) > 1:
        scores, front = _compromise(values, is_defined)
    else:
        scores = np.where(is_defined, values[:, 0], -np.inf)
        front = scores == scores.max()
    order = np.argsort(-scores, kind="stable")
    winner = order[0]
    return Found(
        fold,
        tuple(points[place] for place in order[: asked.top]),
        float(values[winner, 0]) if is_defined[winner] else None,
        tuple(at_edge(points[winner])),
        tuple(points[place] for place in np.flatnonzero(front)),
    )


def _compromise(values: FloatArray, is_defined: Flags) -> tuple[FloatArray, Flags]:
    """Score points by the mean of their ranks in each objective, those on the front above the others."""
    usable = np.where(is_defined[:, None], values, -np.inf)
    better = (usable[:, None, :] >= usable[None, :, :]).all(axis=2) & (usable[:, None, :] > usable[None, :, :]).any(
        axis=2
    )
    front = is_defined & ~better.any(axis=0)
    ranks = np.array([(usable[:, [each]] > usable[None, :, each]).sum(axis=1) for each in range(values.shape[1])])
    return ranks.mean(axis=0) + len(values) * front, front
