"""Events of watching an installation: what a preflight found, what a person is told, and who has heard it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

    from execution.brokers.base import Level
    from warehouse.settings.alerts import Severity


class Moment(StrEnum):
    """Times of a preflight, relative to the session that it is for."""

    EVENING_BEFORE = "evening_before"
    THREE_HOURS_BEFORE = "three_hours_before"
    THIRTY_MINUTES_BEFORE = "thirty_minutes_before"
    ON_DEMAND = "on_demand"


@dataclass(frozen=True, slots=True)
class Check:
    """One row of a preflight.

    Attributes:
        code: A CheckCode of `operations.checks`.
        remedy: Advice; empty where nothing is needed.
    """

    code: str
    level: Level
    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Preflight:
    """An installation was examined before a session.

    Attributes:
        session_date: The session that it was for.
        checked_at: UTC.
    """

    moment: Moment
    session_date: date
    checked_at: datetime
    checks: tuple[Check, ...]


class AlertKind(StrEnum):
    """Occasions of alerts."""

    REBALANCED = "rebalanced"
    RUN_FAILED = "run_failed"
    SESSION_MISSED = "session_missed"
    SWITCH_CHANGED = "switch_changed"
    PREFLIGHT = "preflight"
    DATA = "data"
    DRIFT = "drift"
    BREAKER = "breaker"
    DIGEST = "digest"
    WATCHDOG = "watchdog"
    ACCESS = "access"
    STATEMENT = "statement"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class AlertRaised:
    """Something that a person is to be told; there is one of it for each key.

    Attributes:
        key: Identity of the occasion, so that it is told once.
        code: Of the failure or check (docs/codes.md); empty where nothing failed.
        title: One line.
        text: As it is sent: without amounts, unless the configuration shows them.
        remedy: What a person can do; empty where nothing has to be done.
    """

    key: str
    kind: AlertKind
    severity: Severity
    title: str
    text: str
    code: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class AlertClaimed:
    """A process is about to send an alert over a channel; there is one claim of each attempt.

    Attributes:
        attempt: From 1.
        expires_at: UTC; a claim without an outcome by then was left by a process that died.
    """

    key: str
    channel: str
    attempt: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AlertSent:
    """An attempt has ended, and with it its claim.

    Attributes:
        is_delivered: True if the channel took the message.
        reason: Of a failure, without the channel's URL; empty otherwise.
    """

    key: str
    channel: str
    attempt: int
    is_delivered: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PageAccess:
    """Somebody signed in to the page or used one of its controls, or an account of it was changed in a terminal.

    Attributes:
        action: Such as sign-in, resume, account-added.
        by: Name of the account; `page` where nobody has to sign in; the machine's user for a change in a terminal.
        address: Of the browser; empty for a terminal.
        about: Subject of the action, if it has one.
    """

    action: str
    by: str
    address: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class AlertAcknowledged:
    """A person has taken note of an alert, so that it does not escalate."""

    key: str
    by: str


WatchEvent = Preflight | AlertRaised | AlertClaimed | AlertSent | AlertAcknowledged | PageAccess
