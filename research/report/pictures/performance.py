"""Pictures of returns: intervals, equity, drawdowns, months, rolling figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from research.report.facts.series import Missing
from research.report.page.forms import day, dollars, gain, interval, percent, ratio
from research.report.pictures.backtest import MONTHS, YEAR
from research.report.pictures.canvas import (
    COLOURS,
    INK,
    PAPER,
    Picture,
    Shape,
    axes_of,
    date_axis,
    heading,
    legend,
    level_lines,
    text_on,
)
from research.statistics.metrics import Metric
from research.statistics.samples import SESSIONS_A_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from research.report.facts.gathering import Facts, Rolling
    from research.report.facts.series import Measured, Series
    from research.statistics.samples import FloatArray

SHOWN = {Metric.SHARPE: ("Sharpe ratio", ratio), Metric.CAGR: ("Return a year (CAGR)", gain)}
MANY_YEARS = 12


def intervals(facts: Facts) -> Picture:
    """Headline metrics with their intervals, over the same sessions."""
    measured = [each for each in facts.common if not isinstance(each, Missing)]
    said = [
        f"{each.name} {ratio(sharpe.estimate)} ({interval(sharpe.low, sharpe.high, ratio)})"
        for each in measured
        for sharpe in [each.metrics[Metric.SHARPE]]
    ]
    alt = f"Sharpe ratio and return a year with 95 % intervals. Sharpe ratios: {'; '.join(said)}."
    return Picture("intervals", "What can be known of each", alt, lambda shape: _intervals(measured, shape))


def equity(name: str, title: str, series: Sequence[Series], start: float) -> Picture:
    """Growth of the same starting amount, logarithmic."""
    said = "; ".join(f"{each.name} {dollars(start * float(each.growth[-1]))}" for each in series)
    first, last = series[0].sessions[0], series[0].sessions[-1]
    alt = f"Growth of {dollars(start)} from {day(first)} to {day(last)}, logarithmic scale. At the end: {said}."
    return Picture(name, title, alt, lambda shape: _equity(series, start, shape))


def drawdowns(series: Sequence[Series]) -> Picture:
    """How far below their highest value so far."""
    said = "; ".join(f"{each.name} {percent(float(each.drawdown.min()))}" for each in series)
    alt = f"Fall below the highest value so far, over time. At worst: {said}."
    return Picture("drawdowns", "Drawdowns", alt, lambda shape: _drawdowns(series, shape))


def months(facts: Facts) -> Picture:
    """A cell a month, and each year's total."""
    cells = facts.monthly[list(MONTHS)].to_numpy(dtype=float)
    alt = (
        f"Monthly returns of the live parameters: {int((cells > 0).sum())} months up, {int((cells < 0).sum())} down; "
        f"best {gain(float(np.nanmax(cells)))}, worst {gain(float(np.nanmin(cells)))}."
    )
    return Picture("months", "Monthly returns, live parameters, per cent", alt, lambda shape: _months(facts, shape))


def rolling(facts: Facts) -> Picture:
    """Sharpe ratio and correlation over the trailing year."""
    said = []
    for each in facts.rolling:
        known = each.sharpe[~np.isnan(each.sharpe)]
        if len(known):
            said.append(f"{each.of} between {ratio(float(known.min()))} and {ratio(float(known.max()))}")
    window = f"over the trailing {SESSIONS_A_YEAR} sessions"
    alt = f"Sharpe ratio and correlation to SPY {window}. Sharpe ratio: {'; '.join(said)}."
    return Picture("rolling", "The trailing year", alt, lambda shape: _rolling(facts.rolling, shape))


def _intervals(measured: Sequence[Measured], shape: Shape) -> Figure:
    rows, columns = (len(SHOWN), 1) if shape.is_narrow else (1, len(SHOWN))
    figure, axes = axes_of(shape, rows, columns, height=(90 + 34 * len(measured)) * rows)
    for each, (metric, (title, form)) in zip(axes, SHOWN.items(), strict=True):
        heading(each, title, shape)
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


def _tick(form: Callable[[float | None, int], str], digits: int, value: float, _place: int) -> str:
    return form(value, digits)


def _equity(series: Sequence[Series], start: float, shape: Shape) -> Figure:
    figure, (axes,) = axes_of(shape, height=shape.height * 1.1)
    axes.set_yscale("log")
    for each in reversed(series):
        width = 2.2 if each is series[0] else 1.4
        axes.plot(each.sessions, start * each.growth, color=COLOURS[each.name], linewidth=width, label=each.name)
    low, high = axes.get_ylim()
    steps = (1, 2, 5) if high / low > 3 else (1, 1.5, 2, 3, 4, 5, 6, 8)  # noqa: PLR2004 - a decade's half
    axes.yaxis.set_major_locator(LogLocator(subs=steps, numticks=12))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: dollars(value)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    level_lines(axes)
    date_axis(axes, shape)
    legend(axes, shape)
    return figure


def _drawdowns(series: Sequence[Series], shape: Shape) -> Figure:
    figure, (axes,) = axes_of(shape)
    main, *others = series
    axes.fill_between(main.sessions, main.drawdown, 0, color=COLOURS[main.name], alpha=0.25, linewidth=0)
    for each in (*reversed(others), main):
        width = 1.6 if each is main else 1.1
        axes.plot(each.sessions, each.drawdown, color=COLOURS[each.name], linewidth=width, label=each.name)
    axes.set_ylim(top=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value, 0)))
    level_lines(axes)
    date_axis(axes, shape)
    legend(axes, shape)
    return figure


def _months(facts: Facts, shape: Shape) -> Figure:
    table = facts.monthly
    row_height = 21 if len(table) > MANY_YEARS else 26
    figure, (axes,) = axes_of(shape, height=46 + row_height * len(table))
    for columns, left in ((MONTHS, 0.0), ((YEAR,), 12.3)):
        _block(axes, table[list(columns)].to_numpy(dtype=float), left, shape)
    axes.set(xlim=(0, 13.3), ylim=(len(table), 0))
    names = [month[0] if shape.is_narrow else month for month in MONTHS]
    axes.set_xticks([*(np.arange(12) + 0.5), 12.8], [*names, YEAR])
    axes.set_yticks(np.arange(len(table)) + 0.5, [str(year) for year in table["year"]])
    axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.spines[:].set_visible(False)
    return figure


def _block(axes: Axes, cells: FloatArray, left: float, shape: Shape) -> None:
    """Draw cells on a scale of their own, centred at zero: years move more than months."""
    limit = float(np.nanquantile(np.abs(cells), 0.95)) or 0.01
    shades = colormaps["RdBu"](0.5 + 0.4 * np.clip(np.nan_to_num(cells) / limit, -1, 1))
    shades[np.isnan(cells)] = to_rgba(PAPER)
    rows, columns = cells.shape
    edges = left + np.arange(columns + 1), np.arange(rows + 1)
    axes.pcolormesh(*edges, shades, edgecolors=PAPER, linewidth=1.2)
    digits, size = (0, shape.text - 3) if shape.is_narrow else (1, shape.text - 2)
    for row, column in np.argwhere(~np.isnan(cells)):
        word = gain(float(cells[row, column]), digits).removesuffix(" %")
        style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": size, "in_layout": False}
        axes.text(left + column + 0.5, row + 0.5, word, color=text_on(shades[row, column]), **style)


def _rolling(found: Sequence[Rolling], shape: Shape) -> Figure:
    has_correlation = any(each.correlation is not None for each in found)
    figure, axes = axes_of(shape, 2 if has_correlation else 1, height=shape.height * (1.3 if has_correlation else 0.8))
    heading(axes[0], "Sharpe ratio", shape)
    for each in found:
        axes[0].plot(each.sessions, each.sharpe, color=COLOURS[each.of], linewidth=1.5, label=each.of)
        if has_correlation and each.correlation is not None:
            axes[1].plot(each.sessions, each.correlation, color=COLOURS[each.of], linewidth=1.5)
    if has_correlation:
        heading(axes[1], "Correlation to SPY", shape)
        axes[1].set_ylim(-1, 1)
        axes[1].set_yticks([-1, -0.5, 0, 0.5, 1])
    for each_axes in axes:
        level_lines(each_axes)
        date_axis(each_axes, shape)
    names = [Line2D([], [], color=COLOURS[each.of], label=each.of) for each in found]
    axes[-1].legend(
        handles=names, loc="lower right", ncols=len(found), fontsize=shape.text, labelcolor="linecolor", frameon=False
    )
    axes[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: ratio(value, 0)))
    return figure
