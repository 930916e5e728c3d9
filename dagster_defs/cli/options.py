"""Options that several commands of `swing` share."""

from pathlib import Path

import click

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")
REPORTS = click.option(
    "--reports",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for pictures and files (default: reports in $SWING_HOME).",
)
SEED = click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Seed of the random numbers.")
CLOCK = click.option(
    "--gateway-clock",
    is_flag=True,
    help="Use the gateway's clock, for a simulated gateway. Refused for real money.",
)
