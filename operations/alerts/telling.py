"""Telling: what is new is raised and sent. Called after every run and by a tick; whatever happens here stays here."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from execution.controls import person
from execution.errors import LedgerError
from execution.ledger.events import Event, Scope
from execution.ledger.watch_events import AlertAcknowledged, AlertKind, AlertRaised
from execution.service import open_ledger
from operations.alerts.channels import lines
from operations.alerts.dispatch import send_round
from operations.alerts.occasions import raise_alerts, raised, told_by_ledger
from operations.alerts.statements import statement_alerts
from operations.alerts.states import PURSUED, alert_states
from operations.alerts.unrecorded import send_unrecorded
from operations.digest import digest, digest_alert, due_digest, key_of
from operations.errors import AlertError
from operations.tracking import tracking_alert
from warehouse.calendar.sessions import close_time, last_completed_session
from warehouse.errors import ConfigurationError, SwingError
from warehouse.settings.alerts import Severity
from warehouse.settings.portfolio import load_alerts
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from execution.installation import Installation
    from execution.ledger.ledger import Ledger
    from operations.alerts.dispatch import Delivered
    from warehouse.settings.alerts import AlertSettings

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Telling:
    """Result of one call.

    Attributes:
        delivered: Every attempt, with its failure if it failed.
        faults: Channels that cannot be used as they are configured, and whatever else went wrong.
    """

    delivered: tuple[Delivered, ...] = ()
    faults: tuple[str, ...] = ()


def tell(installation: Installation, now: datetime, *alerts: AlertRaised) -> Telling:
    """Raise these alerts and what the ledger tells, and send what is due; never raises.

    It takes no lock that a rebalance needs, and ends within a minute.
    """
    try:
        settings = load_alerts(installation.home)
        if not settings.channels and not _is_scheduled(installation):
            return Telling()  # a person is there: nothing is written for nobody
        return _told(installation, settings, now, alerts)
    except SwingError as error:
        return Telling(faults=(str(error),))
    except Exception as error:  # whatever it is, the run that is being told of has ended as it has
        LOG.exception("alerts could not be told")
        return Telling(faults=(f"{type(error).__name__}: alerts could not be told.",))


def _is_scheduled(installation: Installation) -> bool:
    """Return True if a schedule trades: then the page shows the alerts, whoever is told."""
    return installation.portfolio.trading.scheduled_mode is not Mode.DRY_RUN


def _told(installation: Installation, settings: AlertSettings, now: datetime, alerts: Sequence[AlertRaised]) -> Telling:
    usable, faults = lines(installation, settings)
    try:
        with open_ledger(installation) as ledger:
            raise_alerts(ledger, settings, *map(raised, alerts), *told_by_ledger(installation, ledger, settings, now))
            raise_alerts(ledger, settings, *map(raised, statement_alerts(installation, ledger, now)))
            _raise_digest(installation, ledger, settings, now)
            return Telling(tuple(send_round(ledger, settings, usable, now)), tuple(faults))
    except LedgerError as error:
        broken = AlertRaised(
            "ledger",
            AlertKind.RUN_FAILED,
            Severity.ALARM,
            "The ledger cannot be used",
            str(error),
            type(error).__name__,
        )
        failed = [each for alert in (broken, *alerts) for each in send_unrecorded(installation, usable, alert, now)]
        return Telling(faults=(*faults, str(error), *failed))


def _raise_digest(installation: Installation, ledger: Ledger, settings: AlertSettings, now: datetime) -> None:
    """Raise the digest of the last session once its day is done, and with it what has gone apart from the backtest."""
    session = last_completed_session(now)
    known = {state.alert.key for state in alert_states(ledger, close_time(session))}
    try:
        if key_of(session) in known or not due_digest(installation, ledger, session, now):
            return
        found = digest(installation, session, now)
    except ConfigurationError:
        return
    apart = tracking_alert(found.account_id, found.tracking, settings) if found.tracking else None
    told = filter(None, [digest_alert(found, are_amounts_shown=settings.are_amounts_shown), apart])
    raise_alerts(ledger, settings, *(raised(alert, Scope("", session_date=session)) for alert in told))


def try_channels(installation: Installation, now: datetime, name: str = "") -> list[tuple[str, str, str]]:
    """Send a test message over every channel, or one, whatever it takes otherwise; nothing is recorded.

    Returns:
        Name, place without secrets, and why it failed (empty if it was taken).

    Raises:
        ConfigurationError: The section about alerts is at fault.
        AlertError: There is no such channel.
    """
    settings = load_alerts(installation.home)
    wanted = [channel for channel in settings.channels if name in {"", channel.name}]
    if not wanted:
        known = ", ".join(channel.name for channel in settings.channels) or "none"
        raise AlertError(
            f"There is no channel {name or 'yet'}. Configured: {known} (alerts.channels in portfolio.yaml)."
        )
    usable, faults = lines(installation, settings.model_copy(update={"channels": tuple(wanted)}))
    text = f"A test of the channel {{}}, sent at {now:%Y-%m-%d %H:%M} UTC. Nothing has to be done."
    results = [
        (line.channel.name, line.place, line.send("[swing] TEST", text.format(line.channel.name), Severity.INFO))
        for line in usable
    ]
    return [*results, *(("", "", fault) for fault in faults)]


def acknowledge(installation: Installation, now: datetime, number: int | None, by: str = "") -> list[str]:
    """Record that a person has seen an alert, or all of the last days that nobody has; return their titles.

    Args:
        installation: Whose ledger.
        now: The time, aware.
        number: Of the alert; None for all.
        by: Who has seen it; empty for the user of this machine.

    Raises:
        AlertError: There is no such alert.
        LedgerError: The ledger cannot be used.
    """
    with open_ledger(installation) as ledger:
        states = alert_states(ledger, None if number else now - PURSUED)
        wanted = [state for state in states if number in {None, state.number}]
        if number and not wanted:
            raise AlertError(f"There is no alert {number}. `swing alerts` lists them with their numbers.")
        news = [state for state in wanted if not state.acknowledged_at]
        ledger.append(*(Event(Scope(""), AlertAcknowledged(state.alert.key, by or person())) for state in news))
    return [f"{state.number}: {state.alert.title}" for state in news]
