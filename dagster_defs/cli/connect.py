"""The command connect: tests the gateway."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from dagster_defs.cli.options import CLOCK, JSON
from execution import service
from execution.errors import BrokerError

if TYPE_CHECKING:
    from execution.installation import Installation


@click.command()
@click.option("--probe-fractions", is_flag=True, help="Order a part of a share instead, on a paper account.")
@CLOCK
@JSON
@click.pass_obj
def connect(installation: Installation, probe_fractions: bool, gateway_clock: bool, as_json: bool) -> None:
    """Test the gateway step by step, with advice where a step fails.

    --probe-fractions finds out, during a session of a paper account, whether the broker takes orders for parts of
    shares: it buys the smallest part of the universe's first symbol that is worth a dollar, sells it again, and says
    what broker.fractional should be. It is refused on a live account.
    """
    if gateway_clock and not probe_fractions:
        raise click.UsageError("--gateway-clock belongs to --probe-fractions: the test itself compares the clocks.")
    findings = (
        [service.probe_fractions(installation, is_gateway_clock=gateway_clock)]
        if probe_fractions
        else service.test_gateway(installation)
    )
    if as_json:
        click.echo(json.dumps([finding.as_record() for finding in findings], indent=2))
    else:
        for finding in findings:
            click.echo(finding.as_line())
    if any(finding.is_failure for finding in findings):
        raise BrokerError("The gateway is not ready to trade; the lines above say what to do.")
