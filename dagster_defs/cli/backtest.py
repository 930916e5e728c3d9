"""Builds the models and reports what they earned, or tries other parameters out: backtest, walkforward."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from dagster_defs.cli import terminal
from dagster_defs.cli.options import BENCHMARK, FROM, JSON, REPORTS, SET, TO
from warehouse.errors import LakeError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from execution.installation import Installation
    from research.what_if import Span

NEXT = {
    "backtest": "Next: `swing walkforward` (was it hindsight?), `swing explain` (why these targets), "
    "`swing backtest --set strategy.top_n=1` (what if).",
    "walk_forward": "Next: `swing report` (all of it on one page, with intervals), `swing open report`.",
}


@click.command()
@SET
@click.option(
    "--save", metavar="NAME", help="Keep the variant that --set asks for, under this name, in portfolio.yaml."
)
@FROM
@TO
@BENCHMARK
@REPORTS
@JSON
@click.pass_obj
def backtest(
    installation: Installation,
    settings: tuple[str, ...],
    save: str | None,
    first: date | None,
    last: date | None,
    benchmark: str,
    reports: Path | None,
    as_json: bool,
) -> None:
    """Build every model up to the backtest of all strategies, and report the live one.

    Writes equity.png, drawdown.png, monthly_returns.png and metrics.json; equity.csv, weights.csv and trades.csv.

    With --set, --from or --to nothing is built or written: the question is answered in memory, by the same models, on
    the bars that were landed. All strategies are measured over the same sessions; features are warm at the first.
    --save keeps a variant: `swing compare live NAME` knows it at once, the next build as a row of `strategies`.

    \b
    Examples:
      swing backtest
      swing backtest --set strategy.top_n=1 --from 2018 --to 2020-06-30
      swing backtest --set strategy.top_n=1,2,3 --set costs.slippage=0.0001,0.0005
      swing backtest --set universe=SPY,TLT,GLD --benchmark QQQ
      swing backtest --set strategy.top_n=1 --save calm
    """
    if save and not settings:
        raise click.UsageError("--save keeps what --set asks for: say what differs, as in --set strategy.top_n=1.")
    if settings or first or last:
        from dagster_defs.cli import what_if  # noqa: PLC0415 - a build needs none of it

        _try_out(installation, settings, what_if.span_of(first, last), benchmark.upper(), as_json=as_json)
        if save:
            what_if.keep(installation, settings, save, is_quiet=as_json)
    else:
        _research(installation, "backtest", reports, as_json=as_json)


@click.command()
@click.option("--all", "is_whole", is_flag=True, help="Print every fold, not the newest alone.")
@REPORTS
@JSON
@click.pass_obj
def walkforward(installation: Installation, is_whole: bool, reports: Path | None, as_json: bool) -> None:
    """Choose the parameters on each train window, live with them through the test window after it.

    Each fold is shown with its choice, the objective it was chosen by, and what it earned afterwards.
    Builds every model; writes walk_forward_equity.png, walk_forward_drawdown.png and walk_forward.json.
    """
    _research(installation, "walk_forward", reports, as_json=as_json, is_whole=is_whole)


def _try_out(installation: Installation, settings: Sequence[str], span: Span, benchmark: str, *, as_json: bool) -> None:
    from dagster_defs.cli import what_if  # noqa: PLC0415 - as above
    from research.report.formats import length_caveat  # noqa: PLC0415 - as above

    live, variants = what_if.live(installation, settings), what_if.varied(installation, settings)
    contenders = [*(each for each in variants if each.identity != live.identity), live]
    tried = what_if.answer(installation, contenders, span, benchmark)
    if as_json:
        click.echo(json.dumps(what_if.as_record(tried), indent=2))
        return
    what_if.show_setting(tried, contenders, benchmark)
    terminal.out.print()
    what_if.show_tracks(tried.tracks)
    terminal.out.print()
    for line in (
        what_if.NAMES,
        length_caveat(len(tried.sessions)),
        what_if.HINDSIGHT if len(contenders) > 1 else "",
        what_if.NEXT,
    ):
        terminal.say_wrapped(line)


def _refuse_without_bars(installation: Installation) -> None:
    """Raise LakeError at once where a build would take its time to find nothing."""
    with installation.lake.reader() as connection:
        if not connection.execute("FROM landing.bar_versions LIMIT 1").fetchall():
            raise LakeError("There are no bars yet, so nothing can be built. Import some first: `swing fetch --help`.")


def _research(
    installation: Installation, job: str, reports: Path | None, *, as_json: bool, is_whole: bool = False
) -> None:
    _refuse_without_bars(installation)
    from dagster_defs import jobs  # noqa: PLC0415 - it imports Dagster and dbt, which takes seconds
    from dagster_defs.cli import summaries, what_if  # noqa: PLC0415 - as above
    from research.dearer_trading import CostEffects, cost_effects  # noqa: PLC0415 - as above

    with terminal.progress(f"Running {job}", is_quiet=as_json) as report:
        folder = (reports or installation.reports).absolute()
        asset = f"{job}_report"
        told = jobs.metadata(jobs.run(installation, job, {asset: {"folder": str(folder)}}, report), asset)

    files = list(told.get("files", []))
    with installation.lake.reader() as connection:
        terminal.warn_of_doubtful_bars(connection, is_research=True)
    is_backtest = job == "backtest"
    effects = cost_effects(installation.lake, tuple(what_if.SLIPPAGES.values())) if is_backtest else CostEffects()
    if as_json:
        record = summaries.as_record(installation.lake, job) | {"files": files}
        click.echo(json.dumps(record | what_if.cost_record(effects), indent=2))
        return
    summaries.show(installation.lake, job, is_whole=is_whole)
    if is_backtest:
        terminal.out.print()
        what_if.show_costs(effects)
        terminal.out.print()
        terminal.say_wrapped(summaries.honest_headline(installation.lake))
    terminal.out.print()
    terminal.show_files(files)
    terminal.out.print()
    terminal.say_wrapped(NEXT[job])
