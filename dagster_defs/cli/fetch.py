"""Lands bars: fetch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dagster_defs import jobs
from dagster_defs.cli import terminal
from dagster_defs.cli.options import JSON
from warehouse.errors import SourceError

if TYPE_CHECKING:
    from datetime import datetime

    from execution.installation import Installation


def _mapping(_context: click.Context, _option: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    mapping = dict(pair.partition("=")[::2] for pair in pairs)
    if not all(mapping.values()):
        raise click.BadParameter("write it as OURS=THEIRS, for example adj_close='Adjusted Close'")
    return mapping


@click.command()
@click.option(
    "--source", type=click.Choice(["files", "ibkr", "synthetic"]), required=True, help="Where bars come from."
)
@click.option("--symbols", help="Only these, separated by commas.")
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), help="First session to land.")
@click.option("--end", type=click.DateTime(["%Y-%m-%d"]), help="Last session to land.")
@click.option(
    "--column", multiple=True, callback=_mapping, metavar="OURS=THEIRS", help="Name a column of the file yourself."
)
@click.option("--date-format", help="For example %d.%m.%Y, when dates are not recognised.")
@JSON
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.pass_obj
def fetch(
    installation: Installation,
    source: str,
    symbols: str | None,
    start: datetime | None,
    end: datetime | None,
    column: dict[str, str],
    date_format: str | None,
    as_json: bool,
    paths: tuple[Path, ...],
) -> None:
    """Land bars. The same content again adds nothing; changed content becomes a new version.

    With --source ibkr the universe's bars come from the gateway, today's as a provisional one.
    PATHS are CSV or Parquet files, or folders with one file per symbol. Exports of Yahoo, Stooq and Interactive
    Brokers are recognised. Rows that are no bars are kept in quarantined_bars, with the reason and the line.

    \b
    Examples:
      swing fetch --source files spy.csv qqq.csv
      swing fetch --source files ~/stooq/ --start 2015-01-01
      swing fetch --source files bars.csv --column adj_close=total_return --date-format %d.%m.%Y
      swing fetch --source ibkr                   from TWS or IB Gateway
      swing fetch --source synthetic              the embedded sample market, to try things out
    """
    if (source == "files") != bool(paths):
        raise click.UsageError("--source files needs at least one path; the other sources take none.")
    if source != "files" and (start or end or column or date_format):
        raise click.UsageError("--start, --end, --column and --date-format belong to --source files.")
    config = {
        "source": source,
        "paths": [str(path.absolute()) for path in paths],
        "columns": column,
        "date_format": date_format or "",
        "symbols": [symbol.strip().upper() for symbol in symbols.split(",")] if symbols else [],
        "start": f"{start:%Y-%m-%d}" if start else "",
        "end": f"{end:%Y-%m-%d}" if end else "",
    }

    with terminal.progress("Landing bars", is_quiet=as_json) as report:
        landed = jobs.metadata(
            jobs.run(installation, "fetch", {"bars_landing": config}, report), ["landing", "bar_versions"]
        )
    if as_json:
        click.echo(json.dumps(landed, indent=2))
    else:
        click.echo(_landed(landed))
    if landed["failures"]:
        reasons = "; ".join(f"{symbol}: {reason}" for symbol, reason in landed["failures"].items())
        raise SourceError(f"{len(landed['failures'])} symbols have no bars, the others were landed. {reasons}")


def _landed(landed: dict[str, Any]) -> str:
    fresh = landed["new"] + landed["changed"]
    span = f"{landed['first_session']} to {landed['last_session']}" if landed["first_session"] else "no session"
    lines = [
        f"Read {landed['read']:,} rows, {span}.",
        f"Landed {landed['new']:,} new and {landed['changed']:,} changed bars; "
        f"{landed['unchanged']:,} were there already."
        if fresh
        else f"Nothing new: all {landed['unchanged']:,} bars were there already.",
    ]
    if landed["quarantined"]:
        lines.append(f"Set aside {landed['quarantined']:,} rows that are no bars: swing sql 'from quarantined_bars'")
    return "\n".join(lines)
