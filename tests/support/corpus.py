"""Samples of files that people have: what stands in them, and whether they land right or are refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from exports import SHARE, Day, ohlc, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True)
class Sample:
    """One file.

    Attributes:
        name: The file's.
        content: What stands in it.
        adjusted: The file has an adjusted close, or all that makes one.
        refused: Pattern of the words that refuse the file; empty: its bars land.
        dividends: The file has them.
        volume: The file has it.
        options: What the user says, as FileOptions has it.
        bars: What should land.
        symbol: Under which symbol.
    """

    name: str
    content: bytes | str
    adjusted: bool = False
    refused: str = ""
    dividends: bool = False
    volume: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    bars: Sequence[Day] = tuple(SHARE)
    symbol: str = "SPY"

    @property
    def raw(self) -> bytes:
        """The file's bytes."""
        return self.content.encode() if isinstance(self.content, str) else self.content


def rows(header: str, line: Callable[[Day], str], bars: Sequence[Day] = SHARE) -> str:
    """Write a header and a line for each bar."""
    return table(bars, header, line)


def comma(number: float) -> str:
    """Write a price as 1.234,56."""
    return f"{number:,.2f}".translate(str.maketrans(",.", ".,"))


def quoted(*cells: object) -> str:
    """Write cells in quotes, with commas between them."""
    return ",".join(f'"{cell}"' for cell in cells)


def plain(bar: Day) -> str:
    """Write day, prices and volume."""
    return f"{bar.day},{ohlc(bar)},{bar.volume}"


def us_day(bar: Day) -> str:
    """Write 1/3/2023."""
    return f"{bar.day.month}/{bar.day.day}/{bar.day.year}"
