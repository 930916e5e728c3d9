"""Pictures of luck and risk: the trials, permuted worlds, drawdowns to come, crises, correlation over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from research.report.formats import day, gain, month, p_value, percent, ratio
from research.report.names import LIVE
from research.report.pictures.canvas import (
    BLUE,
    COLOURS,
    GREEN,
    GREY,
    HALF,
    INK,
    MUTED,
    ORANGE,
    Picture,
    Shape,
    axes_of,
    date_axis,
    heading,
    legend,
    level_lines,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from research.report.facts.crises import Crisis
    from research.report.facts.luck import Luck, Permuted, RecordedPermutations
    from research.report.facts.risk import CorrelationHistory, DrawdownOdds
    from research.statistics.samples import FloatArray

BINS = 24


def trials(luck: Luck, marks: Mapping[str, float]) -> Picture:
    """Sharpe ratios of all trials, and those that matter among them."""
    known = luck.sharpe[~np.isnan(luck.sharpe)]
    said = "; ".join(f"{name} {ratio(value)}" for name, value in marks.items())
    reach = f", {ratio(float(known.min()))} to {ratio(float(known.max()))}" if len(known) else ""
    alt = f"Sharpe ratios of {len(known)} trials{reach}. {said}."
    return Picture(
        "trials", "Every strategy that was tried", alt, lambda shape: _trials(known, marks, shape), shape=HALF
    )


def permutations(test: RecordedPermutations) -> Picture:
    """Objectives in permuted worlds, against history."""
    alt = (
        f"Objective of the {test.best_of.lower()} and of the live parameters in {test.runs} permuted worlds, against "
        f"history: {p_value(test.best.p)} and {p_value(test.live.p)}."
    )
    title = "Objectives in permuted worlds"
    return Picture(f"permutations_{test.test_id}", title, alt, lambda shape: _permutations(test, shape))


def drawdown_odds(odds: Mapping[str, DrawdownOdds]) -> Picture:
    """Probability of a drawdown at least as deep, over a year."""
    said = "; ".join(f"{name} {percent(each.exceeded[0.05], 0)}" for name, each in odds.items())
    alt = f"Probability of a drawdown at least as deep within a year. One in twenty: {said}."
    return Picture(
        "drawdown_odds", "Drawdowns to expect in a year", alt, lambda shape: _drawdown_odds(odds, shape), shape=HALF
    )


def crises(found: Sequence[Crisis]) -> Picture:
    """Returns in each crisis."""
    said = "; ".join(
        f"{crisis.window.name}: {', '.join(f'{each.name} {gain(each.total)}' for each in crisis.replays)}"
        for crisis in found
    )
    alt = f"Returns in each crisis. {said}."
    title = "The crises of these years, replayed"
    return Picture("crises", title, alt, lambda shape: _crises(found, shape), shape=HALF)


def regime(found: CorrelationHistory) -> Picture:
    """Mean pairwise correlation over time."""
    alt = (
        f"Mean pairwise correlation of {len(found.symbols)} symbols over trailing {found.window} sessions, from "
        f"{ratio(float(found.averages.min()))} to {ratio(float(found.averages.max()))}; now {ratio(found.current)}."
    )
    title = "Correlation of the assets"
    return Picture("correlation_regime", title, alt, lambda shape: _regime(found, shape), shape=HALF)


def _trials(known: FloatArray, marks: Mapping[str, float], shape: Shape) -> Figure:
    figure, (axes,) = axes_of(shape, height=shape.height * 0.8)
    _histogram(axes, known, marks, shape)
    axes.set_xlabel("Sharpe ratio", fontsize=shape.text, color=MUTED)
    axes.set_ylabel("Strategies", fontsize=shape.text, color=MUTED)
    return figure


def _permutations(test: RecordedPermutations, shape: Shape) -> Figure:
    rows, columns = (2, 1) if shape.is_narrow else (1, 2)
    figure, axes = axes_of(shape, rows, columns, height=shape.height * (1.6 if shape.is_narrow else 0.65))
    panels: tuple[tuple[str, Permuted], ...] = ((test.best_of, test.best), (LIVE, test.live))
    for each, (title, found) in zip(axes, panels, strict=True):
        history = "" if found.real is not None else ", not defined in history"
        heading(each, f"{title}: {p_value(found.p)}{history}", shape)
        _histogram(each, found.worlds, {} if found.real is None else {"History": found.real}, shape)
        each.set_ylabel("Worlds", fontsize=shape.text, color=MUTED)
    return figure


def _histogram(axes: Axes, values: FloatArray, marks: Mapping[str, float], shape: Shape) -> None:
    span = [*values.tolist(), *marks.values()]
    axes.hist(values, bins=BINS, range=(min(span), max(span)) if span else None, color=GREY, alpha=0.45)
    top = axes.get_ylim()[1]
    axes.set_ylim(top=top * (1.08 + 0.12 * len(marks)))
    middle = (min(span) + max(span)) / 2 if span else 0
    # The outermost stand highest, so that no line crosses the name of another.
    ordered = sorted(marks.items(), key=lambda mark: abs(mark[1] - middle))
    for place, (name, value) in enumerate(ordered):
        shown = COLOURS.get(name, GREEN)
        level = top * (1.08 + 0.12 * place)
        axes.plot([value, value], [0, level], color=shown, linewidth=1.8)
        is_right = value > middle
        axes.annotate(
            f"{name} {ratio(value)}",
            (value, level),
            xytext=(-5 if is_right else 5, 0),
            textcoords="offset points",
            ha="right" if is_right else "left",
            va="center",
            fontsize=shape.text,
            color=shown,
            weight="bold",
        )
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    level_lines(axes)


def _drawdown_odds(odds: Mapping[str, DrawdownOdds], shape: Shape) -> Figure:
    figure, (axes,) = axes_of(shape, height=shape.height * 0.8)
    for (name, each), colour in reversed([*zip(odds.items(), (BLUE, ORANGE, GREEN, GREY), strict=False)]):
        reached = np.append(0, np.cumsum(each.counts)) / each.counts.sum()
        axes.plot(each.edges, reached, color=COLOURS.get(name, colour), linewidth=2, label=name)
    axes.axhline(0.05, color=MUTED, linewidth=1, linestyle="--")
    axes.text(0.01, 0.08, "one in twenty", transform=axes.transAxes, fontsize=shape.text, color=MUTED)
    axes.set_xlim(right=0)
    axes.set_ylim(0, 1)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value, 0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value, 0)))
    axes.set_xlabel("At least as deep as", fontsize=shape.text, color=MUTED)
    level_lines(axes)
    legend(axes, shape)
    return figure


def _crises(found: Sequence[Crisis], shape: Shape) -> Figure:
    figure, (axes,) = axes_of(shape, height=80 + 38 * len(found))
    names = [replayed.name for replayed in found[0].replays]
    for name, colour in reversed([*zip(names, (BLUE, ORANGE, GREY, GREEN, INK), strict=False)]):
        rows = [
            (each.total, place)
            for place, crisis in enumerate(found)
            for each in crisis.replays
            if each.name == name and each.total is not None
        ]
        across, down = np.array(rows).reshape(-1, 2).T
        axes.plot(across, down, "o", color=COLOURS.get(name, colour), markersize=10, alpha=0.85, label=name)
    for place, crisis in enumerate(found):
        totals = [each.total for each in crisis.replays if each.total is not None]
        axes.plot([min(totals), max(totals)], [place, place], color=MUTED, linewidth=0.8, zorder=0)
    labels = [f"{crisis.window.name}\n{month(crisis.window.first)}" for crisis in found]
    if shape.is_narrow:
        labels = [f"{month(crisis.window.first)}" for crisis in found]
    axes.set_yticks(range(len(found)), labels, color=INK)
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: gain(value, 0)))
    axes.spines["bottom"].set_visible(False)
    level_lines(axes, "x")
    legend(axes, shape)
    return figure


def _regime(found: CorrelationHistory, shape: Shape) -> Figure:
    figure, (axes,) = axes_of(shape, height=shape.height * 0.8)
    axes.plot(found.sessions, found.averages, color=BLUE, linewidth=1.4)
    axes.plot(found.sessions[[-1]], found.averages[[-1]], "o", color=ORANGE, markersize=8)
    said = f"{day(found.sessions[-1])}: {ratio(found.current)}"
    axes.set_title(said, loc="right", fontsize=shape.text, color=ORANGE, weight="bold")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: ratio(value, 1)))
    level_lines(axes)
    date_axis(axes, shape)
    return figure
