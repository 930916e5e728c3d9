"""Builds the models and reports what they earned: backtest, walkforward."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from dagster_defs import jobs
from dagster_defs.cli import summaries, terminal
from dagster_defs.cli.options import JSON, REPORTS

if TYPE_CHECKING:
    from pathlib import Path

    from execution.installation import Installation


@click.command()
@REPORTS
@JSON
@click.pass_obj
def backtest(installation: Installation, reports: Path | None, as_json: bool) -> None:
    """Build every model up to the backtest of all strategies, and report the live one.

    Writes equity.png, drawdown.png, monthly_returns.png, metrics.json and weights.csv.
    """
    _research(installation, "backtest", reports, as_json=as_json)


@click.command()
@REPORTS
@JSON
@click.pass_obj
def walkforward(installation: Installation, reports: Path | None, as_json: bool) -> None:
    """Choose the parameters on each train window, live with them through the test window after it.

    Builds every model; writes walk_forward_equity.png, walk_forward_drawdown.png and walk_forward.json.
    """
    _research(installation, "walk_forward", reports, as_json=as_json)


def _research(installation: Installation, job: str, reports: Path | None, *, as_json: bool) -> None:

    with terminal.progress(f"Running {job}", is_quiet=as_json) as report:
        folder = (reports or installation.reports).absolute()
        asset = f"{job}_report"
        told = jobs.metadata(jobs.run(installation, job, {asset: {"folder": str(folder)}}, report), asset)

    files = list(told.get("files", []))
    with installation.lake.reader() as connection:
        terminal.warn_of_doubtful_bars(connection, is_research=True)
    if as_json:
        click.echo(json.dumps(summaries.as_record(installation.lake, job) | {"files": files}, indent=2))
        return
    summaries.show(installation.lake, job)
    terminal.out.print()
    terminal.show_files(files)
