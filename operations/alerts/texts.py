"""Words of alerts: what a channel shows, and texts without amounts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from warehouse.settings.alerts import Severity

if TYPE_CHECKING:
    from operations.alerts.states import AlertState

HIDDEN = "…"
NUMBER = r"-?\d[\d,]*(?:\.\d+)?"
MONEY = re.compile(rf"(?:\$|USD )\s?{NUMBER}|{NUMBER}(?=\s?USD\b)")
FILLED = re.compile(rf"(?<![\d:./-]){NUMBER}(?= of {NUMBER} [A-Z])")
SHARES = re.compile(rf"(?<![\d:./-]){NUMBER}(?= (?!UTC\b|MB\b|ET\b|API\b|ETF)[A-Z][A-Z.]{{0,5}}\b)")
"""A number before a symbol: shares of it."""
MOST = 3000
"""Letters of a message that every service takes."""


def without_amounts(text: str) -> str:
    """Leave out money and shares; market prices, dates, times, weights and per cents stay."""
    for pattern in (MONEY, FILLED, SHARES):
        text = pattern.sub(HIDDEN, text)
    return text


def message(state: AlertState) -> tuple[str, str]:
    """Return title and body of an alert, as a channel shows them."""
    alert = state.alert
    parts = [alert.text, alert.remedy and f"What to do: {alert.remedy}"]
    if alert.code:
        parts.append(f"Code: {alert.code} (docs/codes.md)")
    if alert.severity is Severity.ALARM:
        parts.append(f"`swing ack {state.number}` says that you have seen it; until then it escalates.")
    body = "\n\n".join(filter(None, parts))
    return f"[swing] {alert.severity.upper()}: {alert.title}", body if len(body) <= MOST else f"{body[:MOST]} {HIDDEN}"
