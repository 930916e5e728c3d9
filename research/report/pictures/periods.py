"""Pictures of returns by period: months, years, and the distribution of months."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_rgba
from matplotlib.ticker import FuncFormatter

from research.report.facts.series import MONTHS, YEAR
from research.report.formats import gain, percent
from research.report.names import LIVE
from research.report.pictures.canvas import (
    HALF,
    MUTED,
    PAPER,
    Picture,
    Shape,
    axes_of,
    colour_of,
    legend,
    level_lines,
    text_on,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.figure import Figure

    from research.report.facts.figures import YearlyReturns
    from research.statistics.samples import FloatArray

MANY_YEARS = 12


def months(name: str, table: pd.DataFrame, of: str = LIVE) -> Picture:
    """A cell a month, and each year's total, of `monthly_returns`."""
    cells = table[list(MONTHS)].to_numpy(dtype=float)
    up, down = int((cells > 0).sum()), int((cells < 0).sum())
    extremes = f"best {_month(table, int(np.nanargmax(cells)))}, worst {_month(table, int(np.nanargmin(cells)))}"
    alt = f"Monthly returns of the {of.lower()}: {up} months up, {down} down; {extremes}."
    title, note = f"Monthly returns: {up} up, {down} down", f"{of}, per cent after costs; {extremes}"
    return Picture(name, title, alt, lambda shape: _months(table, shape), note)


def years(found: YearlyReturns, shown: Sequence[str]) -> Picture:
    """Returns by calendar year, the strategy beside its benchmark."""
    series = {name: found.series[name] for name in shown}
    said = "; ".join(
        f"{name} gained in {sum(value > 0 for value in known)} of {len(known)} years"
        for name, values in series.items()
        for known in [[value for value in values if value is not None]]
    )
    alt = f"Returns by calendar year, {found.years[0]} to {found.years[-1]}. {said}."
    return Picture("years", "Returns by year", alt, lambda shape: _years(found.years, series, shape))


def distribution(series: Mapping[str, FloatArray]) -> Picture:
    """Distribution of monthly returns."""
    said = "; ".join(
        f"{name} {percent(float(np.nanmin(values)))} to {percent(float(np.nanmax(values)))}, "
        f"half of them above {percent(float(np.nanmedian(values)))}"
        for name, values in series.items()
    )
    alt = f"Distribution of monthly returns. {said}."
    title = "Distribution of monthly returns"
    return Picture("distribution", title, alt, lambda shape: _distribution(series, shape), shape=HALF)


def _months(table: pd.DataFrame, shape: Shape) -> Figure:
    row_height = 21 if len(table) > MANY_YEARS else 26
    figure, (axes,) = axes_of(shape, height=46 + row_height * len(table))
    parts = [table[list(columns)].to_numpy(dtype=float) for columns in (MONTHS, (YEAR,))]
    # A blank column between the months and the year.
    cells = np.hstack([parts[0], np.full((len(table), 1), np.nan), parts[1]])
    shades = np.hstack([_shades(parts[0]), np.full((len(table), 1, 4), to_rgba(PAPER)), _shades(parts[1])])
    edges = np.array([*range(13), 12.3, 13.3])
    axes.pcolormesh(edges, np.arange(len(table) + 1), shades, edgecolors=PAPER, linewidth=1.2)
    digits, size = (0, shape.text - 3) if shape.is_narrow else (1, shape.text - 2)
    style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": size, "in_layout": False}
    for row, column in np.argwhere(~np.isnan(cells)):
        word = gain(float(cells[row, column]), digits).removesuffix("%")
        middle = (edges[column] + edges[column + 1]) / 2
        axes.text(middle, row + 0.5, word, color=text_on(shades[row, column]), parse_math=False, **style)
    axes.set(xlim=(0, 13.3), ylim=(len(table), 0))
    names = [month[0] if shape.is_narrow else month for month in MONTHS]
    axes.set_xticks([*(np.arange(12) + 0.5), 12.8], [*names, YEAR])
    axes.set_yticks(np.arange(len(table)) + 0.5, [str(year) for year in table["year"]])
    axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.spines[:].set_visible(False)
    return figure


def _month(table: pd.DataFrame, position: int) -> str:
    row, column = divmod(position, len(MONTHS))
    return f"{gain(float(table[MONTHS[column]].iloc[row]))} in {MONTHS[column]} {table['year'].iloc[row]}"


def _shades(cells: FloatArray) -> FloatArray:
    """Colour cells on a scale of their own, centred at zero: years move more than months."""
    limit = float(np.nanquantile(np.abs(cells), 0.95)) or 0.01
    shades: FloatArray = colormaps["RdBu"](0.5 + 0.4 * np.clip(np.nan_to_num(cells) / limit, -1, 1))
    shades[np.isnan(cells)] = to_rgba(PAPER)
    return shades


def _years(years: Sequence[int], series: Mapping[str, Sequence[float | None]], shape: Shape) -> Figure:
    figure, (axes,) = axes_of(shape, height=0.65 * shape.height)
    width = 0.8 / len(series)
    for place, (name, values) in reversed([*enumerate(series.items())]):
        at = np.arange(len(years)) + (place - (len(series) - 1) / 2) * width
        heights = [np.nan if value is None else value for value in values]
        axes.bar(at, heights, width, color=colour_of(name, place), label=name)
    step = max(1, -(-len(years) // (8 if shape.is_narrow else 22)))
    axes.set_xticks(range(0, len(years), step), [str(year) for year in years[::step]])
    axes.set_xlim(-0.6, len(years) - 0.4)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value, 0)))
    level_lines(axes)
    legend(axes, shape)
    return figure


def _distribution(series: Mapping[str, FloatArray], shape: Shape) -> Figure:
    figure, (axes,) = axes_of(shape)
    known = {name: values[~np.isnan(values)] for name, values in series.items()}
    reach = max((float(np.abs(values).max()) for values in known.values() if len(values)), default=0.01)
    width = max(0.01, round(reach / 12, 2))
    edges = width * np.arange(-math.ceil(reach / width), math.ceil(reach / width) + 1)
    for place, (name, values) in reversed([*enumerate(known.items())]):
        heights = np.histogram(values, edges)[0] / max(len(values), 1)
        axes.stairs(heights, edges, color=colour_of(name, place), linewidth=1.8, label=name)
        if place == 0:
            axes.stairs(heights, edges, color=colour_of(name, place), alpha=0.25, fill=True)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value, 0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value, 0)))
    axes.set_ylabel("Share of the months", fontsize=shape.text, color=MUTED)
    level_lines(axes)
    legend(axes, shape)
    return figure
