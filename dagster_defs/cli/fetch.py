"""Imports price bars: fetch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dagster_defs import jobs
from dagster_defs.cli import terminal
from dagster_defs.cli.afterwards import told_afterwards
from dagster_defs.cli.landing_summaries import coverage_matrix, landing_told
from dagster_defs.cli.options import JSON
from dagster_defs.sources import ALL, IN_ORDER
from warehouse.errors import SourceError
from warehouse.fetching import failures_told
from warehouse.sources.files.bases import AdjustedBy
from warehouse.sources.registry import SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from execution.installation import Installation


def _mapping(_context: click.Context, _option: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    mapping = dict(pair.partition("=")[::2] for pair in pairs)
    if not all(mapping.values()):
        raise click.BadParameter("write it as OURS=THEIRS, for example adj_close='Adjusted Close'")
    return mapping


@click.command()
@click.option(
    "--source",
    type=click.Choice([*sorted(SOURCES), ALL]),
    help="Where bars come from; without it, the sources of sources.order in turn. all: every one of these.",
)
@click.option("--symbols", help="Only these, separated by commas.")
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), help="First session to land.")
@click.option("--end", type=click.DateTime(["%Y-%m-%d"]), help="Last session to land.")
@click.option("--symbol", help="The symbol of a file that does not say it.")
@click.option(
    "--column",
    multiple=True,
    callback=_mapping,
    metavar="OURS=THEIRS",
    help="Name a column of the file yourself, by its name or its place from 1.",
)
@click.option("--date-format", help="For example %d.%m.%Y; epoch: seconds or milliseconds since 1970.")
@click.option("--decimal", type=click.Choice([".", ","]), help="The decimal mark of the file's numbers.")
@click.option("--thousands", metavar="SIGN", help="The sign between thousands.")
@click.option("--no-header", is_flag=True, help="The first row of the file is a bar.")
@click.option("--sheet", help="The sheet of a workbook.")
@click.option(
    "--adjusted-by",
    type=click.Choice([str(action) for action in AdjustedBy]),
    help="none: prices as traded, splits are taken out; splits: large moves are real; dividends: and so are payouts.",
)
@JSON
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.pass_obj
def fetch(
    installation: Installation,
    /,
    source: str | None,
    start: datetime | None,
    end: datetime | None,
    as_json: bool,
    paths: tuple[Path, ...],
    **options: Any,  # noqa: ANN401 - the other options have the names that the run's configuration has
) -> None:
    """Import price bars. The same content again adds nothing; changed content becomes a new version.

    Without --source, the sources of sources.order in portfolio.yaml are asked for the universe's bars, symbol by
    symbol, until one has them; --source tiingo, alpaca or ibkr asks one alone, and ibkr brings today's bar so far as a
    provisional one. --source all asks every source of sources.order, so that they can be compared.
    What failed is named with its reason, and the rest lands; if nothing came of a symbol, the exit code is 4.
    PATHS are files of bars (CSV, text, Parquet, JSON, workbooks; .gz and .zip are unpacked) or folders with one file
    per symbol. The exports of many vendors are recognised; how each file was read is said, and nothing of a file lands
    that is not to be trusted. Rejected rows are kept in quarantined_bars, with the reason and the line.

    \b
    Examples:
      swing fetch                                 from the sources of portfolio.yaml
      swing fetch --source files spy.csv qqq.csv
      swing fetch --source files ~/stooq/ --start 2015-01-01
      swing fetch --source files prices.csv --symbol SPY --column adj_close=total_return --date-format %d.%m.%Y
      swing fetch --source ibkr                   from TWS or IB Gateway
      swing fetch --source synthetic              the embedded sample market, to try things out
    """
    if (source == "files") != bool(paths):
        raise click.UsageError("--source files needs at least one path; the other sources take none.")
    if source != "files" and (start or end):
        raise click.UsageError("--start and --end belong to --source files.")
    symbols = options.pop("symbols")
    config = {
        "source": source or IN_ORDER,
        "paths": [str(path.absolute()) for path in paths],
        "columns": options.pop("column"),
        "symbols": [symbol.strip() for symbol in symbols.split(",")] if symbols else [],
        "start": f"{start:%Y-%m-%d}" if start else "",
        "end": f"{end:%Y-%m-%d}" if end else "",
        **{name: value or "" for name, value in options.items() if name != "no_header"},
        "no_header": options["no_header"],
    }

    with told_afterwards(installation, "fetch"):
        _land(installation, config, is_compared=source == ALL, as_json=as_json)


def _land(installation: Installation, config: Mapping[str, Any], *, is_compared: bool, as_json: bool) -> None:
    with terminal.progress("Importing price bars", is_quiet=as_json) as report:
        landed = jobs.metadata(
            jobs.run(installation, "fetch", {"bars_landing": config}, report), ["landing", "bar_versions"]
        )
    if landed["read"] and not landed["new"] + landed["changed"] + landed["unchanged"] and not landed["failures"]:
        raise SourceError(
            f"Not one of {landed['read']:,} rows is a bar: swing sql 'from quarantined_bars' shows them, with reasons."
        )
    if as_json:
        click.echo(json.dumps(landed, indent=2))
    else:
        if is_compared:
            terminal.show_rows(*coverage_matrix(landed["coverage"]))
            terminal.out.print()
        click.echo("\n".join(landing_told(landed)))
    if landed["failures"]:
        raise SourceError(f"{failures_told(landed['failures'])}\nThe other symbols' bars were landed.")
