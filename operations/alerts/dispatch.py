"""Sending: each alert once over each of its channels, by a claim in the ledger that a failed delivery gives back."""

from __future__ import annotations

import time as clocks
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from execution.ledger.events import Event, Scope
from execution.ledger.watch_events import AlertClaimed, AlertSent
from operations.alerts.channels import LIMIT_SECONDS
from operations.alerts.states import PURSUED, Delivery, alert_states
from operations.alerts.texts import message
from warehouse.settings.alerts import AlertSettings, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from execution.ledger.ledger import Ledger
    from operations.alerts.channels import Line
    from operations.alerts.states import AlertState
    from warehouse.settings.alerts import Channel

CLAIMED = timedelta(seconds=4 * LIMIT_SECONDS)
"""Life of a claim: whoever holds it has ended long before, or died."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=3)
"""Before a failed delivery is tried again; each pause is twice the one before."""
ROUND_SECONDS = 25
"""Time after which a round begins no further delivery; the next one goes on: a sensor has a minute in all."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """One attempt of a round.

    Attributes:
        reason: Of its failure; empty if the channel took the message.
    """

    alert: AlertState
    channel: str
    reason: str = ""


def send_round(ledger: Ledger, settings: AlertSettings, lines: Sequence[Line], now: datetime) -> list[Delivered]:
    """Send what is due, the most urgent first; return what was tried. Raises LedgerError."""
    begun, tried = clocks.monotonic(), []
    for state, line in list(_due(ledger, settings, lines, now)):
        if clocks.monotonic() - begun > ROUND_SECONDS:
            break
        if (attempt := _claimed(ledger, state, line.channel.name, now)) is None:
            continue
        reason = line.send(*message(state), state.alert.severity)
        outcome = AlertSent(state.alert.key, line.channel.name, attempt, is_delivered=not reason, reason=reason)
        ledger.append(Event(Scope("", session_date=state.session_date), outcome))
        tried.append(Delivered(state, line.channel.name, reason))
    return tried


def _due(
    ledger: Ledger, settings: AlertSettings, lines: Sequence[Line], now: datetime
) -> Iterator[tuple[AlertState, Line]]:
    states = sorted(alert_states(ledger, now - PURSUED), key=lambda state: (-state.alert.severity.rank, state.number))
    for state in states:
        for line in lines:
            if is_due(state, line.channel, settings, now):
                yield state, line


def is_due(state: AlertState, channel: Channel, settings: AlertSettings, now: datetime) -> bool:
    """Return True if an alert is to be sent over a channel now."""
    known = state.deliveries.get(channel.name, Delivery())
    if known.delivered_at or state.acknowledged_at or (known.claimed_until and known.claimed_until > now):
        return False
    if known.failed_at and now < known.failed_at + pause_after(known.attempts):
        return False
    severity = state.alert.severity
    if channel.is_escalation:
        waited = now >= state.raised_at + timedelta(minutes=settings.escalate_after)
        return severity is Severity.ALARM and waited
    if severity is Severity.INFO and is_quiet(settings, now):
        return False
    return severity.rank >= channel.minimum.rank


def pause_after(attempts: int) -> timedelta:
    """Return the pause after a number of attempts."""
    return min(FIRST_PAUSE * (1 << min(attempts - 1, 16)), LONGEST_PAUSE)


def is_quiet(settings: AlertSettings, now: datetime) -> bool:
    """Return True within the quiet hours, which may reach over midnight."""
    if settings.quiet is None:
        return False
    begin, end = settings.quiet
    local = now.astimezone(ZoneInfo(settings.time_zone)).time()
    return begin <= local < end if begin < end else local >= begin or local < end


def _claimed(ledger: Ledger, state: AlertState, channel: str, now: datetime) -> int | None:
    """Take the right to the next attempt; None if another process was first."""
    attempt = state.deliveries.get(channel, Delivery()).attempts + 1
    claim = AlertClaimed(state.alert.key, channel, attempt, now + CLAIMED)
    return attempt if ledger.append(Event(Scope("", session_date=state.session_date), claim)) else None
