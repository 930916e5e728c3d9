"""Output to a terminal: tables, figures, progress."""

from __future__ import annotations

import contextlib
import json
import time
from datetime import UTC, datetime
from datetime import time as time_of_day
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from research.report.formats import percent, ratio
from warehouse import freshness, verdicts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import duckdb
    import pandas as pd

FRACTIONS = {"cagr", "max_drawdown", "total_return", "volatility_annual", "weight"}
UNBOUNDED = 100_000
MIDNIGHT = time_of_day()
ASCII = str.maketrans({"\N{MINUS SIGN}": "-", "\N{EN DASH}": "-"})
RATIOS = {"sharpe", "calmar", "profit_factor", "turnover_annual", "objective"}

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def show(frame: pd.DataFrame, title: str | None = None) -> None:
    """Print a table."""
    columns = [(str(name), frame[name].dtype.kind in "iuf") for name in frame.columns]
    show_rows(columns, frame.itertuples(index=False), title)


def show_rows(columns: Sequence[tuple[str, bool]], rows: Iterable[Sequence[Any]], title: str | None = None) -> None:
    """Print a table of these rows; each column has a name, and is a number or not."""
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for name, is_number in columns:
        table.add_column(name, justify="right" if is_number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(escape(plain(text(name, value))) for (name, _), value in zip(columns, row, strict=True)))
    # As wide as it needs to be: a cut cell is worse than a wrapped line.
    unbounded = Console(highlight=False, width=UNBOUNDED, force_terminal=out.is_terminal)
    with unbounded.capture() as capture:
        unbounded.print(table)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))


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
    """Write a cell: fractions as per cent, dates without midnight, lists in brackets, nothing for null."""
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


def plain(text: str) -> str:
    """Write signs as a script, a spreadsheet and an ASCII terminal read them."""
    return text.translate(ASCII)


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
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
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
