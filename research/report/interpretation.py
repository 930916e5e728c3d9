"""Interpretation of each statistic in plain language: its finding, what that says and does not say, and what to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import singledispatch

import numpy as np

from research.report.formats import gain, length_caveat, p_value, percent, ratio, share
from research.report.names import Statistic
from research.statistics.bootstrap import Bootstrap
from research.statistics.cross_validation import PurgedPaths
from research.statistics.exposure import Concentration, CorrelationRegime, CorrelationStress
from research.statistics.metrics import Metric, annualised
from research.statistics.overfitting import BacktestOverfitting
from research.statistics.reality_check import RealityCheck
from research.statistics.risk import DrawdownDistribution, KupiecTest
from research.statistics.sharpe import DeflatedSharpe, MinimumTrackRecord, ProbabilisticSharpe

SURE, LIKELY = 0.95, 0.75
SIGNIFICANT, SUGGESTIVE = 0.05, 0.25
COIN = 0.5
FEW_BETS = 1.5
FEWEST_EXPECTED = 2
"""Exceedances to expect without which a limit that held proves nothing."""
CALM, TENSE = 0.8, 0.95


class Standing(StrEnum):
    """Judgement of the strategy by one statistic."""

    GOOD = "good"
    CAUTION = "caution"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Interpretation:
    """A statistic in sentences.

    Attributes:
        finding: What came out, with its numbers.
        says: What that means.
        does_not_say: Where it misleads.
        remedy: What to do.
    """

    statistic: Statistic
    standing: Standing
    finding: str
    says: str
    does_not_say: str
    remedy: str


def interpret(result: object) -> Interpretation:
    """Put a result of `research.statistics` into sentences.

    A record of less than a year is never good by any statistic that annualises it, and its finding says so.

    Raises:
        TypeError: It is no result that has an interpretation.
    """
    words = _words(result)
    caveat = length_caveat(_sessions(result))
    if not caveat:
        return words
    standing = Standing.CAUTION if words.standing is Standing.GOOD else words.standing
    return replace(words, standing=standing, finding=f"{words.finding} {caveat}")


def _sessions(result: object) -> int | None:
    """Length of the record that a result annualises; None where it annualises nothing."""
    match result:
        case ProbabilisticSharpe() | MinimumTrackRecord() | DeflatedSharpe():
            return result.sample.sessions
        case BacktestOverfitting() | RealityCheck() | Bootstrap():
            return result.sessions
        case PurgedPaths():
            return int(result.returns.shape[1])
    return None


@singledispatch
def _words(result: object) -> Interpretation:
    raise TypeError(f"{type(result).__name__} has no interpretation: pass a result of this package's statistics.")


@_words.register
def _(result: ProbabilisticSharpe) -> Interpretation:
    return Interpretation(
        Statistic.PROBABILISTIC_SHARPE,
        _rising(result.probability, LIKELY, SURE),
        f"The Sharpe ratio of {ratio(result.sample.annual)} over {result.sample.sessions} sessions exceeds "
        f"{ratio(annualised(result.benchmark))} with a probability of {share(result.probability)}.",
        "The certainty that the length and shape of this one record give its Sharpe ratio.",
        "Anything about the choice: the best of many strategies looks sure here even if all are worthless.",
        "Read the deflated Sharpe ratio beside it; below 95% wait for a longer record.",
    )


@_words.register
def _(result: MinimumTrackRecord) -> Interpretation:
    needed = "no record would be long enough" if result.years is None else f"it takes {ratio(result.years, 1)} years"
    return Interpretation(
        Statistic.TRACK_RECORD,
        Standing.GOOD if result.is_long_enough else Standing.CAUTION if result.sessions else Standing.BAD,
        f"To tell a Sharpe ratio of {ratio(result.sample.annual)} from {ratio(annualised(result.benchmark))} with "
        f"{share(result.confidence)} confidence {needed}; there are {ratio(result.sample.years, 1)}.",
        "The length of record that it takes to tell skill from luck at all.",
        "The true Sharpe ratio: it supposes that the one measured is that.",
        "Trade small until the record is that long.",
    )


@_words.register
def _(result: DeflatedSharpe) -> Interpretation:
    return Interpretation(
        Statistic.DEFLATED_SHARPE,
        _rising(result.probability, COIN, SURE),
        f"The luckiest of {ratio(result.trials, 0)} worthless trials would show {ratio(annualised(result.benchmark))}; "
        f"{ratio(result.sample.annual)} is more than that with a probability of {share(result.probability)}.",
        "The part of the Sharpe ratio that the search alone explains.",
        "Anything about trials that nobody recorded: each makes the true number lower.",
        "Try fewer, more different strategies; below 95% treat the parameters as not chosen by evidence.",
    )


@_words.register
def _(result: BacktestOverfitting) -> Interpretation:
    return Interpretation(
        Statistic.OVERFITTING,
        Standing.BAD if result.probability_of_loss >= COIN else _falling(result.probability, SIGNIFICANT, COIN),
        f"In {share(result.probability)} of {result.splits:,} splits the best of {result.trials} strategies on one "
        f"half was no better than the median on the other; it lost money in {share(result.probability_of_loss)}.",
        "The use of choosing the best of this grid on the past. A coin would give 50%.",
        "The worth of the grid: where all its members are alike, choice does not matter and luck decides.",
        "At 50% or more do not choose: use the average of the grid, or a middle set of parameters fixed beforehand.",
    )


@_words.register
def _(result: PurgedPaths) -> Interpretation:
    low, high = float(np.nanmin(result.sharpe)), float(np.nanmax(result.sharpe))
    return Interpretation(
        Statistic.PURGED_PATHS,
        _falling(result.probability_of_loss, SIGNIFICANT, SUGGESTIVE),
        f"{result.purging.paths} paths out of sample have Sharpe ratios from {ratio(low)} to {ratio(high)}; "
        f"{share(result.probability_of_loss)} of them lose.",
        "The dependence of the walk-forward result on the one order in which history happened.",
        "Earnings that anybody could have had: the paths choose with the help of years that came later.",
        "Where paths differ widely, expect any of them, and size positions for the worst.",
    )


@_words.register
def _(result: Bootstrap) -> Interpretation:
    sharpe = result.intervals[Metric.SHARPE]
    if sharpe.low is None or sharpe.high is None:
        standing, found = Standing.BAD, "too many have no Sharpe ratio for an interval"
    else:
        standing = Standing.GOOD if sharpe.low > 0 else Standing.CAUTION if sharpe.high > 0 else Standing.BAD
        found = (
            f"{share(result.level)} of the drawn Sharpe ratios lie between {ratio(sharpe.low)} and {ratio(sharpe.high)}"
        )
    return Interpretation(
        Statistic.BOOTSTRAP,
        standing,
        f"Over {result.draws.count:,} histories drawn in blocks of {ratio(result.draws.block_length, 0)} sessions, "
        f"{found}.",
        "The scatter of each headline number among histories made of the same sessions.",
        "Anything that such histories never held: a crash that is not in the data is in no draw.",
        "Quote the interval instead of the number; where it holds 0, nothing is shown yet.",
    )


@_words.register
def _(result: RealityCheck) -> Interpretation:
    is_better = result.best_excess > 0
    excess = f"{gain(result.best_excess)} a year over the benchmark"
    earned = f"earned {excess}" if is_better else f"earned no more than the benchmark, {excess}"
    return Interpretation(
        Statistic.REALITY_CHECK,
        _falling(result.spa_consistent, SIGNIFICANT, SUGGESTIVE) if is_better else Standing.BAD,
        f"The best of {result.trials} strategies {earned}; a search among worthless ones finds that with "
        f"{p_value(result.spa_consistent)} (White: {p_value(result.white)}).",
        "The best strategy against the benchmark, once the whole search is counted.",
        "Anything about risk: it compares mean returns, and more exposure alone can pass.",
        "Above 0.05 hold the benchmark, or show that the strategy earns its place by less risk.",
    )


@_words.register
def _(result: KupiecTest) -> Interpretation:
    is_telling = result.expected >= FEWEST_EXPECTED
    return Interpretation(
        Statistic.KUPIEC,
        Standing.BAD if result.p_value < SIGNIFICANT else Standing.GOOD if is_telling else Standing.CAUTION,
        f"The {share(result.level)} limit was exceeded {result.exceedances} times in {result.sessions} sessions, "
        f"{ratio(result.expected, 1)} were to be expected ({p_value(result.p_value)}).",
        "The share of sessions in which the limit held, against the share that it promised.",
        "The depth of the exceedances, and their coming together.",
        "Below 0.05 use another method, and read the expected shortfall.",
    )


@_words.register
def _(result: DrawdownDistribution) -> Interpretation:
    middle, deep = result.depth(COIN), result.depth(SIGNIFICANT)
    return Interpretation(
        Statistic.DRAWDOWNS,
        Standing.CAUTION,
        f"Over {result.sessions} sessions half of the drawn histories fall {percent(-middle, 0)} or more from their "
        f"peak, and one in twenty {percent(-deep, 0)}.",
        "The drawdown of the backtest is one draw of many, often a kind one.",
        "The depth of a decline that lasts longer than the blocks.",
        "Ask whether you would stay through the one in twenty; if not, hold more cash.",
    )


@_words.register
def _(result: Concentration) -> Interpretation:
    bets = "no number of bets, as it does not vary"
    if result.effective_bets is not None:
        bets = f"{ratio(result.effective_bets, 1)} independent ones"
    return Interpretation(
        Statistic.CONCENTRATION,
        Standing.GOOD if (result.effective_bets or 0) > FEW_BETS or not result.invested else Standing.CAUTION,
        f"{share(result.invested)} is invested, as concentrated as {ratio(result.effective_holdings, 1)} equal "
        f"positions and as diversified as {bets}.",
        "The number of different bets among the positions.",
        "The number in a crash: correlations rise then.",
        "Lower the correlation cap or hold more positions where one bet is too few.",
    )


@_words.register
def _(result: CorrelationStress) -> Interpretation:
    return Interpretation(
        Statistic.CORRELATION_STRESS,
        _falling(result.stressed_volatility, FEW_BETS * result.volatility, 2 * result.volatility),
        f"With every correlation at {ratio(result.correlation, 1)} or more the volatility rises from "
        f"{percent(result.volatility)} to {percent(result.stressed_volatility)} a year.",
        "The part of the low risk that is owed to assets that move apart.",
        "The volatilities in the same crash: they rise too.",
        "Set the position sizes by the second number if the first one is owed to correlation.",
    )


@_words.register
def _(result: CorrelationRegime) -> Interpretation:
    return Interpretation(
        Statistic.CORRELATION_REGIME,
        _falling(result.percentile, CALM, TENSE),
        f"Over the last {result.window} sessions pairs of assets correlate by {ratio(result.current)} on average, more "
        f"than on {share(result.percentile)} of the sessions before.",
        "The choice of different bets that the universe offers now.",
        "The correlations to come; the window is always late.",
        "In a high regime expect fewer symbols to pass the correlation cap, and more cash.",
    )


def _rising(value: float, caution: float, good: float) -> Standing:
    return Standing.GOOD if value >= good else Standing.CAUTION if value >= caution else Standing.BAD


def _falling(value: float, good: float, bad: float) -> Standing:
    return Standing.GOOD if value <= good else Standing.CAUTION if value < bad else Standing.BAD
