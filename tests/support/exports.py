"""Bars of a made-up share, and the texts in which vendors export such bars."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest

from warehouse.calendar.sessions import sessions
from warehouse.sources.base import silent
from warehouse.sources.files.source import FileOptions, FileSource

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

PLAIN = "Date,Open,High,Low,Close,Volume"


@dataclass(frozen=True)
class Day:
    """One bar, split-adjusted."""

    day: date
    open: float
    high: float
    low: float
    close: float
    adj_close: float
    volume: int
    dividend: float = 0.0

    @property
    def prices(self) -> tuple[float, float, float, float]:
        """Open, high, low, close."""
        return self.open, self.high, self.low, self.close


def share(count: int = 80, *, first: date = date(2023, 1, 3), seed: int = 1, price: float = 100.0) -> list[Day]:
    """Make bars to the cent; every twentieth session pays a dividend."""
    draws = np.random.default_rng(seed)
    days = sessions(first, first + timedelta(days=2 * count + 10))[:count]
    bars, close = [], price
    for place, day in enumerate(days):
        dividend = round(0.004 * price, 2) if place % 20 == 19 else 0.0
        opens = round((close - dividend) * float(np.exp(draws.normal(0, 0.003))), 2)
        closes = round(opens * float(np.exp(draws.normal(0, 0.01))), 2)
        high = round(max(opens, closes) * 1.004, 2)
        low = round(min(opens, closes) * 0.996, 2)
        bars.append(Day(day, opens, high, low, closes, closes, int(draws.integers(10**5, 10**7)), dividend))
        close = closes
    factor = 1.0
    for place in range(count - 2, -1, -1):
        factor *= 1 - bars[place + 1].dividend / bars[place].close
        bars[place] = replace(bars[place], adj_close=round(bars[place].close * factor, 6))
    return bars


def table(bars: Sequence[Day], header: str, line: Callable[[Day], str]) -> str:
    """Write a header, then a line for each bar."""
    return "\n".join([*([header] if header else []), *map(line, bars), ""])


def ohlc(bar: Day, form: Callable[[float], str] = str, separator: str = ",") -> str:
    """Write the four prices."""
    return separator.join(map(form, bar.prices))


def epoch(bar: Day, hour: int) -> int:
    """Return the seconds of an hour of the day in UTC."""
    return int(datetime(bar.day.year, bar.day.month, bar.day.day, hour, tzinfo=UTC).timestamp())


def landed(*paths: Path, **options: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - whatever FileOptions has
    """Read the files; rows in order of their days."""
    rows = pa.concat_tables(list(FileSource(paths, FileOptions(**options)).fetch(silent))).to_pylist()
    return sorted(rows, key=lambda row: (row["symbol"], row["session_date"]))


def require(rows: list[dict[str, Any]], bars: list[Day], *, adjusted: bool, volume: bool = True) -> None:
    """Require that the rows are the bars."""
    assert [row["problem"] for row in rows] == [None] * len(bars)
    assert [row["session_date"] for row in rows] == [bar.day for bar in bars]
    for name in ("open", "high", "low", "close"):
        assert [row[name] for row in rows] == pytest.approx([getattr(bar, name) for bar in bars], rel=1e-6)
    expected = [bar.adj_close if adjusted else bar.close for bar in bars]
    assert [row["adj_close"] for row in rows] == pytest.approx(expected, rel=1e-6)
    if volume:
        assert [row["volume"] for row in rows] == pytest.approx([bar.volume for bar in bars], rel=1e-2)


SHARE = share()
