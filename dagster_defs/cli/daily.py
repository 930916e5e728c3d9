"""Does by hand what the schedule does after the close: daily."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from dagster_defs.cli import terminal
from dagster_defs.cli.options import JSON
from dagster_defs.sources import IN_ORDER
from warehouse import readers
from warehouse.sources.registry import SOURCES, SourceKind

if TYPE_CHECKING:
    from execution.installation import Installation


@click.command()
@click.option(
    "--source",
    type=click.Choice(sorted(name for name, entry in SOURCES.items() if entry.kind is not SourceKind.FILES)),
    help="Where bars come from (default: sources.order, or the broker if broker.is_source_of_bars, or nowhere).",
)
@JSON
@click.pass_obj
def daily(installation: Installation, source: str | None, as_json: bool) -> None:
    """Land new bars and build everything up to tonight's targets, as the schedule daily_after_close does.

    Files of bars are landed by `swing fetch --source files` beforehand. A second run the same day finds nothing new.
    """
    from dagster_defs import jobs  # noqa: PLC0415 - it imports Dagster and dbt, which takes seconds
    from dagster_defs.schedules import schedule_settings  # noqa: PLC0415 - as above

    chosen = source or schedule_settings(installation).source
    with terminal.progress("Running daily", is_quiet=as_json) as report:
        result = jobs.run(installation, "daily", {"bars_landing": {"source": chosen}}, report)
    landed = jobs.metadata(result, ["landing", "bar_versions"])
    with installation.lake.reader() as connection:
        targets = readers.weights_on(connection, None)
        terminal.warn_of_stale_bars(connection)
    if as_json:
        click.echo(json.dumps({"landed": landed, "live_targets": terminal.as_plain(targets.records())}, indent=2))
        return
    terminal.say(_told(landed, chosen))
    terminal.out.print()
    terminal.show_answer(targets, "Live targets")
    terminal.out.print()
    terminal.say_wrapped("Why: `swing explain`. The account's trades: `swing trade`, which sends nothing by itself.")


def _told(landed: dict[str, Any], source: str) -> str:
    """Say what was landed."""
    if not source:
        return "No bars were fetched: the targets are those of the bars that are landed."
    origin = "the sources of sources.order" if source == IN_ORDER else source
    return f"Landed {landed['new']:,} new and {landed['changed']:,} changed bars from {origin}."
