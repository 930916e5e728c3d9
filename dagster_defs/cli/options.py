"""Options that several commands of `swing` share."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from pathlib import Path

import click


class Day(click.ParamType):
    """A year, a month or a day: the first day of it, or the last."""

    name = "day"

    def __init__(self, *, is_last: bool) -> None:
        self._is_last = is_last

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read YYYY, YYYY-MM or YYYY-MM-DD."""
        if isinstance(value, date):
            return value
        found = re.fullmatch(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?", str(value).strip())
        try:
            year, month, day = (int(part) if part else None for part in found.groups()) if found else (0, None, None)
            month = month or (12 if self._is_last else 1)
            return date(year, month, day or (monthrange(year, month)[1] if self._is_last else 1))
        except ValueError:
            self.fail(f"'{value}' is no day; write 2018, 2018-03 or 2018-03-15.", param, ctx)


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
SET = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE[,VALUE…]",
    help="Try another value of a setting, such as strategy.top_n=1; several values or settings: every combination.",
)
FROM = click.option("--from", "first", type=Day(is_last=False), help="Measure from this year, month or day on.")
TO = click.option("--to", "last", type=Day(is_last=True), help="Measure up to this year, month or day, included.")
BENCHMARK = click.option(
    "--benchmark", default="SPY", show_default=True, metavar="SYMBOL", help="Bought and held, for comparison."
)
