"""Answers from the warehouse without changing it: weights, sql."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import duckdb

from dagster_defs.cli import terminal
from dagster_defs.cli.options import JSON
from warehouse import readers
from warehouse.errors import LakeError

if TYPE_CHECKING:
    from datetime import datetime

    from execution.installation import Installation


@click.command()
@click.option("--asof", type=click.DateTime(["%Y-%m-%d"]), help="The decision of this session (default: the newest).")
@click.option("--known-at", type=int, metavar="SNAPSHOT", help="As it was known at this snapshot of the lake.")
@JSON
@click.pass_obj
def weights(installation: Installation, asof: datetime | None, known_at: int | None, as_json: bool) -> None:
    """Show the live strategy's target weights, with cash.

    \b
    Examples:
      swing weights                               tonight's targets
      swing weights --asof 2020-03-09             a past decision, as it is known today
      swing weights --asof 2020-03-09 --known-at 12    … and as it was known then (see `swing sql "from runs"`)
    """
    frame = readers.weights_on(installation.lake, asof.date() if asof else None, known_at)
    if as_json:
        click.echo(terminal.as_json(frame))
    else:
        terminal.show(frame)


ANSWERS = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN, duckdb.StatementType.PRAGMA}


@click.command()
@click.option("--at", "snapshot", type=int, metavar="SNAPSHOT", help="Travel back to this snapshot.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="For people, spreadsheets or scripts.",
)
@click.argument("query")
@click.pass_obj
def sql(installation: Installation, snapshot: int | None, form: str, query: str) -> None:
    """Ask the warehouse; read-only, and of no other file.

    \b
    Examples:
      swing sql "from live_targets"
      swing sql "select * from backtest_metrics order by sharpe desc limit 5"
      swing sql "from runs" --format json
      swing sql "from live_targets" --at 12
      swing sql "show tables"
    """
    with installation.lake.reader(snapshot) as connection:
        installation.lake.confine(connection)
        try:
            if any(statement.type not in ANSWERS for statement in connection.extract_statements(query)):
                raise LakeError("`swing sql` only answers: SELECT, FROM, DESCRIBE, SHOW and EXPLAIN.")
            frame = connection.execute(query).df()
        except duckdb.Error as error:
            raise LakeError(f"The query failed: {error}") from error
    if form == "csv":
        click.echo(frame.to_csv(index=False), nl=False)
    elif form == "json":
        click.echo(terminal.as_json(frame))
    else:
        terminal.show(frame)
