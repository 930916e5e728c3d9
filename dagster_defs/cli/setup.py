"""Set an installation up and open it in the browser: init, dev."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagster_defs.environment import PROJECT
from warehouse.settings.portfolio import write_override_template

if TYPE_CHECKING:
    from execution.installation import Installation


@click.command()
@click.pass_obj
def init(installation: Installation) -> None:
    """Write $SWING_HOME/portfolio.yaml: every setting, commented out, ready to change."""
    click.echo(f"Wrote {write_override_template(installation.home)}")


@click.command()
@click.option("--port", type=int, default=3000, show_default=True, help="The next free one is taken if it is in use.")
def dev(port: int) -> None:
    """Open the Dagster UI: assets with their lineage and checks, pictures, runs, schedules."""
    port = next(candidate for candidate in range(port, port + 100) if _is_free(candidate))
    click.echo(f"The Dagster UI is starting on http://127.0.0.1:{port} (ready in about half a minute; Ctrl-C ends it).")
    os.chdir(PROJECT)
    dagster = Path(sys.executable).with_name("dagster")
    os.execv(  # noqa: S606 - our own environment's program
        dagster, [str(dagster), "dev", "-m", "dagster_defs.definitions", "-h", "127.0.0.1", "-p", str(port)]
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
