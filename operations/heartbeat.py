"""Signs of life: to a service outside, which notices their absence, and as a file for the watchdog of this machine."""

from __future__ import annotations

import contextlib
from enum import StrEnum
from typing import TYPE_CHECKING

from operations.alerts.channels import address_of
from warehouse.errors import SwingError
from warehouse.settings.portfolio import load_alerts

if TYPE_CHECKING:
    from datetime import datetime

    from execution.installation import Installation

BEATING = frozenset({"trade", "reconcile", "daily"})
"""Jobs whose begin and end the service hears: those of which each session has one."""
LIMIT_SECONDS = 5
FILE_NAME = "alive"


class Beat(StrEnum):
    """Kinds of beats, by the protocol of healthchecks.io: what follows the URL."""

    START = "/start"
    SUCCESS = ""
    FAIL = "/fail"


def beat(installation: Installation, kind: Beat | int, run_id: str = "") -> str:
    """Tell the outside service that a run began or ended; never raises.

    Args:
        installation: Whose heartbeat it is.
        kind: A number is an exit code: 0 is success.
        run_id: Tells runs apart that overlap, a UUID; empty for none.

    Returns:
        The reason why it was not heard, without the URL; empty if it was, or nothing is configured.
    """
    try:
        url = address_of(installation, load_alerts(installation.home).heartbeat, "heartbeat").rstrip("/")
        if not url:
            return ""
        import httpx2  # noqa: PLC0415 - nothing else of watching needs it

        ending = kind.value if isinstance(kind, Beat) else f"/{kind}"
        answer = httpx2.post(f"{url}{ending}", params={"rid": run_id} if run_id else None, timeout=LIMIT_SECONDS)
    except SwingError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - a beat that fails must not fail the run, and its error may show the URL
        return f"The heartbeat was not heard: {type(error).__name__}."
    return "" if answer.is_success else f"The heartbeat was not heard: its service answered {answer.status_code}."


def show_life(installation: Installation, now: datetime) -> None:
    """Leave the time in a file of the home: whoever runs the schedules is alive."""
    with contextlib.suppress(OSError):
        (installation.home / FILE_NAME).write_text(f"{now.isoformat()}\n", encoding="utf-8")
