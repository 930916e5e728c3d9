"""Alerts as the ledger knows them: raised, tried over each channel, delivered, acknowledged. A pure fold."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from execution.ledger.events import EventKind
from execution.ledger.watch_events import AlertAcknowledged, AlertClaimed, AlertRaised, AlertSent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from execution.ledger.events import Recorded
    from execution.ledger.ledger import Ledger

KINDS = (EventKind.ALERT_RAISED, EventKind.ALERT_CLAIMED, EventKind.ALERT_SENT, EventKind.ALERT_ACKNOWLEDGED)
PURSUED = timedelta(days=3)
"""Age beyond which an alert is not sent any more."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """State of an alert on one channel.

    Attributes:
        attempts: Number of claims so far.
        claimed_until: Expiry of a claim without an outcome; None without one.
        delivered_at: None until the channel took it.
        failed_at: Of the newest attempt, if it failed.
        reason: Of that failure.
    """

    attempts: int = 0
    claimed_until: datetime | None = None
    delivered_at: datetime | None = None
    failed_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AlertState:
    """One alert, and what came of it.

    Attributes:
        number: By which a person names it: its place in the ledger.
        deliveries: By channel, of those that were tried.
        acknowledged_at: None until a person has taken note.
    """

    number: int
    raised_at: datetime
    session_date: date | None
    alert: AlertRaised
    deliveries: Mapping[str, Delivery] = field(default_factory=dict)
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""

    @property
    def delivered_to(self) -> tuple[str, ...]:
        """Channels that took it."""
        return tuple(name for name, each in self.deliveries.items() if each.delivered_at)


def alert_states(ledger: Ledger, since: datetime | None = None) -> tuple[AlertState, ...]:
    """Return the alerts raised since a time, oldest first. Raises LedgerError."""
    return fold(ledger.of_kinds(*KINDS, since=since))


def fold(events: Iterable[Recorded]) -> tuple[AlertState, ...]:
    """Fold events of the ledger, in its order; those about alerts that were raised before are passed over."""
    found: dict[str, AlertState] = {}
    for recorded in events:
        payload = recorded.event.payload
        if isinstance(payload, AlertRaised):
            session = recorded.event.scope.session_date
            found[payload.key] = AlertState(recorded.sequence, recorded.recorded_at, session, payload)
        elif isinstance(payload, AlertClaimed | AlertSent | AlertAcknowledged) and payload.key in found:
            found[payload.key] = _after(found[payload.key], payload, recorded.recorded_at)
    return tuple(found.values())


def _after(state: AlertState, payload: AlertClaimed | AlertSent | AlertAcknowledged, at: datetime) -> AlertState:
    if isinstance(payload, AlertAcknowledged):
        return state if state.acknowledged_at else replace(state, acknowledged_at=at, acknowledged_by=payload.by)
    known = state.deliveries.get(payload.channel, Delivery())
    if isinstance(payload, AlertClaimed):
        known = replace(known, attempts=max(known.attempts, payload.attempt), claimed_until=payload.expires_at)
    elif payload.is_delivered:
        known = replace(known, claimed_until=None, delivered_at=at)
    else:
        known = replace(known, claimed_until=None, failed_at=at, reason=payload.reason)
    return replace(state, deliveries={**state.deliveries, payload.channel: known})
