"""Events' payloads as text and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from execution.brokers.base import Level
from execution.ledger.events import KINDS, PAYLOADS
from execution.models import Side
from execution.refusals import Refusal
from warehouse.settings.alerts import Severity

if TYPE_CHECKING:
    from execution.ledger.events import EventKind, Payload

# Types in payloads' annotations that their modules import for type checking only.
NAMES = {each.__name__: each for each in (Mapping, date, datetime, Decimal, Refusal, Level, Severity, Side)}


def to_text(payload: Payload) -> str:
    """Write a payload as JSON with sorted keys; decimals are texts, times ISO 8601.

    Raises:
        ValueError: It could not be read again, as an amount that is no number.
    """
    kind = KINDS[type(payload)]
    plain = _adapter(kind).dump_python(payload, mode="json")
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    text = text.encode(errors="replace").decode()  # the broker's words may hold half a character
    from_text(kind, text)
    return text


def from_text(kind: EventKind, text: str) -> Payload:
    """Read a payload that `to_text` wrote. Raises ValueError for any other text."""
    return _adapter(kind).validate_json(text)


@cache
def _adapter(kind: EventKind) -> TypeAdapter[Payload]:
    adapter: TypeAdapter[Payload] = TypeAdapter(PAYLOADS[kind])
    adapter.rebuild(_types_namespace=NAMES)
    return adapter
