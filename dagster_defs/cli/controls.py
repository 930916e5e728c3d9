"""The commands halt, reduce-only, resume and release: stop trading, restrict it, let it go on, give up a symbol."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from dagster_defs.cli.options import CLOCK
from execution import controls
from warehouse.symbols import canonical

if TYPE_CHECKING:
    from execution.installation import Installation

REASON = click.option("--reason", default="", help="Reason, for the record.")


@click.command()
@click.option("--cancel-orders", is_flag=True, help="Cancel open orders.")
@click.option("--flatten", is_flag=True, help="Then sell everything the strategy holds.")
@click.option("--confirm", default="", metavar="ACCOUNT", help="To flatten a live account: its id.")
@REASON
@CLOCK
@click.pass_obj
def halt(
    installation: Installation,
    cancel_orders: bool,
    flatten: bool,
    confirm: str,
    reason: str,
    gateway_clock: bool,
) -> None:
    """Stop trading at once, until `swing resume`.

    A rebalance that is at work cancels its open orders and ends. The halt survives restarts, and every path obeys it.
    It needs neither a valid configuration nor a sound ledger: then a file halts, and the message says what is left to
    do in TWS.

    --flatten sells everything of ours without the limits of a rebalance, skips and names what has no price, and may be
    called again: exit code 0 says that nothing is left, 18 that something is.
    """
    wanted = controls.Halt(
        is_cancelling=cancel_orders,
        is_flattening=flatten,
        confirmed_account=confirm,
        reason=reason,
        is_gateway_clock=gateway_clock,
    )
    try:
        for line in controls.halt(installation, wanted):
            click.echo(line)
    finally:
        if flatten:
            _show_in_the_warehouse(installation)


def _show_in_the_warehouse(installation: Installation) -> None:
    """Land what was sold. The exit has ended and told its result: whatever fails here changes neither."""
    with contextlib.suppress(Exception):
        from dagster_defs.published_ledger import publish_ledger  # noqa: PLC0415 - see above

        publish_ledger(installation)


@click.command("reduce-only")
@REASON
@click.pass_obj
def reduce_only(installation: Installation, reason: str) -> None:
    """Sell where the targets ask for it, buy nothing, until `swing resume`."""
    for line in controls.reduce_only(installation, reason):
        click.echo(line)


@click.command()
@click.argument("symbol")
@click.option("--undo", is_flag=True, help="Give it back to the strategy.")
@REASON
@click.pass_obj
def release(installation: Installation, symbol: str, undo: bool, reason: str) -> None:
    """Take a symbol out of the strategy's hands: a halted or delisted holding that you look after yourself.

    From then on its shares are neither counted, bought nor sold. Take it out of the universe too.
    """
    for line in controls.release(installation, canonical(symbol) or symbol, reason, is_undone=undo):
        click.echo(line)


@click.command()
@click.option("--accept-positions", is_flag=True, help="Take the broker's positions as they are for the right ones.")
@REASON
@click.pass_obj
def resume(installation: Installation, accept_positions: bool, reason: str) -> None:
    """Trade again as configured.

    With --accept-positions, a difference between ledger and broker (a trade by hand, a split, a transfer, shares that
    the account held before) is accepted: from now on positions count from what the broker states.
    """
    for line in controls.resume(installation, reason, is_accepting=accept_positions):
        click.echo(line)
