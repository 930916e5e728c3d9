"""The command reconcile: looks at the account once more after the close."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dagster_defs.cli import terminal
from dagster_defs.cli.afterwards import told_afterwards
from dagster_defs.cli.options import CLOCK
from dagster_defs.published_ledger import publish_ledger
from execution import service

if TYPE_CHECKING:
    from execution.installation import Installation


@click.command()
@CLOCK
@click.pass_obj
def reconcile(installation: Installation, gateway_clock: bool) -> None:
    """Compare the account with the ledger after the close, and record late fills.

    The schedule reconcile_after_close does so five minutes after each close. Nothing is sent. An order that still lives
    is cancelled; one that lives, or a position that differs, ends with exit code 12 and an alarm in the ledger.
    """
    with told_afterwards(installation, "reconcile"):
        try:
            said = service.look_again(installation, is_gateway_clock=gateway_clock)
        finally:
            publish_ledger(installation)
    terminal.out.print(terminal.plain(said), markup=False)
