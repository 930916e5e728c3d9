"""How figures are written for people: per cent, ratios, dates, ranges; a true minus sign, a dash for nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

NOTHING = "\u2013"
TINY = 0.001


def percent(value: float | None, digits: int = 1) -> str:
    """A fraction as per cent."""
    return _signed(None if value is None else 100 * value, digits, " %")


def gain(value: float | None, digits: int = 1) -> str:
    """A fraction as per cent, with its sign."""
    text = percent(value, digits)
    return f"+{text}" if value is not None and value > 0 and text.strip("0.% ") else text


def ratio(value: float | None, digits: int = 2) -> str:
    """A plain number."""
    return _signed(value, digits, "")


def probability(value: float | None) -> str:
    """A p-value or a probability, never rounded to certainty."""
    if value is None or math.isnan(value):
        return NOTHING
    return f"< {TINY}" if 0 < value < TINY else f"> {1 - TINY}" if 1 - TINY < value < 1 else f"{value:.3f}"


def dollars(value: float) -> str:
    """An amount of USD."""
    return f"${value:,.0f}"


def day(value: date | None) -> str:
    """A date."""
    return NOTHING if value is None else f"{value:%Y-%m-%d}"


def interval(low: float | None, high: float | None, form: Callable[[float | None], str]) -> str:
    """Both ends of an interval."""
    return NOTHING if low is None or high is None else f"{form(low)} to {form(high)}"


def _signed(value: float | None, digits: int, unit: str) -> str:
    if value is None or math.isnan(value):
        return NOTHING
    text = f"{value:,.{digits}f}"
    # What rounds to zero has no sign.
    text = text.lstrip("-") if not float(text.replace(",", "")) else text.replace("-", "\u2212")
    return f"{text}{unit}"
