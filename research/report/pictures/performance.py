"""Pictures of returns: intervals, equity, drawdowns, months, rolling figures."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from research.report.facts.series import Missing, worst_drawdowns
from research.report.formats import METRIC_FORMS, day, dollars, formed, gain, interval, percent, ratio, span
from research.report.names import METRICS, capitalised
from research.report.pictures.canvas import (
    COLOURS,
    EPOCH,
    HALF,
    INK,
    PAPER,
    Picture,
    Shape,
    axes_of,
    colour_of,
    date_axis,
    heading,
    legend,
    level_lines,
)
from research.statistics.metrics import Metric
from research.statistics.samples import SESSIONS_A_YEAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from research.report.facts.figures import Rolling
    from research.report.facts.gathering import Facts
    from research.report.facts.series import MeasuredSeries, Series
    from research.report.formats import Form
    from research.statistics.samples import FloatArray

SHOWN = (Metric.SHARPE, Metric.CAGR)
MANY_YEARS = 12
# Ticks of the equity axis as multiples of powers of ten, by the highest over the lowest equity.
SMALL_RANGE, COARSE, LARGE_RANGE, FINE = 4.0, (1, 2, 5), 30.0, (1, 1.5, 2, 3, 5, 7)
FEW_LINES = 3
"""So many lines have room for their last values beside their names."""


def intervals(facts: Facts) -> Picture:
    """Headline metrics with their intervals, over the same sessions."""
    measured = [each for each in facts.common if not isinstance(each, Missing)]
    said = [
        f"{each.name} {ratio(sharpe.estimate)} ({interval(sharpe.low, sharpe.high, ratio)})"
        for each in measured
        for sharpe in [each.metrics[Metric.SHARPE]]
    ]
    alt = f"Sharpe ratio and return a year with 95% intervals. Sharpe ratios: {'; '.join(said)}."
    return Picture("intervals", "Headline metrics with their intervals", alt, lambda shape: _intervals(measured, shape))


def equity(name: str, title: str, series: Sequence[Series], start: float) -> Picture:
    """Growth of the same starting amount, logarithmic."""
    said = "; ".join(f"{each.name} {dollars(start * float(each.growth[-1]))}" for each in series)
    days = span(series[0].sessions[0], series[0].sessions[-1])
    alt = f"Growth of {dollars(start)} from {days}, logarithmic scale. At the end: {said}."
    return Picture(name, title, alt, lambda shape: _equity(series, start, shape))


def account(own: Series, backtest: Series) -> Picture:
    """Growth of 100 in an account, and in the backtest over its sessions."""
    said = "; ".join(f"{each.name} {gain(each.total)}" for each in (own, backtest))
    days = span(own.sessions[0], own.sessions[-1])
    alt = f"Growth of $100 from {days}, logarithmic scale. At the end: {said}."
    name, title = own.name.lower().replace(" ", "_"), f"{own.name} beside the backtest"
    return Picture(name, title, alt, lambda shape: _equity((own, backtest), 100, shape), shape=HALF)


def equity_found(name: str, series: Sequence[Series], start: float) -> Picture:
    """Growth of the same starting amount, with the outcome of the first series in its title."""
    first = series[0]
    end, days = dollars(start * float(first.growth[-1])), span(first.sessions[0], first.sessions[-1])
    title = f"Equity: {dollars(start)} became {end} ({gain(first.total, 0)})"
    note = f"{first.name}, {days}, after costs; logarithmic scale"
    return replace(equity(name, title, series, start), note=note)


def drawdowns(name: str, title: str, series: Sequence[Series]) -> Picture:
    """Drawdowns over time; the deepest of the first series is marked."""
    said = "; ".join(f"{each.name} {percent(float(each.drawdown.min()))}" for each in series)
    alt = f"Drawdowns: equity below its highest value so far, over time. At worst: {said}."
    return Picture(name, title, alt, lambda shape: _drawdowns(series, shape))


def drawdowns_found(name: str, series: Sequence[Series]) -> Picture:
    """Drawdowns over time, with the deepest of the first series in its title."""
    first = series[0]
    worst, days = int(first.drawdown.argmin()), span(first.sessions[0], first.sessions[-1])
    title = f"Drawdown: at worst {percent(float(first.drawdown[worst]))}, on {day(first.sessions[worst])}"
    return replace(drawdowns(name, title, series), note=f"{first.name}, {days}; equity below its highest value so far")


def rolling(found: Sequence[Rolling]) -> Picture:
    """Sharpe ratio, volatility, and what the benchmark has to do with both, over the trailing year."""
    said = []
    for each in found:
        known = each.sharpe[~np.isnan(each.sharpe)]
        if len(known):
            said.append(f"{each.of} between {ratio(float(known.min()))} and {ratio(float(known.max()))}")
    beside = f", correlation and beta to {found[0].against}" if found[0].against else ""
    window = f"over the trailing {SESSIONS_A_YEAR} sessions"
    alt = f"Sharpe ratio, volatility{beside} {window}. Sharpe ratio: {'; '.join(said)}."
    return Picture("rolling", "The trailing year", alt, lambda shape: _rolling(found, shape))


def _intervals(measured: Sequence[MeasuredSeries], shape: Shape) -> Figure:
    rows, columns = (len(SHOWN), 1) if shape.is_narrow else (1, len(SHOWN))
    figure, axes = axes_of(shape, rows, columns, height=(70 + 28 * len(measured)) * rows)
    for each, metric in zip(axes, SHOWN, strict=True):
        form = METRIC_FORMS[metric]
        heading(each, capitalised(METRICS[metric]), shape)
        for place, row in enumerate(measured):
            found = row.metrics[metric]
            if found.estimate is None or found.low is None or found.high is None:
                continue
            colour = COLOURS.get(row.name, INK)
            each.plot([found.low, found.high], [place, place], color=colour, linewidth=7, alpha=0.3)
            each.plot(found.estimate, place, "o", color=colour, markersize=8)
            each.annotate(
                form(found.estimate),
                (found.estimate, place),
                xytext=(0, 8),
                textcoords="offset points",
                ha="center",
                fontsize=shape.text - 1,
                color=colour,
                weight="bold",
            )
        named = shape.is_narrow or each is axes[0]
        each.set_yticks(range(len(measured)), [row.name if named else "" for row in measured], color=INK)
        each.set_ylim(len(measured) - 0.5, -0.8)
        each.xaxis.set_major_formatter(
            FuncFormatter(lambda value, _, form=form: form(value, 1 if form is ratio else 0))
        )
        each.xaxis.set_major_locator(MaxNLocator(5 if shape.is_narrow else 7, steps=[1, 2, 5, 10]))
        each.spines["bottom"].set_visible(False)
        level_lines(each, "x")
    return figure


def _equity(series: Sequence[Series], start: float, shape: Shape) -> Figure:
    figure, (axes,) = axes_of(shape, height=shape.height * 1.1)
    axes.set_yscale("log")
    for place, each in reversed([*enumerate(series)]):
        width, line = 1.4 if place else 2.2, start * each.growth
        label = f"{each.name}: {dollars(float(line[-1]))}" if len(series) <= FEW_LINES else each.name
        axes.plot(each.sessions, line, color=colour_of(each.name, place), linewidth=width, label=label)
    axes.yaxis.set_major_locator(FixedLocator(_dollar_ticks(*axes.get_ylim())))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: dollars(value)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    level_lines(axes)
    date_axis(axes, shape)
    legend(axes, shape)
    return figure


def _dollar_ticks(low: float, high: float) -> list[float]:
    """Choose round amounts that a reader expects, enough of them to read a value off."""
    if high < SMALL_RANGE * low:
        places = MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(low, high)
        return [float(place) for place in places if low <= place <= high]
    steps = FINE if high < LARGE_RANGE * low else COARSE
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [tick for power in powers for step in steps if low <= (tick := step * 10.0**power) <= high]


def _drawdowns(series: Sequence[Series], shape: Shape) -> Figure:
    figure, (axes,) = axes_of(shape)
    main = series[0]
    axes.fill_between(main.sessions, main.drawdown, 0, color=colour_of(main.name, 0), alpha=0.25, linewidth=0)
    for place, each in (*reversed([*enumerate(series)][1:]), (0, main)):
        width = 1.1 if place else 1.6
        axes.plot(each.sessions, each.drawdown, color=colour_of(each.name, place), linewidth=width, label=each.name)
    deepest = min(float(each.drawdown.min()) for each in series)
    axes.set_ylim(1.18 * deepest or -0.01, 0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value, 0)))
    _mark_worst(axes, main, shape)
    level_lines(axes)
    date_axis(axes, shape)
    if len(series) > 1:
        legend(axes, shape)
    return figure


def _mark_worst(axes: Axes, series: Series, shape: Shape) -> None:
    for fall in worst_drawdowns(series, 1):
        trough, is_late = pd.Timestamp(fall.trough), fall.trough > series.sessions[len(series.sessions) // 2].date()
        recovery = f"recovered {day(fall.recovery)}" if fall.recovery else "not yet recovered"
        axes.plot(pd.DatetimeIndex([trough]), [fall.depth], "o", color=colour_of(series.name, 0), markersize=7)
        axes.annotate(
            f"{percent(fall.depth)} on {day(fall.trough)}\nfrom {day(fall.start)}, {recovery}",
            ((trough - EPOCH) / pd.Timedelta(days=1), fall.depth),
            xytext=(-10 if is_late else 10, -4),
            textcoords="offset points",
            ha="right" if is_late else "left",
            va="top",
            fontsize=shape.text - 1,
            color=INK,
            bbox={"facecolor": PAPER, "alpha": 0.85, "linewidth": 0, "pad": 2},
        )


def _rolling(found: Sequence[Rolling], shape: Shape) -> Figure:
    to = found[0].against
    panels: list[tuple[str, list[FloatArray | None], Form]] = [
        ("Sharpe ratio", [each.sharpe for each in found], formed(ratio, 0)),
        ("Volatility a year", [each.volatility for each in found], formed(percent, 0)),
        (f"Correlation to {to}", [each.correlation for each in found], formed(ratio, 1)),
        (f"Beta to {to}", [each.beta for each in found], formed(ratio, 1)),
    ]
    panels = panels if to else panels[:2]
    columns = 1 if shape.is_narrow else 2
    figure, axes = axes_of(shape, len(panels) // columns, columns, height=50 + 110 * len(panels) // columns)
    for each, (title, lines, form) in zip(axes, panels, strict=True):
        heading(each, title, shape)
        for one, line in zip(found, lines, strict=True):
            if line is not None:
                each.plot(one.sessions, line, color=COLOURS[one.of], linewidth=1.5)
        each.yaxis.set_major_formatter(FuncFormatter(lambda value, _, form=form: form(value)))
        each.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        level_lines(each)
        date_axis(each, HALF)
    names = [Line2D([], [], color=COLOURS[each.of], label=each.of) for each in found]
    figure.legend(
        handles=names, loc="outside lower left", ncols=2, fontsize=shape.text, labelcolor="linecolor", frameon=False
    )
    return figure
