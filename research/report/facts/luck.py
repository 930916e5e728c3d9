"""Luck as an explanation of the result: the statistics of overfitting, and permuted worlds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from research.permutation.worlds import p_value
from research.readers import if_built
from research.report.facts.series import DRAWS, SEED, Missing, Series, possible
from research.report.interpretation import Interpretation, interpret
from research.report.names import BEST_OF_GRID, WALK_FORWARD, Statistic
from research.statistics.block_length import optimal_block_length
from research.statistics.bootstrap import Draws
from research.statistics.cross_validation import purged_paths
from research.statistics.metrics import annualised, sharpe_ratio
from research.statistics.overfitting import backtest_overfitting
from research.statistics.reality_check import reality_check
from research.statistics.samples import FloatArray, SampleError
from research.statistics.sharpe import (
    Trials,
    deflated_sharpe,
    measure_trials,
    minimum_track_record,
    probabilistic_sharpe,
    sharpe_sample,
)
from warehouse.readers import Question

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import duckdb

PERMUTATIONS = Question(
    """
    SELECT
        test_id, any_value(is_walk_forward) AS is_walk_forward,
        format('{}, {}, {} to {}',
            if(any_value(is_walk_forward), 'walk-forward', 'in sample'), any_value(objective),
            any_value(window_start), any_value(window_end) - 1) AS description,
        scenario_id, arg_min(best, computed_at) AS best, arg_min(live, computed_at) AS live
    FROM landing.permutations GROUP BY test_id, scenario_id
    QUALIFY bool_or(scenario_id = 0) OVER (PARTITION BY test_id)
    ORDER BY max(max(computed_at)) OVER (PARTITION BY test_id) DESC, test_id, scenario_id
    """
)
FEWEST_WORLDS = 19
"""With fewer permuted worlds p cannot reach 0.05."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A statistic of something, with its meaning.

    Attributes:
        value: Its number: a probability, a p-value, or years for the minimum track record; None where infinite.
    """

    about: str
    value: float | None
    words: Interpretation


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A statistic that the sample cannot carry."""

    about: str
    statistic: Statistic
    reason: str


@dataclass(frozen=True, slots=True)
class Permuted:
    """Objectives in permuted worlds of the best of the grid, of the walk-forward, or of the live parameters.

    Attributes:
        real: In history; None where the objective is not defined.
        p: (1 + #{permuted at least as good}) / (1 + worlds).
        worlds: The permuted ones' objectives where defined.
    """

    real: float | None
    p: float
    worlds: FloatArray


@dataclass(frozen=True, slots=True)
class RecordedPermutations:
    """A recorded permutation test.

    Attributes:
        description: Its kind, objective and window.
        best_of: The name of the choice that `best` is the result of.
    """

    test_id: str
    description: str
    best_of: str
    runs: int
    best: Permuted
    live: Permuted


@dataclass(frozen=True, slots=True, eq=False)
class Luck:
    """Explanation of the result by the search alone.

    Attributes:
        sharpe: Annual Sharpe ratio of every trial over the live strategy's sessions.
        median: The middle one of them.
        expected_best: Annual Sharpe ratio to expect of the best of as many worthless trials.
        benchmark: What the reality check compares with; empty where there is nothing.
    """

    trials: Trials | Missing
    sharpe: FloatArray
    median: float
    expected_best: float | None
    benchmark: str
    judgements: tuple[Judgement, ...]
    unanswered: tuple[Unanswered, ...]
    permutations: tuple[RecordedPermutations, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Returns that luck is judged on.

    Attributes:
        trials: Net returns, strategies by sessions of `live`.
        benchmark: What the best must beat, over the same sessions; None where no bars allow one.
    """

    live: Series
    walk_forward: Series
    trials: FloatArray
    benchmark: Series | None


def luck_of(evidence: Evidence, permutations: Sequence[RecordedPermutations]) -> Luck:
    """Judge the result by every statistic of overfitting that the sample carries."""
    live, trials = evidence.live, evidence.trials
    sharpe = sharpe_ratio(trials)
    counted = possible(lambda: measure_trials(trials))
    sample = possible(lambda: sharpe_sample(live.returns))
    asked: list[tuple[str, Statistic, Callable[[], tuple[float | None, object]]]] = []
    for series in (live, evidence.walk_forward):
        asked += [
            (series.name, Statistic.PROBABILISTIC_SHARPE, partial(_probabilistic, series)),
            (series.name, Statistic.TRACK_RECORD, partial(_track_record, series)),
        ]
    asked += [
        (f"{live.name}, every trial counted", Statistic.DEFLATED_SHARPE, partial(_deflated, evidence, effective=False)),
        (
            f"{live.name}, alike trials as one",
            Statistic.DEFLATED_SHARPE,
            partial(_deflated, evidence, effective=True),
        ),
        ("The grid", Statistic.OVERFITTING, partial(_overfitting, trials)),
        ("The grid", Statistic.PURGED_PATHS, partial(_paths, trials)),
        ("The grid", Statistic.REALITY_CHECK, partial(_reality, evidence)),
    ]
    judgements, unanswered = [], []
    for about, statistic, ask in asked:
        answer = possible(ask)
        if isinstance(answer, Missing):
            unanswered.append(Unanswered(about, statistic, answer.reason))
        else:
            judgements.append(Judgement(about, answer[0], interpret(answer[1])))
    expected = None
    if not isinstance(counted, Missing) and not isinstance(sample, Missing):
        expected = annualised(deflated_sharpe(sample, counted.recorded, counted.sharpe_variance).benchmark)
    return Luck(
        trials=counted,
        sharpe=sharpe,
        median=float(np.nanmedian(sharpe)),
        expected_best=expected,
        benchmark=evidence.benchmark.name if evidence.benchmark else "",
        judgements=tuple(judgements),
        unanswered=tuple(unanswered),
        permutations=tuple(permutations),
    )


def read_permutations(connection: duckdb.DuckDBPyConnection) -> list[RecordedPermutations]:
    """Read the recorded permutation tests, the newest first."""
    rows = if_built(connection, PERMUTATIONS)
    tests = []
    for test_id in rows["test_id"].unique().tolist() if len(rows) else []:
        worlds = rows[rows["test_id"] == test_id]
        real, shuffled = worlds[worlds["scenario_id"] == 0], worlds[worlds["scenario_id"] > 0]
        if len(shuffled) >= FEWEST_WORLDS:
            best, live = (_permuted(real[name].tolist(), shuffled[name].tolist()) for name in ("best", "live"))
            description, best_of = (
                str(real["description"].iloc[0]),
                chosen_by(is_walk_forward=bool(real["is_walk_forward"].iloc[0])),
            )
            tests.append(RecordedPermutations(str(test_id), description, best_of, len(shuffled), best, live))
    return tests


def chosen_by(*, is_walk_forward: bool) -> str:
    """Name the choice that a permutation test judges."""
    return WALK_FORWARD if is_walk_forward else BEST_OF_GRID


def permuted(real: float | None, worlds: Sequence[float | None]) -> Permuted:
    """Compare history's objective with those of permuted worlds; None is undefined."""
    defined = np.array([each for each in worlds if each is not None], dtype=np.float64)
    return Permuted(real, p_value(real, worlds), defined)


def _probabilistic(series: Series) -> tuple[float, object]:
    result = probabilistic_sharpe(sharpe_sample(series.returns))
    return result.probability, result


def _track_record(series: Series) -> tuple[float | None, object]:
    result = minimum_track_record(sharpe_sample(series.returns))
    return result.years, result


def _deflated(evidence: Evidence, *, effective: bool) -> tuple[float, object]:
    trials = measure_trials(evidence.trials)
    count = trials.effective if effective else trials.recorded
    result = deflated_sharpe(sharpe_sample(evidence.live.returns), count, trials.sharpe_variance)
    return result.probability, result


def _overfitting(trials: FloatArray) -> tuple[float, object]:
    result = backtest_overfitting(trials)
    return result.probability, result


def _paths(trials: FloatArray) -> tuple[float, object]:
    result = purged_paths(trials)
    return result.probability_of_loss, result


def _reality(evidence: Evidence) -> tuple[float, object]:
    if evidence.benchmark is None:
        raise SampleError("There is no benchmark to compare with: land bars of SPY.")
    draws = Draws(optimal_block_length(evidence.benchmark.returns), DRAWS, SEED)
    result = reality_check(evidence.trials, evidence.benchmark.returns, draws)
    return result.spa_consistent, result


def _permuted(real: Sequence[float], worlds: Sequence[float]) -> Permuted:
    history, *others = (None if math.isnan(each) else each for each in (real[0], *worlds))
    return permuted(history, others)
