"""The command simulator: simulates a gateway."""

from __future__ import annotations

import click

from execution.simulator.__main__ import main


@click.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def simulator(arguments: tuple[str, ...]) -> None:
    """Simulate a gateway on this machine, to try things against: see `swing simulator --help`."""
    raise SystemExit(main(arguments))
