"""Crises of a history, replayed for the strategy, for a book held through them, and for the benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from research.report.facts.series import Series

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from research.readers import Book


@dataclass(frozen=True, slots=True)
class CrisisWindow:
    """A crisis by its name and days, both included."""

    name: str
    first: date
    last: date


WINDOWS = (
    CrisisWindow("Financial crisis", date(2008, 9, 1), date(2009, 3, 9)),
    CrisisWindow("Euro crisis, US downgrade", date(2011, 7, 1), date(2011, 10, 31)),
    CrisisWindow("China's devaluation", date(2015, 8, 1), date(2015, 8, 31)),
    CrisisWindow("Volatility spike", date(2018, 2, 1), date(2018, 2, 28)),
    CrisisWindow("Fourth quarter of 2018", date(2018, 10, 1), date(2018, 12, 31)),
    CrisisWindow("Pandemic crash", date(2020, 2, 19), date(2020, 3, 23)),
    CrisisWindow("Inflation and rate rises", date(2022, 1, 1), date(2022, 12, 31)),
)


@dataclass(frozen=True, slots=True)
class Replay:
    """Fate of one series in a crisis.

    Attributes:
        total: Return over the window; None where the series does not span it.
        drawdown: Maximum drawdown inside it, a fraction at most 0.
        without: Symbols of a book that did not exist yet, whose weight counts as cash.
    """

    name: str
    total: float | None
    drawdown: float | None
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Crisis:
    """A crisis with the fate of each series."""

    window: CrisisWindow
    sessions: int
    replays: tuple[Replay, ...]


def replay(
    windows: Sequence[CrisisWindow], series: Sequence[Series], assets: pd.DataFrame, books: Sequence[Book]
) -> list[Crisis]:
    """Replay those of the windows whose sessions `assets` has, from before the first to the last.

    A book is brought back to its weights at every close, without costs.
    """
    crises = []
    for window in windows:
        first, last = pd.Timestamp(window.first), pd.Timestamp(window.last)
        if assets.empty or not assets.index[0] <= first <= last <= assets.index[-1]:
            continue
        inside = assets.loc[first:last]
        replays = [_replayed(each, inside.index) for each in series]
        replays += [_held(book, inside) for book in books]
        crises.append(Crisis(window, len(inside), tuple(replays)))
    return crises


def held(weights: Mapping[str, float], assets: pd.DataFrame) -> Series:
    """Return the returns of a book whose weights are kept; an asset without a bar does not move."""
    known = [symbol for symbol in weights if symbol in assets]
    share = np.array([weights[symbol] for symbol in known])
    returns = assets[known].fillna(0).to_numpy(dtype=float) @ share
    return Series("", "", pd.DatetimeIndex(assets.index), returns)


def _replayed(series: Series, sessions: pd.Index) -> Replay:
    inside = series.between(sessions[0], sessions[-1])
    if len(inside.returns) < len(sessions):
        return Replay(series.name, None, None)
    return Replay(series.name, inside.total, float(inside.drawdown.min()))


def _held(book: Book, inside: pd.DataFrame) -> Replay:
    without = tuple(symbol for symbol in book.weights if symbol not in inside or inside[symbol].isna().all())
    series = held(book.weights, inside)
    return Replay(book.name, series.total, float(series.drawdown.min()), without)
