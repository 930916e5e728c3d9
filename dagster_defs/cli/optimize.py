"""Searches parameters beyond the grid: optimize."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
import pandas as pd

from dagster_defs.cli import terminal
from dagster_defs.cli.options import JSON, REPORTS, SEED
from research.inquiries import InquiryKind, record_inquiry
from research.search import report as search_report
from research.search.out_of_sample import live_through
from research.search.studies import MAXIMISED, SearchDesign, search
from research.search.trials import TriedPoints, folds_of
from research.workbench import Bench

if TYPE_CHECKING:
    from pathlib import Path

    from execution.installation import Installation


def _folds(_context: click.Context, _option: click.Parameter, text: str) -> int | None:
    if text == "all":
        return None
    if not text.isdigit() or int(text) < 1:
        raise click.BadParameter("write all, or how many of the last folds")
    return int(text)


@click.command()
@click.option("--trials", type=click.IntRange(1), default=200, show_default=True, help="Trials a fold.")
@click.option(
    "--objective",
    type=click.Choice(list(MAXIMISED)),
    default="calmar",
    show_default=True,
    help="multi: Calmar, turnover and drawdown at once.",
)
@click.option("--folds", callback=_folds, default="all", show_default=True, help="all, or how many of the last ones.")
@click.option("--top", type=click.IntRange(1), default=5, show_default=True, help="Size of a fold's ensemble.")
@SEED
@REPORTS
@JSON
@click.pass_obj
def optimize(
    installation: Installation,
    trials: int,
    objective: str,
    folds: int | None,
    top: int,
    seed: int,
    reports: Path | None,
    as_json: bool,
) -> None:
    """Search parameters beyond the grid inside each train fold, and live with what was found.

    A sampler proposes strategies for each fold; the models compute them all together. The winner of a fold, and the
    ensemble of its best, are lived through the test window after it. Works in memory, and records what it
    found for the tear sheet; changes no parameter of yours.

    \b
    Examples:
      swing optimize
      swing optimize --objective multi --trials 300
      swing optimize --folds 4                    the last four folds
    """
    with terminal.progress("Searching", is_quiet=as_json) as report:
        bench = Bench.of(installation.lake)
        with bench.opened() as connection:
            wanted = folds_of(bench, connection, folds)
        with bench.opened() as connection:
            tried = TriedPoints.on(bench, connection)
            found = search(tried, wanted, SearchDesign(objective, trials, top, seed), terminal.with_time_left(report))
            report(0, 0, "the winner's neighbourhood")
            stable = search_report.stability(tried, found, objective)
        report(0, 0, "out of sample")
        lived = live_through(bench, found)
        data = search_report.record(found, lived, stable, len(tried))
        record_inquiry(
            installation.lake,
            InquiryKind.SEARCH,
            {"objective": objective, "trials": trials, "folds": folds or "all", "ensemble": top, "seed": seed},
            data,
        )
        files = search_report.write(data, lived, stable, reports or installation.reports)
    if as_json:
        click.echo(json.dumps(data | {"files": [str(file) for file in files]}, indent=2))
        return

    rows = [
        {"fold_id": each.fold.fold_id, "test_start": str(each.fold.test_start)}
        | each.best[0]._asdict()
        | {"objective": each.objective, "at the edge": ", ".join(each.edges)}
        for each in found
    ]
    terminal.show(pd.DataFrame(rows), f"Winners of {len(found)} train windows, {len(tried)} strategies computed")
    terminal.out.print()
    compared = pd.DataFrame([{"method": each.name} | each.metrics for each in lived])
    terminal.show(compared, "Out of sample, after costs, over the same folds")
    terminal.say(search_report.caveat_of(lived))
    terminal.out.print()
    for warning in search_report.warnings_of(found, stable):
        terminal.say(warning)
    terminal.out.print()
    terminal.show_files(list(files))
