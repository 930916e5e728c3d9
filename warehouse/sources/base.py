"""What every bar source is: a name, and tables of raw bars."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import pyarrow as pa

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

Progress = Callable[[int, int, str], None]
"""Told (done, total, label) after each step of a fetch."""


def silent(_done: int, _total: int, _label: str) -> None:
    """Report no progress."""


class BarSource(ABC):
    """A place bars come from.

    A row that cannot be read is still yielded, with its `problem`: validation quarantines it. Only
    input that cannot be read as a whole raises.
    """

    name: str
    """What the lake stores in `bars.source`."""
    failures: Mapping[str, str] = MappingProxyType({})
    """Why a symbol that was asked for has no bars, by symbol, after `fetch`; the others' bars are there."""

    @abstractmethod
    def fetch(self, progress: Progress) -> Iterator[pa.Table]:
        """Yield the bars as tables of RAW_BAR_SCHEMA.

        Raises:
            SourceError: the input cannot be read; what was yielded before must not be landed.
        """
