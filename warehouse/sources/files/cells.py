"""Cells as found in a file to dates, numbers and tickers; an unreadable cell is a noted problem."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable

NOTHING = ("", "null", "NULL", "NaN", "nan", "NA", "N/A", "N/D", "None", "-")
"""Texts by which exports say that there is no value."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_DATE = re.compile(r"(\d{4})(-?)(\d{2})\2(\d{2})(?:[ T-] *\d{1,2}:\d{2}.*)?", re.ASCII)
_TICKER = re.compile(r"([A-Z][A-Z0-9.\-]{0,11}?)(?:[._]US)?", re.ASCII)


@dataclass(frozen=True)
class Column:
    """A converted column and, where a cell could not be read, its problem (else null)."""

    values: pa.Array
    problems: pa.Array


def to_dates(name: str, cells: pa.Array, date_format: str | None) -> Column:
    """Convert dates and timestamps, each to the day in its own zone.

    Args:
        name: our name of the column, for problems.
        cells: dates, timestamps, or texts (integers too) such as 2024-01-02 and 20240102, with a
            time after it or without.
        date_format: a strptime format, where the texts are of another form.
    """
    if pa.types.is_timestamp(cells.type):
        local = pc.local_timestamp(cells) if cells.type.tz else cells
        return _sound(local.cast(pa.date32(), safe=False))
    if pa.types.is_date(cells.type):
        return _sound(cells.cast(pa.date32()))
    if date_format is None and pa.types.is_string(cells.type):
        with suppress(pa.ArrowInvalid):  # every text is 2024-01-02: much faster than one by one
            return _sound(cells.cast(pa.date32()))
    read = partial(_date, date_format=date_format)
    return _converted(cells, pa.date32(), read, f"{name}={{!r}} is not a date")


def to_symbols(name: str, cells: pa.Array) -> Column:
    """Convert tickers, as `ticker` does."""
    return _converted(cells, pa.string(), ticker, f"{name}={{!r}} is not a ticker")


def to_numbers(name: str, cells: pa.Array) -> Column:
    """Convert numbers; a text needs a decimal point and no thousands separator."""
    with suppress(pa.ArrowInvalid):
        return _sound(cells.cast(pa.float64(), safe=False))
    return _converted(cells, pa.float64(), _number, f"{name}={{!r}} is not a number")


def ticker(text: str) -> str | None:
    """Return the symbol in upper case without its market (spy.us is SPY); None if it is none."""
    match = _TICKER.fullmatch(text.upper())
    return match[1] if match else None


def _sound(values: pa.Array) -> Column:
    return Column(values, pa.nulls(len(values), pa.string()))


def _converted(cells: pa.Array, kind: pa.DataType, read: Callable[[str], object], problem: str) -> Column:
    # Dates and tickers repeat, and unreadable numbers are few: each distinct text is read once.
    encoded = cells.cast(pa.string()).dictionary_encode()
    texts = [text.strip() for text in encoded.dictionary.to_pylist()]
    values = [None if text in NOTHING else read(text) for text in texts]
    problems = [
        problem.format(text) if value is None and text not in NOTHING else None
        for text, value in zip(texts, values, strict=True)
    ]
    return Column(
        pa.array(values, kind).take(encoded.indices),
        pa.array(problems, pa.string()).take(encoded.indices),
    )


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


@lru_cache(maxsize=2**15)  # the files of a folder share their dates
def _date(text: str, date_format: str | None) -> date | None:
    try:
        if date_format is not None:
            return datetime.strptime(text, date_format).date()  # noqa: DTZ007  a day has no zone
        match = _DATE.fullmatch(text)
        return date(int(match[1]), int(match[3]), int(match[4])) if match else None
    except ValueError:
        return None
