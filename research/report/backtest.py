"""Files that a backtest and a walk-forward leave for people: pictures, metrics.json, weights.csv."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from research.report.facts.series import monthly_returns, series_of
from research.report.files import write_json, write_pictures
from research.report.formats import length_caveat
from research.report.names import HINDSIGHT, HONEST, LIVE, WALK_FORWARD
from research.report.pictures import performance
from warehouse import readers
from warehouse.files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from research.report.pictures.canvas import Picture
    from warehouse.lake import Lake


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
    """Write the live strategy's equity, drawdown, monthly returns, metrics and weights.

    Raises:
        LakeError: The backtest was never built.
    """
    with lake.reader() as connection:
        daily = readers.answer(connection, readers.LIVE_DAILY)
        weights = readers.answer(connection, readers.LIVE_WEIGHTS)
        metrics = _record(readers.answer(connection, readers.LIVE_METRICS))
    lived = daily[daily["session_date"] >= weights["session_date"].min()] if len(weights) else daily
    drawn: list[Picture] = []
    if len(lived):
        live = series_of(LIVE, HINDSIGHT, lived)
        drawn = [
            performance.equity_found("equity", [live], _start(lived)),
            performance.drawdowns_found("drawdown", [live]),
            performance.months("monthly_returns", monthly_returns(live)),
        ]
    pictures = write_pictures(folder, drawn)
    table = folder / "weights.csv"
    write_atomically(table, weights.to_csv(index=False, date_format="%Y-%m-%d"))
    return Report(metrics, pictures, [*pictures.values(), write_json(folder / "metrics.json", metrics), table])


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


def _start(daily: pd.DataFrame) -> float:
    """Equity before the first session."""
    return float(daily["equity"].iloc[0] / (1 + daily["net_return"].iloc[0]))


def _record(frame: pd.DataFrame) -> dict[str, Any]:
    rows = json.loads(frame.to_json(orient="records", double_precision=15))
    if not rows:
        return {}
    return dict(rows[0]) | {"caveat": length_caveat(rows[0]["sessions"]) or None}
