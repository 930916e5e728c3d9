"""Says what the warehouse holds, whether it is fresh, and how the last runs ended: status."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
import pandas as pd

from dagster_defs.cli import terminal
from dagster_defs.cli.options import JSON
from execution import service
from warehouse import freshness, readers
from warehouse.errors import LakeBusyError, LakeError
from warehouse.lake import current_snapshot

if TYPE_CHECKING:
    from execution.installation import Installation
    from warehouse.lake import Lake


@click.command()
@JSON
@click.pass_obj
def status(installation: Installation, as_json: bool) -> None:
    """Show what the warehouse holds, whether it is fresh, and how the last runs ended."""
    if as_json:
        click.echo(json.dumps(status_record(installation), indent=2))
    else:
        show_status(installation)


def status_record(installation: Installation) -> dict[str, Any]:
    """Collect what the warehouse holds, how fresh it is, and how the last runs ended."""
    lake, portfolio = installation.lake, installation.portfolio
    with lake.reader() as connection:
        frames = {
            name: readers.answer(connection, question)
            for name, question in (
                ("bars", readers.BARS_LANDED),
                ("universe", readers.SYMBOLS),
                ("runs", readers.RUNS),
            )
        }
        snapshot = current_snapshot(connection)
        doubts = freshness.doubts(connection, datetime.now(UTC))
    return {
        "home": str(lake.home),
        "snapshot": snapshot,
        "is_busy": _is_busy(lake),
        "parameters_hash": portfolio.parameters_hash,
        "trading": service.standing(installation),
        "doubts": doubts,
        **{name: json.loads(terminal.as_json(frame)) for name, frame in frames.items()},
    }


def _is_busy(lake: Lake) -> bool:
    try:
        with lake.lock():
            return False
    except LakeBusyError:
        return True
    except OSError:  # a home that cannot be written has no writer
        return False


def show_status(installation: Installation) -> None:
    """The same, for a person."""
    record = status_record(installation)
    bars = record["bars"][0]
    state = ", a run is writing" if record["is_busy"] else ""
    span = f"{bars['first_session']} to {bars['last_session']}" if bars["versions"] else "none"
    terminal.out.print(
        f"Warehouse      {record['home']} (snapshot {record['snapshot']}{state})\n"
        f"Configuration  valid, {record['parameters_hash'][:12]}\n"
        f"Bars           {bars['versions']:,} versions of {bars['symbols']} symbols, {span}; "
        f"{bars['quarantined']:,} rows quarantined\n"
        f"Trading        {record['trading']['switch']}\n"
        f"Last rebalance {record['trading']['last_rebalance']}\n"
        f"Account        {record['trading']['account']}\n",
        markup=False,
    )
    for doubt in record["doubts"]:
        terminal.say(doubt)
    terminal.show(pd.DataFrame(record["universe"]), "Universe")
    runs = pd.DataFrame(record["runs"])
    if len(runs):
        terminal.out.print()
        runs["started_at"] = pd.to_datetime(runs["started_at"]).dt.floor("s")
        wanted = ["started_at", "kind", "outcome", "as_of_session", "snapshot_after", "code_version", "message"]
        terminal.show(runs[wanted], "Last runs")
    try:
        readers.ask(installation.lake, readers.LIVE_TARGETS)
    except LakeError as error:
        terminal.out.print(f"\n{error}", markup=False)
