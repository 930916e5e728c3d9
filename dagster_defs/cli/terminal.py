"""Output to a terminal: tables, figures, progress."""

from __future__ import annotations

import contextlib
import json
import math
import textwrap
import time
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from research.report.formats import percent, ratio
from warehouse import freshness, verdicts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import duckdb
    import pandas as pd

    from warehouse.readers import PlainRows

FRACTIONS = {
    "cagr",
    "daily_return",
    "difference",
    "gross_return",
    "max_drawdown",
    "money_weighted_return",
    "target",
    "time_weighted_return",
    "total_return",
    "volatility_annual",
    "weight",
}
MONEY = {"cash", "deposits", "equity", "income", "profit", "settled_cash", "stated_equity"}
UNBOUNDED = 100_000
GAP = 2
"""Spaces between the columns of a table."""
SHORTEST_WRAP = 24
"""A text is not wrapped to fewer letters."""
MIDNIGHT = time_of_day()
ASCII = str.maketrans({"\N{MINUS SIGN}": "-", "\N{EN DASH}": "-"})
RATIOS = {"score", "sharpe", "calmar", "profit_factor", "turnover_annual", "objective"}

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def show(frame: pd.DataFrame, title: str | None = None) -> None:
    """Print a table."""
    columns = [(str(name), frame[name].dtype.kind in "iuf") for name in frame.columns]
    show_rows(columns, frame.itertuples(index=False), title)


def width() -> int:
    """Return the letters that a line has: the terminal's, or as many as one likes in a pipe."""
    return out.width if out.is_terminal else UNBOUNDED


def show_answer(answer: PlainRows, title: str | None = None) -> None:
    """Print an answer as a table."""
    columns = [
        (name, any(isinstance(row[at], int | float) and not isinstance(row[at], bool) for row in answer.rows))
        for at, name in enumerate(answer.names)
    ]
    show_rows(columns, answer.rows, title)


def show_rows(columns: Sequence[tuple[str, bool]], rows: Iterable[Sequence[Any]], title: str | None = None) -> None:
    """Print a table of these rows; each column has a name, and is a number or not.

    In a pipe a table is as wide as it needs to be. In a terminal that is narrower its longest texts are wrapped, or
    where that leaves too little each row becomes a block of lines: no cell is ever cut.
    """
    names = [name for name, _ in columns]
    cells = [[plain(text(name, value)) for name, value in zip(names, row, strict=True)] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    needed, room = sum(widths) + GAP * (len(widths) - 1), width()
    texts = [size for size, (_, is_number) in zip(widths, columns, strict=True) if not is_number]
    longest = max(texts, default=0)
    if title:
        out.print("[bold]" + escape("\n".join(textwrap.wrap(plain(title), room))) + "[/bold]")
    if needed > room and needed - longest + SHORTEST_WRAP > room:
        _show_blocks(names, cells, room)
        return
    table = Table(header_style="bold", box=None, pad_edge=False)
    for (name, is_number), size in zip(columns, widths, strict=True):
        may_wrap = needed > room and not is_number and size == longest
        table.add_column(name, justify="right" if is_number else "left", no_wrap=not may_wrap)
    for row in cells:
        table.add_row(*map(escape, row))
    sheet = Console(highlight=False, width=room, force_terminal=out.is_terminal)
    with sheet.capture() as capture:
        sheet.print(table)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))


def _show_blocks(names: Sequence[str], cells: Sequence[Sequence[str]], room: int) -> None:
    """Print each row as lines of a name and its value."""
    indent = min(max(map(len, names), default=0) + GAP, room // 2)
    for row in cells:
        for name, cell in zip(names, row, strict=True):
            first = f"{name:<{indent}}" if len(name) < indent else f"{name} "
            lines = textwrap.wrap(cell, room, initial_indent=first, subsequent_indent=" " * indent) or [first.rstrip()]
            click.echo("\n".join(lines))
        click.echo()


def warn_of_doubtful_bars(connection: duckdb.DuckDBPyConnection, *, is_research: bool = False) -> None:
    """Say on stderr which bars are missing, too old to decide on today, or doubtful; research reads all of history."""
    doubts = freshness.doubts(connection, datetime.now(UTC))
    for doubt in [*doubts, *(verdicts.history_doubts(connection) if is_research else [])]:
        err.print(plain(doubt), markup=False)


def show_record(record: Mapping[str, Any], title: str) -> None:
    """Print named figures, one a line."""
    out.print(f"[bold]{title}[/bold]")
    for name, value in record.items():
        out.print(f"  {name:<18} {plain(text(name, value))}", markup=False)


def text(name: str, value: Any) -> str:  # noqa: ANN401 - any cell of any table
    """Write a cell: fractions as per cent, money in cents, lists in brackets, nothing for null."""
    match value:
        case dict():
            return "{" + ", ".join(f"{key}: {text(key, each) or 'null'}" for key, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(text(name, each) or "null" for each in value) + "]"
        case _ if _is_missing(value):
            return ""
        case float():
            return _figure(name, value)
        case datetime():
            is_date = value.time() == MIDNIGHT and value.tzinfo is None
            return f"{value:%Y-%m-%d}" if is_date else f"{value:%Y-%m-%d %H:%M:%S%z}"
        case _:
            return " ".join(str(value).splitlines())


def _figure(name: str, value: float) -> str:
    if name in FRACTIONS:
        return percent(value, 2)
    if name in MONEY:
        return f"{value:,.2f}"
    return ratio(value, 3) if name in RATIOS else f"{value:.10g}"


def _is_missing(value: Any) -> bool:  # noqa: ANN401 - any cell of any table
    """Tell null: None, and what differs from itself (NaN, NaT) or cannot say whether it does (pandas' NA)."""
    try:
        return value is None or bool(value != value)  # noqa: PLR0124 - see above
    except TypeError:
        return True


def say(line: str) -> None:
    """Print a line of text; nothing for none."""
    if line:
        out.print(plain(line), markup=False)


def say_wrapped(line: str, indent: int = 0) -> None:
    """Print a line of text, nothing for none; in a terminal wrapped at words, the further lines indented."""
    if not line:
        return
    click.echo("\n".join(textwrap.wrap(plain(line), width(), subsequent_indent=" " * indent)))


def plain(text: str) -> str:
    """Write signs as a script, a spreadsheet and an ASCII terminal read them."""
    return text.translate(ASCII)


def as_plain(value: Any) -> Any:  # noqa: ANN401 - any value that a query can give
    """Return what JSON can say: times in ISO form, null for a figure that is not finite."""
    match value:
        case list() | tuple():
            return [as_plain(each) for each in value]
        case dict():
            return {str(key): as_plain(each) for key, each in value.items()}
        case float():
            return value if math.isfinite(value) else None
        case date():  # and datetime
            return value.isoformat()
        case None | bool() | int() | str():
            return value
        case _:
            return str(value)


def as_json(frame: pd.DataFrame) -> str:
    """Rows as JSON; dates in ISO form, full precision."""
    dated = frame.copy()
    for name in dated.columns:
        if dated[name].dtype.kind == "M":
            dated[name] = [None if cell != cell else _iso(cell) for cell in dated[name]]  # noqa: PLR0124 - NaT
    rows = json.loads(dated.to_json(orient="records", double_precision=15))
    return json.dumps(rows, indent=2)


def _iso(moment: pd.Timestamp) -> str:
    return moment.date().isoformat() if moment == moment.normalize() and moment.tzinfo is None else moment.isoformat()


@contextlib.contextmanager
def progress(title: str, *, is_quiet: bool = False) -> Iterator[Callable[[int, int, str], None]]:
    """Show progress on stderr, gone when the work is done; silent where a script reads."""
    from rich.progress import (  # noqa: PLC0415 - an answer has none to show
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(table_column=Column(no_wrap=True, min_width=7)),
        TimeElapsedColumn(table_column=Column(no_wrap=True, min_width=7)),
        TextColumn("{task.fields[label]}"),
    )
    with Progress(*columns, console=err, transient=True, disable=is_quiet or not err.is_terminal) as bar:
        task = bar.add_task(title, total=None, label="starting")

        def report(done: int, total: int, label: str) -> None:
            bar.update(task, completed=done, total=total or None, label=label)

        yield report


def with_time_left(report: Callable[[int, int, str], None]) -> Callable[[int, int, str], None]:
    """Add the time that is left, at the pace so far, to what is reported."""
    started: list[tuple[float, int]] = []

    def timed(done: int, total: int, label: str) -> None:
        started.append((time.monotonic(), done))
        (start, first), (now, _) = started[0], started[-1]
        left = (now - start) / (done - first) * (total - done) if done > first else None
        report(done, total, label if left is None else f"{label}, about {left:.0f} s left")

    return timed


def show_files(files: Sequence[object]) -> None:
    """Print the paths of the files that were written."""
    out.print("Wrote " + "\n      ".join(str(file) for file in files), markup=False)
