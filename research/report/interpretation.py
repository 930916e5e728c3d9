"""Interpretation of each statistic in plain language: its finding, what that says and does not say, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import singledispatch

from research.report.formats import gain, p_value, percent, ratio, share
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


@singledispatch
def interpret(result: object) -> Interpretation:
    """Put a result of this package into sentences.

    Raises:
        TypeError: It is no result that has a verdict.
    """
    raise TypeError(f"{type(result).__name__} has no verdict: pass a result of this package's statistics.")


@interpret.register
def _(result: ProbabilisticSharpe) -> Interpretation:
    return Interpretation(
        Statistic.PROBABILISTIC_SHARPE,
        _rising(result.probability, LIKELY, SURE),
        f"The Sharpe ratio of {ratio(result.sample.annual)} over {result.sample.sessions} sessions exceeds "
        f"{ratio(annualised(result.benchmark))} with a probability of {share(result.probability)}.",
        "How sure the length and shape of this one record make its Sharpe ratio.",
        "Anything about the choice: the best of many strategies looks sure here even if all are worthless.",
        "Read the deflated Sharpe ratio beside it; below 95% wait for a longer record.",
    )


@interpret.register
def _(result: MinimumTrackRecord) -> Interpretation:
    needed = "no record would be long enough" if result.years is None else f"it takes {ratio(result.years, 1)} years"
    return Interpretation(
        Statistic.TRACK_RECORD,
        Standing.GOOD if result.is_long_enough else Standing.CAUTION if result.sessions else Standing.BAD,
        f"To tell a Sharpe ratio of {ratio(result.sample.annual)} from {ratio(annualised(result.benchmark))} with "
        f"{share(result.confidence)} confidence {needed}; there are {ratio(result.sample.years, 1)}.",
        "Whether the record is long enough to tell skill from luck at all.",
        "That the Sharpe ratio measured is the true one, which it supposes.",
        "Trade small until the record is that long.",
    )


@interpret.register
def _(result: DeflatedSharpe) -> Interpretation:
    return Interpretation(
        Statistic.DEFLATED_SHARPE,
        _rising(result.probability, COIN, SURE),
        f"The luckiest of {ratio(result.trials, 0)} worthless trials would show {ratio(annualised(result.benchmark))}; "
        f"{ratio(result.sample.annual)} is more than that with a probability of {share(result.probability)}.",
        "How much of the Sharpe ratio the search alone explains.",
        "Anything about trials that nobody recorded: each makes the true number lower.",
        "Try fewer, more different strategies; below 95% treat the parameters as not chosen by evidence.",
    )


@interpret.register
def _(result: BacktestOverfitting) -> Interpretation:
    return Interpretation(
        Statistic.OVERFITTING,
        _falling(result.probability, SIGNIFICANT, COIN),
        f"In {share(result.probability)} of {result.splits:,} splits the best of {result.trials} strategies on one "
        f"half was no better than the median on the other; it lost money in {share(result.probability_of_loss)}.",
        "Whether choosing the best of this grid on the past picks one that is better later. A coin would give 50%.",
        "Whether the grid earns anything: where all its members are alike, choice does not matter and luck decides.",
        "At 50% or more do not choose: use the average of the grid, or a middle set of parameters fixed beforehand.",
    )


@interpret.register
def _(result: PurgedPaths) -> Interpretation:
    low, high = min(result.sharpe), max(result.sharpe)
    return Interpretation(
        Statistic.PURGED_PATHS,
        _falling(result.probability_of_loss, SIGNIFICANT, SUGGESTIVE),
        f"{result.purging.paths} paths out of sample have Sharpe ratios from {ratio(low)} to {ratio(high)}; "
        f"{share(result.probability_of_loss)} of them lose.",
        "How much the walk-forward result depends on the one order in which history happened.",
        "What somebody could have earned: the paths choose with the help of years that came later.",
        "Where paths differ widely, expect any of them, and size positions for the worst.",
    )


@interpret.register
def _(result: Bootstrap) -> Interpretation:
    sharpe = result.intervals[Metric.SHARPE]
    if sharpe.low is None or sharpe.high is None:
        standing, found = Standing.BAD, "no drawn history has a Sharpe ratio"
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
        "How far each headline number would scatter among histories made of the same sessions.",
        "What such histories never held: a crash that is not in the data is in no draw.",
        "Quote the interval instead of the number; where it holds 0, nothing is shown yet.",
    )


@interpret.register
def _(result: RealityCheck) -> Interpretation:
    return Interpretation(
        Statistic.REALITY_CHECK,
        _falling(result.spa_consistent, SIGNIFICANT, SUGGESTIVE),
        f"The best of {result.trials} strategies earned {gain(result.best_excess)} a year over the benchmark; "
        f"a search among worthless ones finds that with {p_value(result.spa_consistent)} "
        f"(White: {p_value(result.white)}).",
        "Whether the best strategy beats the benchmark once the whole search is counted.",
        "Anything about risk: it compares mean returns, and more exposure alone can pass.",
        "Above 0.05 hold the benchmark, or show that the strategy earns its place by less risk.",
    )


@interpret.register
def _(result: KupiecTest) -> Interpretation:
    return Interpretation(
        Statistic.KUPIEC,
        _rising(result.p_value, SIGNIFICANT, SIGNIFICANT),
        f"The {share(result.level)} limit was exceeded {result.exceedances} times in {result.sessions} sessions, "
        f"{ratio(result.expected, 1)} were to be expected ({p_value(result.p_value)}).",
        "Whether the limit held as often as it promised.",
        "Whether the exceedances came together, or how deep they went.",
        "Below 0.05 use another method, and read the expected shortfall.",
    )


@interpret.register
def _(result: DrawdownDistribution) -> Interpretation:
    middle, deep = result.depth(COIN), result.depth(SIGNIFICANT)
    return Interpretation(
        Statistic.DRAWDOWNS,
        Standing.CAUTION,
        f"Over {result.sessions} sessions half of the drawn histories fall {percent(-middle, 0)} or more from their "
        f"peak, and one in twenty {percent(-deep, 0)}.",
        "That the drawdown of the backtest is one draw of many, often a kind one.",
        "How deep a decline can go that lasts longer than the blocks.",
        "Ask whether you would stay through the one in twenty; if not, hold more cash.",
    )


@interpret.register
def _(result: Concentration) -> Interpretation:
    return Interpretation(
        Statistic.CONCENTRATION,
        Standing.GOOD if result.effective_bets > FEW_BETS or not result.invested else Standing.CAUTION,
        f"{share(result.invested)} is invested, as concentrated as {ratio(result.effective_holdings, 1)} equal "
        f"positions and as diversified as {ratio(result.effective_bets, 1)} independent ones.",
        "How many different bets the positions are.",
        "That they stay so: correlations rise in a crash.",
        "Lower the correlation cap or hold more positions where one bet is too few.",
    )


@interpret.register
def _(result: CorrelationStress) -> Interpretation:
    return Interpretation(
        Statistic.CORRELATION_STRESS,
        _falling(result.stressed_volatility, FEW_BETS * result.volatility, 2 * result.volatility),
        f"With every correlation at {ratio(result.correlation, 1)} or more the volatility rises from "
        f"{percent(result.volatility)} to {percent(result.stressed_volatility)} a year.",
        "How much of the low risk is owed to assets that move apart.",
        "What volatilities do in the same crash: they rise too.",
        "Set the position sizes by the second number if the first one is owed to correlation.",
    )


@interpret.register
def _(result: CorrelationRegime) -> Interpretation:
    return Interpretation(
        Statistic.CORRELATION_REGIME,
        _falling(result.percentile, CALM, TENSE),
        f"Over the last {result.window} sessions pairs of assets correlate by {ratio(result.current)} on average, more "
        f"than on {share(result.percentile)} of the sessions before.",
        "Whether the universe offers different bets now.",
        "Where correlations go next; the window is always late.",
        "In a high regime expect fewer symbols to pass the correlation cap, and more cash.",
    )


def _rising(value: float, caution: float, good: float) -> Standing:
    return Standing.GOOD if value >= good else Standing.CAUTION if value >= caution else Standing.BAD


def _falling(value: float, good: float, bad: float) -> Standing:
    return Standing.GOOD if value <= good else Standing.CAUTION if value < bad else Standing.BAD
