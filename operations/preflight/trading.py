"""Checks of whether trading may go on by itself: last session, statements, switch, schedules, alerts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from execution.freezing import standing_now
from execution.ledger.events import EventKind, Reconciliation
from execution.ledger.state import switch_state
from execution.models import Switch
from execution.phases import TradingPhase
from execution.service import open_ledger
from execution.statements import words
from execution.statements.standing import installed
from execution.switch_files import SwitchFiles, strictest
from operations.alerts.channels import lines
from operations.checks import CheckCode
from warehouse.calendar.sessions import close_time, last_completed_session
from warehouse.settings.portfolio import load_alerts
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime

    from execution.installation import Installation
    from execution.ledger.ledger import Ledger
    from execution.ledger.watch_events import Check


@dataclass(frozen=True, slots=True)
class Automation:
    """State of what runs by itself, as its framework tells it.

    Attributes:
        schedules: For each schedule and sensor that should be on, whether it is.
        is_daemon_alive: Whether the process that evaluates them has shown itself lately.
    """

    schedules: Mapping[str, bool]
    is_daemon_alive: bool


def reconciliation_check(installation: Installation, now: datetime) -> Iterator[Check]:
    """Look whether the last session's rebalance has ended, and ledger and broker agreed after its close."""
    session = last_completed_session(now)
    with open_ledger(installation) as ledger:
        begun, finish = ledger.claims(session), ledger.finish(session)
        seen = ledger.newest(EventKind.RECONCILED)
        is_due = is_session_due(installation, ledger, session)
    compared = seen.event.payload if seen else None
    if isinstance(compared, Reconciliation) and compared.differences:
        differences = " ".join(difference.message for difference in compared.differences)
        yield CheckCode.RECONCILIATION.failure(f"Ledger and broker disagree: {differences}")
    elif begun and finish is None:
        yield CheckCode.RECONCILIATION.failure(f"The rebalance of the session {session} was begun and not finished.")
    elif not begun and is_due:
        yield CheckCode.RECONCILIATION.warning(  # an alarm told it when it was missed
            f"The session {session} was missed: its rebalance never began.",
            "The next session trades. `swing status` shows the last runs; find out what held this one up.",
        )
    elif not begun:
        yield CheckCode.RECONCILIATION.ok(f"Nothing was to be traded in the session {session}.")
    elif not isinstance(compared, Reconciliation) or compared.at < close_time(session):
        yield CheckCode.RECONCILIATION.warning(f"Nobody has looked at the account since the close of {session}.")
    else:
        yield CheckCode.RECONCILIATION.ok(f"Session {session}: ledger and broker agree.")


def is_session_due(installation: Installation, ledger: Ledger, session: date) -> bool:
    """Return True if the schedule should have rebalanced a session: it trades, did so before, and nobody had halted."""
    begun_at, close = ledger.begun_at, close_time(session)
    if installation.portfolio.trading.scheduled_mode is Mode.DRY_RUN or begun_at is None or begun_at >= close:
        return False
    switched = ledger.of_kinds(EventKind.SWITCH_CHANGED)
    return switch_state(each.event for each in switched if each.recorded_at < close) is not Switch.HALTED


def statements_check(installation: Installation, now: datetime) -> Iterator[Check]:
    """Look whether the broker's own statements come and agree; they never stop a rebalance but by their policy."""
    standing, is_on = installed(installation, now)
    said = f"{words.told(standing, is_on=is_on)}."
    said = f"{said[0].upper()}{said[1:]}"
    is_needed = is_on and not standing.is_begun
    if standing.open or standing.missed or (is_on and standing.behind) or is_needed:
        yield CheckCode.STATEMENTS.warning(said)
    else:
        yield CheckCode.STATEMENTS.ok(said)


def switch_check(installation: Installation, _now: datetime) -> Iterator[Check]:
    """Read the switch, as file and ledger have it; the stricter one counts."""
    posted = SwitchFiles.of(installation.home).read()
    with open_ledger(installation) as ledger:
        recorded = switch_state(each.event for each in ledger.of_kinds(EventKind.SWITCH_CHANGED))
    found = strictest(posted, recorded)
    if found is Switch.HALTED:
        yield CheckCode.SWITCH.warning("Trading is halted: the next rebalance sends nothing.")
    elif found is Switch.REDUCE_ONLY:
        yield CheckCode.SWITCH.warning("Trading is in reduce-only mode: the next rebalance only sells.")
    else:
        yield CheckCode.SWITCH.ok("Trading goes on as configured.")


def phase_check(installation: Installation, _now: datetime) -> Iterator[Check]:
    """Look whether real money may be traded, where the schedule is to do it; elsewhere nothing is said."""
    if installation.portfolio.trading.scheduled_mode is not Mode.LIVE:
        return
    found = standing_now(installation)
    if found.phase is TradingPhase.LIVE:
        yield CheckCode.PHASE.ok(f"Live, {found.reason}.")
    else:
        yield CheckCode.PHASE.failure(f"The phase is {found.phase}: real money is refused. {' '.join(found.missing)}")


def alerts_check(installation: Installation, _now: datetime) -> Iterator[Check]:
    """Look whether somebody would hear of a failure: the channels are understood, and not tried."""
    usable, faults = lines(installation, load_alerts(installation.home))
    if faults:
        yield CheckCode.ALERTS.failure(" ".join(faults))
    elif not usable:
        yield CheckCode.ALERTS.warning("Nobody is told anything: no channel of alerts is configured.")
    else:
        yield CheckCode.ALERTS.ok(f"Told are: {', '.join(f'{line.channel.name} ({line.place})' for line in usable)}.")


def automation_checks(installation: Installation, automation: Automation) -> Iterator[Check]:
    """Judge what runs by itself; where nothing is scheduled to trade, only a hint."""
    is_needed = installation.portfolio.trading.scheduled_mode is not Mode.DRY_RUN
    off = sorted(name for name, is_on in automation.schedules.items() if not is_on)
    if off:
        said = f"Switched off: {', '.join(off)}."
        yield CheckCode.SCHEDULES.failure(said) if is_needed else CheckCode.SCHEDULES.warning(said)
    else:
        yield CheckCode.SCHEDULES.ok(f"Switched on: {', '.join(sorted(automation.schedules))}.")
    if automation.is_daemon_alive:
        yield CheckCode.DAEMON.ok("The process that runs the schedules is alive.")
    else:
        said = "The process that runs the schedules has not shown itself for some minutes."
        yield CheckCode.DAEMON.failure(said) if is_needed else CheckCode.DAEMON.warning(said)
