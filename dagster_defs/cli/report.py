"""Writes the tear sheet: report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from dagster_defs.cli import terminal
from dagster_defs.cli.options import JSON, REPORTS
from research.report.writing import write_tear_sheet

if TYPE_CHECKING:
    from pathlib import Path

    from execution.installation import Installation


@click.command()
@REPORTS
@JSON
@click.pass_obj
def report(installation: Installation, reports: Path | None, as_json: bool) -> None:
    """Write the tear sheet: one HTML page that needs nothing else, its pictures as PNG, its numbers as JSON.

    What the live parameters show, what choosing them honestly would have shown, what of it luck explains, and what may
    be lost; every number with its interval or its caveat. Needs `swing backtest` and `swing walkforward`.
    """
    with terminal.progress("Writing the report", is_quiet=as_json) as progress:
        written = write_tear_sheet(installation.lake, reports or installation.reports, progress)
    with installation.lake.reader() as connection:
        terminal.warn_of_doubtful_bars(connection, is_research=True)
    if as_json:
        click.echo(json.dumps({"files": [str(path) for path in written.files], **written.metrics}, indent=2))
    else:
        click.echo(f"Wrote {written.page} and {len(written.files) - 1} files beside it.\n\n{written.summary}")
