"""Lets bars pass that a gate doubts and a person has found right: acknowledge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from warehouse import verdicts
from warehouse.lake import transaction
from warehouse.symbols import canonical

if TYPE_CHECKING:
    from datetime import datetime

    from execution.installation import Installation


@click.command()
@click.argument("symbol")
@click.option("--session", type=click.DateTime(["%Y-%m-%d"]), help="The bar's session (default: every doubted one).")
@click.pass_obj
def acknowledge(installation: Installation, symbol: str, session: datetime | None) -> None:
    """Let bars of a symbol pass that the gates doubt, after you have compared them: they hold the book no longer.

    \b
    Examples:
      swing sql "from bar_verdicts"               what is doubted, why, and what to do
      swing acknowledge XLE --session 2020-03-09  the bar of that session is right
    """
    lake, name = installation.lake, canonical(symbol) or symbol
    with lake.lock(), lake.writer() as connection, transaction(connection):
        count = verdicts.acknowledge(connection, name, session.date() if session else None)
    click.echo(
        f"Acknowledged {count} {'verdict' if count == 1 else 'verdicts'} on {name}. The next build counts "
        f"{'it' if count == 1 else 'them'} no longer: `swing backtest`; the scheduled runs do."
    )
