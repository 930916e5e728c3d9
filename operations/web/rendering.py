"""Pages from documents: Jinja templates, formats for people, and what was rendered kept until its document changes."""

from __future__ import annotations

import hashlib
import secrets
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from operations.web.catalog import TABS
from research.report import formats
from research.report.formats import NOTHING
from warehouse.calendar.sessions import EXCHANGE_ZONE
from warehouse.version import code_version

if TYPE_CHECKING:
    from operations.web.documents import Documents, ViewDocument, ViewFailure

HERE = Path(__file__).parent
STATIC = HERE / "static"
UNBROKEN = "\u00a0"
MINUTE, HOUR = 60, 3600
MOST_KEPT = 64
"""Rendered pages in memory."""


class Renderer:
    """Templates of the page.

    Attributes:
        token: Secret of this process, which the page sends back with every control.
    """

    def __init__(self, documents: Documents) -> None:
        self.token = secrets.token_urlsafe(32)
        self._documents = documents
        self._kept: dict[str, bytes] = {}
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= FILTERS
        self._templates.globals |= {"tabs": TABS, "version": code_version(), "NOTHING": NOTHING}

    def page(self, name: str, document: ViewDocument | None) -> bytes:
        """Return a view's page; rendered once for each document."""
        key = self.tag(name, document)
        if key not in self._kept:
            self._kept[key] = self._rendered(name, document, document.failure if document else None)
            while len(self._kept) > MOST_KEPT:
                self._kept.pop(next(iter(self._kept)), None)
        return self._kept[key]

    def failure(self, name: str, failure: ViewFailure) -> bytes:
        """Return a view's page with a failure in the place of its document."""
        return self._rendered(name, None, failure)

    def tag(self, name: str, document: ViewDocument | None) -> str:
        """Return the mark by which a browser tells that its copy is the newest."""
        overview = self._documents.get("overview")
        parts = (self.token, name, document and document.computed_at, overview and overview.computed_at)
        return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:24]}"'

    def _rendered(self, name: str, document: ViewDocument | None, failure: ViewFailure | None) -> bytes:
        file = "failed" if failure else name if document else "waiting"
        overview = self._documents.get("overview")
        standing = overview.body if overview and overview.failure is None else {}
        return (
            self._templates.get_template(f"{file}.html")
            .render(
                tab=next(tab for tab in TABS if tab.name == name),
                document=document,
                failure=failure,
                body=document.body if document else {},
                standing=standing,
                token=self.token,
            )
            .encode()
        )


def amount(value: float | None, digits: int = 2) -> str:
    """Write an amount of USD."""
    return formats.ratio(value, digits)


def shares(value: float | None) -> str:
    """Write a number of shares, without zeros behind the point."""
    return NOTHING if value is None else f"{value:,.4f}".rstrip("0").rstrip(".").replace("-", "\u2212")


def basis_points(value: float | None) -> str:
    """Write a fraction as basis points."""
    return formats.ratio(None if value is None else 1e4 * value, 1)


def day(value: str | None) -> str:
    """Write a date with its weekday."""
    return NOTHING if not value else f"{date.fromisoformat(value[:10]):%a %d %b %Y}".replace(" ", UNBROKEN)


def clock(value: str | None) -> str:
    """Write a time of the exchange, hours and minutes."""
    return NOTHING if not value else f"{datetime.fromisoformat(value).astimezone(EXCHANGE_ZONE):%H:%M}"


def moment(value: str | None) -> str:
    """Write a day and a time of the exchange."""
    if not value:
        return NOTHING
    return f"{datetime.fromisoformat(value).astimezone(EXCHANGE_ZONE):%d %b %Y, %H:%M}".replace(" ", UNBROKEN)


def words(text: str) -> Markup:
    """Write a message, what stands between backticks as code."""
    parts = str(text).split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if at % 2 and at < len(parts) - 1 else escape(part)
        for at, part in enumerate(parts)
    )


def duration(seconds: float | None) -> str:
    """Write a duration in its largest two units."""
    if seconds is None:
        return NOTHING
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    if seconds < HOUR:
        return f"{int(seconds // MINUTE)} min {int(seconds % MINUTE)} s"
    return f"{int(seconds // HOUR)} h {int(seconds % HOUR // MINUTE)} min"


FILTERS = {
    "percent": formats.percent,
    "gain": formats.gain,
    "ratio": formats.ratio,
    "amount": amount,
    "shares": shares,
    "bp": basis_points,
    "day": day,
    "clock": clock,
    "moment": moment,
    "duration": duration,
    "words": words,
}
