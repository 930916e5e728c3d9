"""Pictures of positions: weights over time, what each symbol earned, what trading cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter

from research.report.formats import gain, percent, ratio
from research.report.pictures.canvas import (
    AREAS,
    BLUE,
    HALF,
    HANDLE,
    INK,
    LETTER,
    MARGIN,
    ORANGE,
    Picture,
    Shape,
    axes_of,
    date_axis,
    heading,
    level_lines,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from research.report.facts.holdings import Holdings


def weights(holdings: Holdings) -> Picture:
    """Mean weights by quarter, stacked; what is left above is cash."""
    means = holdings.weights.mean().sort_values(ascending=False)
    said = ", ".join(f"{symbol} {percent(float(weight))}" for symbol, weight in means.items())
    alt = f"Weights over time, quarterly means, stacked; the space above is cash. On average: {said}."
    return Picture("weights", "Holdings: mean weights by quarter", alt, lambda shape: _weights(holdings, shape))


def contributions(holdings: Holdings) -> Picture:
    """Earnings of each symbol, a year."""
    said = ", ".join(f"{each.symbol} {gain(each.a_year, 2)}" for each in holdings.contributions)
    alt = f"Contribution of each symbol a year, before costs: {said}."
    return Picture(
        "contributions",
        "Contribution of each symbol, points a year",
        alt,
        lambda shape: _contributions(holdings, shape),
        shape=HALF,
    )


def costs(holdings: Holdings) -> Picture:
    """Turnover and cost by year."""
    alt = (
        f"Turnover and cost by year. On average {ratio(holdings.turnover, 0)} times the equity is traded a year, "
        f"which costs {percent(holdings.cost, 2)} of it."
    )
    return Picture("costs", "Turnover and costs by year", alt, lambda shape: _costs(holdings, shape), shape=HALF)


def _weights(holdings: Holdings, shape: Shape) -> Figure:
    means = holdings.weights.mean().sort_values(ascending=False)
    shown = list(means.index[: len(AREAS)]) if len(means) <= len(AREAS) else list(means.index[: len(AREAS) - 1])
    table = holdings.weights[shown]
    if len(shown) < len(means):
        table = table.assign(Others=holdings.weights.drop(columns=shown).sum(axis="columns"))
    figure, (axes,) = axes_of(shape, height=0.68 * shape.height)
    # The last quarter needs an end.
    days = np.array([*table.index, table.index[-1] + pd.DateOffset(months=3)])
    heights = np.vstack([table.to_numpy(dtype=float), table.to_numpy(dtype=float)[-1:]]).T
    axes.stackplot(days, heights, labels=list(table.columns), colors=AREAS, step="post", linewidth=0)
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value, 0)))
    date_axis(axes, shape)
    handles, names = axes.get_legend_handles_labels()
    widest = max(map(len, names)) * LETTER + HANDLE
    axes.legend(
        handles,
        names,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=max(1, min(len(names), int((shape.width - MARGIN) / (widest * shape.text)))),
        fontsize=shape.text - 0.5,
        labelcolor=INK,
        frameon=False,
        handlelength=0.9,
        handletextpad=0.4,
        columnspacing=0.9,
    )
    return figure


def _contributions(holdings: Holdings, shape: Shape) -> Figure:
    rows = holdings.contributions
    figure, (axes,) = axes_of(shape, height=50 + 24 * len(rows))
    values = [each.a_year for each in rows]
    axes.barh(range(len(rows)), values, color=[BLUE if value >= 0 else ORANGE for value in values], height=0.62)
    axes.set_yticks(range(len(rows)), [each.symbol for each in rows], color=INK)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    reach = max((abs(value) for value in values), default=0.01)
    axes.set_xlim(min(0.0, min(values, default=0) - 0.18 * reach), max(values, default=0) + 0.18 * reach)
    for place, value in enumerate(values):
        side = 1 if value >= 0 else -1
        axes.annotate(
            gain(value, 2),
            (value, place),
            xytext=(5 * side, 0),
            textcoords="offset points",
            ha="left" if side > 0 else "right",
            va="center",
            fontsize=shape.text,
            color=INK,
        )
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.axvline(0, color=INK, linewidth=0.8)
    return figure


def _costs(holdings: Holdings, shape: Shape) -> Figure:
    rows, columns = (2, 1) if shape.is_narrow else (1, 2)
    figure, axes = axes_of(shape, rows, columns, height=300 if shape.is_narrow else 260)
    years = np.array([each.year for each in holdings.years])
    panels = (
        ("Traded, times the equity", [each.turnover for each in holdings.years], lambda value, _: ratio(value, 0)),
        ("Paid, of the equity", [each.cost for each in holdings.years], lambda value, _: percent(value, 1)),
    )
    for each, (title, values, form), colour in zip(axes, panels, (BLUE, ORANGE), strict=True):
        heading(each, title, shape)
        each.bar(years, values, color=colour, width=0.7)
        each.yaxis.set_major_formatter(FuncFormatter(form))
        step = max(1, -(-len(years) // (7 if shape.is_narrow else 8)))
        each.set_xticks(years[::step])
        level_lines(each)
    return figure
