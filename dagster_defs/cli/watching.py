"""Watch an installation: preflight, alert, alerts, ack, digest, watchdog."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from dagster_defs.cli import terminal
from dagster_defs.cli.options import JSON
from dagster_defs.published_ledger import publish_ledger
from execution.brokers.base import Level
from execution.service import open_ledger
from operations import preflight as examination
from operations.alerts.states import alert_states
from operations.alerts.telling import acknowledge, tell, try_channels
from operations.digest import digest as gathered
from operations.digest import lines_of
from operations.errors import AlertError, OverdueError, PreflightFailedError
from operations.watchdog import overdue
from warehouse.calendar.sessions import close_time, last_completed_session, sessions

if TYPE_CHECKING:
    from execution.installation import Installation
    from execution.ledger.watch_events import Check
    from operations.alerts.states import AlertState


@click.command()
@JSON
@click.pass_obj
def preflight(installation: Installation, as_json: bool) -> None:
    """Look at everything that the next rebalance needs, while there is time to act.

    Gateway, login, account, prices, clock, disk, warehouse, ledger, calendar, the last session, bars, splits, switch,
    schedules, channels of alerts: each with a code and what to do. Nothing is ordered. The result stands in the ledger
    and in the relation preflight_checks; what fails is alerted. The schedule preflight_before_close does the same on
    the evening before each session, three hours and thirty minutes before its close. Exit code 21: a check fails.
    """
    from dagster_defs.automation import automation  # noqa: PLC0415 - it imports Dagster, which takes seconds

    now = datetime.now(UTC)
    checks = examination.run(installation, now, automation=automation(installation, now))
    session = examination.next_session_of(installation, now)
    if as_json:
        record = {"session": session.isoformat(), "checks": [_as_record(check) for check in checks]}
        click.echo(json.dumps(record, indent=2))
    else:
        rows = [(check.level.value, check.code, check.message) for check in checks]
        terminal.show_rows(
            [("level", False), ("check", False), ("message", False)], rows, f"Before the session {session}"
        )
        for check in checks:
            if check.remedy and check.level is not Level.OK:
                terminal.say_wrapped(f"{check.code}: {check.remedy}", 2)
    _say_faults(tell(installation, now).faults)
    publish_ledger(installation, is_building=False)
    if failed := [check.code for check in checks if check.level is Level.FAILURE]:
        raise PreflightFailedError(
            f"The rebalance of {session} would fail, or go unnoticed: {', '.join(failed)}. See above what to do."
        )


def _a_day(_context: click.Context, _option: click.Parameter, text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError as error:
        raise click.BadParameter(f"'{text}' is no day; write 2024-01-31.") from error
    if day and not sessions(day, day):
        raise click.BadParameter(f"{day} is no session of the exchange.")
    if day and close_time(day) > datetime.now(UTC):
        raise click.BadParameter(f"The session {day} has not closed yet.")
    return day


def _as_record(check: Check) -> dict[str, str]:
    return {"code": check.code, "level": check.level, "message": check.message, "remedy": check.remedy}


def _say_faults(faults: tuple[str, ...]) -> None:
    for fault in faults:
        terminal.err.print(terminal.plain(f"Alerts: {fault}"), markup=False)


@click.command()
@click.option("--test", "is_test", is_flag=True, required=True, help="Send a message that asks for nothing.")
@click.option("--channel", default="", metavar="NAME", help="Over this channel alone.")
@click.pass_obj
def alert(installation: Installation, is_test: bool, channel: str) -> None:  # noqa: ARG001 - the option says it
    """Try the channels of alerts: send a test message over each. Exit code 22: one has not taken it."""
    results = try_channels(installation, datetime.now(UTC), channel)
    for name, place, reason in results:
        if name:
            terminal.say(f"{name}: {reason or 'delivered'} ({place})")
    failed = [f"{name}: {reason}" if name else reason for name, place, reason in results if reason]
    if failed:
        raise AlertError(f"Not every channel works. {' '.join(failed)}")


@click.command()
@click.option("--days", type=click.IntRange(1), default=7, show_default=True, help="Of so many days.")
@JSON
@click.pass_obj
def alerts(installation: Installation, days: int, as_json: bool) -> None:
    """List what was told, over which channels, and what nobody has acknowledged yet."""
    with open_ledger(installation) as ledger:
        states = alert_states(ledger, datetime.now(UTC) - timedelta(days=days))
    records = [_alert_record(state) for state in states]
    if as_json:
        click.echo(json.dumps(terminal.as_plain(records), indent=2))
    elif not records:
        terminal.say(f"No alert in the last {days} days.")
    else:
        shown = ("number", "raised_at", "severity", "title", "delivered_to", "failed", "acknowledged_by")
        terminal.show_rows(
            [(name, name == "number") for name in shown], [[record[name] for name in shown] for record in records]
        )


def _alert_record(state: AlertState) -> dict[str, Any]:
    alert = state.alert
    failed = {name: each.reason for name, each in state.deliveries.items() if not each.delivered_at and each.reason}
    return {
        "number": state.number,
        "raised_at": state.raised_at,
        "severity": alert.severity.value,
        "kind": alert.kind.value,
        "session": state.session_date,
        "title": alert.title,
        "text": alert.text,
        "code": alert.code,
        "remedy": alert.remedy,
        "delivered_to": ", ".join(state.delivered_to),
        "failed": ", ".join(f"{name}: {reason}" for name, reason in failed.items()),
        "acknowledged_at": state.acknowledged_at,
        "acknowledged_by": state.acknowledged_by,
    }


@click.command()
@click.argument("number", metavar="NUMBER|all")
@click.pass_obj
def ack(installation: Installation, number: str) -> None:
    """Say that you have seen an alert, by its number, or all of them: it is not sent any further."""
    if number != "all" and not number.isdecimal():
        raise click.BadParameter(f"'{number}' is neither a number of `swing alerts` nor all.")
    seen = acknowledge(installation, datetime.now(UTC), None if number == "all" else int(number))
    for title in seen:
        terminal.say(f"Acknowledged {title}")
    if not seen:
        terminal.say("Nothing was waiting for that.")


@click.command()
@click.option(
    "--on", "day", metavar="DAY", callback=_a_day, help="Of this session (default: the last one that closed)."
)
@JSON
@click.pass_obj
def digest(installation: Installation, day: date | None, as_json: bool) -> None:
    """Show what a session brought: returns, positions against targets, orders, slippage, warnings, what is next.

    After each close the same goes out as a message, without amounts unless alerts.are_amounts_shown is true.
    """
    now = datetime.now(UTC)
    found = gathered(installation, day or last_completed_session(now), now)
    if as_json:
        click.echo(json.dumps(terminal.as_plain(asdict(found)), indent=2))
        return
    for line in lines_of(found, are_amounts_shown=True):
        terminal.say(line) if line else click.echo()


@click.command()
@click.pass_obj
def watchdog(installation: Installation) -> None:
    """Notice what should have happened and has not: a sign of life, a preflight, a digest.

    It needs neither Dagster nor its daemon, and alerts by itself: let a timer of the system call it every quarter of an
    hour. Exit code 23: something is overdue.
    """
    now = datetime.now(UTC)
    late = overdue(installation, now)
    _say_faults(tell(installation, now, *late).faults)
    if late:
        raise OverdueError(" ".join(f"{alert.title}. {alert.text}" for alert in late))
    terminal.say("Nothing is overdue.")
