"""Says what the warehouse holds, whether it is fresh, and how the last runs ended: status."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from dagster_defs.cli import terminal
from dagster_defs.cli.options import JSON
from execution.standing import standing
from warehouse import freshness, readers
from warehouse.errors import LakeBusyError, LakeError
from warehouse.lake import current_snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

    from execution.installation import Installation
    from warehouse.lake import Lake

RUN_COLUMNS = ("started_at", "kind", "outcome", "as_of_session", "snapshot_after", "code_version", "message")


@click.command()
@JSON
@click.pass_obj
def status(installation: Installation, as_json: bool) -> None:
    """Show what the warehouse holds, whether it is fresh, and how the last runs ended."""
    with installation.lake.reader() as connection:
        record = status_record(installation, connection)
        if as_json:
            click.echo(json.dumps(terminal.as_plain(record), indent=2))
        else:
            show_status(record)
            show_what_lacks(connection)


def status_record(installation: Installation, connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Collect what the warehouse holds, how fresh it is, and how the last runs ended."""
    lake = installation.lake
    return {
        "home": str(lake.home),
        "snapshot": current_snapshot(connection),
        "is_busy": _is_busy(lake),
        "parameters_hash": installation.portfolio.parameters_hash,
        "trading": standing(installation),
        "doubts": freshness.doubts(connection, datetime.now(UTC)),
        "bars": readers.rows(connection, readers.BARS_LANDED).records(),
        "universe": readers.rows(connection, readers.SYMBOLS).records(),
        "runs": readers.rows(connection, readers.RUNS).records(),
    }


def _is_busy(lake: Lake) -> bool:
    try:
        with lake.lock():
            return False
    except LakeBusyError:
        return True
    except OSError:  # a home that cannot be written has no writer
        return False


def show_status(record: Mapping[str, Any]) -> None:
    """The same, for a person."""
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
    _show(record["universe"], ("symbol", "versions", "first_session", "last_session"), "Universe")
    if record["runs"]:
        terminal.out.print()
        _show(record["runs"], RUN_COLUMNS, "Last runs")


def show_what_lacks(connection: duckdb.DuckDBPyConnection) -> None:
    """Print what to do where no target was ever built."""
    try:
        readers.rows(connection, readers.LIVE_TARGETS)
    except LakeError as error:
        terminal.out.print(f"\n{error}", markup=False)


def _show(records: Sequence[Mapping[str, Any]], columns: tuple[str, ...], title: str) -> None:
    rows = [tuple(record[name] for name in columns) for record in records]
    terminal.show_answer(readers.PlainRows(columns, rows), title)
