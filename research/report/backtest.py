"""Files that a backtest and a walk-forward leave for people: pictures, figures, tables for a spreadsheet."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from research.readers import read_benchmarks
from research.report.facts.series import Series, monthly_returns, series_of
from research.report.files import write_json, write_pictures
from research.report.formats import length_caveat
from research.report.names import BENCHMARK, HINDSIGHT, HONEST, LIVE, WALK_FORWARD
from research.report.pictures import performance, periods
from warehouse import readers
from warehouse.files import write_atomically
from warehouse.settings.portfolio import load_portfolio

if TYPE_CHECKING:
    from pathlib import Path

    from research.report.pictures.canvas import Picture
    from warehouse.lake import Lake

SHOWN = 2
"""Benchmarks that the picture has room for."""


@dataclass(frozen=True, slots=True)
class Report:
    """Files and figures of a report.

    Attributes:
        metrics: Name -> figure; fractions, not per cent; "caveat" where the history is too short for annual ones.
        pictures: Name -> PNG file.
        files: Every file written.
    """

    metrics: dict[str, Any]
    pictures: dict[str, Path]
    files: list[Path]


def write_backtest(lake: Lake, folder: Path) -> Report:
    """Write the live strategy's pictures and metrics, and its equity, weights and trades as tables.

    Raises:
        ConfigurationError: The configuration is not valid.
        LakeError: The backtest was never built.
    """
    wanted = load_portfolio(lake.home).report.benchmarks[:SHOWN]
    with lake.reader() as connection:
        daily = readers.answer(connection, readers.LIVE_DAILY)
        weights = readers.answer(connection, readers.LIVE_WEIGHTS)
        trades = readers.answer(connection, readers.BACKTEST_TRADES)
        metrics = _record(readers.answer(connection, readers.LIVE_METRICS))
        lived = daily[daily["session_date"] >= weights["session_date"].min()] if len(weights) else daily
        sessions = pd.DatetimeIndex(lived["session_date"])
        held = read_benchmarks(connection, wanted, sessions) if len(lived) else pd.DataFrame()
    drawn: list[Picture] = []
    if len(lived):
        live = series_of(LIVE, HINDSIGHT, lived)
        beside = [Series(str(name), BENCHMARK, sessions, held[name].to_numpy(dtype=float)) for name in held]
        drawn = [
            performance.equity_found("equity", [live, *beside], _start(lived)),
            performance.drawdowns_found("drawdown", [live]),
            periods.months("monthly_returns", monthly_returns(live)),
        ]
    pictures = write_pictures(folder, drawn)
    named = {"equity.csv": daily, "weights.csv": weights, "trades.csv": trades}
    tables = [_write_table(folder / name, frame) for name, frame in named.items()]
    return Report(metrics, pictures, [*pictures.values(), write_json(folder / "metrics.json", metrics), *tables])


def write_walk_forward(lake: Lake, folder: Path) -> Report:
    """Write the out-of-sample equity and drawdown beside the live parameters', the folds and the metrics.

    Raises:
        LakeError: The walk-forward was never built.
    """
    with lake.reader() as connection:
        daily = readers.answer(connection, readers.WALK_FORWARD_DAILY)
        live = readers.answer(connection, readers.LIVE_DAILY)
        folds = readers.answer(connection, readers.folds())
        metrics = _record(readers.answer(connection, readers.WALK_FORWARD_METRICS))
    drawn: list[Picture] = []
    if len(daily):
        honest = series_of(WALK_FORWARD, HONEST, daily)
        series = [honest, series_of(LIVE, HINDSIGHT, live).between(honest.sessions[0], honest.sessions[-1])]
        drawn = [
            performance.equity_found("walk_forward_equity", series, _start(daily)),
            performance.drawdowns_found("walk_forward_drawdown", series),
        ]
    record = {"metrics": metrics, "folds": json.loads(folds.to_json(orient="records", date_format="iso"))}
    pictures = write_pictures(folder, drawn)
    return Report(metrics, pictures, [*pictures.values(), write_json(folder / "walk_forward.json", record)])


def _write_table(file: Path, frame: pd.DataFrame) -> Path:
    """Write rows as CSV, days in ISO form; the file."""
    write_atomically(file, frame.to_csv(index=False, date_format="%Y-%m-%d"))
    return file


def _start(daily: pd.DataFrame) -> float:
    """Equity before the first session."""
    return float(daily["equity"].iloc[0] / (1 + daily["net_return"].iloc[0]))


def _record(frame: pd.DataFrame) -> dict[str, Any]:
    rows = json.loads(frame.to_json(orient="records", double_precision=15))
    if not rows:
        return {}
    return dict(rows[0]) | {"caveat": length_caveat(rows[0]["sessions"]) or None}
