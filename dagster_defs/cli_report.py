"""The commands of `swing` that judge: risk, and the tear sheet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from dagster_defs.cli_options import JSON, REPORTS

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@JSON
def risk(as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Say what may be lost: by tonight's targets, by what is held, and by the strategy's history.

    Value at risk and expected shortfall four ways and their own test, drawdowns to expect, the crises of the
    sample replayed, correlations broken, factors shocked, concentration, and how alike the assets move now.
    Losses are fractions of equity.

    \b
    Examples:
      swing risk
      swing risk --json
    """  # noqa: D301 - click keeps the lines after \b
    from dagster_defs.environment import home  # noqa: PLC0415
    from dagster_defs.report import risk_summary  # noqa: PLC0415
    from dagster_defs.report.record import as_record  # noqa: PLC0415
    from dagster_defs.report.risk import read_risk  # noqa: PLC0415
    from warehouse.lake import Lake  # noqa: PLC0415

    found = read_risk(Lake(home()))
    if as_json:
        click.echo(json.dumps(as_record(found), indent=2))
    else:
        risk_summary.show(found)


@click.command()
@REPORTS
@JSON
def report(reports: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Write the tear sheet: one HTML page that needs nothing else, its pictures as PNG, its numbers as JSON.

    What the live parameters show, what choosing them honestly would have shown, what of it luck explains, and what may
    be lost; every number with its interval or its caveat. Needs `swing backtest` and `swing walkforward`.
    """
    from dagster_defs import terminal  # noqa: PLC0415
    from dagster_defs.environment import home  # noqa: PLC0415
    from warehouse.lake import Lake  # noqa: PLC0415

    with terminal.progress("Writing the report", is_quiet=as_json) as progress:
        from dagster_defs.report.writing import write_tear_sheet  # noqa: PLC0415

        written = write_tear_sheet(Lake(home()), reports, progress)
    if as_json:
        click.echo(json.dumps({"files": [str(path) for path in written.files], **written.metrics}, indent=2))
    else:
        click.echo(f"Wrote {written.page} and {len(written.files) - 1} files beside it.\n\n{written.summary}")


COMMANDS: tuple[click.Command, ...] = (risk, report)
