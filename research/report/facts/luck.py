"""What of the result luck alone explains: the statistics of overfitting, and permuted worlds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from research.permutation.worlds import p_value
from research.readers import if_built
from research.report.facts.series import DRAWS, SEED, Missing, Series, possible
from research.statistics.block_length import optimal_block_length
from research.statistics.bootstrap import Draws
from research.statistics.cross_validation import purged_paths
from research.statistics.metrics import sharpe_ratio
from research.statistics.overfitting import backtest_overfitting
from research.statistics.reality_check import reality_check
from research.statistics.samples import FloatArray, SampleError
from research.statistics.sharpe import (
    Trials,
    annualised,
    deflated_sharpe,
    measure_trials,
    minimum_track_record,
    probabilistic_sharpe,
    sharpe_sample,
)
from research.statistics.verdicts import Verdict, verdict
from warehouse.readers import Question

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import duckdb

PERMUTATIONS = Question(
    """
    SELECT
        test_id,
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
    """One statistic, what it is about, and what it means.

    Attributes:
        value: Its number: a probability, a p-value, or years for the minimum track record; None where infinite.
    """

    about: str
    value: float | None
    words: Verdict


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A statistic that the sample cannot carry."""

    about: str
    statistic: str
    reason: str


@dataclass(frozen=True, slots=True)
class Permuted:
    """What the best of the grid, or the live parameters, reach in permuted worlds.

    Attributes:
        real: In history; None where the objective is not defined.
        p: (1 + #{permuted at least as good}) / (1 + worlds).
        worlds: The permuted ones' objectives where defined.
    """

    real: float | None
    p: float
    worlds: FloatArray


@dataclass(frozen=True, slots=True)
class PermutationTest:
    """One recorded permutation test.

    Attributes:
        description: Its kind, objective and window.
    """

    test_id: str
    description: str
    runs: int
    best: Permuted
    live: Permuted


@dataclass(frozen=True, slots=True, eq=False)
class Luck:
    """How far the search explains the result.

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
    permutations: tuple[PermutationTest, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What luck is judged on.

    Attributes:
        trials: Net returns, strategies by sessions of `live`.
        benchmark: What the best must beat, over the same sessions; None where no bars allow one.
    """

    live: Series
    walk_forward: Series
    trials: FloatArray
    benchmark: Series | None


def luck_of(evidence: Evidence, permutations: Sequence[PermutationTest]) -> Luck:
    """Judge the result by every statistic of overfitting that the sample carries."""
    live, trials = evidence.live, evidence.trials
    sharpe = sharpe_ratio(trials)
    counted = possible(lambda: measure_trials(trials))
    sample = possible(lambda: sharpe_sample(live.returns))
    asked: list[tuple[str, str, Callable[[], tuple[float | None, object]]]] = []
    for series in (live, evidence.walk_forward):
        asked += [
            (series.name, "Probabilistic Sharpe ratio", partial(_probabilistic, series)),
            (series.name, "Minimum track record length", partial(_track_record, series)),
        ]
    asked += [
        (f"{live.name}, every trial counted", "Deflated Sharpe ratio", partial(_deflated, evidence, effective=False)),
        (
            f"{live.name}, alike trials as one",
            "Deflated Sharpe ratio",
            partial(_deflated, evidence, effective=True),
        ),
        ("The grid", "Probability of backtest overfitting", partial(_overfitting, trials)),
        ("The grid", "Combinatorial purged cross-validation", partial(_paths, trials)),
        ("The grid", "Reality check and superior predictive ability", partial(_reality, evidence)),
    ]
    judgements, unanswered = [], []
    for about, statistic, ask in asked:
        answer = possible(ask)
        if isinstance(answer, Missing):
            unanswered.append(Unanswered(about, statistic, answer.reason))
        else:
            judgements.append(Judgement(about, answer[0], verdict(answer[1])))
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


def read_permutations(connection: duckdb.DuckDBPyConnection) -> list[PermutationTest]:
    """The recorded permutation tests, the newest first."""
    rows = if_built(connection, PERMUTATIONS)
    tests = []
    for test_id in rows["test_id"].unique().tolist() if len(rows) else []:
        worlds = rows[rows["test_id"] == test_id]
        real, permuted = worlds[worlds["scenario_id"] == 0], worlds[worlds["scenario_id"] > 0]
        if len(permuted) >= FEWEST_WORLDS:
            best, live = (_permuted(real[name].tolist(), permuted[name].tolist()) for name in ("best", "live"))
            tests.append(PermutationTest(str(test_id), str(real["description"].iloc[0]), len(permuted), best, live))
    return tests


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


def _permuted(real: Sequence[float], permuted: Sequence[float]) -> Permuted:
    history = None if math.isnan(real[0]) else real[0]
    worlds = [None if math.isnan(each) else each for each in permuted]
    defined = np.array([each for each in worlds if each is not None], dtype=np.float64)
    return Permuted(history, p_value(history, worlds), defined)
