"""Summaries of results, for a person or for a script."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dagster_defs.cli import terminal
from warehouse import readers
from warehouse.settings.strategy import AXES

if TYPE_CHECKING:
    from warehouse.lake import Lake

FOLD_COLUMNS = ["fold_id", "train_start", "test_start", "test_end", *AXES, "objective"]


def as_record(lake: Lake, job: str) -> dict[str, Any]:
    """Return the results of a research job, for a script."""
    if job == "backtest":
        questions = {"metrics": readers.LIVE_METRICS, "live_targets": readers.LIVE_TARGETS}
    else:
        questions = {"metrics": readers.WALK_FORWARD_METRICS, "folds": readers.FOLDS}
    return {name: json.loads(terminal.as_json(readers.ask(lake, question))) for name, question in questions.items()}


def show(lake: Lake, job: str) -> None:
    """Print the results of a research job, for a person."""
    if job == "backtest":
        show_targets(lake)
        show_metrics(lake, readers.LIVE_METRICS, "Backtest of the live strategy, after costs")
    else:
        show_folds(lake)
        show_metrics(lake, readers.WALK_FORWARD_METRICS, "Walk-forward, out of sample, after costs")


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


def show_folds(lake: Lake) -> None:
    """Print the folds of the walk-forward, with their winners."""
    folds = readers.ask(lake, readers.FOLDS)
    terminal.out.print()
    if folds.empty:
        terminal.out.print("Walk-forward: the history is too short for one fold.", markup=False)
    else:
        terminal.show(folds[FOLD_COLUMNS], "Walk-forward folds and their winners")
