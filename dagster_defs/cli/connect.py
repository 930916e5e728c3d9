"""The command connect: tests the gateway."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from dagster_defs.cli.options import JSON
from execution import service
from execution.errors import BrokerError

if TYPE_CHECKING:
    from execution.installation import Installation


@click.command()
@JSON
@click.pass_obj
def connect(installation: Installation, as_json: bool) -> None:
    """Test the gateway step by step, with advice where a step fails."""
    findings = service.test_gateway(installation)
    if as_json:
        click.echo(json.dumps([finding.as_record() for finding in findings], indent=2))
    else:
        for finding in findings:
            click.echo(finding.as_line())
    if any(finding.is_failure for finding in findings):
        raise BrokerError("The gateway is not ready to trade; the lines above say what to do.")
