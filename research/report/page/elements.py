"""Filters of the templates: numbers that carry their exact value beside what people read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from research.report import formats
from research.report.facts.series import Missing
from research.report.formats import METRIC_FORMS, NOTHING, formed
from research.report.names import capitalised
from research.statistics.metrics import Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from research.report.formats import Form


def markup(text: str) -> Markup:
    """Mark a text of our own words and numbers as HTML."""
    return Markup(text)  # noqa: S704 - nothing of it was typed by anybody else


def number(value: float | None, form: Form) -> Markup:
    """Write a number as people read it, with its exact value beside it for machines."""
    text = escape(form(value))
    return text if value is None or text == NOTHING else Markup('<data value="{!r}">{}</data>').format(value, text)


def _filter(form: Callable[..., str]) -> Callable[..., Markup]:
    return lambda value, *digits: number(value, formed(form, *digits))


def _known(found: Iterable[Any]) -> list[Any]:
    return [each for each in found if not isinstance(each, Missing)]


def _unknown(found: Iterable[Any]) -> list[Missing]:
    return [each for each in found if isinstance(each, Missing)]


FILTERS: dict[str, Callable[..., Any]] = {
    "ratio": _filter(formats.ratio),
    "percent": _filter(formats.percent),
    "gain": _filter(formats.gain),
    "probability": _filter(formats.probability),
    "dollars": _filter(formats.dollars),
    "count": lambda value: number(value, formed(formats.ratio, 0)),
    "as": lambda value, metric: number(value, METRIC_FORMS[Metric(metric)]),
    "plain_percent": lambda value: formats.percent(value, 0),
    "g": lambda value: f"{value:g}",
    "day": formats.day,
    "month": formats.month,
    "capitalised": capitalised,
    "known": _known,
    "unknown": _unknown,
}
"""By the names that the templates use; those of numbers carry the exact value."""
