"""Log of the ledger's events: a line for each once it is durable, with its run, its order and its words."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from execution.ledger.events import Stop
from execution.ledger.watch_events import AlertRaised
from execution.models import Alarm, Notice

if TYPE_CHECKING:
    from execution.ledger.events import Event

LOG = logging.getLogger(__name__)
GRAVE = (Alarm, AlertRaised, Stop)
"""Events that somebody should see."""


def log(event: Event) -> None:
    """Write an event's line; amounts, prices and positions stay in the ledger."""
    level = logging.WARNING if isinstance(event.payload, GRAVE) else logging.INFO
    if not LOG.isEnabledFor(level) or not LOG.hasHandlers():
        return
    scope = event.scope
    fields = {
        "event": event.kind.value,
        "code": _code(event),
        "run_id": scope.run_id,
        "order_ref": event.order_ref,
        "session": scope.session_date and scope.session_date.isoformat(),
        "mode": scope.mode and scope.mode.value,
        "account": scope.account_id,
    }
    # A gateway may send half of a surrogate pair, which no file and no terminal can hold.
    LOG.log(level, _words(event).encode("utf-8", "backslashreplace").decode(), extra=fields)


def _words(event: Event) -> str:
    match event.payload:
        case Stop(reason=words) | Notice(text=words) | Alarm(text=words) | AlertRaised(title=words):
            return words
    return event.kind.value.replace("_", " ")


def _code(event: Event) -> str:
    match event.payload:
        case Notice(code=number) if number:
            return str(number)
        case AlertRaised(code=code):
            return code
        case Stop(refusals=(first, *_)):
            return first.code.value
    return ""
