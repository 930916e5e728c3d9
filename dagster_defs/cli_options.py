"""The options that several commands of `swing` share."""

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
