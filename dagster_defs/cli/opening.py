"""Opens in the browser what was made: open."""

from __future__ import annotations

import socket
import webbrowser
from typing import TYPE_CHECKING

import click

from warehouse.errors import LakeError

if TYPE_CHECKING:
    from pathlib import Path

    from execution.installation import Installation

PAGES = {"report": ("reports/report.html", "swing report"), "docs": ("dbt/static_index.html", "swing docs")}
"""Page -> its file in the home, and the command that writes it."""
FIRST_PORT = 3000
"""Of the Dagster UI, unless another was asked for."""


@click.command()
@click.argument("page", type=click.Choice([*PAGES, "ui"]))
@click.option("--port", type=int, default=FIRST_PORT, show_default=True, help="Of the Dagster UI.")
@click.pass_obj
def open(installation: Installation, page: str, port: int) -> None:  # noqa: A001 - the command's name
    """Open the tear sheet, the Dagster UI or the warehouse's documentation in the browser.

    \b
    Examples:
      swing open report                           the tear sheet that `swing report` wrote
      swing open ui                               the Dagster UI that `swing dev` serves
      swing open docs                             every relation, column and gate, as `swing docs` wrote them
    """
    address = _ui(port) if page == "ui" else _written(installation.home, *PAGES[page])
    click.echo(address)
    if not webbrowser.open(address):
        click.echo("No browser could be started here: open that address in one.", err=True)


def _written(home: Path, file: str, command: str) -> str:
    """Return the address of a page. Raises LakeError if it was never written."""
    path = home / file
    if not path.exists():
        raise LakeError(f"{path} is not there yet. Write it first: `{command}`.")
    return path.as_uri()


def _ui(port: int) -> str:
    """Return the address of the UI. Raises LakeError if nothing answers there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", port)):
            raise LakeError(f"Nothing listens on port {port} of this machine. Start the Dagster UI: `swing dev`.")
    return f"http://127.0.0.1:{port}"
