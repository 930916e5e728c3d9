"""Set an installation up and open it in the browser: init, dev."""

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

import click

from dagster_defs.environment import PROJECT, is_logged_as_json
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
@click.pass_obj
def dev(installation: Installation, port: int) -> None:
    """Open the Dagster UI: assets with their lineage and checks, pictures, runs, schedules.

    It serves this machine alone, and goes on when its terminal closes: Ctrl-C or SIGTERM end it.
    """
    port = next(candidate for candidate in range(port, port + 100) if _is_free(candidate))
    click.echo(f"The Dagster UI is starting on http://127.0.0.1:{port} (ready in about half a minute; Ctrl-C ends it).")
    from dagster_defs.instance import end_dead_runs, open_instance  # noqa: PLC0415 - `swing init` needs no Dagster

    with open_instance(installation) as instance:
        end_dead_runs(installation, instance)
    os.chdir(PROJECT)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's `&` ignores it, and SIGTERM would then be ignored too
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # it goes on without its terminal, and so in everything that it starts
    ours = ["-m", "dagster_defs.webserver", "dev"]
    ours += ["--log-format", "json"] if is_logged_as_json() else []
    os.execv(  # noqa: S606 - our own environment's program
        sys.executable, [sys.executable, *ours, "-m", "dagster_defs.definitions", "-h", "127.0.0.1", "-p", str(port)]
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
