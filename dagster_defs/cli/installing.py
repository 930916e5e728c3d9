"""Hands the servers to the system's service manager: install."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagster_defs.environment import PROJECT, user_units

if TYPE_CHECKING:
    from execution.installation import Installation

FOLDER = click.Path(path_type=Path, file_okay=False)
BACKUPS = Path("/var/backups/swing")
SECRETS = Path("/etc/swing/secrets")


@click.command()
@click.option("--dry-run", is_flag=True, help="Show every file and its place, and write nothing.")
@click.option("--system", "is_system", is_flag=True, help="For the whole system, not for your user.")
@click.option("--user", default="swing", show_default=True, help="With --system: user that the services run under.")
@click.option("--backups", type=FOLDER, help="Of the daily backup (~/swing-backups; --system: /var/backups/swing).")
@click.option(
    "--secrets", type=FOLDER, default=SECRETS, show_default=True, help="With --system: handed over file by file."
)
@click.option("--into", type=FOLDER, help="Write everything into this folder instead: to look at it, or for an image.")
@click.option("--force", is_flag=True, help="Overwrite files that were changed by hand.")
@click.pass_obj
def install(
    installation: Installation,
    dry_run: bool,
    is_system: bool,
    user: str,
    backups: Path | None,
    secrets: Path,
    into: Path | None,
    force: bool,
) -> None:
    """Write the units of systemd that keep everything running: schedules, page, watchdog, digest, backup.

    They use this environment's `swing` and this $SWING_HOME. A file that you have changed is kept, unless --force is
    given. Nothing is started: the commands that do are shown.

    \b
    Examples:
      swing install --dry-run                     what would be written, and where
      swing install                               services of your own user
      SWING_HOME=/var/lib/swing swing install --system
    """
    from operations.service_files import LOGROTATE, SYSTEM_UNITS, FileState, Services, write  # noqa: PLC0415 - as the others

    services = Services(
        program=Path(sys.executable).with_name("swing"),
        home=installation.home,
        backups=(backups or (BACKUPS if is_system else Path.home() / "swing-backups")).absolute(),
        templates=PROJECT / "deploy",
        units=into or (SYSTEM_UNITS if is_system else user_units()),
        logrotate=into / "swing.logrotate" if into else LOGROTATE,
        user=user if is_system else "",
        secrets=tuple(sorted(file for file in secrets.glob("*") if file.is_file())) if is_system else (),
    )
    files = services.files()
    if dry_run:
        for file in files:
            click.echo(f"# {file.path}: {file.state.value}\n{file.text}")
        click.echo("Nothing was written. Without --dry-run these files are, and then you run:")
    else:
        states = {file.path: file.state for file in files}
        write(files, is_forced=force)
        for file in files:
            did = "left" if states[file.path] is FileState.SAME else "wrote"
            click.echo(f"{did} {file.path} ({states[file.path].value})")
        click.echo("Nothing was started. Now run:")
    for step in services.steps():
        click.echo(f"  {step}")
    click.echo("Then switch the schedules on, once, in the Dagster UI (http://127.0.0.1:3000, Automation).")
