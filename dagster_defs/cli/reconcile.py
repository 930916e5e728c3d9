"""The command reconcile: looks at the account once more after the close, and judges by the broker's own statement."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagster_defs.cli import terminal
from dagster_defs.cli.afterwards import told_afterwards
from dagster_defs.cli.options import CLOCK
from dagster_defs.published_ledger import publish_ledger
from execution import service

if TYPE_CHECKING:
    from execution.installation import Installation
    from execution.ledger.statement_events import ExceptionRaised

PULLED = "pulled"


@click.command()
@CLOCK
@click.option(
    "--statement",
    metavar="FILE|pulled",
    help="Judge by the broker's statement instead: one that is pulled now, or a file of yours.",
)
@click.option(
    "--sign", metavar="ID", help="Sign for an exception of a statement: it is recorded, nothing else changes."
)
@click.option("--reason", default="", help="What you found, for the record; with --sign.")
@click.pass_obj
def reconcile(
    installation: Installation, gateway_clock: bool, statement: str | None, sign: str | None, reason: str
) -> None:
    """Compare the account with the ledger after the close, and record late fills.

    The schedule reconcile_after_close does so five minutes after each close. Nothing is sent. An order that still lives
    is cancelled; one that lives, or a position that differs, ends with exit code 12 and an alarm in the ledger.

    With --statement, the broker's own statement of the day is the judge: trades, commissions, positions and cash;
    dividends, taxes, interest, fees and deposits are entered. What differs waits until somebody signs: exit code 32.
    """
    if sign is not None and statement is not None:
        raise click.UsageError("--sign and --statement exclude each other; sign after you have looked.")
    if reason and sign is None:
        raise click.UsageError("--reason goes with --sign.")
    if sign is not None:
        _sign(installation, sign, reason)
    elif statement is not None:
        _judge(installation, statement)
    else:
        _look(installation, is_gateway_clock=gateway_clock)


def _look(installation: Installation, *, is_gateway_clock: bool) -> None:
    with told_afterwards(installation, "reconcile"):
        try:
            said = service.look_again(installation, is_gateway_clock=is_gateway_clock)
        finally:
            publish_ledger(installation)
    terminal.out.print(terminal.plain(said), markup=False)


def _judge(installation: Installation, source: str) -> None:
    from execution.errors import StatementDiffersError  # noqa: PLC0415 - the look needs none of this
    from execution.statements import judging, words  # noqa: PLC0415 - as above

    now = datetime.now(UTC)
    with told_afterwards(installation, "statement"):
        try:
            if source == PULLED:
                found = judging.pull(installation, now)
            else:
                found = judging.from_file(installation, Path(source), now)
        finally:
            for line in judging.enforce(installation, now):
                terminal.say_wrapped(line)
            publish_ledger(installation)
        for line in words.lines_of(found):
            terminal.say_wrapped(line)
        if found.standing.open:
            _show_exceptions(found.standing.open)
            raise StatementDiffersError(
                f"{words.counted_of(len(found.standing.open), 'exception')} to be signed for. Look into each, then: "
                'swing reconcile --sign ID --reason "…"'
            )


def _show_exceptions(exceptions: tuple[ExceptionRaised, ...]) -> None:
    names = ("id", "day", "code", "about", "broker", "ledger")
    rows = [
        (each.exception_id, str(each.day), each.code, each.subject, each.broker or "-", each.ledger or "-")
        for each in exceptions
    ]
    terminal.show_rows([(name, False) for name in names], rows)


def _sign(installation: Installation, exception_id: str, reason: str) -> None:
    from execution.statements import judging, words  # noqa: PLC0415 - as above

    try:
        signed, left = judging.sign(installation, exception_id, reason, datetime.now(UTC))
    finally:
        publish_ledger(installation)
    terminal.say_wrapped(f"Signed {signed.exception_id}, {signed.code}: {signed.message}")
    terminal.say(f"{words.counted_of(left, 'exception')} left to be signed for." if left else "Nothing is open.")
