"""The pictures of research: numbers in, figures out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from research.report.pictures.backtest import COLOURS, DPI, INK, MUTED, RULE, WIDTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from research.statistics.samples import FloatArray

HEIGHT = 9.0  # inches
BINS = 40


@dataclass(frozen=True, slots=True)
class ParameterPanel:
    """One map of a figure: an objective over two parameters.

    Attributes:
        rows: Name and values of the parameter that runs down.
        columns: Likewise, of the one that runs across.
        objectives: Rows by columns; NaN where not defined.
        winner: Row and column of the winner.
    """

    rows: tuple[str, Sequence[float]]
    columns: tuple[str, Sequence[float]]
    objectives: FloatArray
    winner: tuple[int, int]


def luck_figure(headline: str, panels: Sequence[tuple[str, float | None, float, Sequence[float | None]]]) -> Figure:
    """Draw what permuted worlds gave, one panel each, with history's figure as a line.

    Args:
        headline: What the picture says.
        panels: Label, history's figure, its p-value, and the figures of the permuted worlds.
    """
    figure = _figure(headline, "How often each objective came out where there is nothing to find; line: history")
    for place, (label, real, p, permuted) in enumerate(panels):
        axes = figure.add_axes((0.05 + place * 0.48, 0.11, 0.44, 0.66))
        defined = [value for value in permuted if value is not None]
        counts, edges = np.histogram(defined or [0.0], bins=min(BINS, max(5, len(defined) // 5)))
        axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=COLOURS[4], edgecolor="white", linewidth=1)
        if real is not None:
            axes.axvline(real, color=COLOURS[1], linewidth=3)
        told = "not defined" if real is None else f"{real:.3f}"
        axes.set_title(f"{label}: {told}, p = {p:.3f}", fontsize=17, color=INK, loc="left", pad=12)
        axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.set_ylabel("permuted worlds", fontsize=14, color=MUTED)
        _quiet(axes)
    return figure


def parameter_map(headline: str, panels: Sequence[ParameterPanel]) -> Figure:
    """Draw the objective over two parameters at a time, the winner framed.

    Args:
        headline: What the picture says.
        panels: Two at most, side by side.
    """
    figure = _figure(headline, "Objective over the last train window; the frame is the winner")
    for place, panel in enumerate(panels):
        axes = figure.add_axes((0.06 + place * 0.49, 0.11, 0.42, 0.66))
        _cells(axes, panel)
    return figure


def _cells(axes: Axes, panel: ParameterPanel) -> None:
    values = panel.objectives
    low, high = (np.nanmin(values), np.nanmax(values)) if np.isfinite(values).any() else (0.0, 1.0)
    shade = (values - low) / ((high - low) or 1.0)
    colours = colormaps["viridis"]
    for row, column in np.ndindex(*values.shape):
        if np.isfinite(values[row, column]):
            axes.add_patch(Rectangle((column, row), 0.97, 0.97, facecolor=colours(0.1 + 0.85 * shade[row, column])))
            if values.shape[1] <= 12:  # noqa: PLR2004 - wider maps have no room for numbers
                axes.text(
                    column + 0.5,
                    row + 0.5,
                    f"{values[row, column]:.2f}",
                    ha="center",
                    va="center",
                    fontsize=11,
                    color=INK if shade[row, column] > 0.6 else "white",  # noqa: PLR2004 - light cells, dark text
                )
    row, column = panel.winner
    axes.add_patch(Rectangle((column, row), 0.97, 0.97, fill=False, edgecolor=COLOURS[1], linewidth=4))
    axes.set(xlim=(0, values.shape[1]), ylim=(values.shape[0], 0))
    axes.set_xticks(np.arange(values.shape[1]) + 0.5, [f"{value:g}" for value in panel.columns[1]])
    axes.set_yticks(np.arange(values.shape[0]) + 0.5, [f"{value:g}" for value in panel.rows[1]])
    axes.set_xlabel(panel.columns[0], fontsize=14, color=INK)
    axes.set_ylabel(panel.rows[0], fontsize=14, color=INK)
    axes.tick_params(labelsize=12, length=0, labelcolor=INK)
    axes.spines[:].set_visible(False)


def _figure(title: str, subtitle: str) -> Figure:
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI, facecolor="white")
    style: dict[str, Any] = {"ha": "left", "va": "top", "parse_math": False}
    figure.text(0.02, 0.975, title, fontsize=24, weight="bold", color=INK, **style)
    figure.text(0.02, 0.915, subtitle, fontsize=15, color=MUTED, **style)
    return figure


def _quiet(axes: Axes) -> None:
    axes.grid(axis="y", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=14, length=0, labelcolor=INK)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(MUTED)
