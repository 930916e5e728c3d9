"""What a backtest and a walk-forward leave behind for people: pictures, metrics.json, weights.csv."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from research.report.pictures import backtest as figures
from warehouse import readers

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.figure import Figure

    from warehouse.lake import Lake


@dataclass(frozen=True, slots=True)
class Report:
    """What was written.

    Attributes:
        metrics: Name -> figure; fractions, not per cent.
        pictures: Title -> PNG file.
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
    series = {"Live strategy": lived}
    report = Report(metrics, {}, [])
    if len(lived):
        _draw(report, folder / "equity.png", figures.equity_figure(series))
        _draw(report, folder / "drawdown.png", figures.drawdown_figure(series))
        _draw(report, folder / "monthly_returns.png", figures.monthly_heatmap(lived))
    _write(report, folder / "metrics.json", _json(metrics))
    _write(report, folder / "weights.csv", weights.to_csv(index=False, date_format="%Y-%m-%d"))
    return report


def write_walk_forward(lake: Lake, folder: Path) -> Report:
    """Write the out-of-sample equity and drawdown beside the live strategy's, the folds and the metrics.

    Raises:
        LakeError: The walk-forward was never built.
    """
    with lake.reader() as connection:
        daily = readers.answer(connection, readers.WALK_FORWARD_DAILY)
        live = readers.answer(connection, readers.LIVE_DAILY)
        folds = readers.answer(connection, readers.FOLDS)
        metrics = _record(readers.answer(connection, readers.WALK_FORWARD_METRICS))
    report = Report(metrics, {}, [])
    if len(daily):
        series = {"Walk-forward, out of sample": daily, "Live parameters, in sample": _rebased(live, daily)}
        _draw(report, folder / "walk_forward_equity.png", figures.equity_figure(series))
        _draw(report, folder / "walk_forward_drawdown.png", figures.drawdown_figure(series))
    _write(
        report,
        folder / "walk_forward.json",
        _json({"metrics": metrics, "folds": json.loads(folds.to_json(orient="records", date_format="iso"))}),
    )
    return report


def _rebased(daily: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
    """The same returns from the reference's first session on, starting at its equity."""
    common: pd.DataFrame = daily[daily["session_date"] >= reference["session_date"].iloc[0]].copy()
    start = reference["equity"].iloc[0] / (1 + reference["net_return"].iloc[0])
    common["equity"] = start * (1 + common["net_return"]).cumprod()
    common["drawdown"] = common["equity"] / common["equity"].cummax().clip(lower=start) - 1
    return common


def _record(frame: pd.DataFrame) -> dict[str, Any]:
    rows = json.loads(frame.to_json(orient="records", double_precision=15))
    return dict(rows[0]) if rows else {}


def _json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"


def _draw(report: Report, path: Path, figure: Figure) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figures.save(figure, path)
    report.pictures[path.stem] = path
    report.files.append(path)


def _write(report: Report, path: Path, text: str) -> None:
    """Write atomically: a reader sees the file before or the one after."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(temporary, 0o644)  # noqa: PTH101 - mkstemp made it private
    os.replace(temporary, path)  # noqa: PTH105 - a rename, on the path just made
    report.files.append(path)
