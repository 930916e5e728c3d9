"""Bar sources: a name and tables of raw bars, or the bars of one symbol after the other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from types import MappingProxyType
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from datetime import date

PRICES = ("open", "high", "low", "close", "adj_close")
NUMBERS = (*PRICES, "volume", "dividend")
RAW_BAR_SCHEMA = pa.schema(
    [
        ("symbol", pa.string()),
        ("session_date", pa.date32()),
        *((name, pa.float64()) for name in NUMBERS),
        ("is_final", pa.bool_()),
        ("file", pa.string()),
        ("line", pa.int64()),
        ("problem", pa.string()),
    ]
)
"""One row per bar as read, valid or not.

Prices and `dividend` are USD per share, split-adjusted; `adj_close` is dividend-adjusted as well;
`volume` counts shares. `line` is 1-based: the line of a text file (its header counts), the row of
a Parquet file. `problem` says what could not be read ("close='abc' is not a number"), else null.
"""


class CorporateAction(StrEnum):
    """Corporate actions that change what a share is worth."""

    DIVIDEND = "dividend"
    SPLIT = "split"


@dataclass(frozen=True, slots=True)
class StatedAction:
    """A corporate action as a source states it, apart from its bars.

    Attributes:
        session_date: First session that trades without the dividend, or in the new shares.
        amount: Of a dividend, in `currency` a share of that day; None for a split.
        ratio: Of a split: new shares for one, 0.1 in a reverse split of ten; None for a dividend.
    """

    symbol: str
    session_date: date
    kind: CorporateAction
    amount: float | None = None
    ratio: float | None = None
    currency: str | None = None


Progress = Callable[[int, int, str], None]
"""Told (done, total, label) after each step of a fetch."""


def silent(_done: int, _total: int, _label: str) -> None:
    """Report no progress."""


class Seam(Enum):
    """Consequences of bars that would leave a series with two adjustments."""

    NONE = auto()
    """No comparison: every batch is whole."""
    OF_BATCH = auto()
    """Nothing of the batch lands."""
    OF_EACH_SYMBOL = auto()
    """The symbol's new bars are set aside, the other symbols' land."""


class BarSource(ABC):
    """A place bars come from.

    A row that cannot be read is still yielded, with its `problem`: validation quarantines it. Only
    input that cannot be read as a whole raises.
    """

    name: str
    """The lake stores it in `bars.source`."""
    seam: Seam = Seam.NONE
    """The comparison of its bars with the stored ones of the same source."""
    actions: Sequence[StatedAction] = ()
    """What it has stated beside the bars, after `fetch`; a dividend that stands in its bar need not stand here."""
    split_spans: Mapping[str, tuple[date, date]] = MappingProxyType({})
    """By symbol, the days within which `actions` has every split: one held of them and not stated now is withdrawn."""

    @abstractmethod
    def fetch(self, progress: Progress) -> Iterator[pa.Table]:
        """Yield the bars as tables of RAW_BAR_SCHEMA.

        Raises:
            SourceError: the input cannot be read; what was yielded before must not be landed.
        """


@dataclass(frozen=True, slots=True)
class SymbolBars:
    """The bars of one symbol from one source.

    Attributes:
        source: Its name, for `bars.source`.
        bars: RAW_BAR_SCHEMA; sessions ascend, each stands there once.
        is_whole: True: they replace every bar held of this symbol and source. False: they continue them, and the first
            ones are held, so that the two can be compared before anything is appended.
        adjusted_through: The adjustment base: splits and dividends up to this session are in the prices. None: the
            source does not say.
        actions: Corporate actions that it states beside the bars.
        states_splits: True: a split of these days that is not among the actions has not been, or was withdrawn.
    """

    symbol: str
    source: str
    bars: pa.Table
    is_whole: bool
    adjusted_through: date | None
    actions: tuple[StatedAction, ...] = ()
    states_splits: bool = False

    @property
    def continuing(self) -> pa.Table:
        """The bars to land: of an increment all but the first, which is held.

        What the first one paid may be unknown without the one before it.
        """
        return self.bars if self.is_whole else self.bars.slice(1)


class SymbolSource(ABC):
    """A place that is asked for one symbol at a time, many at once.

    It serves one event loop: a fetch makes its own.
    """

    name: str
    """The lake stores it in `bars.source`."""

    @abstractmethod
    async def bars(self, symbol: str, since: date | None, until: date) -> SymbolBars:
        """Return a symbol's bars up to `until`.

        Args:
            symbol: As in the configuration.
            since: A session held from this source: bars from it on suffice, unless a split or dividend after it has
                re-based the earlier ones. None: the whole history.
            until: No later bar is returned. Whether the bars reach it is for the caller to judge.

        Raises:
            SourceFaultError: There are none, and why.
        """

    async def close(self) -> None:  # noqa: B027 - most hold nothing open
        """Give connections back; nothing is asked afterwards."""
