"""Looks for what makes a backtest lie: check lookahead, check warmup."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
import pandas as pd

from dagster_defs.cli import terminal
from dagster_defs.cli.options import JSON
from research.checks.lookahead import check_look_ahead
from research.checks.warmup import check_warm_up
from research.inquiries import InquiryKind, record_inquiry
from research.workbench import Bench
from warehouse.errors import PipelineError

if TYPE_CHECKING:
    from execution.installation import Installation


@click.group()
def check() -> None:
    """Look for what makes a backtest lie: rows that know the future, indicators that are not warm."""


@check.command()
@click.option("--sessions", type=click.IntRange(1), default=4, show_default=True, help="How often history is cut.")
@JSON
@click.pass_obj
def lookahead(installation: Installation, sessions: int, as_json: bool) -> None:
    """Rebuild every model with the bars cut at some sessions; every row up to each must stay what it is.

    Works in memory on the bars of the warehouse; records the result for the tear sheet. Exit code 7 if a row changed.
    """
    with terminal.progress("Rebuilding", is_quiet=as_json) as report:
        checked = check_look_ahead(Bench.of(installation.lake), sessions, terminal.with_time_left(report))
    record_inquiry(installation.lake, InquiryKind.LOOK_AHEAD, {"cuts": sessions}, asdict(checked))
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
@click.pass_obj
def warmup(installation: Installation, as_json: bool) -> None:
    """Show how far each indicator of the last session still moves with more history.

    Each cell is the largest relative difference, over the symbols, from what the whole history says.
    """
    with terminal.progress("Rebuilding", is_quiet=as_json) as report:
        moved = check_warm_up(Bench.of(installation.lake), terminal.with_time_left(report))
    record_inquiry(installation.lake, InquiryKind.WARM_UP, {}, [asdict(each) for each in moved])
    if as_json:
        click.echo(json.dumps([asdict(each) for each in moved], indent=2))
        return

    cells: dict[str, dict[str, str]] = {}
    for each in moved:
        text = "undefined" if each.undefined else f"{each.difference:.0e}" if each.difference else "0"
        cells.setdefault(f"{each.relation}.{each.column}", {})[f"{each.history}"] = text
    frame = pd.DataFrame.from_dict(cells, orient="index").rename_axis("sessions of history").reset_index()
    terminal.show(frame, "Largest relative difference at the last session from what the whole history says")
