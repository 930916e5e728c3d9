"""Options that several commands of `swing` share."""

from pathlib import Path

import click

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")
REPORTS = click.option(
    "--reports",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("reports"),
    show_default=True,
    help="Folder for pictures and files.",
)
SEED = click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Another seed, other luck.")
CLOCK = click.option(
    "--gateway-clock", is_flag=True, help="Go by the gateway's clock: what a simulated one needs. Not for real money."
)
