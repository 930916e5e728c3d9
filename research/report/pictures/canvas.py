"""Drawing that all pictures share: three shapes, one palette, axes, and a figure's way to SVG or PNG."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from research.readers import EQUAL_WEIGHT, SIXTY_FORTY, SPY
from research.report.names import LIVE, WALK_FORWARD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from matplotlib.axes import Axes

# Each reads against its paper with a contrast of 4.5 or more: (name, on light, on dark).
PAPER, INK, MUTED, RULE = "#fbfaf7", "#1b1f23", "#5b6168", "#dedbd3"
BLUE, ORANGE, GREY, GREEN, PLUM = "#1f5f99", "#b3470f", "#5f6670", "#1d7a5f", "#8a4a86"
DARK = {
    PAPER: "#14171a",
    INK: "#e8e6e1",
    MUTED: "#a3a9af",
    RULE: "#33393f",
    BLUE: "#7db8e8",
    ORANGE: "#f0985a",
    GREY: "#a9b1ba",
    GREEN: "#5cc7a0",
    PLUM: "#d79ad2",
}
COLOURS = {LIVE: BLUE, WALK_FORWARD: ORANGE, SPY: GREY, SIXTY_FORTY: GREEN, EQUAL_WEIGHT: PLUM}
OTHER_COLOURS = (BLUE, ORANGE, GREEN, GREY, PLUM)
# Mid-tones for areas, which both papers carry.
AREAS = (
    *("#4e79a7", "#e39a4b", "#6aa57a", "#c86a6a", "#8f7fb5"),
    *("#b08d57", "#6fb1b8", "#d48fb0", "#93a556", "#8c8c8c"),
)
LIGHT_TEXT, DARK_TEXT = "#fefefe", "#101010"
"""On areas, whatever the paper."""
POINT = 72
"""Figures are 72 to the inch, so that a point of matplotlib's is a pixel of the page's."""
PNG_SCALE = 1.5
TITLE, NOTE = 34, 20
"""Pixels that the lines of a file's title add to its picture."""
LETTER, HANDLE, MARGIN = 0.58, 3.5, 70
"""Of a legend: widths in units of its text, of a letter and of what stands beside a name; pixels of the axis."""
EPOCH = pd.Timestamp(0)
"""What matplotlib counts its days from."""
FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif"


@dataclass(frozen=True, slots=True)
class Shape:
    """Pixels of a picture on the page, and of its text."""

    width: int
    height: int
    text: float

    @property
    def is_narrow(self) -> bool:
        """True where panels stand below each other."""
        return self.width < WIDE.width


WIDE = Shape(960, 400, 13.5)
HALF = Shape(470, 300, 13)
NARROW = Shape(380, 320, 11.5)


@dataclass(frozen=True, slots=True)
class Source:
    """A picture in one shape, as a data URI, with its size in pixels."""

    uri: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture that was drawn.

    Attributes:
        name: Of its PNG file.
        alt: Its content in a sentence with its main numbers.
        desk: For the page at a desk.
        phone: For the page on a phone; the same as `desk` where that is small enough.
        png: For a file, with its title.
    """

    name: str
    alt: str
    desk: Source
    phone: Source
    png: bytes


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that is drawn in the shape that is asked for.

    Attributes:
        name: Of its PNG file.
        alt: Its content in a sentence with its main numbers.
        draw: Draws it.
        note: Second line of the title; empty where the page around it says as much.
        shape: On the page at a desk; what is half as wide there is drawn once for all screens.
    """

    name: str
    title: str
    alt: str
    draw: Callable[[Shape], Figure]
    note: str = ""
    shape: Shape = WIDE

    def drawing(self, *, has_chart: bool = False) -> Drawing:
        """Draw the picture for the page and for a file; one that only stands in for a chart has one shape."""
        figure = self._settled(self.shape)
        desk = _source(figure)
        phone = _source(self._settled(NARROW)) if self.shape is WIDE and not has_chart else desk
        return Drawing(self.name, self.alt, desk, phone, self._png(figure))

    def png(self) -> bytes:
        """Return the picture for a file, with its title; the same picture gives the same bytes."""
        return self._png(self._settled(self.shape))

    def _settled(self, shape: Shape) -> Figure:
        """Draw and place everything, once: with an engine left in charge, each saving would place it again."""
        figure = self.draw(shape)
        engine = figure.get_layout_engine()
        if engine is not None:
            engine.execute(figure)
            figure.set_layout_engine(None)
        return figure

    def _png(self, figure: Figure) -> bytes:
        """Add the title above what was drawn, which keeps its size."""
        width, height = figure.get_size_inches()
        taller = height + (TITLE + NOTE * bool(self.note)) / POINT
        for axes in figure.axes:
            place = axes.get_position()
            axes.set_position((place.x0, place.y0 * height / taller, place.width, place.height * height / taller))
        figure.set_size_inches(width, taller)
        figure.suptitle(self.title, x=0.01, ha="left", fontsize=17, weight="bold", color=INK, parse_math=False)
        below = 1 - TITLE / (taller * POINT)
        figure.text(0.01, below, self.note, va="top", fontsize=WIDE.text, color=MUTED, parse_math=False)
        buffer = BytesIO()
        figure.savefig(buffer, format="png", dpi=PNG_SCALE * POINT)
        return buffer.getvalue()


def colour_of(name: str, place: int) -> str:
    """Choose a line's colour: its own if it has one, else by its place."""
    return COLOURS.get(name, OTHER_COLOURS[place % len(OTHER_COLOURS)])


def axes_of(shape: Shape, rows: int = 1, columns: int = 1, height: float | None = None) -> tuple[Figure, list[Axes]]:
    """Make a figure with a grid of axes, row by row; `height` in pixels replaces the shape's."""
    size = (shape.width / POINT, (height or shape.height) / POINT)
    figure = Figure(figsize=size, dpi=POINT, facecolor=PAPER, layout="constrained")
    axes = [figure.add_subplot(rows, columns, place + 1) for place in range(rows * columns)]
    for each in axes:
        each.set_facecolor(PAPER)
        each.tick_params(labelsize=shape.text, length=0, labelcolor=MUTED, pad=4)
        each.spines[["top", "right", "left"]].set_visible(False)
        each.spines["bottom"].set_color(RULE)
        each.set_axisbelow(True)
    return figure, axes


def level_lines(axes: Axes, axis: str = "y") -> None:
    """Draw faint lines at the ticks, and a stronger one at zero where it is inside."""
    axes.grid(axis="y" if axis == "y" else "x", color=RULE, linewidth=0.8)
    low, high = axes.get_ylim() if axis == "y" else axes.get_xlim()
    if low < 0 < high:
        (axes.axhline if axis == "y" else axes.axvline)(0, color=MUTED, linewidth=0.9)


def date_axis(axes: Axes, shape: Shape) -> None:
    """Write years, as many as there is room for; months where there are no two years, days where no two months."""
    first, last = (pd.Timestamp(place, unit="D") for place in axes.get_xlim())
    room = 5 if shape.is_narrow else 11
    step = max(1, -(-(last.year - first.year) // room))
    ticks, form = pd.date_range(first, last, freq=f"{step}YS"), "%Y"
    if len(ticks) < 2:  # noqa: PLR2004 - one tick is no scale
        months = max(1, round((last - first).days / 30 / room))
        ticks, form = pd.date_range(first, last, freq=f"{months}MS"), "%Y-%m"
    if len(ticks) < 2:  # noqa: PLR2004 - as above
        ticks, form = pd.date_range(first.ceil("D"), last, periods=3).normalize().unique(), "%Y-%m-%d"
    axes.set_xticks((ticks - EPOCH) / pd.Timedelta(days=1), [f"{tick:{form}}" for tick in ticks])
    axes.margins(x=0.01)


def heading(axes: Axes, text: str, shape: Shape) -> None:
    """Name one of several panels."""
    axes.set_title(text, loc="left", fontsize=shape.text + 0.5, color=INK, weight="bold", parse_math=False)


def legend(axes: Axes, shape: Shape) -> None:
    """Name the lines above the picture, each in its own colour, in as many rows as they need."""
    handles, names = axes.get_legend_handles_labels()
    widest = max(map(len, names), default=1) * LETTER + HANDLE
    # Drawn last to lie on top, named first.
    axes.legend(
        handles[::-1],
        names[::-1],
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=max(1, min(len(names), int((shape.width - MARGIN) / (widest * shape.text)))),
        fontsize=shape.text,
        labelcolor="linecolor",
        frameon=False,
        borderaxespad=0.2,
        handlelength=1.2,
        columnspacing=1.4,
    )


def text_on(shade: Iterable[float]) -> str:
    """Dark or light text, whichever reads better on an area of this red, green and blue."""
    red, green, blue, *_ = shade
    return DARK_TEXT if 0.299 * red + 0.587 * green + 0.114 * blue > 0.55 else LIGHT_TEXT  # noqa: PLR2004 - its middle


def _source(figure: Figure) -> Source:
    """Return a figure for the page."""
    width, height = (round(float(size) * POINT) for size in figure.get_size_inches())
    return Source(f"data:image/svg+xml;base64,{base64.b64encode(_svg(figure).encode()).decode()}", width, height)


def _svg(figure: Figure) -> str:
    """Return the figure as SVG whose colours follow the reader's theme, with the reader's own font."""
    buffer = BytesIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "swing", "path.simplify_threshold": 0.7}):
        figure.savefig(buffer, format="svg", dpi=POINT, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue().decode()
    text = text[text.index("<svg") :]
    text = re.sub(r'(width|height)="(\d+)(?:\.\d+)?pt"', r'\1="\2"', text)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # Coordinates to a tenth of a pixel; what is written between the tags stays.
    text = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\d+\.\d)\d+", r"\1", tag[0]), text)
    text = re.sub(r"'DejaVu Sans'(, [^;\"]*)?", FONTS, text)
    for colour in DARK:
        text = text.replace(colour, f"var(--c{colour[1:]})")
    light = ";".join(f"--c{colour[1:]}:{colour}" for colour in DARK)
    dark = ";".join(f"--c{colour[1:]}:{other}" for colour, other in DARK.items())
    style = f"<style>svg{{{light}}}@media screen and (prefers-color-scheme:dark){{svg{{{dark}}}}}</style>"
    start = text.index(">") + 1
    return f"{text[:start]}{style}{text[start:]}"
