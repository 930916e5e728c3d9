"""Says what may be lost: risk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from dagster_defs.cli import risk_summary
from dagster_defs.cli.options import JSON
from research.report.facts.record import as_record
from research.report.facts.risk import read_risk

if TYPE_CHECKING:
    from execution.installation import Installation


@click.command()
@JSON
@click.pass_obj
def risk(installation: Installation, as_json: bool) -> None:
    """Say what may be lost: by tonight's targets, by what is held, and by the strategy's history.

    Value at risk and expected shortfall four ways and their own test, drawdowns to expect, the crises of the
    sample replayed, correlations broken, factors shocked, concentration, and how alike the assets move now.
    Losses are fractions of equity.

    \b
    Examples:
      swing risk
      swing risk --json
    """
    found = read_risk(installation.lake)
    if as_json:
        click.echo(json.dumps(as_record(found), indent=2))
    else:
        risk_summary.show(found)
