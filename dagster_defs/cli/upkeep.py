"""Keeps an installation small, and safe from a lost disk: maintain, backup, restore."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagster_defs.cli import terminal
from warehouse.retention import KEPT_DAYS, expendable

if TYPE_CHECKING:
    from execution.installation import Installation
    from operations.backup import Contents

FOLDER = click.Path(path_type=Path, file_okay=False)
ARCHIVE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option(
    "--kept-days",
    type=click.IntRange(1),
    default=KEPT_DAYS,
    show_default=True,
    help="Days for which the state after every run stays; of earlier months the last one stays.",
)
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
@click.pass_obj
def maintain(installation: Installation, kept_days: int, dry_run: bool) -> None:
    """Expire old states of the warehouse, and forget old runs.

    Every version of every bar stays, and so does the ledger. The schedule maintenance_weekly does the same on
    Saturdays.
    """
    if dry_run:
        with installation.lake.reader() as connection:
            expired = expendable(connection, datetime.now(UTC), kept_days)
        click.echo(f"{len(expired):,} snapshots would expire. Nothing was changed.")
        return
    from dagster_defs import jobs  # noqa: PLC0415 - Dagster takes a second to load
    from dagster_defs.maintenance import JOB, STEP  # noqa: PLC0415 - as above

    with terminal.progress("Maintaining") as report:
        told = jobs.run(installation, JOB, {STEP: {"kept_days": kept_days}}, report).output_for_node(STEP)
    click.echo(
        f"Expired {told['expired_snapshots']:,} snapshots, {told['kept_snapshots']:,} can still be asked for; deleted "
        f"{told['deleted_files']:,} data files and the records of {told['forgotten_runs']:,} runs; freed "
        f"{told['freed_bytes'] / 1e6:,.1f} MB."
    )


@click.command()
@click.argument("folder", type=FOLDER)
@click.pass_obj
def backup(installation: Installation, folder: Path) -> None:
    """Write one archive of everything in $SWING_HOME into FOLDER, and read it back.

    It can be taken while everything runs. Secrets are not in it. A ledger on a server is not either: its own tools
    back it up.
    """
    from operations.backup import back_up  # noqa: PLC0415 - see above

    archive, contents = back_up(installation, folder.absolute(), datetime.now(UTC))
    click.echo(f"Wrote {archive} ({archive.stat().st_size / 1e6:,.1f} MB) and read it back.")
    _describe(contents)


@click.command()
@click.argument("archive", type=ARCHIVE)
@click.pass_obj
def restore(installation: Installation, archive: Path) -> None:
    """Put a backup in the place of a lost $SWING_HOME, which must be empty or not there.

    The ledger is then as old as the backup. The next rebalance compares it with the broker, and stops if it differs.
    """
    from operations.backup import restore as put_back  # noqa: PLC0415 - see above

    contents = put_back(archive, installation.home)
    click.echo(f"Restored {installation.home}, as it was at {contents.made_at}.")
    _describe(contents)
    if installation.ledger_url:
        click.echo(f"SWING_LEDGER is set: the restored ledger.sqlite in {installation.home} is not the one in use.")


def _describe(contents: Contents) -> None:
    """Say what an archive holds, each part as it was read."""
    warehouse = "no warehouse" if contents.snapshot is None else f"the warehouse at snapshot {contents.snapshot}"
    ledger = "no ledger" if contents.ledger_events is None else f"a ledger of {contents.ledger_events:,} events"
    click.echo(f"It holds {warehouse} and {ledger}; each was read whole.")
