"""The commands ledger export and ledger verify: read the record of decisions, orders and reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from execution.service import open_ledger

if TYPE_CHECKING:
    from execution.installation import Installation


@click.group()
def ledger() -> None:
    """Export or verify the record of decisions, orders and reports."""


@ledger.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def export(installation: Installation, path: Path) -> None:
    """Write every event as one line of JSON, for audit."""
    with open_ledger(installation) as book:
        click.echo(f"Wrote {book.export(path):,} events to {path}")


@ledger.command()
@click.pass_obj
def verify(installation: Installation) -> None:
    """Recompute the chain of digests, which shows a record changed or removed."""
    with open_ledger(installation) as book:
        click.echo(f"{book.verify():,} events, each as it was recorded.")
