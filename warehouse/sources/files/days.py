"""Days as exports write them: which notation a column has is judged from all of its cells."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warehouse.calendar.sessions import is_session
from warehouse.errors import SourceError
from warehouse.sources.files.cells import NOTHING, Column, converted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EPOCH = "epoch"
EVENING = 17
"""Hour from which a stamp may stand for the next day's bar."""

_NEARLY_ALL = 0.98
_DAILY_STEP = 4
SERIAL = "days of a spreadsheet"
_SERIAL = re.compile(r"([2-6]\d{4})(?:\.\d+)?")
_SERIAL_START = date(1899, 12, 30)
_MONTHS = {
    name: number
    for number, names in enumerate(
        [
            "jan gen ene",
            "feb fev",
            "mar mrt",
            "apr avr abr",
            "may mai mag mei",
            "jun juin giu",
            "jul juil lug",
            "aug aou ago",
            "sep set",
            "oct okt ott out",
            "nov",
            "dec dez dic",
        ],
        1,
    )
    for name in names.split()
}
"""English, German, French, Spanish, Italian, Portuguese and Dutch; by three letters, or by four."""
_TIME = r"(?:[ T,-]+(?P<hour>\d{1,2}):\d{2}(?P<rest>.*))?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? )?"
_FORMS = tuple(
    re.compile(_WEEKDAY + form + _TIME, re.ASCII | re.IGNORECASE)
    for form in (
        r"(?P<y>\d{4})(?P<sep>[-/.]?) ?(?P<m>\d{1,2})(?P=sep) ?(?P<d>\d{1,2})",
        r"(?P<d>\d{1,2})[- ./]{0,2}(?P<month>[a-z]{3,10})[-,. /]*(?P<y>\d{4}|\d{2})",
        r"(?P<month>[a-z]{3,9})[. -]*(?P<d>\d{1,2}),? ?-?(?P<y>\d{4})",
        r"(?P<first>\d{1,2})(?P<sep>[-/. ])(?P<second>\d{1,2})(?P=sep)(?P<y>\d{4}|\d{2})",
    )
)
_EPOCH_DIGITS: Mapping[int, int] = {9: 1, 10: 1, 12: 1000, 13: 1000, 16: 10**6, 19: 10**9}


class Stamp(NamedTuple):
    """A day, and the hour where a time stands behind it."""

    day: date
    hour: int | None


@dataclass(frozen=True, slots=True)
class Days(Column):
    """Days, and the way they were read.

    Attributes:
        notation: For the verdict: "year-month-day".
        is_evening: True if most stamps lie in the evening, so that a bar may belong to the next day.
    """

    notation: str
    is_evening: bool


def to_days(cells: pa.Array, date_format: str | None) -> Days:
    """Convert dates and timestamps, each to the day in its own zone; moments since 1970 to the day in UTC.

    Args:
        cells: Dates, timestamps, integers or texts.
        date_format: A strptime format, or `epoch`, where the user said so.

    Raises:
        SourceError: Day and month cannot be told apart.
    """
    if pa.types.is_timestamp(cells.type):
        local = pc.local_timestamp(cells) if cells.type.tz else cells
        hours = pc.hour(local)
        values = local.cast(pa.date32(), safe=False)
        evening = pc.greater_equal(hours, EVENING)
        return Days(values, _sound(cells), "timestamps", 2 * (pc.sum(evening).as_py() or 0) > len(cells))
    if pa.types.is_date(cells.type):
        return Days(cells.cast(pa.date32()), _sound(cells), "dates", is_evening=False)
    if pa.types.is_floating(cells.type):
        cells = cells.cast(pa.int64(), safe=False)
    cells = cells.cast(pa.string())
    if date_format is None:
        with suppress(pa.ArrowInvalid):  # every text is 2024-01-02: much faster than one by one
            return Days(cells.cast(pa.date32()), _sound(cells), "year-month-day", is_evening=False)
    texts = [
        text for text in (cell.strip() for cell in pc.unique(cells).drop_null().to_pylist()) if text not in NOTHING
    ]
    notation = date_format or _notation(texts)
    stamps = {text: stamp for text in texts if (stamp := _stamp(text, notation))}
    hours = [stamp.hour for stamp in stamps.values() if stamp.hour is not None]
    column = converted(
        cells, pa.date32(), lambda text: stamps[text].day if text in stamps else None, "session_date={!r} is not a date"
    )
    is_evening = 2 * sum(hour >= EVENING for hour in hours) > len(stamps)
    return Days(column.values, column.problems, notation, is_evening)


def _sound(cells: pa.Array) -> pa.Array:
    return pa.nulls(len(cells), pa.string())


def _notation(texts: list[str]) -> str:
    """Tell day/month from month/day, as far as the texts do: by what is a date, then by what is a daily series."""
    if not any(_FORMS[-1].fullmatch(text) and not _FORMS[0].fullmatch(text) for text in texts):
        if texts and all(_SERIAL.fullmatch(text) for text in texts):
            return SERIAL
        is_epoch = texts and all(_epoch(text) for text in texts)
        return EPOCH if is_epoch else "year-month-day"
    read = {
        notation: [stamp.day for text in texts if (stamp := _stamp(text, notation))]
        for notation in ("month/day/year", "day/month/year")
    }
    most = max(map(len, read.values()))
    possible = [notation for notation, days in read.items() if len(days) >= _NEARLY_ALL * most]
    if len(possible) > 1:
        possible = [notation for notation in possible if _is_daily(read[notation])]
    if len(possible) != 1:
        raise SourceError(
            f"day and month of {texts[0]!r} cannot be told apart: as month/day/year and as day/month/year the dates"
            f" are {'both' if possible else 'neither'} a series of sessions. Say --date-format %m/%d/%Y or %d/%m/%Y"
            " (with the file's own signs)"
        )
    return possible[0]


def _is_daily(days: Iterable[date]) -> bool:
    ordered = sorted(set(days))
    steps = sorted((later - earlier).days for earlier, later in pairwise(ordered))
    traded = is_session(np.array(ordered, "datetime64[D]"))
    is_close = not steps or steps[len(steps) // 2] < _DAILY_STEP
    return bool(traded.mean() >= _NEARLY_ALL) and is_close


@lru_cache(maxsize=2**15)  # the files of a folder share their dates
def _stamp(text: str, notation: str) -> Stamp | None:
    text = re.sub(r"^(\d{8})\.0$", r"\1", text)
    if not text.isascii():
        text = re.sub(r"(\d+)年 ?(\d+)月 ?(\d+)日", r"\1-\2-\3", text)
        text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    try:
        if notation == SERIAL:
            match = _SERIAL.fullmatch(text)
            return Stamp(_SERIAL_START + timedelta(days=int(match[1])), None) if match else None
        if "%" in notation:
            moment = datetime.strptime(text, notation)  # noqa: DTZ007 - a day has no zone
            return Stamp(moment.date(), moment.hour if "%H" in notation or "%I" in notation else None)
        if notation == EPOCH:
            return _epoch(text, is_certain=True)
        for form in _FORMS:
            if match := form.fullmatch(text):
                return _matched(match, notation)
    except (ValueError, OverflowError):
        return None
    return None


def _matched(match: re.Match[str], notation: str) -> Stamp | None:
    parts = match.groupdict()
    year, second = int(parts["y"]), parts.get("second")
    if len(parts["y"]) < 4:  # noqa: PLR2004 - as strptime's %y
        year += 1900 if year > 68 else 2000  # noqa: PLR2004
    if second is not None:
        first = int(parts["first"])
        month, day = (int(second), first) if notation == "day/month/year" else (first, int(second))
    else:
        named = parts.get("month")
        month = _month(named) if named else int(parts["m"])
        day = int(parts["d"])
    if parts.get("sep") == "" and len(match["m"] + match["d"]) != 4:  # noqa: PLR2004 - 20240102, and no 2024102
        return None
    hour = int(parts["hour"]) if parts["hour"] else None
    if hour is not None and re.search(r"\bpm\b", parts["rest"], re.IGNORECASE) and hour < 12:  # noqa: PLR2004
        hour += 12
    return Stamp(date(year, month, day), hour)


def _month(name: str) -> int:
    return _MONTHS.get(name[:4].lower()) or _MONTHS.get(name[:3].lower(), 0)


def _epoch(text: str, *, is_certain: bool = False) -> Stamp | None:
    match = re.fullmatch(r"(-?\d+)(?:\.\d+)?", text)
    if match is None:
        return None
    digits = len(match[1].lstrip("-"))
    unit = _EPOCH_DIGITS.get(digits)
    if unit is None:
        if not is_certain:
            return None
        unit = next((unit for most, unit in ((11, 1), (14, 1000), (17, 10**6)) if digits <= most), 10**9)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(match[1]) / unit)
    return Stamp(moment.date(), moment.hour)


def is_day(text: str) -> bool:
    """Tell whether a text can be a day in any notation."""
    return any(_stamp(text, notation) for notation in ("month/day/year", "day/month/year")) or _epoch(text) is not None
