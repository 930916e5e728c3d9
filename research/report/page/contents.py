"""Contents of the page: its sections in their order, and their pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from research.report.facts.series import MONTHS, Missing
from research.report.names import LIVE, WALK_FORWARD
from research.report.pictures import holdings, judgement, performance, periods, selection
from research.statistics.metrics import Metric

if TYPE_CHECKING:
    from research.report.facts.gathering import Curves, Facts
    from research.report.pictures.canvas import Picture


ANNUAL = {"figures", "numbers", "walk-forward", "before-and-after", "luck", "map", "held", "costs"}
"""Sections with annual figures."""


@dataclass(frozen=True, slots=True)
class PageSection:
    """A section of the page: one idea, in the template of its name.

    Attributes:
        name: Its anchor, and its template.
        short: Its name in the contents.
        lead: Its message, before how it was found.
    """

    name: str
    short: str
    title: str
    lead: str

    @property
    def is_annual(self) -> bool:
        """True where it has annual figures, which carry the caveat of a short history."""
        return self.name in ANNUAL


@dataclass(frozen=True, slots=True)
class SectionGroup:
    """Sections that answer one question."""

    title: str
    sections: tuple[PageSection, ...]


GROUPS = (
    SectionGroup(
        "Performance",
        (
            PageSection(
                "growth",
                "Growth and drawdown",
                "Growth and drawdown",
                "The walk-forward is what choosing without hindsight would have made of the first dollar.",
            ),
            PageSection("figures", "All figures", "All figures", "Every series over the same sessions, after costs."),
            PageSection(
                "numbers",
                "Intervals",
                "The same years, with intervals",
                "Whether a number means anything shows in its interval: where two overlap, the order may be chance.",
            ),
            PageSection(
                "periods",
                "Years and months",
                "Years and months",
                "A strategy that works should work in most years, and not only because the market does.",
            ),
            PageSection(
                "trailing",
                "Distribution and trailing year",
                "Distribution, and the trailing year",
                "How returns scatter, and how risk and the likeness to the benchmark changed.",
            ),
        ),
    ),
    SectionGroup(
        "Is it more than luck?",
        (
            PageSection(
                "walk-forward",
                "Walk-forward",
                "Walk-forward: parameters chosen without hindsight",
                "The parameters knew nothing of the months they were tested on.",
            ),
            PageSection(
                "before-and-after",
                "In sample, out of sample",
                "In sample against out of sample",
                "What a winner showed when it was chosen, and what it showed afterwards.",
            ),
            PageSection(
                "luck",
                "The part of luck",
                "The part of luck",
                "Try enough strategies and one looks good. How good does the best of as many worthless ones look?",
            ),
            PageSection(
                "permuted",
                "Permutation test",
                "Permutation test",
                "If the order of days is shuffled there is nothing to find. How often does the search find as much?",
            ),
            PageSection(
                "search",
                "Parameter search",
                "Parameter search beyond the grid",
                "Would a finer search inside each train window have done better out of sample?",
            ),
            PageSection(
                "checks",
                "Checks",
                "Checks of the computation",
                "Does a row know the future? Is an average warm?",
            ),
            PageSection(
                "map",
                "Parameter map",
                "Parameter map",
                "A good place to stand is a plateau, where one step to either side changes little.",
            ),
        ),
    ),
    SectionGroup(
        "Positions",
        (
            PageSection(
                "held",
                "Holdings",
                "Holdings",
                "Few positions at a time, changed often: the result rests on a handful of symbols.",
            ),
            PageSection("trades", "Trades", "Trades", "What was bought and sold, and how long it was held."),
            PageSection(
                "account",
                "Account",
                "The account beside the backtest",
                "What was earned with money, and what the backtest says of the same sessions.",
            ),
            PageSection("costs", "Costs", "Costs of trading", "Every change of mind is paid for."),
        ),
    ),
    SectionGroup(
        "Risk",
        (
            PageSection(
                "tonight",
                "Tonight's book",
                "Losses to expect: tonight's book",
                "The book of today, with its weights kept, over the past of what is in it.",
            ),
            PageSection(
                "tails",
                "The history's tails",
                "Losses to expect: by the history",
                "A drawdown of the backtest is one draw of many, often a kind one.",
            ),
            PageSection(
                "crises",
                "Crises",
                "Crises",
                "What it did, and what tonight's book would have done, when it mattered.",
            ),
            PageSection(
                "alike",
                "Correlation",
                "Correlation of the assets",
                "Holding several things helps only while they move apart.",
            ),
        ),
    ),
    SectionGroup(
        "About",
        (
            PageSection(
                "small-print",
                "Origin of the numbers",
                "Origin of the numbers",
                "The same warehouse snapshot gives the same page.",
            ),
        ),
    ),
)


CHARTS = {"since", "equity", "drawdowns"}
"""Pictures that readers see only where no scripts run."""


def pictures_of(facts: Facts, curves: Curves) -> dict[str, Picture]:
    """Return the pictures of the page, by the names that its templates know, in their order."""
    start = facts.provenance.initial_equity
    spy = [each for each in curves.benchmarks if each.name == facts.benchmark]
    found = {
        "since": performance.equity("walk_forward", "Growth, chosen without hindsight", curves.since, start),
        "equity": performance.equity("equity", "Growth, with hindsight", (curves.live, *curves.benchmarks), start),
        "drawdowns": performance.drawdowns("drawdowns", "Drawdowns", [curves.walk_forward, curves.live, *spy]),
        "years": periods.years(facts.yearly, [WALK_FORWARD, LIVE, *(each.name for each in spy)]),
        "distribution": periods.distribution(
            {
                WALK_FORWARD: facts.monthly_honest[list(MONTHS)].to_numpy(dtype=float).ravel(),
                LIVE: facts.monthly[list(MONTHS)].to_numpy(dtype=float).ravel(),
            }
        ),
        "rolling": performance.rolling(facts.rolling),
        "choices": selection.choices(facts.selection),
        "before_and_after": selection.before_and_after(facts.selection),
        "trials": judgement.trials(facts.luck, _marks(facts)),
        "parameter_map_sharpe": selection.parameter_map(facts.selection, Metric.SHARPE, "Sharpe ratio"),
        "parameter_map_calmar": selection.parameter_map(facts.selection, Metric.CALMAR, "Calmar ratio"),
        "weights": holdings.weights(facts.holdings),
        "contributions": holdings.contributions(facts.holdings),
        "costs": holdings.costs(facts.holdings),
    }
    if any(not isinstance(each, Missing) for each in facts.common):
        found["intervals"] = performance.intervals(facts)
    found |= {
        f"account_{lines.account.name}": performance.account(lines.account, lines.backtest) for lines in curves.accounts
    }
    if facts.luck.permutations:
        found["permutations"] = judgement.permutations(facts.luck.permutations[0])
    tails = (*facts.risk.histories, *(book.tails for book in facts.risk.books))
    odds = {each.name: each.drawdowns for each in tails if not isinstance(each.drawdowns, Missing)}
    if odds:
        found["drawdown_odds"] = judgement.drawdown_odds(odds)
    if facts.risk.crises:
        found["crises"] = judgement.crises(facts.risk.crises)
    if not isinstance(facts.risk.regime, Missing):
        found["correlation_regime"] = judgement.regime(facts.risk.regime)
    return found


def _marks(facts: Facts) -> dict[str, float]:
    """Sharpe ratios that are marked among those of all trials."""
    honest = facts.common[0]
    marks = {
        LIVE: next((point.values[Metric.SHARPE] for point in facts.selection.points if point.is_live), None),
        WALK_FORWARD: None if isinstance(honest, Missing) else honest.metrics[Metric.SHARPE].estimate,
        "Luckiest worthless one": facts.luck.expected_best,
    }
    return {name: value for name, value in marks.items() if value is not None}
