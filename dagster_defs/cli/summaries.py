"""Summaries of results, for a person or for a script."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dagster_defs.cli import terminal
from dagster_defs.cli.what_if import listed, period, show_tracks
from research.report.formats import length_caveat, percent, ratio
from research.side_by_side import backtest_beside, folds_of, walk_forward_beside
from warehouse import readers
from warehouse.calendar.sessions import sessions
from warehouse.errors import LakeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from research.side_by_side import TestedFold
    from research.what_if import Track, Tried
    from warehouse.lake import Lake

FOLDS_SHOWN = 8
"""Newest folds of a summary."""
WIDE, FOREMOST = 100, 3
"""Letters of a line that takes every column of a fold, and the first columns that stay in a narrower one."""
CHOICES_SHOWN = 3
"""Most frequent choices of a summary."""
BENCHMARK = "SPY"


def as_record(lake: Lake, job: str) -> dict[str, Any]:
    """Return the results of a research job, for a script."""
    tested = {}
    if job == "backtest":
        questions = {"metrics": readers.LIVE_METRICS, "live_targets": readers.LIVE_TARGETS}
    else:
        questions = {"metrics": readers.WALK_FORWARD_METRICS, "folds": readers.folds()}
        with lake.reader() as connection:
            tested = {"tested": [terminal.as_plain(asdict(fold)) for fold in folds_of(connection)]}
    frames = {name: readers.ask(lake, question) for name, question in questions.items()}
    caveat = f"{_metrics_caveat(frames['metrics'])} {_folds_caveat(frames.get('folds'))}".strip()
    return (
        {name: json.loads(terminal.as_json(frame)) for name, frame in frames.items()}
        | tested
        | {"caveat": caveat or None}
    )


def show(lake: Lake, job: str, *, is_whole: bool = False) -> None:
    """Print the results of a research job, for a person; every fold if `is_whole`."""
    if job == "backtest":
        show_targets(lake)
        title, beside = "Backtest of the live strategy, after costs", backtest_beside
    else:
        show_folds(lake, is_whole=is_whole)
        title, beside = "Walk-forward, out of sample, after costs", walk_forward_beside
    with lake.reader() as connection:
        live = readers.rows(connection, readers.LIVE_STRATEGY).records()[0]
        measured = beside(connection, BENCHMARK)
    terminal.out.print()
    if measured is None:
        terminal.out.print(f"{title}: no session to measure yet (the features are still warming up).", markup=False)
        return
    show_beside(measured, title)
    terminal.out.print()
    terminal.say_wrapped(f"Live parameters: {live.pop('strategy_name')} ({listed(live)})", 2)
    terminal.say_wrapped(length_caveat(len(measured.sessions)))


def show_beside(measured: Tried, title: str) -> None:
    """Print the metrics of results beside each other, one a column."""
    terminal.out.print(f"[bold]{title}[/bold]")
    terminal.say(period(measured))
    show_tracks(measured.tracks)


def honest_headline(lake: Lake) -> str:
    """Say what choosing the parameters without hindsight has earned, or that nobody has measured it yet."""
    try:
        with lake.reader() as connection:
            measured = walk_forward_beside(connection, BENCHMARK)
    except LakeError:
        measured = None
    if measured is None:
        return (
            "These parameters were chosen with hindsight, and nothing here says how much of the result that is. "
            "`swing walkforward` measures what choosing them without it would have earned."
        )
    honest, *others = measured.tracks
    beside = "; ".join(f"{track.name} {_earned(track)}" for track in others)
    return (
        f"Without hindsight, each choice made on earlier years alone: {_earned(honest)}, from {measured.sessions[0]} "
        f"to {measured.sessions[-1]}. Over the same sessions: {beside}."
    )


def _earned(track: Track) -> str:
    return f"{percent(track.metrics['cagr'])} a year at a Sharpe ratio of {ratio(track.metrics['sharpe'])}"


def show_targets(lake: Lake) -> None:
    """Print the live targets, with cash."""
    terminal.show(readers.ask(lake, readers.LIVE_TARGETS), "Live targets")


def show_metrics(lake: Lake, question: readers.Question, title: str) -> None:
    """Print one strategy's metrics."""
    frame = readers.ask(lake, question)
    terminal.out.print()
    if frame.empty:
        terminal.out.print(f"{title}: no session to measure yet (the features are still warming up).", markup=False)
    else:
        figures = frame.drop(columns="strategy_id", errors="ignore").iloc[0]
        terminal.show_record({str(name): value for name, value in figures.items()}, title)
        terminal.say(_metrics_caveat(frame))


def show_folds(lake: Lake, *, is_whole: bool = False) -> None:
    """Print the folds of the walk-forward: the choice of each, and what it earned afterwards; the newest, or all."""
    with lake.reader() as connection:
        folds = folds_of(connection)
    terminal.out.print()
    if not folds:
        terminal.out.print("Walk-forward: the history is too short for one fold.", markup=False)
        return
    shown = folds if is_whole else folds[-FOLDS_SHOWN:]
    columns = [("fold", True), ("choice", False), ("test return", True), ("test Sharpe", True), ("objective", True)]
    columns += [("trained from", False), ("tested from", False), ("to", False)]
    rows = [
        [
            fold.fold_id,
            fold.choice,
            percent(fold.test_return),
            ratio(fold.test_sharpe),
            ratio(fold.objective, 3),
            fold.trained_from,
            fold.tested_from,
            fold.tested_to,
        ]
        for fold in shown
    ]
    count = f"{len(folds)} folds" if len(shown) == len(folds) else f"the newest {len(shown)} of {len(folds)} folds"
    fitting = len(columns) if terminal.width() >= WIDE else FOREMOST
    title = f"Walk-forward: {count}, each chosen before it was tested"
    terminal.show_rows(columns[:fitting], [row[:fitting] for row in rows], title)
    if len(shown) < len(folds):
        terminal.say_wrapped("`swing walkforward --all` shows every fold.")
    terminal.say_wrapped(_folds_told(folds))
    terminal.say_wrapped(_folds_caveat(readers.ask(lake, readers.folds())))


def _folds_told(folds: Sequence[TestedFold]) -> str:
    """Say how the folds ended, and what was chosen most."""
    gained = sum(fold.test_return > 0 for fold in folds)
    worst, best = min(folds, key=lambda fold: fold.test_return), max(folds, key=lambda fold: fold.test_return)
    changes = sum(one.choice != other.choice for one, other in pairwise(folds))
    chosen = Counter(fold.choice for fold in folds).most_common(CHOICES_SHOWN)
    most = ", ".join(f"{choice} ({count})" for choice, count in chosen)
    return (
        f"{gained} of {len(folds)} folds gained in their test window: from {percent(worst.test_return)} (from "
        f"{worst.tested_from}) to {percent(best.test_return)} (from {best.tested_from}). The choice changed "
        f"{changes} times; chosen most: {most}."
    )


def _metrics_caveat(metrics: pd.DataFrame) -> str:
    return "" if metrics.empty else length_caveat(int(metrics["sessions"].iloc[0]))


def _folds_caveat(folds: pd.DataFrame | None) -> str:
    """Write the caveat of the objectives, by the shortest train window."""
    if folds is None or folds.empty:
        return ""
    days = zip(folds["train_start"].dt.date, folds["test_start"].dt.date, strict=True)
    caveat = length_caveat(min(len(sessions(first, last - timedelta(days=1))) for first, last in days))
    return f"Objectives: {caveat}" if caveat else ""
