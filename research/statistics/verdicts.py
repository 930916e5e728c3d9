"""What each statistic found, in plain language: what it says, what it does not say, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import singledispatch

from research.statistics.bootstrap import Bootstrap
from research.statistics.cross_validation import PurgedPaths
from research.statistics.exposure import Concentration, CorrelationRegime, CorrelationStress
from research.statistics.metrics import Metric
from research.statistics.overfitting import BacktestOverfitting
from research.statistics.reality_check import RealityCheck
from research.statistics.risk import DrawdownDistribution, KupiecTest
from research.statistics.samples import SESSIONS_A_YEAR
from research.statistics.sharpe import DeflatedSharpe, MinimumTrackRecord, ProbabilisticSharpe, annualised

SURE, LIKELY = 0.95, 0.75
SIGNIFICANT, SUGGESTIVE = 0.05, 0.25
COIN = 0.5
FEW_BETS = 1.5
CALM, TENSE = 0.8, 0.95
ROUNDS_AWAY, SMALLEST_P = 0.005, 0.001


class Standing(StrEnum):
    """How the strategy stands by one statistic."""

    GOOD = "good"
    CAUTION = "caution"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One statistic in sentences.

    Attributes:
        finding: What came out, with its numbers.
        says: What that means.
        does_not_say: Where it misleads.
        remedy: What to do.
    """

    statistic: str
    standing: Standing
    finding: str
    says: str
    does_not_say: str
    remedy: str


@singledispatch
def verdict(result: object) -> Verdict:
    """Put a result of this package into sentences.

    Raises:
        TypeError: It is no result that has a verdict.
    """
    raise TypeError(f"{type(result).__name__} has no verdict: pass a result of this package's statistics.")


@verdict.register
def _(result: ProbabilisticSharpe) -> Verdict:
    return Verdict(
        "Probabilistic Sharpe ratio",
        _rising(result.probability, LIKELY, SURE),
        f"The Sharpe ratio of {result.sample.annual:.2f} over {result.sample.sessions} sessions exceeds "
        f"{annualised(result.benchmark):.2f} with a probability of {_percent(result.probability)}.",
        "How sure the length and shape of this one record make its Sharpe ratio.",
        "Anything about the choice: the best of many strategies looks sure here even if all are worthless.",
        "Read the deflated Sharpe ratio beside it; below 95 % wait for a longer record.",
    )


@verdict.register
def _(result: MinimumTrackRecord) -> Verdict:
    needed = "no record would be long enough" if result.years is None else f"it takes {result.years:.1f} years"
    return Verdict(
        "Minimum track record length",
        Standing.GOOD if result.is_long_enough else Standing.CAUTION if result.sessions else Standing.BAD,
        f"To tell a Sharpe ratio of {result.sample.annual:.2f} from {annualised(result.benchmark):.2f} with "
        f"{_percent(result.confidence)} confidence {needed}; there are {result.sample.sessions / SESSIONS_A_YEAR:.1f}.",
        "Whether the record is long enough to tell skill from luck at all.",
        "That the Sharpe ratio measured is the true one, which it supposes.",
        "Trade small until the record is that long.",
    )


@verdict.register
def _(result: DeflatedSharpe) -> Verdict:
    return Verdict(
        "Deflated Sharpe ratio",
        _rising(result.probability, COIN, SURE),
        f"The luckiest of {result.trials:.0f} worthless trials would show {annualised(result.benchmark):.2f}; "
        f"{result.sample.annual:.2f} is more than that with a probability of {_percent(result.probability)}.",
        "How much of the Sharpe ratio the search alone explains.",
        "Anything about trials that nobody recorded: each makes the true number lower.",
        "Try fewer, more different strategies; below 95 % treat the parameters as not chosen by evidence.",
    )


@verdict.register
def _(result: BacktestOverfitting) -> Verdict:
    return Verdict(
        "Probability of backtest overfitting",
        _falling(result.probability, SIGNIFICANT, COIN),
        f"In {_percent(result.probability)} of {result.splits:,} splits the best of {result.trials} strategies on one "
        f"half was no better than the median on the other; it lost money in {_percent(result.probability_of_loss)}.",
        "Whether choosing the best of this grid on the past picks one that is better later. A coin would give 50 %.",
        "Whether the grid earns anything: where all its members are alike, choice does not matter and luck decides.",
        "At 50 % or more do not choose: use the average of the grid, or a middle set of parameters fixed beforehand.",
    )


@verdict.register
def _(result: PurgedPaths) -> Verdict:
    low, high = min(result.sharpe), max(result.sharpe)
    return Verdict(
        "Combinatorial purged cross-validation",
        _falling(result.probability_of_loss, SIGNIFICANT, SUGGESTIVE),
        f"{result.purging.paths} paths out of sample have Sharpe ratios from {low:.2f} to {high:.2f}; "
        f"{_percent(result.probability_of_loss)} of them lose.",
        "How much the walk-forward result depends on the one order in which history happened.",
        "What somebody could have earned: the paths choose with the help of years that came later.",
        "Where paths differ widely, expect any of them, and size positions for the worst.",
    )


@verdict.register
def _(result: Bootstrap) -> Verdict:
    sharpe = result.intervals[Metric.SHARPE]
    if sharpe.low is None or sharpe.high is None:
        standing, found = Standing.BAD, "no drawn history has a Sharpe ratio"
    else:
        standing = Standing.GOOD if sharpe.low > 0 else Standing.CAUTION if sharpe.high > 0 else Standing.BAD
        found = (
            f"{_percent(result.level)} of the drawn Sharpe ratios lie between {sharpe.low:.2f} and {sharpe.high:.2f}"
        )
    return Verdict(
        "Stationary block bootstrap",
        standing,
        f"Over {result.draws.count:,} histories drawn in blocks of {result.draws.block_length:.0f} sessions, {found}.",
        "How far each headline number would scatter among histories made of the same sessions.",
        "What such histories never held: a crash that is not in the data is in no draw.",
        "Quote the interval instead of the number; where it holds 0, nothing is shown yet.",
    )


@verdict.register
def _(result: RealityCheck) -> Verdict:
    return Verdict(
        "Reality check and superior predictive ability",
        _falling(result.spa_consistent, SIGNIFICANT, SUGGESTIVE),
        f"The best of {result.trials} strategies earned {100 * result.best_excess:+.1f} % a year over the benchmark; "
        f"a search among worthless ones finds that with {_p(result.spa_consistent)} (White: {_p(result.white)}).",
        "Whether the best strategy beats the benchmark once the whole search is counted.",
        "Anything about risk: it compares mean returns, and more exposure alone can pass.",
        "Above 0.05 hold the benchmark, or show that the strategy earns its place by less risk.",
    )


@verdict.register
def _(result: KupiecTest) -> Verdict:
    return Verdict(
        "Value at risk against what happened",
        _rising(result.p_value, SIGNIFICANT, SIGNIFICANT),
        f"The {_percent(result.level)} limit was exceeded {result.exceedances} times in {result.sessions} sessions, "
        f"{result.expected:.1f} were to be expected ({_p(result.p_value)}).",
        "Whether the limit held as often as it promised.",
        "Whether the exceedances came together, or how deep they went.",
        "Below 0.05 use another method, and read the expected shortfall.",
    )


@verdict.register
def _(result: DrawdownDistribution) -> Verdict:
    middle, deep = result.depth(COIN), result.depth(SIGNIFICANT)
    return Verdict(
        "Drawdowns to expect",
        Standing.CAUTION,
        f"Over {result.sessions} sessions half of the drawn histories fall {-100 * middle:.0f} % or more from their "
        f"peak, and one in twenty {-100 * deep:.0f} %.",
        "That the drawdown of the backtest is one draw of many, often a kind one.",
        "How deep a decline can go that lasts longer than the blocks.",
        "Ask whether you would stay through the one in twenty; if not, hold more cash.",
    )


@verdict.register
def _(result: Concentration) -> Verdict:
    return Verdict(
        "Concentration",
        Standing.GOOD if result.effective_bets > FEW_BETS or not result.invested else Standing.CAUTION,
        f"{_percent(result.invested)} is invested, as concentrated as {result.effective_holdings:.1f} equal positions "
        f"and as diversified as {result.effective_bets:.1f} independent ones.",
        "How many different bets the positions are.",
        "That they stay so: correlations rise in a crash.",
        "Lower the correlation cap or hold more positions where one bet is too few.",
    )


@verdict.register
def _(result: CorrelationStress) -> Verdict:
    return Verdict(
        "Correlation breakdown",
        _falling(result.stressed_volatility, FEW_BETS * result.volatility, 2 * result.volatility),
        f"With every correlation at {result.correlation:.1f} or more the volatility rises from "
        f"{100 * result.volatility:.1f} % to {100 * result.stressed_volatility:.1f} % a year.",
        "How much of the low risk is owed to assets that move apart.",
        "What volatilities do in the same crash: they rise too.",
        "Set the position sizes by the second number if the first one is owed to correlation.",
    )


@verdict.register
def _(result: CorrelationRegime) -> Verdict:
    return Verdict(
        "Correlation regime",
        _falling(result.percentile, CALM, TENSE),
        f"Over the last {result.window} sessions pairs of assets correlate by {result.current:.2f} on average, more "
        f"than on {_percent(result.percentile)} of the sessions before.",
        "Whether the universe offers different bets now.",
        "Where correlations go next; the window is always late.",
        "In a high regime expect fewer symbols to pass the correlation cap, and more cash.",
    )


def _rising(value: float, caution: float, good: float) -> Standing:
    return Standing.GOOD if value >= good else Standing.CAUTION if value >= caution else Standing.BAD


def _falling(value: float, good: float, bad: float) -> Standing:
    return Standing.GOOD if value <= good else Standing.CAUTION if value < bad else Standing.BAD


def _p(value: float) -> str:
    return "p < 0.001" if value < SMALLEST_P else f"p = {value:.3f}"


def _percent(share: float) -> str:
    """A share in words that never rounds to certainty."""
    if 0 < share < ROUNDS_AWAY:
        return "less than 1 %"
    if 1 - ROUNDS_AWAY < share < 1:
        return "more than 99 %"
    return f"{100 * share:.0f} %"
