"""Document the warehouse: docs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from warehouse.transformation import compiler

if TYPE_CHECKING:
    from execution.installation import Installation


@click.command()
@click.pass_obj
def docs(installation: Installation) -> None:
    """Build one HTML page that documents every relation, column and test."""
    click.echo(f"Wrote {compiler.write_docs(installation.lake)}")
