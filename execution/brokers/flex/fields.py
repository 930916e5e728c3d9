"""Fields of a Flex document: attributes of its rows as numbers, days and times."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from execution.errors import StatementError
from warehouse.calendar.sessions import EXCHANGE_ZONE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from xml.etree.ElementTree import Element

ZONES = {
    "": EXCHANGE_ZONE,
    "EST": timezone(timedelta(hours=-5)),
    "EDT": timezone(timedelta(hours=-4)),
    "UTC": UTC,
    "GMT": UTC,
}
"""Zones by the letters that follow a time; a time without any is New York's."""
MOMENT = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:[;, T]+(\d\d):?(\d\d):?(\d\d))?(?: +([A-Z]{3}))?", re.ASCII)
END_OF_DAY = time(23, 59, 59)
WHERE = "Tick it in the Flex query (docs/statements.md)"


@dataclass(frozen=True, slots=True)
class FlexRow:
    """A row of a section.

    Attributes:
        section: For messages.
    """

    section: str
    element: Element

    def text(self, *names: str, default: str | None = None) -> str:
        """Return the first attribute that is there and not empty. Raises StatementError without a default."""
        found = next((value.strip() for name in names if (value := self.element.get(name, "").strip())), default)
        if found is None:
            raise StatementError(f"A row of {self.section} in the statement has no {' or '.join(names)}. {WHERE}.")
        return found

    def number(self, *names: str, default: Decimal | None = None) -> Decimal:
        """Return an attribute as a number. Raises StatementError."""
        text = self.text(*names, default="" if default is not None else None)
        if not text and default is not None:
            return default
        try:
            found = Decimal(text.replace(",", ""))
        except InvalidOperation:
            found = Decimal("nan")
        if not found.is_finite():
            raise self._not(names, text, "number")
        return found

    def day(self, *names: str) -> date:
        """Return an attribute's day. Raises StatementError."""
        text = self.text(*names)
        moment = _moment(text)
        if moment is None:
            raise self._not(names, text, "day such as 20260409 or 2026-04-09")
        return moment[0]

    def moment(self, *names: str) -> datetime:
        """Return an attribute's time, aware; the end of its day where it states none. Raises StatementError."""
        text = self.text(*names)
        found = _moment(text)
        if found is None:
            raise self._not(names, text, "time such as 2026-04-09;21:23:54 EDT")
        day, clock, zone = found
        return datetime.combine(day, clock or END_OF_DAY, ZONES[zone])

    def _not(self, names: Iterable[str], text: str, form: str) -> StatementError:
        return StatementError(
            f"A row of {self.section} in the statement has {' or '.join(names)} {text[:40]!r}, which is no {form}. "
            "Choose one of these forms in the Flex query (docs/statements.md)."
        )


def _moment(text: str) -> tuple[date, time | None, str] | None:
    found = MOMENT.fullmatch(text)
    if found is None or (found[7] or "") not in ZONES:
        return None
    try:
        day = date(int(found[1]), int(found[2]), int(found[3]))
        clock = time(int(found[4]), int(found[5]), int(found[6])) if found[4] else None
    except ValueError:
        return None
    return day, clock, found[7] or ""
