"""The answer first: four statements that the numbers allow, each with the numbers in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING

from research.report.facts.series import Missing
from research.report.formats import formed, gain, percent, probability, ratio
from research.report.names import Statistic
from research.report.page.elements import markup, number
from research.statistics.metrics import Metric

if TYPE_CHECKING:
    from markupsafe import Markup

    from research.report.facts.gathering import Facts
    from research.report.facts.series import MeasuredSeries

SURE, EVEN = 0.95, 0.5
LITTLE = 0.25
STRONG = 0.05
STRATEGIES = 2
"""Series of `Facts.common` that are no benchmark: the walk-forward and the live parameters."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A statement to know first."""

    title: str
    sentence: Markup

    @property
    def text(self) -> str:
        """The answer without markup."""
        return f"{self.title} {plain(self.sentence)}"


def statements(facts: Facts) -> tuple[Answer, ...]:
    """Say what the numbers allow, for better or worse; what cannot be measured is said to be so."""
    return (_hindsight(facts), _benchmark(facts), _luck(facts), _risk(facts))


def plain(content: Markup) -> str:
    """Return content without its markup."""
    return unescape(re.sub(r"<[^>]+>", "", content))


def _hindsight(facts: Facts) -> Answer:
    live, honest = facts.whole, facts.common[0]
    if isinstance(live, Missing) or isinstance(honest, Missing):
        return Answer("Too little to measure.", markup("The histories are too short for an interval."))
    is_lower = _estimate(honest, Metric.SHARPE) < _estimate(live, Metric.SHARPE)
    return Answer(
        "Hindsight flatters." if is_lower else "The choice held up.",
        markup(
            f"The live parameters, chosen with these years in view, show {_sharpe(live)} and {_cagr(live)} since "
            f"{live.first.year}; choosing afresh every {facts.selection.test_months} months from the "
            f"{facts.selection.train_months} before, as anybody would have had to, gave {_sharpe(honest)} and "
            f"{_cagr(honest)} from {honest.first.year} on."
        ),
    )


def _benchmark(facts: Facts) -> Answer:
    known = [each for each in facts.common if not isinstance(each, Missing)]
    measured = {each.name: each for each in known}
    found = () if isinstance(facts.differences, Missing) else facts.differences
    differences = [each for each in found if each.against in measured]
    rivals = [each for each in differences if each.against != known[1].name] if len(known) > 1 else []
    if not rivals and len(facts.common) > STRATEGIES:
        return Answer("Too little to compare.", markup("The histories are too short to compare with a benchmark."))
    if not rivals:
        return Answer("No benchmark.", markup("No bars of SPY reach back so far: there is nothing to compare with."))
    rival = rivals[0]
    other = measured[rival.against]
    beats, certain = rival.estimate > 0, rival.low > 0 or rival.high < 0
    doubt = "more than chance alone explains" if certain else "which chance alone might explain"
    return Answer(
        f"{rival.against} did {'worse' if beats else 'better'}{'' if certain else ', though not beyond doubt'}.",
        markup(
            f"Over the sessions of the walk-forward {rival.against} had {_sharpe(other)} and {_cagr(other)}, with a "
            f"max drawdown of {number(_estimate(other, Metric.MAX_DRAWDOWN), percent)} on the way against "
            f"{number(_estimate(known[0], Metric.MAX_DRAWDOWN), percent)}; the walk-forward's Sharpe ratio differs by "
            f"<strong>{number(rival.estimate, ratio)}</strong> ({number(rival.low, ratio)} to "
            f"{number(rival.high, ratio)}), {doubt}."
        ),
    )


def _luck(facts: Facts) -> Answer:
    values = {judgement.words.statistic: judgement.value for judgement in reversed(facts.luck.judgements)}
    deflated = values.get(Statistic.DEFLATED_SHARPE)
    overfit = values.get(Statistic.OVERFITTING)
    superior = values.get(Statistic.REALITY_CHECK)
    parts = []
    if deflated is not None:
        verb = "is more" if deflated >= SURE else "may be no more"
        parts.append(
            f"The live parameters' Sharpe ratio {verb} than the luckiest of as many worthless trials would show "
            f"(probability {number(deflated, probability)})"
        )
    if overfit is not None:
        carried = "does not carry" if overfit >= EVEN else "hardly carries" if overfit >= LITTLE else "carries"
        parts.append(
            f"the order of the grid {carried} from one half of history to the other (the best of one half ends up at "
            f"or below the middle in {number(overfit, formed(percent, 0))} of all splits)"
        )
    if superior is not None:
        found = "beats" if superior <= STRONG else "does not beat"
        parts.append(
            f"its best strategy {found} {facts.luck.benchmark}'s mean return once the search is counted (p = "
            f"{number(superior, probability)})"
        )
    permuted = next((test.best.p for test in facts.luck.permutations), None)
    if permuted is not None:
        share = number(permuted, formed(percent, 0))
        parts.append(f"where the order of days is shuffled the search finds as much in {share} of all worlds")
    if not parts:
        return Answer("Luck cannot be judged.", markup("The trials are too few or too short for these statistics."))
    is_clear = (
        (deflated is not None and deflated >= SURE)
        and (overfit is not None and overfit < LITTLE)
        and (superior is not None and superior <= STRONG)
        and (permuted is None or permuted <= STRONG)
    )
    return Answer("More than luck." if is_clear else "Luck is not ruled out.", markup("; ".join(parts) + "."))


def _risk(facts: Facts) -> Answer:
    honest = facts.common[0]
    is_shown = not isinstance(honest, Missing) and (honest.metrics[Metric.SHARPE].low or 0) > 0
    advice = (
        "The evidence holds out of sample: size by what may be lost, not by what was earned."
        if is_shown
        else "Nothing here shows yet that the strategy earns its risk: trade it small, on paper, or not at all."
    )
    if not facts.risk.books or not facts.risk.books[0].weights:
        return Answer("Tonight all is cash.", markup(advice))
    book = facts.risk.books[0]
    held = ", ".join(f"{symbol} {percent(weight, 0)}" for symbol, weight in book.weights.items())
    parts = []
    if not isinstance(book.tails.risks, Missing):
        day = next(risk for risk in book.tails.risks if risk.horizon.sessions == 1)
        parts.append(f"lose {number(day.value_at_risk, percent)} or more on one day in twenty")
    if not isinstance(book.tails.drawdowns, Missing):
        deep = book.tails.drawdowns.exceeded[STRONG]
        parts.append(f"fall {number(-deep, formed(percent, 0))} or more below their peak in one year of twenty")
    odds = f"Tonight's targets ({held}) would {' and '.join(parts)}. " if parts else ""
    return Answer("Be ready to lose.", markup(f"{odds}{advice}"))


def _estimate(measured: MeasuredSeries, metric: Metric) -> float:
    found = measured.metrics[metric].estimate
    return float("nan") if found is None else found


def _sharpe(measured: MeasuredSeries) -> str:
    found = measured.metrics[Metric.SHARPE]
    low, high = number(found.low, ratio), number(found.high, ratio)
    return f"a Sharpe ratio of <strong>{number(found.estimate, ratio)}</strong> ({low} to {high})"


def _cagr(measured: MeasuredSeries) -> str:
    return f"<strong>{number(measured.metrics[Metric.CAGR].estimate, gain)}</strong> a year"
