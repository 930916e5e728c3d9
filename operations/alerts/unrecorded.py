"""Alerts while the ledger cannot be used: claimed by a file in its place, once a day each."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from execution.switch_files import FALLBACKS
from operations.alerts.states import AlertState
from operations.alerts.texts import message, without_amounts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from execution.installation import Installation
    from execution.ledger.watch_events import AlertRaised
    from operations.alerts.channels import Line


def send_unrecorded(installation: Installation, lines: Sequence[Line], alert: AlertRaised, now: datetime) -> list[str]:
    """Send an alert over every channel that takes its severity, unless a file says that it was sent today.

    Returns:
        Channels that failed, with the reason; the file of each is gone then, so that it is tried again.
    """
    failed = []
    for line in lines:
        if line.channel.is_escalation or alert.severity.rank < line.channel.minimum.rank:
            continue
        claims = _claims(installation.home, f"{now:%Y-%m-%d}/{alert.key}/{line.channel.name}")
        if claims is None:
            continue
        title, body = message(AlertState(0, now, None, alert))
        if reason := line.send(title, without_amounts(body), alert.severity):
            for claim in claims:
                claim.unlink(missing_ok=True)
            failed.append(f"{line.channel.name}: {reason}")
    return failed


def _claims(home: Path, name: str) -> list[Path] | None:
    """Make a file that nobody else has made; None if it is there. Where no place takes one, better twice than never."""
    digest = hashlib.sha256(os.fsencode(f"{home}/{name}")).hexdigest()[:16]
    for folder in (home, *FALLBACKS):
        path = folder / f"swing-alert-{digest}"
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            return None
        except OSError:
            continue
        return [path]
    return []
