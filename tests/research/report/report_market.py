"""A small seeded market that a tear sheet has something to say about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from warehouse.calendar.sessions import sessions

if TYPE_CHECKING:
    from pathlib import Path

    from research.readers import History, SearchRecord
    from research.report.facts.gathering import Curves, Facts

SETTINGS = {
    "grid": {"ema_fast": [10, 20], "ema_slow": [40, 50], "top_n": [1, 2], "corr_cap": [0.7]},
    "walk_forward": {"train_months": 9, "test_months": 3},
}
DRIFTS = {"SPY": 0.0006, "IEF": 0.0002, "GLD": 0.0004, "XLE": 0.0005, "TLT": 0.0001}
LATE = "XLE"
"""Has its first bar later than the others."""


@dataclass(frozen=True, slots=True)
class Read:
    """What the readers say of the market."""

    history: History
    search: SearchRecord


@dataclass(frozen=True, slots=True)
class Sheet:
    """What `swing report --json` wrote and said.

    Attributes:
        said: Its output.
        record: report.json.
    """

    folder: Path
    said: dict[str, Any]
    record: dict[str, Any]

    @property
    def page(self) -> Path:
        """The page."""
        return self.folder / "report.html"


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is reported of it."""

    facts: Facts
    curves: Curves


def bars(length: int = 820) -> pd.DataFrame:
    """Five symbols that share a factor, from 2017 on: the sessions hold two crises whole."""
    random = np.random.default_rng(7)
    days = sessions(date(2017, 1, 3), date(2021, 12, 31))[:length]
    factor = 0.006 * random.standard_normal(length)
    frames = []
    for symbol, drift in DRIFTS.items():
        close = np.round(100 * np.cumprod(1 + drift + factor + 0.008 * random.standard_normal(length)), 2)
        frame = pd.DataFrame({"symbol": symbol, "session_date": days, "close": close, "adj_close": close})
        frame = frame.assign(open=close, high=close * 1.004, low=close * 0.996, volume=1_000_000, dividend=0.0)
        frames.append(frame[100:] if symbol == LATE else frame)
    return pd.concat(frames, ignore_index=True)
