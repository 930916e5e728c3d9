"""Pictures of choosing: the parameters of each fold, before against after, and the map of the grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from research.report.facts.selection import PARAMETERS
from research.report.page.forms import ratio
from research.report.pictures.canvas import (
    GREY,
    MUTED,
    ORANGE,
    PAPER,
    Picture,
    Shape,
    axes_of,
    date_axis,
    heading,
    level_lines,
    text_on,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from research.report.facts.selection import Fold, Selection
    from research.statistics.metrics import Metric

MOST_PANELS, MOST_WORDS = 6, 8
COLUMNS = 3
CLIP = 6.0
"""Sharpe ratios of a few dozen sessions beyond this say nothing more."""


def choices(selection: Selection) -> Picture:
    """Which parameters each fold chose."""
    alt = (
        f"The parameters chosen in each of {len(selection.folds)} folds, over time; the choice changed "
        f"{selection.changes} times."
    )
    return Picture("choices", "Chosen parameters, fold by fold", alt, lambda shape: _choices(selection, shape))


def before_and_after(selection: Selection) -> Picture:
    """Each winner's Sharpe ratio in its train window against the one in its test window."""
    pairs = [(fold.trained, fold.tested) for fold in selection.folds if fold.trained is not None and fold.tested]
    below = sum(tested < trained for trained, tested in pairs if tested is not None)
    alt = (
        f"Each fold's winner: Sharpe ratio in training against Sharpe ratio in the months after. In {below} of "
        f"{len(pairs)} folds it was lower afterwards."
    )
    title = "The winners, before and after they were chosen"
    return Picture("before_and_after", title, alt, lambda shape: _before_and_after(selection.folds, shape))


def parameter_map(selection: Selection, metric: Metric, title: str) -> Picture:
    """A metric over the two averages, one panel a number of positions, mean over the correlation caps."""
    values = [value for point in selection.points if (value := point.values[metric]) is not None]
    spread = f"{ratio(min(values))} to {ratio(max(values))}" if values else "unknown"
    alt = f"{title} of the grid by fast and slow average, one panel per number of positions: {spread}."
    name = f"parameter_map_{metric}"
    return Picture(name, f"{title} by parameters", alt, lambda shape: _parameter_map(selection, (metric, title), shape))


def _choices(selection: Selection, shape: Shape) -> Figure:
    figure, axes = axes_of(shape, len(PARAMETERS), 1, height=90 * len(PARAMETERS))
    days = np.array([*(fold.test_start for fold in selection.folds), selection.folds[-1].last])
    for each, tally in zip(axes, selection.tallies, strict=True):
        values = [fold.parameters[tally.parameter] for fold in selection.folds]
        each.step(days, [*values, values[-1]], where="post", color=ORANGE, linewidth=1.8)
        heading(each, tally.parameter, shape)
        grid = sorted(tally.counts)
        each.set_yticks(grid if len(grid) <= MOST_WORDS else [grid[0], grid[-1]])
        each.set_ylim(grid[0] - 0.25 * (grid[-1] - grid[0] or 1), grid[-1] + 0.25 * (grid[-1] - grid[0] or 1))
        each.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        level_lines(each)
        date_axis(each, shape)
        if each is not axes[-1]:
            each.tick_params(labelbottom=False)
    return figure


def _before_and_after(folds: Sequence[Fold], shape: Shape) -> Figure:
    figure, (axes,) = axes_of(shape, height=shape.height * 1.05)
    pairs = np.array(
        [(fold.trained, fold.tested) for fold in folds if fold.trained is not None and fold.tested is not None]
    ).reshape(-1, 2)
    before, after = pairs[:, 0], np.clip(pairs[:, 1], -CLIP, CLIP)
    axes.plot(before, after, "o", color=ORANGE, markersize=7, alpha=0.65, markeredgewidth=0)
    if len(before):
        ends = np.array([min(before.min(), 0), before.max()])
        axes.plot(ends, ends, color=GREY, linewidth=1.2, linestyle="--")
        axes.annotate("as good as before", (ends[1], ends[1]), ha="right", va="bottom", fontsize=shape.text, color=GREY)
    axes.set_xlabel("Sharpe ratio in training", fontsize=shape.text, color=MUTED)
    axes.set_ylabel("In the months after", fontsize=shape.text, color=MUTED)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: ratio(value, 0)))
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    level_lines(axes)
    return figure


def _parameter_map(selection: Selection, mapped: tuple[Metric, str], shape: Shape) -> Figure:
    metric, title = mapped
    positions = sorted({point.parameters["top_n"] for point in selection.points})[:MOST_PANELS]
    columns = 1 if shape.is_narrow else min(COLUMNS, len(positions))
    rows = -(-len(positions) // columns)
    slow = sorted({point.parameters["ema_slow"] for point in selection.points})
    figure, axes = axes_of(shape, rows, columns, height=rows * (64 + max(120, 36 * len(slow))))
    known = [value for point in selection.points if (value := point.values[metric]) is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    for each, top_n in zip(axes, positions, strict=False):
        heading(each, f"{title}, {top_n:g} position{'' if top_n == 1 else 's'}", shape)
        _panel(each, selection, (metric, top_n), (low, high or 1.0), shape)
    for each in axes[len(positions) :]:
        each.set_visible(False)
    return figure


def _panel(  # noqa: PLR0913, PLR0917 - what is drawn, where, and on which scale
    axes: Axes, selection: Selection, shown: tuple[Metric, float], scale: tuple[float, float], shape: Shape
) -> None:
    metric, top_n = shown
    points = [point for point in selection.points if point.parameters["top_n"] == top_n]
    fast = sorted({point.parameters["ema_fast"] for point in points})
    slow = sorted({point.parameters["ema_slow"] for point in points})
    has_words = max(len(fast), len(slow)) <= MOST_WORDS
    for row, ema_slow in enumerate(slow):
        for column, ema_fast in enumerate(fast):
            place = (ema_fast, ema_slow)
            here = [p for p in points if (p.parameters["ema_fast"], p.parameters["ema_slow"]) == place]
            values = [value for point in here if (value := point.values[metric]) is not None]
            if not values:
                continue
            mean, is_live = float(np.mean(values)), any(point.is_live for point in here)
            strength = (mean - scale[0]) / ((scale[1] - scale[0]) or 1)
            shade = colormaps["YlGnBu"](0.1 + 0.75 * strength)
            axes.add_patch(Rectangle((column, row), 1, 1, facecolor=shade, edgecolor=PAPER, linewidth=1.5))
            if has_words:
                word = ratio(mean) + ("\nlive" if is_live else "")
                axes.text(
                    *(column + 0.5, row + 0.5, word),
                    ha="center",
                    va="center",
                    fontsize=shape.text,
                    color=text_on(shade),
                )
    axes.set(xlim=(0, len(fast)), ylim=(len(slow), 0))
    axes.set_xticks(np.arange(len(fast)) + 0.5, [f"{value:g}" for value in fast])
    axes.set_yticks(np.arange(len(slow)) + 0.5, [f"{value:g}" for value in slow])
    axes.set_xlabel("fast average", fontsize=shape.text, color=MUTED)
    axes.set_ylabel("slow average", fontsize=shape.text, color=MUTED)
    axes.spines[:].set_visible(False)
