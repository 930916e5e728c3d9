"""Every result has a verdict whose words fit its numbers."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from research.report.interpretation import Interpretation, Standing, interpret
from research.statistics import bootstrap, cross_validation, exposure, overfitting, reality_check, risk, sharpe

NOISE = np.random.default_rng(1).normal(0, 0.01, (12, 400))
EDGE = NOISE + np.array([0.004] + [0.0] * 11)[:, None]
DRAWS = bootstrap.Draws(3.0, 500)


def results(rows: np.ndarray) -> list[object]:
    """One of each result that judges a search among these trials, whose first is the strategy."""
    sample = sharpe.sharpe_sample(rows[0])
    trials = sharpe.measure_trials(rows)
    return [
        sharpe.probabilistic_sharpe(sample),
        sharpe.minimum_track_record(sample),
        sharpe.deflated_sharpe(sample, trials.effective, trials.sharpe_variance),
        overfitting.backtest_overfitting(rows, blocks=8),
        cross_validation.purged_paths(rows, cross_validation.Purging(6, 2, 1, 5)),
        bootstrap.bootstrap(rows[0], DRAWS),
        reality_check.reality_check(rows, np.zeros(400), DRAWS),
    ]


def risks() -> list[object]:
    """One of each result about a book."""
    covariance = np.cov(NOISE)
    held = np.full(12, 0.95 / 12)
    return [
        risk.kupiec_test(250, 3, 0.99),
        risk.drawdown_distribution(NOISE[0], DRAWS),
        exposure.concentration(held, covariance),
        exposure.stress_correlations(held, covariance),
        exposure.correlation_regime(NOISE),
    ]


@pytest.mark.parametrize(
    "result", [*results(NOISE), *results(EDGE), *risks()], ids=lambda result: type(result).__name__
)
def test_every_result_has_whole_sentences(result: object) -> None:
    """A verdict leaves nothing empty, and its sentences end."""
    found = interpret(result)
    for field in dataclasses.fields(Interpretation):
        assert getattr(found, field.name)
    for sentence in (found.finding, found.says, found.does_not_say, found.remedy):
        assert sentence[0].isupper() or sentence[0].isdigit()
        assert sentence.endswith(".")
        assert "nan" not in sentence


def test_a_planted_edge_is_good_by_every_statistic() -> None:
    """Where one strategy is truly better, nothing warns."""
    assert {interpret(result).standing for result in results(EDGE)} == {Standing.GOOD}


def test_noise_is_good_by_none() -> None:
    """A worthless strategy among worthless ones passes no test."""
    assert Standing.GOOD not in {interpret(result).standing for result in results(NOISE[::-1])}


@pytest.mark.parametrize(
    ("exceedances", "standing", "words"),
    [(12, Standing.GOOD, "exceeded 12 times in 250 sessions"), (30, Standing.BAD, "12.5 were to be expected")],
)
def test_the_finding_says_its_numbers(exceedances: int, standing: Standing, words: str) -> None:
    """The count, the sessions and the expectation stand in the sentence."""
    found = interpret(risk.kupiec_test(250, exceedances, 0.95))
    assert found.standing is standing
    assert words in found.finding


@pytest.mark.parametrize(
    ("probability", "standing", "words"),
    [
        (0.9999, Standing.GOOD, "more than 99%"),
        (0.95, Standing.GOOD, "95%"),
        (0.94, Standing.CAUTION, "94%"),
        (0.5, Standing.BAD, "50%"),
        (0.001, Standing.BAD, "less than 1%"),
    ],
)
def test_no_probability_rounds_to_certainty(probability: float, standing: Standing, words: str) -> None:
    """What is nearly sure is not called sure."""
    found = interpret(sharpe.ProbabilisticSharpe(sharpe.SharpeSample(500, 0.05), 0.0, probability))
    assert found.standing is standing
    assert words in found.finding


def test_a_hopeless_record_is_never_long_enough() -> None:
    """A Sharpe ratio below the benchmark has no length that would do."""
    found = interpret(sharpe.minimum_track_record(sharpe.SharpeSample(500, -0.01)))
    assert found.standing is Standing.BAD
    assert "no record would be long enough" in found.finding


def test_what_is_no_result_has_no_verdict() -> None:
    """Anything else is refused by its type."""
    with pytest.raises(TypeError, match="float has no interpretation"):
        interpret(0.5)


LOSING = NOISE - 0.004


def test_a_losing_grid_never_beats_the_benchmark() -> None:
    """Where no strategy earns more, the words say so, and the standing is bad."""
    found = interpret(reality_check.reality_check(LOSING, np.zeros(400), DRAWS))
    assert found.standing is Standing.BAD
    assert "earned no more than the benchmark" in found.finding
    assert "p = 1.00" in found.finding


def test_a_losing_grid_is_good_by_none() -> None:
    """Neither a choice that carries over, nor paths, nor intervals make a grid good that loses throughout."""
    assert {interpret(result).standing for result in results(LOSING[::-1])} == {Standing.BAD}


@pytest.mark.parametrize(
    ("sessions", "exceedances", "standing"),
    [(20, 0, Standing.CAUTION), (250, 2, Standing.GOOD), (20, 3, Standing.BAD)],
)
def test_a_limit_that_could_hardly_break_proves_nothing(sessions: int, exceedances: int, standing: Standing) -> None:
    """With a fraction of an exceedance to expect, none is no proof; too many are bad all the same."""
    assert interpret(risk.kupiec_test(sessions, exceedances, 0.99)).standing is standing


def test_a_book_that_does_not_vary_has_no_number_of_bets() -> None:
    """Still positions are no bets, and no good ones."""
    found = interpret(exposure.concentration([0.5, 0.5], np.zeros((2, 2))))
    assert found.standing is Standing.CAUTION
    assert "no number of bets" in found.finding
