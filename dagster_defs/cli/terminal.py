"""Output to a terminal: tables, figures, progress."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from research.report.formats import percent, ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pandas as pd

FRACTIONS = {"cagr", "max_drawdown", "total_return", "volatility_annual", "weight"}
UNBOUNDED = 100_000
ASCII = str.maketrans({"\N{MINUS SIGN}": "-", "\N{EN DASH}": "-"})
RATIOS = {"sharpe", "calmar", "profit_factor", "turnover_annual", "objective"}

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def show(frame: pd.DataFrame, title: str | None = None) -> None:
    """Print a table."""
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for name in frame.columns:
        is_number = frame[name].dtype.kind in "iuf"
        table.add_column(str(name), justify="right" if is_number else "left", no_wrap=True)
    for row in frame.itertuples(index=False):
        table.add_row(*(plain(text(name, value)) for name, value in zip(frame.columns, row, strict=True)))
    # As wide as it needs to be: a cut cell is worse than a wrapped line.
    unbounded = Console(highlight=False, width=UNBOUNDED, force_terminal=out.is_terminal)
    with unbounded.capture() as capture:
        unbounded.print(table)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))


def show_record(record: Mapping[str, Any], title: str) -> None:
    """Print named figures, one a line."""
    out.print(f"[bold]{title}[/bold]")
    for name, value in record.items():
        out.print(f"  {name:<18} {plain(text(name, value))}", markup=False)


def text(name: str, value: Any) -> str:  # noqa: ANN401 - any cell of any table
    """Write a cell: fractions as per cent, dates without midnight, nothing for null."""
    if value is None or value != value:  # noqa: PLR0124 - NaN and NaT differ from themselves
        return ""
    if isinstance(value, float) and name in FRACTIONS:
        return percent(value, 2)
    if isinstance(value, float) and name in RATIOS:
        return ratio(value, 3)
    if isinstance(value, float):
        return f"{value:.10g}"
    if hasattr(value, "hour"):
        is_date = (value.hour, value.minute, value.second) == (0, 0, 0) and value.tzinfo is None
        return f"{value:%Y-%m-%d}" if is_date else f"{value:%Y-%m-%d %H:%M:%S%z}"
    return str(value)


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
