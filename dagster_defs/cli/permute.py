"""Asks how often luck does as well: permute."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from dagster_defs.cli import terminal
from dagster_defs.cli.options import JSON, REPORTS, SEED
from research.permutation import report as permutation_report
from research.permutation.experiment import Design, PermutationTest
from research.permutation.worlds import PermutationWindow
from research.workbench import Bench
from warehouse.errors import ConfigurationError
from warehouse.settings.portfolio import Objective

if TYPE_CHECKING:
    from pathlib import Path

    from execution.installation import Installation


def _window(_context: click.Context, _option: click.Parameter, text: str | None) -> PermutationWindow | None:
    if text is None:
        return None

    try:
        return PermutationWindow.parsed(text)
    except ConfigurationError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.option("--runs", type=click.IntRange(1), default=200, show_default=True, help="Permuted worlds.")
@click.option(
    "--objective",
    type=click.Choice([objective.value for objective in Objective]),
    help="What is tested (default: the configured one).",
)
@click.option(
    "--window",
    callback=_window,
    metavar="START:END",
    help="Sessions to permute, END excluded (default: the first train window; with --walk-forward what follows it).",
)
@click.option("--walk-forward", is_flag=True, help="Permute what follows the first train window; run the folds again.")
@SEED
@REPORTS
@JSON
@click.pass_obj
def permute(
    installation: Installation,
    runs: int,
    objective: str | None,
    window: PermutationWindow | None,
    walk_forward: bool,
    seed: int,
    reports: Path | None,
    as_json: bool,
) -> None:
    """Ask how often luck does as well: the grid, optimised again in permuted worlds.

    The sessions of a window are put in another order, the same for every symbol, and every strategy is computed on them
    by the same models. p = (1 + worlds that did as well) / (1 + worlds). Results are kept: killed, or asked again with
    more runs, it computes only what is missing.

    \b
    Examples:
      swing permute                               200 worlds of the first train window
      swing permute --runs 1000 --objective sharpe
      swing permute --window 2018-01-01:2021-01-01
      swing permute --walk-forward                is the walk-forward itself better than luck?
    """
    lake = installation.lake
    with terminal.progress("Permuting", is_quiet=as_json) as report:
        design = Design(seed, Objective(objective) if objective else None, window, walk_forward)
        test = PermutationTest.of(Bench.of(lake), design)
        test.run(lake, range(runs + 1), terminal.with_time_left(report))
        result = test.result(lake, runs)
        files = permutation_report.write(test, result, reports or installation.reports)
    record = permutation_report.record(test, result) | {"files": [str(file) for file in files]}
    if as_json:
        click.echo(json.dumps(record, indent=2))
        return
    best = "the walk-forward" if walk_forward else f"the best of {test.strategies} strategies"
    terminal.show_record(
        {
            "window": f"{test.window.start} to {test.window.end}, {test.world.permuted} sessions permuted",
            "worlds": f"{runs}, seed {seed}",
            "symbols left out": ", ".join(test.left_out) or "none",
            "best, history": result.real.best,
            "best, p": result.best_p,
            "live, history": result.real.live,
            "live, p": result.live_p,
        },
        f"Permutation test of {test.objective}",
    )
    terminal.out.print(
        f"\n{permutation_report.conclusion(result.best_p, best)}\n"
        f"{permutation_report.conclusion(result.live_p, 'the live parameters')}\n",
        markup=False,
    )
    terminal.show_files(record["files"])
