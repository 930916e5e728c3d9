"""The commands preview and canary: what would be decided, by this program and by another version of it."""

from __future__ import annotations

import json
from dataclasses import asdict, astuple
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagster_defs.cli import terminal
from dagster_defs.cli.options import JSON
from dagster_defs.environment import without_installation
from operations.canary import compare, decision_of
from operations.errors import CanaryError

if TYPE_CHECKING:
    from execution.installation import Installation


@click.command()
@JSON
@click.pass_obj
def preview(installation: Installation, as_json: bool) -> None:
    """Show the orders of the next rebalance as far as they can be known: no gateway is asked, nothing recorded.

    It plans with the newest closes, and the account as the broker stated it last. The rebalance plans again.
    """
    found = decision_of(installation, datetime.now(UTC))
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    targets, orders = found["targets"], found["orders"]
    symbols = sorted({*targets, *orders})
    table = [[symbol, f"{float(targets.get(symbol, 0)):.2%}", orders.get(symbol, "")] for symbol in symbols]
    title = f"Session {found['session']}, by the targets of {found['targets_session']}"
    terminal.show_rows([("symbol", False), ("target", True), ("order", False)], table, title)
    for refusal in found["refusals"]:
        terminal.say_wrapped(f"Not traded: {refusal}", 2)


@click.command()
@click.argument("checkout", type=click.Path(path_type=Path, file_okay=False))
@JSON
@click.pass_obj
def canary(installation: Installation, checkout: Path, as_json: bool) -> None:
    """Let another CHECKOUT of this program decide on a copy of this home, beside this one, before it may trade.

    Both build the targets from the same snapshot of the warehouse and plan the next rebalance, each by its own
    interpreter in a copy of its own: it takes some minutes, and reaches no gateway. Exit code 26: the decisions differ;
    the table shows where.
    """
    found = compare(installation, checkout.absolute(), without_installation(), datetime.now(UTC))
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
    else:
        names = ("", "symbol", "target now", "target then", "order now", "order then")
        columns = [(name, name.startswith("target")) for name in names]
        table = [["same" if each.is_same else "DIFFERS", *astuple(each)] for each in found.lines]
        terminal.show_rows(columns, table, f"Snapshot {found.snapshot}: now {found.now}, then {found.then}")
        for other in found.other:
            terminal.say_wrapped(f"Differs: {other}", 2)
    if not found.is_same:
        raise CanaryError(f"{found.then} does not decide as {found.now} does. See above; know why before it trades.")
    if not as_json:
        terminal.say(f"{found.then} decides as {found.now} does.")
