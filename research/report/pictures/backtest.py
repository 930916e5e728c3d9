"""The pictures of a backtest: frames in, figures out; nothing is shown and nothing is global."""

from __future__ import annotations

import math
import os
import textwrap
from io import BytesIO
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

DPI = 100
WIDTH, HEIGHT = 16.0, 9.0  # inches: 1,600 x 900 pixels
# From Okabe and Ito's palette, whose colours colour-blind readers can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9")
INK, MUTED, RULE = "#222222", "#666666", "#DDDDDD"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
YEAR = "Year"
YEAR_GAP = 0.35  # between December and the year's total, in cells
CROWDED = 0.1  # names closer than this fraction of the height would overlap
# Ticks of the equity axis as multiples of powers of ten, by the highest over the lowest equity.
SMALL_RANGE, COARSE, LARGE_RANGE, FINE = 4.0, (1, 2, 5), 30.0, (1, 1.5, 2, 3, 5, 7)
WHITE_TEXT_FROM = 0.7  # shade, 0 to 1, from which white reads better than ink


def equity_figure(series: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw equity over time on a logarithmic axis, each line named at its end.

    Args:
        series: Name of each line -> its rows in order of session_date, with equity (USD) and
            net_return (a fraction). The title speaks of the first.
    """
    name, main = next(iter(series.items()))
    start, end = main["equity"].iloc[0] / (1 + main["net_return"].iloc[0]), main["equity"].iloc[-1]
    figure, axes = _canvas(
        f"Equity: {_dollars(start)} became {_dollars(end)} ({_percent(end / start - 1, '+.0f')})",
        f"{name}, {_span(main)}, after costs; logarithmic scale",
    )
    axes.set_yscale("log")
    for (label, daily), colour in zip(series.items(), cycle(COLOURS), strict=False):
        axes.plot(_dates(daily), daily["equity"], color=colour, linewidth=1.8, label=label)
    everything = pd.concat([daily["equity"] for daily in series.values()])
    axes.yaxis.set_major_locator(FixedLocator(_dollar_ticks(everything.min(), everything.max())))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda value, _: _dollars(value))
    axes.set_position((0.07, 0.07, 0.77, 0.77))
    _name_ends(axes)
    return figure


def drawdown_figure(series: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw the fall from the highest equity so far; the worst of the first series is marked.

    Args:
        series: Name of each line -> its rows in order of session_date, with drawdown (a fraction,
            0 or below).
    """
    (name, main), *others = series.items()
    dates, drawdown = _dates(main), main["drawdown"].to_numpy(dtype=float)
    worst = int(drawdown.argmin())
    figure, axes = _canvas(
        f"Drawdown: at worst {_percent(drawdown[worst])}, on {dates[worst]:%Y-%m-%d}",
        f"{name}, {_span(main)}; equity below its highest value so far",
    )
    axes.fill_between(dates, drawdown, 0, color=COLOURS[0], alpha=0.3, linewidth=0)
    axes.plot(dates, drawdown, color=COLOURS[0], linewidth=1.2, label=name)
    for (other, daily), colour in zip(others, cycle(COLOURS[1:]), strict=False):
        axes.plot(_dates(daily), daily["drawdown"], color=colour, linewidth=1.2, label=other)
    deepest = min(daily["drawdown"].min() for daily in series.values())
    axes.set_ylim(1.18 * deepest or -0.01, 0)
    axes.yaxis.set_major_formatter(lambda value, _: _percent(value, ".0f"))
    if drawdown[worst] < 0:
        _mark_worst(axes, dates, drawdown)
    if others:
        above = {"bbox_to_anchor": (1, 1.01), "ncols": len(series), "frameon": False}
        axes.legend(loc="lower right", fontsize=14, labelcolor="linecolor", **above)
    return figure


def monthly_heatmap(daily: pd.DataFrame) -> Figure:
    """Draw one cell per month and the total of each year, blue for gains and red for losses.

    Args:
        daily: Rows in order of session_date, with net_return (a fraction).
    """
    returns = monthly_returns(daily)
    months = returns[list(MONTHS)].to_numpy()
    best, worst = int(np.nanargmax(months)), int(np.nanargmin(months))
    figure = Figure(figsize=(WIDTH, 2.1 + 0.46 * len(returns)), dpi=DPI, facecolor="white")
    axes = figure.add_axes((0.055, 0.02, 0.925, 1 - 1.75 / figure.get_figheight()))
    _title(
        figure,
        f"Monthly returns: {(months > 0).sum()} up, {(months < 0).sum()} down",
        f"{_span(daily)}, per cent after costs; best {_month(returns, best)}, worst {_month(returns, worst)}",
    )
    for column, name in enumerate(returns.columns):
        # Years move more than months: each kind has a scale of its own, centred at zero.
        kind = returns[YEAR].to_numpy() if name == YEAR else months
        limit = float(np.nanquantile(np.abs(kind), 0.95)) or 0.01
        left = column + (YEAR_GAP if name == YEAR else 0)
        for row, value in enumerate(returns[name]):
            if not np.isnan(value):
                _cell(axes, (left, row), value, float(np.clip(value / limit, -1, 1)))
    centres = np.arange(len(returns.columns)) + 0.5
    centres[-1] += YEAR_GAP
    axes.set_xticks(centres, returns.columns)
    axes.set_yticks(np.arange(len(returns)) + 0.5, [str(year) for year in returns.index])
    axes.set(xlim=(0, centres[-1] + 0.5), ylim=(len(returns), 0))
    axes.tick_params(labelsize=14, length=0, labelcolor=INK, top=True, labeltop=True)
    axes.tick_params(axis="x", bottom=False, labelbottom=False)
    axes.spines[:].set_visible(False)
    return figure


def monthly_returns(daily: pd.DataFrame) -> pd.DataFrame:
    """Compound daily returns to calendar months and years.

    Returns:
        One row per year, columns Jan..Dec and Year, fractions; a month without a session is null.
    """
    dates = _dates(daily)
    growth = pd.DataFrame({"year": dates.year, "month": dates.month, "growth": 1 + daily["net_return"].to_numpy()})
    table = growth.pivot_table(index="year", columns="month", values="growth", aggfunc="prod")
    table = table.reindex(columns=range(1, 13)).set_axis(list(MONTHS), axis="columns")
    return table.assign(**{YEAR: growth.groupby("year")["growth"].prod()}) - 1


def to_png(figure: Figure) -> bytes:
    """Render a figure; the same figure gives the same bytes under the same libraries."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG; a reader sees the old picture or the new one, never a part of it."""
    content = to_png(figure)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _canvas(title: str, subtitle: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI, facecolor="white")
    axes = figure.add_axes((0.07, 0.07, 0.9, 0.77))
    _title(figure, title, subtitle)
    axes.margins(x=0.01)
    axes.grid(axis="y", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=14, length=0, labelcolor=INK)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(MUTED)
    return figure, axes


def _title(figure: Figure, title: str, subtitle: str) -> None:
    height = figure.get_figheight()
    # A dollar sign would otherwise start a formula.
    style: dict[str, Any] = {"ha": "left", "va": "top", "parse_math": False}
    figure.text(0.02, 1 - 0.25 / height, title, fontsize=26, weight="bold", color=INK, **style)
    figure.text(0.02, 1 - 0.78 / height, subtitle, fontsize=15, color=MUTED, **style)


def _name_ends(axes: Axes) -> None:
    """Name each line at its last point, moving the names apart where lines end close together."""
    low, high = np.log(axes.get_ylim())
    lines = sorted(axes.lines, key=_last_value)
    places = [(math.log(_last_value(line)) - low) / (high - low) for line in lines]
    for at in range(1, len(places)):
        places[at] = max(places[at], places[at - 1] + CROWDED)
    for at in reversed(range(len(places))):  # what was moved past the top comes down again
        places[at] = min(places[at], 1 - CROWDED * (len(places) - 1 - at))
    for place, line in zip(places, lines, strict=True):
        name = textwrap.fill(str(line.get_label()), 20)
        axes.text(
            *(1.005, place, f"{name}\n{_dollars(_last_value(line))}"),
            transform=axes.transAxes,
            color=line.get_color(),
            fontsize=14,
            weight="bold",
            va="center",
            parse_math=False,
        )


def _last_value(line: Line2D) -> float:
    return float(np.asarray(line.get_ydata())[-1])


def _mark_worst(axes: Axes, dates: pd.DatetimeIndex, drawdown: np.ndarray) -> None:
    worst = int(drawdown.argmin())
    before, after = np.flatnonzero(drawdown[:worst] >= 0), np.flatnonzero(drawdown[worst:] >= 0)
    peak = f"{dates[before[-1]]:%Y-%m-%d}" if len(before) else "the start"
    recovery = f"recovered {dates[worst + after[0]]:%Y-%m-%d}" if len(after) else "not yet recovered"
    late = worst > len(dates) / 2
    axes.plot(dates[[worst]], drawdown[[worst]], "o", color=COLOURS[0], markersize=9)
    axes.annotate(
        f"{_percent(drawdown[worst])} on {dates[worst]:%Y-%m-%d}\nfrom {peak}, {recovery}",
        (dates[worst], drawdown[worst]),
        xytext=(-14 if late else 14, -4),
        textcoords="offset points",
        ha="right" if late else "left",
        va="top",
        fontsize=14,
        color=INK,
        bbox={"facecolor": "white", "alpha": 0.85, "linewidth": 0},
    )


def _cell(axes: Axes, corner: tuple[float, int], value: float, shade: float) -> None:
    left, top = corner
    colour = colormaps["RdBu"](0.5 + 0.4 * shade)  # the ends of the map are too dark to read on
    axes.add_patch(Rectangle((left + 0.02, top + 0.03), 0.96, 0.94, facecolor=colour))
    axes.text(
        *(left + 0.5, top + 0.5, _signed(100 * value, "+.1f")),
        ha="center",
        va="center",
        fontsize=14,
        color="white" if abs(shade) > WHITE_TEXT_FROM else INK,
    )


def _dates(daily: pd.DataFrame) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(pd.to_datetime(daily["session_date"]))


def _span(daily: pd.DataFrame) -> str:
    dates = _dates(daily)
    return f"{dates[0]:%Y-%m-%d} to {dates[-1]:%Y-%m-%d}"


def _dollar_ticks(low: float, high: float) -> list[float]:
    """Round amounts that a reader expects, enough of them to read a value off."""
    if high < SMALL_RANGE * low:
        return list(MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(low, high))
    steps = FINE if high < LARGE_RANGE * low else COARSE
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [step * 10.0**power for power in powers for step in steps]


def _dollars(value: float) -> str:
    return f"${value:,.0f}"


def _percent(value: float, form: str = ".1f") -> str:
    return f"{_signed(100 * value, form)} %"


def _signed(value: float, form: str) -> str:
    """A true minus sign, and no sign on what rounds to zero."""
    text = f"{value:{form}}"
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "\u2212")


def _month(returns: pd.DataFrame, position: int) -> str:
    row, column = divmod(position, len(MONTHS))
    value = returns[MONTHS[column]].iloc[row]
    return f"{_percent(value, '+.1f')} in {MONTHS[column]} {returns.index[row]}"
