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
SERVERS = {"page": (8700, "the page", "swing serve"), "ui": (3000, "the Dagster UI", "swing dev")}
"""Page -> port of its server unless another was asked for, its name, and the command that serves it."""


@click.command()
@click.argument("page", type=click.Choice([*SERVERS, *PAGES]))
@click.option("--port", type=int, help="Of the server (default: 8700 for the page, 3000 for the Dagster UI).")
@click.pass_obj
def open(installation: Installation, page: str, port: int | None) -> None:  # noqa: A001 - the command's name
    """Open the page, the tear sheet, the Dagster UI or the warehouse's documentation in the browser.

    \b
    Examples:
      swing open page                             the page that `swing serve` serves: status, holdings, decisions
      swing open report                           the tear sheet that `swing report` wrote
      swing open ui                               the Dagster UI that `swing dev` serves
      swing open docs                             every relation, column and gate, as `swing docs` wrote them
    """
    address = _served(page, port) if page in SERVERS else _written(installation.home, *PAGES[page])
    click.echo(address)
    if not webbrowser.open(address):
        click.echo("No browser could be started here: open that address in one.", err=True)


def _written(home: Path, file: str, command: str) -> str:
    """Return the address of a page. Raises LakeError if it was never written."""
    path = home / file
    if not path.exists():
        raise LakeError(f"{path} is not there yet. Write it first: `{command}`.")
    return path.as_uri()


def _served(page: str, asked: int | None) -> str:
    """Return the address of a server of this machine. Raises LakeError if nothing answers there."""
    usual, name, command = SERVERS[page]
    port = asked or usual
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", port)):
            raise LakeError(f"Nothing listens on port {port} of this machine. Start {name}: `{command}`.")
    return f"http://127.0.0.1:{port}"
