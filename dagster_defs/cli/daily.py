"""Does by hand what the schedule does after the close: daily."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from dagster_defs.cli import terminal
from dagster_defs.cli.afterwards import told_afterwards
from dagster_defs.cli.landing_summaries import landing_told
from dagster_defs.cli.options import JSON
from warehouse import readers
from warehouse.errors import SourceError
from warehouse.fetching import failures_told
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
    """Import new bars and build everything up to tonight's targets, as the schedule daily_after_close does.

    Files of bars are landed by `swing fetch --source files` beforehand. A second run the same day finds nothing new.
    """
    with told_afterwards(installation, "daily"):
        _daily(installation, source, as_json=as_json)


def _daily(installation: Installation, source: str | None, *, as_json: bool) -> None:
    from dagster_defs import jobs  # noqa: PLC0415 - it imports Dagster and dbt, which takes seconds
    from dagster_defs.schedules import schedule_settings  # noqa: PLC0415 - as above

    chosen = source or schedule_settings(installation).source
    with terminal.progress("Running daily", is_quiet=as_json) as report:
        result = jobs.run(installation, "daily", {"bars_landing": {"source": chosen}}, report)
    landed = jobs.metadata(result, ["landing", "bar_versions"])
    with installation.lake.reader() as connection:
        targets = readers.weights_on(connection, None)
        terminal.warn_of_doubtful_bars(connection)
    if as_json:
        click.echo(json.dumps({"landed": landed, "live_targets": terminal.as_plain(targets.records())}, indent=2))
        return
    told = (
        landing_told(landed) if chosen else ["No bars were fetched: the targets are those of the bars landed before."]
    )
    for line in told:
        terminal.say(line)
    terminal.out.print()
    terminal.show_answer(targets, "Live targets")
    terminal.out.print()
    terminal.say_wrapped("Why: `swing explain`. The account's trades: `swing trade`, which sends nothing by itself.")
    if landed.get("failures"):
        raise SourceError(f"{failures_told(landed['failures'])}\nThe other symbols' bars were landed.")
