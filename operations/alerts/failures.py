"""Alerts about runs that failed: one a session for each job and kind of failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from execution.ledger.watch_events import AlertKind, AlertRaised
from warehouse.calendar.sessions import EXCHANGE_ZONE
from warehouse.errors import SwingError
from warehouse.settings.alerts import Severity

if TYPE_CHECKING:
    from datetime import datetime

TRADING = frozenset({"trade", "reconcile"})
"""Jobs whose failure cannot wait."""
MEANT = {
    "trade": "The rebalance",
    "reconcile": "The look after the close",
    "daily": "The daily build",
    "fetch": "A fetch",
    "preflight": "The preflight",
}


def failed_run(job: str, begun: datetime, kind: type[SwingError] | None, message: str) -> AlertRaised:
    """Return the alert of a run that failed.

    Args:
        job: Its name.
        begun: When it began, aware; failures of one kind on one day of the exchange are one alert.
        kind: Of the failure; None for one that nobody expected.
        message: What it said.
    """
    name = kind.__name__ if kind else "unexpected"
    return AlertRaised(
        f"failed/{job}/{begun.astimezone(EXCHANGE_ZONE):%Y-%m-%d}/{name}",
        AlertKind.RUN_FAILED,
        Severity.ALARM if job in TRADING else Severity.WARNING,
        f"{MEANT.get(job, f'The run {job}')} of {begun.astimezone(EXCHANGE_ZONE):%Y-%m-%d %H:%M} New York time failed",
        message,
        code=name if kind else "",
        remedy=kind.remedy if kind else SwingError.remedy,
    )
