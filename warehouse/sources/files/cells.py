"""Cells as found in a file, converted; an unreadable cell is a noted problem."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from warehouse.symbols import canonical

if TYPE_CHECKING:
    from collections.abc import Callable

NOTHING = ("", "null", "NULL", "NaN", "nan", "NA", "N/A", "#N/A", "n/a", "N/D", "None", "NaT", "-", "--")
"""Texts by which exports say that there is no value."""

_MARKET = re.compile(
    r"^\$|^(?:NYSE ?|NASDAQ|NYSE ?ARCA|ARCA|AMEX|BATS|CBOE|ARCX|XNYS|XNAS|XASE|US)[:_]|^US\.|[._:-]US$"
    r"| US(?: EQUITY)?$",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True)
class Column:
    """A converted column and, where a cell could not be read, its problem (else null)."""

    values: pa.Array
    problems: pa.Array


def to_symbols(cells: pa.Array) -> Column:
    """Convert tickers, as `ticker` does."""
    return converted(cells, pa.string(), ticker, "symbol={!r} is not a ticker")


def ticker(text: str) -> str | None:
    """Return the symbol without its market (spy.us and NYSE:SPY are SPY); None if it is none."""
    return canonical(without_market(text))


def without_market(text: str) -> str:
    """Return a ticker as written, without its market."""
    return _MARKET.sub("", text.strip())


def converted(cells: pa.Array, kind: pa.DataType, read: Callable[[str], object], problem: str) -> Column:
    """Convert texts, each distinct one once: dates and tickers repeat, and odd numbers are few."""
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
