"""Formats of numbers and dates for people: a true minus sign, a dash for nothing, no rounding to certainty."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

NOTHING = "\u2013"
TINY = 0.001
ROUNDS_AWAY = 0.005
"""A share of less than half a per cent is written as none."""


class Form(Protocol):
    """A way to write a number."""

    def __call__(self, value: float | None, /) -> str:
        """Write it."""


def percent(value: float | None, digits: int = 1) -> str:
    """Write a fraction as per cent."""
    return _signed(None if value is None else 100 * value, digits, "%")


def gain(value: float | None, digits: int = 1) -> str:
    """Write a fraction as per cent, with its sign."""
    text = percent(value, digits)
    return f"+{text}" if value is not None and value > 0 and text.strip("0.%") else text


def ratio(value: float | None, digits: int = 2) -> str:
    """Write a plain number."""
    return _signed(value, digits, "")


def probability(value: float | None) -> str:
    """Write a p-value or a probability, never rounded to certainty."""
    if value is None or math.isnan(value):
        return NOTHING
    return f"< {TINY}" if 0 < value < TINY else f"> {1 - TINY}" if 1 - TINY < value < 1 else f"{value:.3f}"


def p_value(value: float) -> str:
    """Write a p-value within a sentence."""
    text = probability(value)
    return f"p {text}" if text[0] in "<>" else f"p = {text}"


def share(value: float) -> str:
    """Write a share as whole per cent within a sentence, never rounded to certainty."""
    if 0 < value < ROUNDS_AWAY:
        return "less than 1%"
    if 1 - ROUNDS_AWAY < value < 1:
        return "more than 99%"
    return percent(value, 0)


def dollars(value: float) -> str:
    """Write an amount of USD."""
    return f"${value:,.0f}"


def day(value: date | None) -> str:
    """Write a date."""
    return NOTHING if value is None else f"{value:%Y-%m-%d}"


def month(value: date) -> str:
    """Write a month of a year."""
    return f"{value:%Y-%m}"


def span(first: date | None, last: date | None) -> str:
    """Write the days from one to another, both included."""
    return f"{day(first)} to {day(last)}"


def length_caveat(sessions: int | None) -> str:
    """Write the caveat of annual figures from less than a year of sessions; empty where they need none, or of None.

    The one rule of all reports: no annual figure stands without it (the GIPS forbid such figures altogether).
    """
    from research.statistics.samples import SESSIONS_A_YEAR  # noqa: PLC0415 - it needs numpy, and `swing weights` none

    if sessions is None or sessions >= SESSIONS_A_YEAR:
        return ""
    counted = f"{sessions} session{'' if sessions == 1 else 's'}"
    year = f"less than a year ({SESSIONS_A_YEAR})"
    return f"Measured over {counted}, {year}: annual figures are extrapolated and say little."


def interval(low: float | None, high: float | None, form: Callable[[float | None], str]) -> str:
    """Write both ends of an interval."""
    return NOTHING if low is None or high is None else f"{form(low)} to {form(high)}"


METRIC_FORMS: Mapping[str, Form] = {
    "sharpe": ratio,
    "cagr": gain,
    "max_drawdown": percent,
    "calmar": ratio,
    "volatility_annual": percent,
    "profit_factor": ratio,
}
"""The form of each headline metric, by the warehouse's name of it."""


def _signed(value: float | None, digits: int, unit: str) -> str:
    if value is None or math.isnan(value):
        return NOTHING
    text = f"{value:,.{digits}f}"
    # What rounds to zero has no sign.
    text = text.lstrip("-") if not float(text.replace(",", "")) else text.replace("-", "\u2212")
    return f"{text}{unit}"
