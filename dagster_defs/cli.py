"""The `swing` command: the terminal's composition root. Heavy imports wait until a command needs them."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dagster_defs import cli_report, cli_research, cli_trading
from dagster_defs.cli_options import JSON, REPORTS
from warehouse.errors import SourceError, SwingError

if TYPE_CHECKING:
    from datetime import datetime


class Commands(click.Group):
    """Shows an expected failure as its message alone, with its own exit code."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        """Run a command."""
        try:
            return super().invoke(ctx)
        except SwingError as error:
            click.echo(f"swing: {error}", err=True)
            ctx.exit(error.exit_code)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="swing-portfolio")
def main() -> None:
    """A daily ETF rotation, computed in SQL on a lake of your own.

    \b
    A first session:
      swing init                                  write portfolio.yaml, to change what you like
      swing fetch --source files ~/bars/          land bars: CSV or Parquet, one file or a folder
      swing backtest                              targets, all strategies, pictures in reports/
      swing walkforward                           what the choice would have earned out of sample
      swing weights                               what to hold tonight
      swing trade                                 what that means for the account; sends nothing
      swing dev                                   the same in the browser

    Everything lives in $SWING_HOME (default: .swing in the project).

    \b
    Exit codes: 0 done · 2 wrong usage · 3 configuration · 4 bar source · 5 warehouse
      6 warehouse busy · 7 a model or a data-quality gate failed (nothing was published)
      8 rebalance · 9 gateway not reached · 10 gateway refused · 11 trade refused, nothing sent
      12 ledger and broker disagree · 13 halted · 14 ledger · 15 another process trades
    """  # noqa: D301 - click keeps the lines after \b
    from dagster_defs.environment import prepare_environment  # noqa: PLC0415

    prepare_environment()


@main.command()
def init() -> None:
    """Write $SWING_HOME/portfolio.yaml: every setting, commented out, ready to change."""
    from dagster_defs.environment import home  # noqa: PLC0415
    from warehouse.config import write_override_template  # noqa: PLC0415

    click.echo(f"Wrote {write_override_template(home())}")


def _mapping(_context: click.Context, _option: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    mapping = dict(pair.partition("=")[::2] for pair in pairs)
    if not all(mapping.values()):
        raise click.BadParameter("write it as OURS=THEIRS, for example adj_close='Adjusted Close'")
    return mapping


@main.command()
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
def fetch(  # noqa: PLR0913, PLR0917 - one parameter an option
    source: str,
    symbols: str | None,
    start: datetime | None,
    end: datetime | None,
    column: dict[str, str],
    date_format: str | None,
    as_json: bool,  # noqa: FBT001 - click passes flags so
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
    """  # noqa: D301 - click keeps the lines after \b
    if (source == "files") != bool(paths):
        raise click.UsageError("--source files needs at least one path; the other sources take none.")
    config = {
        "source": source,
        "paths": [str(path.absolute()) for path in paths],
        "columns": column,
        "date_format": date_format or "",
        "symbols": [symbol.strip().upper() for symbol in symbols.split(",")] if symbols else [],
        "start": f"{start:%Y-%m-%d}" if start else "",
        "end": f"{end:%Y-%m-%d}" if end else "",
    }
    from dagster_defs import terminal  # noqa: PLC0415

    with terminal.progress("Landing bars", is_quiet=as_json) as report:
        from dagster_defs import jobs  # noqa: PLC0415

        landed = jobs.metadata(jobs.run("fetch", {"bars_landing": config}, report), ["landing", "bar_versions"])
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


@main.command()
@REPORTS
@JSON
def backtest(reports: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Build every model up to the backtest of all strategies, and report the live one.

    Writes equity.png, drawdown.png, monthly_returns.png, metrics.json and weights.csv.
    """
    _research("backtest", "backtest_report", reports, as_json=as_json)


@main.command()
@REPORTS
@JSON
def walkforward(reports: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Choose the parameters on each train window, live with them through the test window after it.

    Builds every model; writes walk_forward_equity.png, walk_forward_drawdown.png and walk_forward.json.
    """
    _research("walk_forward", "walk_forward_report", reports, as_json=as_json)


def _research(job: str, asset: str, reports: Path, *, as_json: bool) -> None:
    from dagster_defs import terminal  # noqa: PLC0415

    with terminal.progress(f"Running {job}", is_quiet=as_json) as report:
        from dagster_defs import jobs  # noqa: PLC0415

        told = jobs.metadata(jobs.run(job, {asset: {"folder": str(reports.absolute())}}, report), asset)
    from dagster_defs import summaries  # noqa: PLC0415

    files = list(told.get("files", []))
    if as_json:
        click.echo(json.dumps(summaries.as_record(job) | {"files": files}, indent=2))
        return
    summaries.show(job)
    terminal.out.print("\nWrote " + "\n      ".join(files), markup=False)


@main.command()
@click.option("--asof", type=click.DateTime(["%Y-%m-%d"]), help="The decision of this session (default: the newest).")
@click.option("--known-at", type=int, metavar="SNAPSHOT", help="As it was known at this snapshot of the lake.")
@JSON
def weights(asof: datetime | None, known_at: int | None, as_json: bool) -> None:  # noqa: FBT001 - as above
    """Show the live strategy's target weights, with cash.

    \b
    Examples:
      swing weights                               tonight's targets
      swing weights --asof 2020-03-09             a past decision, as it is known today
      swing weights --asof 2020-03-09 --known-at 12    … and as it was known then (see `swing sql "from runs"`)
    """  # noqa: D301 - click keeps the lines after \b
    from dagster_defs import terminal  # noqa: PLC0415
    from dagster_defs.environment import home  # noqa: PLC0415
    from warehouse import readers  # noqa: PLC0415
    from warehouse.lake import Lake  # noqa: PLC0415

    frame = readers.weights_on(Lake(home()), asof.date() if asof else None, known_at)
    if as_json:
        click.echo(terminal.as_json(frame))
    else:
        terminal.show(frame)


@main.command()
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
def sql(snapshot: int | None, form: str, query: str) -> None:
    """Ask the warehouse; read-only.

    \b
    Examples:
      swing sql "from live_targets"
      swing sql "select * from backtest_metrics order by sharpe desc limit 5"
      swing sql "from runs" --format json
      swing sql "from live_targets" --at 12
      swing sql "show tables"
    """  # noqa: D301 - click keeps the lines after \b
    import duckdb  # noqa: PLC0415

    from dagster_defs import terminal  # noqa: PLC0415
    from dagster_defs.environment import home  # noqa: PLC0415
    from warehouse.errors import LakeError  # noqa: PLC0415
    from warehouse.lake import Lake  # noqa: PLC0415

    with Lake(home()).reader(snapshot) as connection:
        try:
            frame = connection.execute(query).df()
        except duckdb.Error as error:
            raise LakeError(f"The query failed: {error}") from error
    if form == "csv":
        click.echo(frame.to_csv(index=False), nl=False)
    elif form == "json":
        click.echo(terminal.as_json(frame))
    else:
        terminal.show(frame)


@main.command()
@JSON
def status(as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Say what the warehouse holds, whether it is fresh, and how the last runs ended."""
    from dagster_defs import summaries  # noqa: PLC0415

    if as_json:
        click.echo(json.dumps(summaries.status_record(), indent=2))
    else:
        summaries.show_status()


@main.command()
@click.option("--port", type=int, default=3000, show_default=True, help="The next free one is taken if it is in use.")
def dev(port: int) -> None:
    """Open the Dagster UI: assets with their lineage and checks, pictures, runs, schedules."""
    from dagster_defs.environment import PROJECT  # noqa: PLC0415

    port = next(candidate for candidate in range(port, port + 100) if _is_free(candidate))
    click.echo(f"The Dagster UI is starting on http://127.0.0.1:{port} (ready in about half a minute; Ctrl-C ends it).")
    os.chdir(PROJECT)
    dagster = Path(sys.executable).with_name("dagster")
    os.execv(  # noqa: S606 - our own environment's program
        dagster, [str(dagster), "dev", "-m", "dagster_defs.definitions", "-h", "127.0.0.1", "-p", str(port)]
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@main.command()
def docs() -> None:
    """Build one HTML page that documents every relation, column and test."""
    from dagster_defs.environment import home  # noqa: PLC0415
    from dagster_defs.transformation import Transformation  # noqa: PLC0415
    from warehouse.lake import Lake  # noqa: PLC0415

    click.echo(f"Wrote {Transformation(Lake(home())).write_docs()}")


@main.command()
def demo() -> None:
    """Land the sample market, run the whole pipeline through Dagster, show what came out."""
    from dagster_defs import demonstration  # noqa: PLC0415

    demonstration.run()


for command in (*cli_trading.COMMANDS, *cli_report.COMMANDS, *cli_research.COMMANDS):
    main.add_command(command)

if __name__ == "__main__":
    main()
