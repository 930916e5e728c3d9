"""The watchdog: notices what should have happened by now, without the framework that does it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from execution.errors import LedgerError
from execution.ledger.events import EventKind
from execution.ledger.watch_events import AlertKind, AlertRaised, Moment, Preflight
from execution.orders.preflight import planned_window
from execution.service import open_ledger
from operations.alerts.states import alert_states
from operations.digest import READY_AFTER, is_followed, key_of
from operations.errors import OverdueError
from operations.heartbeat import FILE_NAME
from operations.preflight.moments import moments_of
from warehouse.calendar.sessions import EXCHANGE_ZONE, close_time, last_completed_session
from warehouse.settings.alerts import Severity
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from execution.installation import Installation
    from execution.ledger.ledger import Ledger

SILENT = timedelta(minutes=15)
"""Age of the last sign of life beyond which the daemon is taken for dead; it leaves one each minute."""
LATE = timedelta(minutes=30)
"""Time that a preflight, or a digest, may take beyond its own."""


def overdue(installation: Installation, now: datetime) -> list[AlertRaised]:
    """Return an alarm for each thing that is overdue; nothing where no schedule trades.

    Raises:
        ConfigurationError: The configuration is not valid.
    """
    if installation.portfolio.trading.scheduled_mode is Mode.DRY_RUN:
        return []
    found = list(_life(installation, now))
    try:
        with open_ledger(installation) as ledger:
            found += [*_preflight(ledger, now), *_digest(installation, ledger, now)]
    except LedgerError:
        pass  # `tell` says that the ledger cannot be used
    return found


def _life(installation: Installation, now: datetime) -> Iterator[AlertRaised]:
    try:
        seen = datetime.fromisoformat((installation.home / FILE_NAME).read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        yield _alarm("life", now, "The schedules do not run", "No sign of life of their process was ever found.")
        return
    if now - seen > SILENT:
        local = f"{seen.astimezone(EXCHANGE_ZONE):%Y-%m-%d %H:%M} New York time"
        yield _alarm("life", now, "The schedules do not run", f"Their process showed itself last at {local}.")


def _preflight(ledger: Ledger, now: datetime) -> Iterator[AlertRaised]:
    session = planned_window(now, 1).session_date
    due = [(moment, at) for moment, at in moments_of(session).items() if at + LATE <= now]
    if not due or (ledger.begun_at or now) > due[-1][1]:
        return
    moment, at = due[-1]
    done = [each.event.payload for each in ledger.of_kinds(EventKind.PREFLIGHT_CHECKED, since=at)]
    if not any(isinstance(each, Preflight) and each.moment is not Moment.ON_DEMAND for each in done):
        words = moment.replace("_", " ")
        text = f"The one of {at:%A %H:%M} New York time ({words}) has not run."
        yield _alarm(f"preflight/{session}/{moment}", now, f"A preflight of {session} is missing", text)


def _digest(installation: Installation, ledger: Ledger, now: datetime) -> Iterator[AlertRaised]:
    session = last_completed_session(now - READY_AFTER - LATE)
    close, begun_at = close_time(session), ledger.begun_at
    if begun_at is None or begun_at >= close or not is_followed(installation, ledger, session):
        return
    if key_of(session) not in {state.alert.key for state in alert_states(ledger, close)}:
        text = f"It should have been written by {close + READY_AFTER:%H:%M} New York time."
        yield _alarm(f"digest/{session}", now, f"The digest of {session} is missing", text)


def _alarm(what: str, now: datetime, title: str, text: str) -> AlertRaised:
    day = now.astimezone(EXCHANGE_ZONE).date()
    return AlertRaised(
        f"watchdog/{day}/{what}",
        AlertKind.WATCHDOG,
        Severity.ALARM,
        title,
        text,
        code=OverdueError.__name__,
        remedy=OverdueError.remedy,
    )
