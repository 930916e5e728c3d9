"""Options that several commands of `swing` share."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from warehouse.lake import Lake


NO_DAY = "is no day; write 2018, 2018-03 or 2018-03-15."


def _day(*, is_last: bool) -> Callable[[click.Context, click.Parameter, str | None], date | None]:
    """Read a year, a month or a day: the first day of it, or the last."""

    def read(_context: click.Context, _option: click.Parameter, text: str | None) -> date | None:
        if text is None:
            return None
        if not re.fullmatch(r"\d{4}(-\d{1,2}){0,2}", text.strip()):
            raise click.BadParameter(f"'{text}' {NO_DAY}")
        year, month, day, *_ = *text.strip().split("-"), "", ""
        try:
            number = int(month) if month else (12 if is_last else 1)
            last = monthrange(int(year), number)[1]
            return date(int(year), number, int(day) if day else (last if is_last else 1))
        except ValueError as error:
            raise click.BadParameter(f"'{text}' {NO_DAY}") from error

    return read


STATE = re.compile(r"\d+|[0-9a-fA-F-]{4,36}|\d{4}-\d{2}-\d{2}[T ]\S+")
"""A snapshot, a run or a day, a time."""


def _state(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    """Refuse what can be no state of the lake."""
    if text is not None and not STATE.fullmatch(text.strip()):
        raise click.BadParameter(
            f"'{text}' is none; write a snapshot (12), a run's id or its beginning (3f2a), a day (2024-03-09), a time "
            "(2024-03-09T15:55)."
        )
    return text


def snapshot_of(lake: Lake, state: str | None) -> int | None:
    """Return the snapshot that `--known-at` means; None for the newest. Raises LakeError if there is none."""
    if state is None:
        return None
    from warehouse import past_states  # noqa: PLC0415 - few questions look back

    return past_states.snapshot_of(lake, state)


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
KNOWN_AT = click.option(
    "--known-at",
    "--at",
    "state",
    metavar="STATE",
    callback=_state,
    help="As known then: a snapshot (12), a run (its id, or its beginning), a day (its end in New York) or time.",
)
FROM = click.option(
    "--from", "first", metavar="DAY", callback=_day(is_last=False), help="Measure from this year, month or day on."
)
TO = click.option(
    "--to", "last", metavar="DAY", callback=_day(is_last=True), help="Measure up to this year, month or day, included."
)
BENCHMARK = click.option(
    "--benchmark", default="SPY", show_default=True, metavar="SYMBOL", help="Bought and held, for comparison."
)
