"""Pages from documents: Jinja templates, formats for people, and what was rendered kept until its document changes."""

from __future__ import annotations

import hashlib
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
    from operations.access.sessions import Visitor
    from operations.web.documents import Documents, ViewDocument, ViewFailure

HERE = Path(__file__).parent
STATIC = HERE / "static"
UNBROKEN = "\u00a0"
MINUTE, HOUR = 60, 3600
MOST_KEPT = 192
"""Rendered pages in memory."""
TOKEN, NAME = "@@TOKEN@@", "@@NAME@@"
"""Places in a rendered page that each visitor's own fills; neither ever holds a letter that HTML reads otherwise."""


class Renderer:
    """Templates of the page."""

    def __init__(self, documents: Documents) -> None:
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

    def page(self, name: str, document: ViewDocument | None, visitor: Visitor) -> bytes:
        """Return a view's page; rendered once for each document and role."""
        key = f"{visitor.role}{visitor.is_known}{self._mark(name, document)}"
        if key not in self._kept:
            self._kept[key] = self._rendered(name, document, document.failure if document else None, visitor)
            while len(self._kept) > MOST_KEPT:
                self._kept.pop(next(iter(self._kept)), None)
        return _addressed(self._kept[key], visitor)

    def failure(self, name: str, failure: ViewFailure, visitor: Visitor) -> bytes:
        """Return a view's page with a failure in the place of its document."""
        return _addressed(self._rendered(name, None, failure, visitor), visitor)

    def sign_in(self) -> bytes:
        """Return the page that asks for name and password."""
        return self._templates.get_template("sign_in.html").render().encode()

    def tag(self, name: str, document: ViewDocument | None, visitor: Visitor) -> str:
        """Return the mark by which a browser tells that its copy is the newest."""
        return f'"{hashlib.sha256((visitor.token + self._mark(name, document)).encode()).hexdigest()[:24]}"'

    def _mark(self, name: str, document: ViewDocument | None) -> str:
        overview = self._documents.get("overview")
        return repr((name, document and document.computed_at, overview and overview.computed_at))

    def _rendered(
        self, name: str, document: ViewDocument | None, failure: ViewFailure | None, visitor: Visitor
    ) -> bytes:
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
                visitor=visitor,
                token=TOKEN,
                name=NAME,
            )
            .encode()
        )


def _addressed(page: bytes, visitor: Visitor) -> bytes:
    """Fill in what is the visitor's own."""
    return page.replace(TOKEN.encode(), visitor.token.encode()).replace(NAME.encode(), visitor.name.encode())


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
