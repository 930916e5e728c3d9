"""Answers from the warehouse without changing it: weights, sql."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click
import duckdb

from dagster_defs.cli import terminal
from dagster_defs.cli.options import JSON, KNOWN_AT, snapshot_of
from warehouse import readers
from warehouse.errors import LakeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import pyarrow as pa

    from execution.installation import Installation

SHOWN = 40
"""Rows of a table in a terminal."""
BATCH = 100_000


@click.command()
@click.option("--asof", type=click.DateTime(["%Y-%m-%d"]), help="The decision of this session (default: the newest).")
@KNOWN_AT
@JSON
@click.pass_obj
def weights(installation: Installation, asof: datetime | None, state: str | None, as_json: bool) -> None:
    """Show the live strategy's target weights, with cash.

    \b
    Examples:
      swing weights                               tonight's targets
      swing weights --asof 2020-03-09             a past decision, as it is known today
      swing weights --asof 2020-03-09 --known-at 2026-03-09    … and as it was known at the end of that day
      swing weights --known-at 3f2a               … and after that run (`swing sql "from runs"` lists them)
    """
    with installation.lake.reader(snapshot_of(installation.lake, state)) as connection:
        found = readers.weights_on(connection, asof.date() if asof else None)
        if as_json:
            click.echo(json.dumps(terminal.as_plain(found.records()), indent=2))
        else:
            terminal.show_answer(found)
        if asof is None and state is None:
            terminal.warn_of_doubtful_bars(connection)


ANSWERS = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN, duckdb.StatementType.PRAGMA}


@click.command()
@KNOWN_AT
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json", "parquet"]),
    default="table",
    show_default=True,
    help="A table shows 40 rows at most; the others give all of them, for spreadsheets and scripts.",
)
@click.argument("query")
@click.pass_obj
def sql(installation: Installation, state: str | None, form: str, query: str) -> None:
    """Ask the warehouse; read-only, and of no other file.

    \b
    Examples:
      swing sql "from live_targets"
      swing sql "select * from backtest_metrics order by sharpe desc limit 5"
      swing sql "from runs" --format json
      swing sql "from bars" --format parquet > bars.parquet
      swing sql "from live_targets" --known-at 2026-03-09
      swing sql "show tables"
    """
    if form == "parquet" and sys.stdout.isatty():
        raise click.UsageError("Parquet is no text: send it to a file, as in `--format parquet > rows.parquet`.")
    with installation.lake.reader(snapshot_of(installation.lake, state)) as connection:
        installation.lake.confine(connection)
        try:
            if any(statement.type not in ANSWERS for statement in connection.extract_statements(query)):
                raise LakeError("`swing sql` only answers: SELECT, FROM, DESCRIBE, SHOW and EXPLAIN.")
            if form == "table":
                _show_first(connection.execute(query))
            else:
                WRITERS[form](connection.execute(query).to_arrow_table())
        except duckdb.CatalogException as error:
            said = str(error).removeprefix("Catalog Error: ")
            raise LakeError(
                f'The query names what is not there: {said}\n`swing sql "show tables"` lists the relations; '
                "`swing backtest` and `swing walkforward` build them."
            ) from error
        except duckdb.Error as error:
            raise LakeError(f"The query failed: {error}") from error


def _show_first(answer: duckdb.DuckDBPyConnection) -> None:
    """Print the first rows, and how many more there are; those are counted and not kept."""
    batches = answer.to_arrow_reader(BATCH)
    columns = [(field.name, _is_number(field.type)) for field in batches.schema]
    rows: list[tuple[object, ...]] = []
    total = 0
    for batch in batches:
        total += batch.num_rows
        part = batch.slice(0, SHOWN - len(rows))
        rows += zip(*(column.to_pylist() for column in part.columns), strict=True)
    terminal.show_rows(columns, rows)
    if total > len(rows):
        terminal.out.print(
            f"… and {total - len(rows):,} rows more. `--format csv` (json, parquet) gives all of them; "
            "`limit`, `where` and `order by` choose among them.",
            markup=False,
        )


def _is_number(kind: pa.DataType) -> bool:
    import pyarrow as pa  # noqa: PLC0415 - it takes a quarter of a second, which `swing weights` need not wait for

    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _write_csv(table: pa.Table) -> None:
    click.echo(table.to_pandas().to_csv(index=False), nl=False)


def _write_json(table: pa.Table) -> None:
    click.echo(json.dumps(terminal.as_plain(table.to_pylist()), indent=2))


def _write_parquet(table: pa.Table) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    pq.write_table(table, sys.stdout.buffer)


WRITERS: dict[str, Callable[[pa.Table], None]] = {"csv": _write_csv, "json": _write_json, "parquet": _write_parquet}
