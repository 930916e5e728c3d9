"""Pictures of choosing: the parameters of each fold, before against after, and the map of the grid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from research.report.facts.selection import PARAMETERS
from research.report.formats import ratio
from research.report.pictures.canvas import (
    GREY,
    HALF,
    LETTER,
    MARGIN,
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

    from research.report.facts.selection import FoldResult, Selection
    from research.statistics.metrics import Metric
    from research.statistics.samples import FloatArray

MOST_PANELS, MOST_WORDS = 6, 8
COLUMNS = 3
SMALLEST = 6.5
"""Text that can still be read."""
CLIP = 6.0
"""Sharpe ratios of a few dozen sessions beyond this say nothing more."""


@dataclass(frozen=True, slots=True)
class ParameterMap:
    """Values over two parameters.

    Attributes:
        heading: Above the map; empty for none.
        rows: Name and values of the parameter that runs down.
        columns: Likewise, of the one that runs across.
        values: Rows by columns; NaN where not defined.
        framed: Cells (row, column) with a frame.
    """

    heading: str
    rows: tuple[str, Sequence[float]]
    columns: tuple[str, Sequence[float]]
    values: FloatArray
    framed: frozenset[tuple[int, int]]


def choices(selection: Selection) -> Picture:
    """Parameters chosen in each fold."""
    alt = (
        f"The parameters chosen in each of {len(selection.folds)} folds, over time; the choice changed "
        f"{selection.changes} times."
    )
    title = "Chosen parameters, fold by fold"
    return Picture("choices", title, alt, lambda shape: _choices(selection, shape), shape=HALF)


def before_and_after(selection: Selection) -> Picture:
    """Sharpe ratio of each winner in its train window against the one in its test window."""
    pairs = [(fold.trained, fold.tested) for fold in selection.folds if fold.trained is not None and fold.tested]
    below = sum(tested < trained for trained, tested in pairs if tested is not None)
    alt = (
        f"Each fold's winner: Sharpe ratio in training against Sharpe ratio in the months after. In {below} of "
        f"{len(pairs)} folds it was lower afterwards."
    )
    title = "The winners, before and after they were chosen"
    return Picture("before_and_after", title, alt, lambda shape: _before_and_after(selection.folds, shape), shape=HALF)


def parameter_map(selection: Selection, metric: Metric, title: str) -> Picture:
    """A metric over the two averages, one panel a number of positions, mean over the correlation caps."""
    values = [value for point in selection.points if (value := point.values[metric]) is not None]
    spread = f"{ratio(min(values))} to {ratio(max(values))}" if values else "unknown"
    alt = f"{title} of the grid by fast and slow average, one panel per number of positions: {spread}."
    positions = sorted({point.parameters["top_n"] for point in selection.points})[:MOST_PANELS]
    maps = [_grid_map(selection, metric, top_n) for top_n in positions]
    maps = [replace(each, heading=f"{title}, {each.heading}") for each in maps]
    return landscape(f"parameter_map_{metric}", f"{title} by parameters", alt, maps)


def landscape(name: str, title: str, alt: str, maps: Sequence[ParameterMap]) -> Picture:
    """Values over two parameters at a time, on one scale; framed cells are named in the title or the text."""
    return Picture(name, title, alt, lambda shape: _landscape(maps, shape))


def _choices(selection: Selection, shape: Shape) -> Figure:
    figure, axes = axes_of(shape, len(PARAMETERS), 1, height=74 * len(PARAMETERS))
    days = np.array([*(fold.test_start for fold in selection.folds), selection.folds[-1].last])
    for each, tally in zip(axes, selection.tallies, strict=True):
        values = [fold.parameters[tally.parameter] for fold in selection.folds]
        each.step(days, [*values, values[-1]], where="post", color=ORANGE, linewidth=1.8)
        heading(each, tally.parameter, shape)
        grid = sorted(tally.counts)
        each.set_yticks(_apart(grid))
        each.set_ylim(grid[0] - 0.25 * (grid[-1] - grid[0] or 1), grid[-1] + 0.25 * (grid[-1] - grid[0] or 1))
        each.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        level_lines(each)
        date_axis(each, shape)
        if each is not axes[-1]:
            each.tick_params(labelbottom=False)
    return figure


def _apart(values: Sequence[float]) -> list[float]:
    """Leave out values that stand too near the one before to be written beside it."""
    kept: list[float] = []
    for value in values:
        if not kept or value - kept[-1] >= (values[-1] - values[0]) / 3:
            kept.append(value)
    return kept


def _before_and_after(folds: Sequence[FoldResult], shape: Shape) -> Figure:
    figure, (axes,) = axes_of(shape, height=shape.height * 0.95)
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


def _grid_map(selection: Selection, metric: Metric, top_n: float) -> ParameterMap:
    points = [point for point in selection.points if point.parameters["top_n"] == top_n]
    fast = sorted({point.parameters["ema_fast"] for point in points})
    slow = sorted({point.parameters["ema_slow"] for point in points})
    cells: dict[tuple[int, int], list[float]] = {}
    framed = set()
    for point in points:
        place = slow.index(point.parameters["ema_slow"]), fast.index(point.parameters["ema_fast"])
        cells.setdefault(place, []).extend([value] if (value := point.values[metric]) is not None else [])
        framed |= {place} if point.is_live else set()
    values = np.full((len(slow), len(fast)), np.nan)
    for place, here in cells.items():
        values[place] = np.mean(here) if here else np.nan
    heading = f"{top_n:g} position{'' if top_n == 1 else 's'}"
    return ParameterMap(heading, ("slow average", slow), ("fast average", fast), values, frozenset(framed))


def _landscape(maps: Sequence[ParameterMap], shape: Shape) -> Figure:
    columns = 1 if shape.is_narrow else min(COLUMNS, len(maps))
    rows = -(-len(maps) // columns)
    lines = max(len(each.rows[1]) for each in maps)
    figure, axes = axes_of(shape, rows, columns, height=rows * (64 + max(120, 36 * min(lines, MOST_WORDS))))
    known = np.concatenate([each.values[~np.isnan(each.values)] for each in maps])
    scale = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    for each, shown in zip(axes, maps, strict=False):
        if shown.heading:
            heading(each, shown.heading, shape)
        _cells(each, shown, scale, shape)
    for each in axes[len(maps) :]:
        each.set_visible(False)
    return figure


def _cells(axes: Axes, shown: ParameterMap, scale: tuple[float, float], shape: Shape) -> None:
    (down, rows), (across, columns), values = shown.rows, shown.columns, shown.values
    shades = colormaps["YlGnBu"](0.1 + 0.75 * (np.nan_to_num(values) - scale[0]) / ((scale[1] - scale[0]) or 1))
    shades[np.isnan(values)] = to_rgba(PAPER)
    # As large as the cells leave room for, four letters wide.
    room = shape.width / (1 if shape.is_narrow else COLUMNS) - MARGIN
    size = min(shape.text, room / len(columns) / (4.5 * LETTER))
    edges = np.arange(len(columns) + 1), np.arange(len(rows) + 1)
    axes.pcolormesh(*edges, shades, edgecolors=PAPER, linewidth=1.5)
    if size >= SMALLEST:
        for row, column in np.argwhere(~np.isnan(values)):
            word, place = ratio(float(values[row, column])), (column + 0.5, row + 0.5)
            style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": size, "in_layout": False}
            axes.text(*place, word, color=text_on(shades[row, column]), parse_math=False, **style)
    for row, column in shown.framed:
        axes.add_patch(Rectangle((column, row), 1, 1, fill=False, edgecolor=ORANGE, linewidth=3))
    axes.set(xlim=(0, len(columns)), ylim=(len(rows), 0))
    axes.set_xticks(*_ticks(columns, shape))
    axes.set_yticks(*_ticks(rows, shape))
    axes.set_xlabel(across, fontsize=shape.text, color=MUTED)
    axes.set_ylabel(down, fontsize=shape.text, color=MUTED)
    axes.spines[:].set_visible(False)


def _ticks(values: Sequence[float], shape: Shape) -> tuple[list[float], list[str]]:
    """Places and names of an axis, as many as there is room for."""
    step = -(-len(values) // (MOST_WORDS if shape.is_narrow else 2 * MOST_WORDS))
    return [place + 0.5 for place in range(0, len(values), step)], [f"{value:g}" for value in values[::step]]
