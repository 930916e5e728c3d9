"""Numbers as exports write them: currency signs, decimal commas, thousands separators, 82.12M."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from warehouse.errors import SourceError
from warehouse.sources.files.cells import Column, converted

if TYPE_CHECKING:
    from collections.abc import Mapping

_ADORNMENT = re.compile(r"[\s\u00a0\u202f'\u2019$]|US\$|USD")
_FOREIGN = re.compile("[€£¥₹]|EUR|GBP|GBX|JPY|CHF|CAD|AUD|PLN|SEK|NOK|DKK|HKD|CNY|INR|BRL")
_SUFFIXES = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
_NEARLY_ALL = 0.98


@dataclass(frozen=True, slots=True)
class Notation:
    """The decimal mark and the thousands separator of a file ("": there is none)."""

    decimal: str = "."
    thousands: str = ","


def to_numbers(found: Mapping[str, pa.Array], prices: tuple[str, ...], given: Notation | None) -> dict[str, Column]:
    """Convert columns of numbers, all in the notation that the prices show.

    Args:
        found: Cells by our name.
        prices: The columns among them that show the notation.
        given: The user's notation; None: recognise it.

    Raises:
        SourceError: `1,234` could be either, and no other price tells.
    """
    quick = {} if given else {name: _quick(cells) for name, cells in found.items()}
    slow = [name for name in found if quick.get(name) is None]
    if not slow:
        return {name: column for name, column in quick.items() if column is not None}
    texts = [found[name].cast(pa.string()) for name in prices if not _is_number(found[name])]
    _require_dollars(texts)
    notation = given or _notation(texts)
    if notation.decimal != ".":
        slow = [name for name in found if name in slow or not _is_number(found[name])]
    return {name: _converted(name, found[name], notation) if name in slow else quick[name] for name in found}  # type: ignore[misc]


def _require_dollars(columns: list[pa.Array]) -> None:
    for text in pc.unique(pa.chunked_array(columns, pa.string()).drop_null()).to_pylist() if columns else []:
        if sign := _FOREIGN.search(text):
            raise SourceError(f"{text!r} is a price in {sign[0]}: bars are in USD. Export the prices in USD.")


def _quick(cells: pa.Array) -> Column | None:
    with suppress(pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return Column(cells.cast(pa.float64(), safe=False), pa.nulls(len(cells), pa.string()))
    return None


def _is_number(cells: pa.Array) -> bool:
    return not (pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type))


def _bare(text: str) -> str:
    return _ADORNMENT.sub("", text)


def _notation(columns: list[pa.Array]) -> Notation:
    """Judge from all prices of a file; a few cells of another notation count as unreadable."""
    votes: Counter[str] = Counter()
    for count in pc.value_counts(pa.chunked_array(columns, pa.string()).drop_null()).to_pylist() if columns else []:
        votes[_vote(_bare(count["values"]))] += count["counts"]
    decimals = votes["."] + votes[","]
    if not decimals:
        if votes["?"]:
            texts = (text for column in columns for text in column.drop_null().to_pylist())
            example = next(text for text in texts if _vote(_bare(text)) == "?")
            raise SourceError(
                f"{example!r} could have a decimal comma or a thousands separator, and no other price tells."
                " Say --decimal , or --thousands ,"
            )
        return Notation()
    mark, count = max((votes["."], "."), (votes[","], ","))[::-1]
    if count < _NEARLY_ALL * decimals:
        raise SourceError(
            f"{votes['.']} prices have a decimal point and {votes[',']} a decimal comma. Mend the file, or say"
            " --decimal . or --decimal ,"
        )
    return Notation() if mark == "." else Notation(",", ".")


def _vote(text: str) -> str:
    """Return the decimal mark that a price shows, "?" for 1,234, "" if it shows none."""
    point, comma = text.rfind("."), text.rfind(",")
    if point >= 0 and comma >= 0:
        return text[max(point, comma)]
    if comma >= 0:
        if not re.fullmatch(r"[+-]?[1-9]\d{0,2}(,\d{3})+", text):
            return ","
        return "." if text.count(",") > 1 else "?"
    if point >= 0:
        return "," if text.count(".") > 1 else "." if len(text) - point != 4 or text[0] == "0" else ""  # noqa: PLR2004 - .ddd
    return ""


def _converted(name: str, cells: pa.Array, notation: Notation) -> Column:
    decimal, thousands = re.escape(notation.decimal), re.escape(notation.thousands)
    whole = rf"\d{{1,3}}(?:{thousands}\d{{3}})+|\d+|" if thousands else r"\d+|"
    number = re.compile(rf"([+-]?)({whole})(?:{decimal}(\d*))?([eE][+-]?\d+)?([KMBT]?)", re.IGNORECASE)

    def read(text: str) -> float | None:
        match = number.fullmatch(_bare(text))
        if match is None or not (match[2] or match[3]):
            return None
        digits = re.sub(r"\D", "", match[2]) or "0"
        return float(f"{match[1]}{digits}.{match[3] or 0}{match[4] or ''}") * _SUFFIXES[match[5].upper()]

    if _is_number(cells):
        return Column(cells.cast(pa.float64(), safe=False), pa.nulls(len(cells), pa.string()))
    return converted(cells, pa.float64(), read, f"{name}={{!r}} is not a number")
