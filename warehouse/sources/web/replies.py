"""Replies of vendors: the bars' JSON, or a fault by the status and the words it came with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from warehouse.sources.faults import FaultKind, SourceFault, SourceFaultError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx2

EXCERPT = 300
"""Bytes of a reply in which its notice stands."""
LONGEST_QUOTA = timedelta(days=31)
"""A reset further away is not believed: no vendor counts by more than a month."""


@dataclass(frozen=True, slots=True)
class KnownReply:
    """A notice that is understood.

    Attributes:
        words: Contained in its text, in lower case; empty fits every text.
    """

    status: int
    words: str
    kind: FaultKind


# Their status says it all. A 403 or 404 does not: gateways and consent pages send them too.
COMMON = (
    KnownReply(HTTPStatus.UNAUTHORIZED, "", FaultKind.AUTH),
    KnownReply(HTTPStatus.PAYMENT_REQUIRED, "", FaultKind.QUOTA),
    KnownReply(HTTPStatus.REQUEST_TIMEOUT, "", FaultKind.TRANSIENT),
    KnownReply(HTTPStatus.TOO_MANY_REQUESTS, "", FaultKind.QUOTA),
)


def payload(response: httpx2.Response, known: Sequence[KnownReply], now: datetime) -> Any:  # noqa: ANN401 - JSON
    """Return the JSON of a reply that is one.

    Args:
        response: Read as a whole.
        known: The vendor's notices; they go before those of every vendor.
        now: Our own clock's time: the vendor's may be wrong, so that only its differences count.

    Raises:
        SourceFaultError: The reply says or is something else; it is quoted as it came, keys included.
    """
    if response.status_code == HTTPStatus.OK:
        try:
            return json.loads(response.content)
        except (ValueError, RecursionError):
            pass  # a notice, perhaps
    text = response.content[:EXCERPT].decode(errors="replace")
    kind = _kind(response.status_code, text.lower(), known)
    resets_at = None
    if kind in {FaultKind.QUOTA, FaultKind.TRANSIENT}:
        resets_at = _announced_reset(response.headers, now)
    if kind is FaultKind.QUOTA and resets_at is None:
        resets_at = _next_period(text.lower(), now)
    reason = f"status {response.status_code}: {' '.join(text.split()) or 'empty'}"
    raise SourceFaultError(SourceFault(kind, reason, resets_at))


def _kind(status: int, text: str, known: Sequence[KnownReply]) -> FaultKind:
    for reply in (*known, *COMMON):
        if reply.status == status and reply.words in text:
            return reply.kind
    return FaultKind.TRANSIENT if status >= HTTPStatus.INTERNAL_SERVER_ERROR else FaultKind.MALFORMED


def _announced_reset(headers: httpx2.Headers, now: datetime) -> datetime | None:
    """Return when asking makes sense again, by our clock, if the headers say so."""
    vendor_now = (_http_date(headers.get("date", "")) or now).timestamp()
    retry_after, reset = headers.get("retry-after", ""), headers.get("x-ratelimit-reset", "")
    if retry_after.isdecimal():
        wait = float(retry_after)
    elif retry_at := _http_date(retry_after):
        wait = retry_at.timestamp() - vendor_now
    elif reset.isdecimal():  # an instant since the epoch, or seconds from now
        wait = float(reset) - (vendor_now if float(reset) > LONGEST_QUOTA.total_seconds() else 0)
    else:
        return None
    return now + timedelta(seconds=min(max(wait, 0), LONGEST_QUOTA.total_seconds()))


def _next_period(text: str, now: datetime) -> datetime | None:
    """Return when the month, day or hour begins that follows the one in the words, if they name one."""
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    midnight = hour.replace(hour=0)
    if "month" in text:
        return (midnight.replace(day=1) + timedelta(days=32)).replace(day=1)
    if "day" in text or "daily" in text:
        return midnight + timedelta(days=1)
    return hour + timedelta(hours=1) if "hour" in text else None


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
