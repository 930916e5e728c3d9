"""Sections on the record: the same years five ways, growth, drawdowns, months, the trailing year, holdings, costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from research.report.facts.series import DRAWS, LEVEL, Missing
from research.report.formats import METRIC_FORMS, day, dollars, gain, percent, ratio, span
from research.report.names import METRICS, capitalised
from research.report.page.elements import (
    Html,
    PageSection,
    Shown,
    caveat,
    columns,
    folded,
    formed,
    missing,
    number,
    paragraph,
    row,
    table,
    with_interval,
)
from research.report.pictures import holdings as pictures_of_holdings
from research.report.pictures import performance
from research.statistics.samples import SESSIONS_A_YEAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from research.report.facts.gathering import Curves, Facts
    from research.report.facts.series import Drawdown, MeasuredSeries


def numbers(facts: Facts) -> PageSection:
    """Compare every series over the same sessions, with intervals."""
    known = [each for each in facts.common if not isinstance(each, Missing)]
    body: list[Html | Shown] = [Shown(performance.intervals(facts))] if known else []
    body.append(_headlines(known, "Over the sessions of the walk-forward"))
    body += [missing(each, "An interval") for each in facts.common if isinstance(each, Missing)]
    differences = [each for each in facts.differences if not isinstance(each, Missing)]
    if differences:
        rows = [row(each.against, number(each.estimate, ratio), _range(each.low, each.high)) for each in differences]
        heads = ["Against", "Difference", f"{percent(LEVEL, 0)} interval"]
        body.append(table("Sharpe ratio of the walk-forward less each other's", heads, rows))
    body.append(
        folded(
            "The live parameters and the benchmarks over all sessions",
            _headlines([each for each in facts.whole if not isinstance(each, Missing)], "Over all sessions"),
        )
    )
    lengths = ", ".join(f"{each.name} {ratio(each.block_length, 0)}" for each in known)
    body.append(
        caveat(
            f"Small print under each number: its {percent(LEVEL, 0)} interval over {DRAWS:,} histories drawn in blocks "
            f"(mean sessions a block: {lengths}). The intervals know nothing of how parameters were chosen, nor of "
            "crashes that are not in these years. Drawdowns are biased: shuffled blocks break long declines. The "
            "strategy pays costs, the benchmarks pay none."
        )
    )
    lead = "Whether a number means anything shows in its interval: where two overlap, the order may be chance."
    return PageSection("numbers", "The same years, side by side", lead, tuple(body))


def growth(facts: Facts, curves: Curves) -> PageSection:
    """Compare equity with the benchmarks."""
    start = facts.provenance.initial_equity
    series = (curves.live, *curves.benchmarks)
    picture = performance.equity("equity", "Growth, with hindsight", series, start)
    lead = (
        "What the live parameters would have made of the first dollar to the last, and what doing nothing would have."
    )
    note = caveat(
        "The line of the live parameters is hindsight: they were chosen with these years in view. The honest line is "
        "under “Walk-forward: parameters chosen without hindsight”. Interest on cash is not counted."
    )
    return PageSection("growth", "Growth", lead, (Shown(picture), note))


def drawdowns(facts: Facts, curves: Curves) -> PageSection:
    """List drawdowns with their dates."""
    series = [curves.live, curves.walk_forward, *(each for each in curves.benchmarks if each.name == "SPY")]
    tables = [_deepest(f"{name}: the five deepest", rows) for name, rows in facts.drawdowns.items()]
    note = caveat(
        "One history holds a handful of such drawdowns: those to expect in a year stand under “Losses to expect”."
    )
    lead = "How far it fell from its best, when, and how long it took to come back."
    return PageSection(
        "drawdowns",
        "Drawdowns",
        lead,
        (Shown(performance.drawdowns("drawdowns", "Drawdowns", series)), columns(*tables), note),
    )


def months(facts: Facts) -> PageSection:
    """Show monthly returns."""
    lead = "Blue months earned, red ones lost; the last column is the year."
    note = caveat(
        "Live parameters, after costs: hindsight. A single month says nothing; look for years that carry the whole "
        "result."
    )
    return PageSection("months", "Month by month", lead, (Shown(performance.months("months", facts.monthly)), note))


def trailing(facts: Facts) -> PageSection:
    """Show the trailing year."""
    lead = "A strategy that works should work in most years, and not only because SPY does."
    note = caveat(
        f"Windows of {SESSIONS_A_YEAR} sessions overlap: neighbours are one reading. The standard error of a yearly "
        "Sharpe ratio is about 1, so only long stretches above or below say something."
    )
    return PageSection("trailing", "The trailing year", lead, (Shown(performance.rolling(facts)), note))


def held(facts: Facts) -> PageSection:
    """Show weights and contributions."""
    holdings, exposure = facts.holdings, facts.risk.exposure
    rows = [
        row(
            each.symbol,
            number(each.a_year, formed(gain, 2)),
            number(each.held, formed(percent, 0)),
            number(each.weight, formed(percent, 0)),
        )
        for each in holdings.contributions
    ]
    on_average = Html(
        f"On average {number(exposure.invested, percent)} was invested, the largest position was "
        f"{number(exposure.largest, percent)}, and the positions were as concentrated as "
        f"{number(exposure.effective_holdings, ratio)} equal ones; {number(exposure.in_cash, percent)} of the sessions "
        "were all cash."
    )
    body = (
        Shown(pictures_of_holdings.weights(holdings)),
        paragraph(on_average),
        Shown(pictures_of_holdings.contributions(holdings)),
        folded(
            "Contributions in figures",
            table("Contribution of each symbol", ["Symbol", "Points a year", "Held", "Mean weight"], rows),
        ),
        caveat(
            "Contributions are sums of weight times return before costs, not compounded, without intervals: with a "
            "few dozen holding periods a symbol, their order is mostly chance. A symbol that did not exist earlier "
            "had less time."
        ),
    )
    lead = "Few positions at a time, changed often: the result rests on a handful of symbols."
    return PageSection("held", "Holdings", lead, body)


def _minimum_commission(facts: Facts) -> tuple[Html, ...]:
    """Say what the broker's minimum an order would leave, where the costs have none."""
    effect = facts.commission
    if effect is None:
        return ()
    charged, usual = (number(metrics["cagr"], percent) for metrics in (effect.charged, effect.usual))
    minimum = number(effect.minimum, formed(ratio, 2))
    equity = number(effect.initial_equity, lambda value, /: dollars(value or 0))
    said = (
        f"With the broker's minimum commission, {minimum} USD an order, an account of {equity} would have earned "
        f"<strong>{charged}</strong> a year instead of {usual}, by the live parameters."
    )
    return (paragraph(Html(said)),)


def costs(facts: Facts) -> PageSection:
    """Show turnover and costs."""
    holdings = facts.holdings
    rows = [
        row(
            str(each.year),
            number(each.gross, gain),
            number(each.net, gain),
            number(each.turnover, formed(ratio, 0)),
            number(each.cost, formed(percent, 2)),
        )
        for each in holdings.years
    ]
    said = Html(
        f"It trades <strong>{number(holdings.turnover, formed(ratio, 0))} times</strong> its equity a year and pays "
        f"<strong>{number(holdings.cost, formed(percent, 2))}</strong> of it. Before costs one dollar became "
        f"{number(holdings.gross_growth, ratio)}, after them {number(holdings.net_growth, ratio)}."
    )
    heads = ["Year", "Before costs", "After", "Traded", "Paid"]
    body: tuple[Html | Shown, ...] = (
        paragraph(said),
        *_minimum_commission(facts),
        Shown(pictures_of_holdings.costs(holdings)),
        folded("Year by year", table("Returns, turnover and costs by year", heads, rows)),
        caveat(
            "Costs are modelled: a fixed slippage on the value traded and a commission a share. A small account pays "
            "the broker's minimum an order besides, and taxes are not counted; both make every result lower."
        ),
    )
    return PageSection("costs", "Costs of trading", "Every change of mind is paid for.", body)


def _headlines(measured: Sequence[MeasuredSeries], caption: str) -> Html:
    rows = [
        row(each.name, *(with_interval(each.metrics[metric], METRIC_FORMS[metric]) for metric in METRICS))
        for each in measured
    ]
    days = f", {span(measured[0].first, measured[0].last)}, {measured[0].sessions:,} sessions" if measured else ""
    return table(f"{caption}{days}", ["", *map(capitalised, METRICS.values())], rows)


def _deepest(caption: str, rows: Sequence[Drawdown]) -> Html:
    cells = [
        row(*map(day, (each.start, each.trough, each.recovery)), number(each.depth, percent), number(each.days, _days))
        for each in rows
    ]
    return table(caption, ["From", "Trough", "Recovered", "Depth", "Days"], cells)


def _days(value: float | None) -> str:
    return ratio(value, 0)


def _range(low: float, high: float) -> Html:
    return Html(f"{number(low, ratio)} to {number(high, ratio)}")
