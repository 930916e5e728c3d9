"""What a person, or a script, is told about the state of things."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from dagster_defs import terminal, trading
from dagster_defs.environment import home
from warehouse import config, readers
from warehouse.errors import LakeBusyError, LakeError
from warehouse.lake import Lake, current_snapshot

FOLD_COLUMNS = [
    "fold_id",
    "train_start",
    "test_start",
    "test_end",
    "ema_fast",
    "ema_slow",
    "top_n",
    "corr_cap",
    "objective",
]


def as_record(job: str) -> dict[str, Any]:
    """The results of a research job, for a script."""
    lake = Lake(home())
    if job == "backtest":
        questions = {"metrics": readers.LIVE_METRICS, "live_targets": readers.LIVE_TARGETS}
    else:
        questions = {"metrics": readers.WALK_FORWARD_METRICS, "folds": readers.FOLDS}
    return {name: json.loads(terminal.as_json(readers.ask(lake, question))) for name, question in questions.items()}


def show(job: str) -> None:
    """The results of a research job, for a person."""
    lake = Lake(home())
    if job == "backtest":
        show_targets(lake)
        show_metrics(lake, readers.LIVE_METRICS, "Backtest of the live strategy, after costs")
    else:
        show_folds(lake)
        show_metrics(lake, readers.WALK_FORWARD_METRICS, "Walk-forward, out of sample, after costs")


def show_targets(lake: Lake) -> None:
    """The live targets, with cash."""
    terminal.show(readers.ask(lake, readers.LIVE_TARGETS), "Live targets")


def show_metrics(lake: Lake, question: readers.Question, title: str) -> None:
    """One strategy's metrics."""
    frame = readers.ask(lake, question)
    terminal.out.print()
    if frame.empty:
        terminal.out.print(f"{title}: no session to measure yet (the features are still warming up).", markup=False)
    else:
        figures = frame.drop(columns="strategy_id", errors="ignore").iloc[0]
        terminal.show_record({str(name): value for name, value in figures.items()}, title)


def show_folds(lake: Lake) -> None:
    """The folds of the walk-forward, with their winners."""
    folds = readers.ask(lake, readers.FOLDS)
    terminal.out.print()
    if folds.empty:
        terminal.out.print("Walk-forward: the history is too short for one fold.", markup=False)
    else:
        terminal.show(folds[FOLD_COLUMNS], "Walk-forward folds and their winners")


def status_record() -> dict[str, Any]:
    """What the warehouse holds, how fresh it is, and how the last runs ended."""
    lake = Lake(home())
    portfolio = config.load(lake.home)
    with lake.reader() as connection:
        frames = {
            name: readers.answer(connection, question)
            for name, question in (
                ("bars", readers.BARS_LANDED),
                ("universe", readers.SYMBOLS),
                ("runs", readers.RUNS),
            )
        }
        snapshot = current_snapshot(connection)
    return {
        "home": str(lake.home),
        "snapshot": snapshot,
        "is_busy": _is_busy(lake),
        "parameters_hash": portfolio.parameters_hash,
        "trading": trading.standing(),
        **{name: json.loads(terminal.as_json(frame)) for name, frame in frames.items()},
    }


def _is_busy(lake: Lake) -> bool:
    try:
        with lake.lock():
            return False
    except LakeBusyError:
        return True


def show_status() -> None:
    """The same, for a person."""
    record = status_record()
    bars = record["bars"][0]
    state = ", a run is writing" if record["is_busy"] else ""
    span = f"{bars['first_session']} to {bars['last_session']}" if bars["versions"] else "none"
    terminal.out.print(
        f"Warehouse      {record['home']} (snapshot {record['snapshot']}{state})\n"
        f"Configuration  valid, {record['parameters_hash'][:12]}\n"
        f"Bars           {bars['versions']:,} versions of {bars['symbols']} symbols, {span}; "
        f"{bars['quarantined']:,} rows quarantined\n"
        f"Trading        {record['trading']['switch']}\n"
        f"Last rebalance {record['trading']['last_rebalance']}\n",
        markup=False,
    )
    terminal.show(pd.DataFrame(record["universe"]), "Universe")
    runs = pd.DataFrame(record["runs"])
    if len(runs):
        terminal.out.print()
        wanted = ["started_at", "kind", "outcome", "as_of_session", "snapshot_after", "code_version", "message"]
        terminal.show(runs[wanted], "Last runs")
    try:
        readers.ask(Lake(home()), readers.LIVE_TARGETS)
    except LakeError as error:
        terminal.out.print(f"\n{error}", markup=False)
