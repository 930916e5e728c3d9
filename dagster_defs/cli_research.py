"""The commands of `swing` that doubt the backtest: permutations, look-ahead, warm-up, parameter search."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from dagster_defs.cli_options import JSON, REPORTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from warehouse.permutation import Window

SEED = click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Another seed, other luck.")
OBJECTIVES = ("calmar", "sharpe", "cagr", "profit_factor")


def _window(_context: click.Context, _option: click.Parameter, text: str | None) -> Window | None:
    if text is None:
        return None
    from warehouse.errors import ConfigurationError  # noqa: PLC0415 - heavy imports wait until they are needed
    from warehouse.permutation import Window  # noqa: PLC0415

    try:
        return Window.parsed(text)
    except ConfigurationError as error:
        raise click.BadParameter(str(error)) from error


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
    """  # noqa: D301 - click keeps the lines after \b
    from dagster_defs import terminal  # noqa: PLC0415
    from dagster_defs.environment import home  # noqa: PLC0415
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


@click.group()
def check() -> None:
    """Look for what makes a backtest lie: rows that know the future, indicators that are not warm."""


@check.command()
@click.option("--sessions", type=click.IntRange(1), default=4, show_default=True, help="How often history is cut.")
@JSON
def lookahead(sessions: int, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Rebuild every model with the bars cut at some sessions; every row up to each must stay what it is.

    Works in memory on the bars of the warehouse; writes nothing. Exit code 7 if a row changed.
    """
    from dagster_defs import terminal  # noqa: PLC0415
    from dagster_defs.environment import home  # noqa: PLC0415
    from warehouse.errors import PipelineError  # noqa: PLC0415
    from warehouse.lake import Lake  # noqa: PLC0415

    with terminal.progress("Rebuilding", is_quiet=as_json) as report:
        from dagster_defs.research.bench import Bench  # noqa: PLC0415
        from dagster_defs.research.lookahead import check_look_ahead  # noqa: PLC0415

        checked = check_look_ahead(Bench.of(Lake(home())), sessions, _timed(report))
    if as_json:
        click.echo(json.dumps(asdict(checked), indent=2, default=str))
    else:
        days = ", ".join(str(day) for day in checked.cuts)
        click.echo(f"Compared {checked.columns} columns of {checked.relations} relations, as of {days}.")
    if checked.leaks:
        told = [
            f"  {leak.relation}.{leak.column} from {leak.first_session} on ({leak.rows:,} rows, as of {leak.cut})"
            for leak in checked.leaks
        ]
        raise PipelineError(
            "\n".join(
                [
                    f"{len(told)} columns know later bars:",
                    *told,
                    "The first of them in the order of the models is where to look: the others read it.",
                ]
            )
        )
    if not as_json:
        click.echo("No row changed: nothing looks ahead.")


@check.command()
@JSON
def warmup(as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Show how far each indicator of the last session still moves with more history.

    Each cell is the largest relative difference, over the symbols, from what the whole history says.
    """
    from dagster_defs import terminal  # noqa: PLC0415
    from dagster_defs.environment import home  # noqa: PLC0415
    from warehouse.lake import Lake  # noqa: PLC0415

    with terminal.progress("Rebuilding", is_quiet=as_json) as report:
        from dagster_defs.research.bench import Bench  # noqa: PLC0415
        from dagster_defs.research.warmup import check_warm_up  # noqa: PLC0415

        moved = check_warm_up(Bench.of(Lake(home())), _timed(report))
    if as_json:
        click.echo(json.dumps([asdict(each) for each in moved], indent=2))
        return
    import pandas as pd  # noqa: PLC0415

    cells: dict[str, dict[str, str]] = {}
    for each in moved:
        text = "undefined" if each.undefined else f"{each.difference:.0e}" if each.difference else "0"
        cells.setdefault(f"{each.relation}.{each.column}", {})[f"{each.history}"] = text
    frame = pd.DataFrame.from_dict(cells, orient="index").rename_axis("sessions of history").reset_index()
    terminal.show(frame, "Largest relative difference at the last session from what the whole history says")


def _folds(_context: click.Context, _option: click.Parameter, text: str) -> int | None:
    if text == "all":
        return None
    if not text.isdigit() or int(text) < 1:
        raise click.BadParameter("write all, or how many of the last folds")
    return int(text)


@click.command()
@click.option("--trials", type=click.IntRange(1), default=200, show_default=True, help="Trials a fold.")
@click.option(
    "--objective",
    type=click.Choice([*OBJECTIVES, "multi"]),
    default="calmar",
    show_default=True,
    help="multi: Calmar, turnover and drawdown at once.",
)
@click.option("--folds", callback=_folds, default="all", show_default=True, help="all, or how many of the last ones.")
@click.option("--top", type=click.IntRange(1), default=5, show_default=True, help="Size of a fold's ensemble.")
@SEED
@REPORTS
@JSON
def optimize(  # noqa: PLR0913, PLR0917 - one parameter an option
    trials: int,
    objective: str,
    folds: int | None,
    top: int,
    seed: int,
    reports: Path,
    as_json: bool,  # noqa: FBT001 - click passes flags so
) -> None:
    """Search parameters beyond the grid inside each train fold, and live with what was found.

    A sampler proposes strategies for each fold; the models compute them all together. The winner of a fold, and the
    ensemble of its best, are lived through the test window after it. Works in memory; changes no parameter of yours.

    \b
    Examples:
      swing optimize
      swing optimize --objective multi --trials 300
      swing optimize --folds 4                    the last four folds
    """  # noqa: D301 - click keeps the lines after \b
    from dagster_defs import terminal  # noqa: PLC0415
    from dagster_defs.environment import home  # noqa: PLC0415
    from warehouse.lake import Lake  # noqa: PLC0415

    with terminal.progress("Searching", is_quiet=as_json) as report:
        from dagster_defs.research import search_report  # noqa: PLC0415
        from dagster_defs.research.bench import Bench  # noqa: PLC0415
        from dagster_defs.research.out_of_sample import live_through  # noqa: PLC0415
        from dagster_defs.research.search import Goal, Search, search  # noqa: PLC0415
        from dagster_defs.research.trials import Trials, folds_of  # noqa: PLC0415

        bench, goal = Bench.of(Lake(home())), Goal(objective)
        with bench.opened() as connection:
            wanted = folds_of(bench, connection, folds)
        with bench.opened() as connection:
            tried = Trials.on(bench, connection)
            found = search(tried, wanted, Search(goal, trials, top, seed), _timed(report))
            report(0, 0, "the winner's neighbourhood")
            stable = search_report.stability(tried, found, goal)
        report(0, 0, "out of sample")
        lived = live_through(bench, found)
        data = search_report.record(found, lived, stable, len(tried))
        files = search_report.write(data, lived, stable, reports.absolute())
    if as_json:
        click.echo(json.dumps(data | {"files": [str(file) for file in files]}, indent=2))
        return
    import pandas as pd  # noqa: PLC0415

    rows = [
        {"fold_id": each.fold.fold_id, "test_start": str(each.fold.test_start)}
        | each.best[0]._asdict()
        | {"objective": each.objective, "at the edge": ", ".join(each.edges)}
        for each in found
    ]
    terminal.show(pd.DataFrame(rows), f"Winners of {len(found)} train windows, {len(tried)} strategies computed")
    terminal.out.print()
    compared = pd.DataFrame([{"lived": each.name} | each.metrics for each in lived])
    terminal.show(compared, "Out of sample, after costs, over the same folds")
    terminal.out.print()
    for warning in search_report.warnings_of(found, stable):
        terminal.out.print(warning, markup=False)
    terminal.out.print()
    _show_files(list(files))


COMMANDS: tuple[click.Command, ...] = (permute, check, optimize)
