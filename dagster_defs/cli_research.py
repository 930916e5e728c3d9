"""The commands of `swing` that doubt the backtest: permutations, look-ahead, warm-up, parameter search."""

from __future__ import annotations

import json
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from warehouse.permutation import Window

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")
REPORTS = click.option(
    "--reports",
    type=click.Path(path_type=Path),
    default=Path("reports"),
    show_default=True,
    help="Folder for pictures and files.",
)
SEED = click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Another seed, other luck.")
OBJECTIVES = ("calmar", "sharpe", "cagr", "profit_factor")


def _window(_context: click.Context, _option: click.Parameter, text: str | None) -> Window | None:
    if text is None:
        return None
    from warehouse.permutation import Window  # noqa: PLC0415 - heavy imports wait until they are needed

    try:
        start, end = (date.fromisoformat(part) for part in text.split(":"))
    except ValueError as error:
        raise click.BadParameter("write it as START:END, for example 2015-05-13:2018-05-13") from error
    if start >= end:
        raise click.BadParameter("the start must be before the end")
    return Window(start, end)


@click.command()
@click.option("--runs", type=click.IntRange(1), default=200, show_default=True, help="Permuted worlds.")
@click.option("--objective", type=click.Choice(OBJECTIVES), help="What is tested (default: the configured one).")
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
def permute(  # noqa: PLR0913, PLR0917 - one parameter an option
    runs: int,
    objective: str | None,
    window: Window | None,
    walk_forward: bool,  # noqa: FBT001 - click passes flags so
    seed: int,
    reports: Path,
    as_json: bool,  # noqa: FBT001 - click passes flags so
) -> None:
    r"""Ask how often luck does as well: the grid, optimised again in permuted worlds.

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
    from dagster_defs import terminal  # noqa: PLC0415
    from dagster_defs.resources import home  # noqa: PLC0415
    from warehouse.config import Objective  # noqa: PLC0415
    from warehouse.lake import Lake  # noqa: PLC0415

    lake = Lake(home())
    with terminal.progress("Permuting", is_quiet=as_json) as report:
        from dagster_defs.research import permutation_report  # noqa: PLC0415
        from dagster_defs.research.bench import Bench  # noqa: PLC0415
        from dagster_defs.research.permutation_test import Design, PermutationTest  # noqa: PLC0415

        design = Design(seed, Objective(objective) if objective else None, window, walk_forward)
        test = PermutationTest.of(Bench.of(lake), design)
        test.run(lake, range(runs + 1), _timed(report))
        result = test.result(lake, runs)
        files = permutation_report.write(test, result, reports.absolute())
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
        f"\n{permutation_report.verdict(result.best_p, best)}\n"
        f"{permutation_report.verdict(result.live_p, 'the live parameters')}\n",
        markup=False,
    )
    _show_files(record["files"])


def _timed(report: Callable[[int, int, str], None]) -> Callable[[int, int, str], None]:
    """Add the time that is left, at the pace so far, to what is reported."""
    started: list[tuple[float, int]] = []

    def timed(done: int, total: int, label: str) -> None:
        started.append((time.monotonic(), done))
        (start, first), (now, _) = started[0], started[-1]
        left = (now - start) / (done - first) * (total - done) if done > first else None
        report(done, total, label if left is None else f"{label}, about {left:.0f} s left")

    return timed


def _show_files(files: list[Any]) -> None:
    from dagster_defs import terminal  # noqa: PLC0415

    terminal.out.print("Wrote " + "\n      ".join(str(file) for file in files), markup=False)


COMMANDS: tuple[click.Command, ...] = (permute,)
