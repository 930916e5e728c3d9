"""Faults of bars, planted at random places of a market, each with its size in daily volatilities.

A fault's size is the distance, as a logarithm, of the wrong adjusted close from the true one, in sample standard
deviations of the symbol's 20 returns before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.random import Generator

WARM = 70
"""Bars before the first fault of a symbol: gates judge by what a symbol did before."""
APART = 40
"""Bars between two faults of a symbol."""
PRICES = ["open", "high", "low", "close", "adj_close"]
SPLITS = (1.5, 2.0, 3.0, 4.0, 5.0, 10.0, 1 / 4, 1 / 5, 1 / 10)


@dataclass(frozen=True)
class Market:
    """Bars of a market, in the order of symbol and session, and where faults have room.

    Attributes:
        bars: symbol, session_date, PRICES, volume, dividend.
        volatility: Of each bar: standard deviation of the symbol's 20 returns before it.
        places: Positions of bars that may be spoilt, in random order.
    """

    bars: pd.DataFrame
    volatility: np.ndarray
    places: np.ndarray

    @classmethod
    def of(cls, bars: pd.DataFrame, random: Generator, count: int) -> Market:
        """Choose at most `count` places, APART from one another."""
        bars = bars.sort_values(["symbol", "session_date"], ignore_index=True)
        own = bars.groupby("symbol", sort=False)
        returns = own["adj_close"].transform(lambda level: np.log(level).diff())
        volatility = returns.groupby(bars["symbol"]).transform(lambda moves: moves.rolling(20).std().shift())
        number, left = own.cumcount().to_numpy(), own.cumcount(ascending=False).to_numpy()
        grid = np.flatnonzero((number % APART == 0) & (number >= WARM) & (left > APART))
        places = random.permutation(grid)[:count] + random.integers(0, APART // 2, min(count, len(grid)))
        return cls(bars, np.asarray(volatility), places)


@dataclass(frozen=True)
class Planted:
    """Spoilt bars, and what was planted.

    Attributes:
        bars: The market's, with the faults.
        faults: symbol, session_date, size; one row per fault.
    """

    bars: pd.DataFrame
    faults: pd.DataFrame


def misplaced_decimal(market: Market, random: Generator) -> Planted:
    """Multiply a bar's prices by 10 or 100, or divide them."""
    factor = random.choice([0.01, 0.1, 10.0, 100.0], len(market.places))
    return _scaled(market, factor)


def misquoted(market: Market, random: Generator) -> Planted:
    """Shift all prices of a bar by 1 to 20 of its volatilities, up or down."""
    sizes = np.exp(random.uniform(0, np.log(20), len(market.places))) * random.choice([-1, 1], len(market.places))
    return _scaled(market, np.exp(sizes * market.volatility[market.places]))


def stale_copy(market: Market, random: Generator) -> Planted:
    """Repeat the bar of the session before, with its volume or none."""
    bars, at = market.bars.copy(), market.places
    columns = [*PRICES, "volume"]
    bars.loc[at, columns] = bars.loc[at - 1, columns].to_numpy()
    bars.loc[at[random.random(len(at)) < 0.5], "volume"] = 0
    return _planted(market, bars, at)


def swapped_for_a_day(market: Market, random: Generator) -> Planted:
    """Exchange the bars that two symbols have of one session."""
    return _swapped(market, random, sessions=1)


def swapped_for_long(market: Market, random: Generator) -> Planted:
    """Exchange the bars that two symbols have of a session and the 19 after it."""
    return _swapped(market, random, sessions=APART // 2)


def unadjusted_split(market: Market, random: Generator) -> Planted:
    """Leave every price before a session as it was before a split."""
    bars, at = market.bars.copy(), market.places
    logs = np.zeros(len(bars))
    logs[at] = np.log(random.choice(SPLITS, len(at)))
    later = pd.Series(logs)[::-1].groupby(bars["symbol"][::-1], sort=False).cumsum()[::-1].to_numpy() - logs
    columns = [*PRICES, "dividend"]
    bars[columns] = bars[columns].to_numpy() * np.exp(later)[:, None]
    return Planted(bars, _faults(market, at, logs[at]))


def missing_dividend(market: Market, random: Generator) -> Planted:
    """Leave a dividend out, also out of the adjusted close."""
    return _unpaid(market, random, ["dividend", "adj_close"])


def large_dividends(market: Market, least: float) -> np.ndarray:
    """Return the places of all dividends above some volatilities."""
    bars = market.bars
    share = (bars["dividend"] / bars.groupby("symbol")["close"].shift()).to_numpy()
    is_warm = bars.groupby("symbol").cumcount().to_numpy() > WARM
    with np.errstate(invalid="ignore"):
        return np.flatnonzero((-np.log1p(-share) >= least * market.volatility) & is_warm)


def dividend_not_adjusted(market: Market, random: Generator) -> Planted:
    """Leave a dividend out of the adjusted close alone."""
    return _unpaid(market, random, ["adj_close"])


def missing_sessions(market: Market, random: Generator) -> Planted:
    """Take 1 to 20 sessions out of a history; the fault stands at the bar after them."""
    lengths = random.integers(1, APART // 2, len(market.places))
    gone = np.concatenate([np.arange(at, at + length) for at, length in zip(market.places, lengths, strict=True)])
    faults = _faults(market, market.places + lengths, np.full(len(lengths), np.inf))
    return Planted(market.bars.drop(index=gone.tolist()), faults)


def truncated(market: Market, random: Generator) -> Planted:
    """Cut the histories of half of the symbols short, by 1 to 250 sessions; the fault stands at the last session."""
    bars = market.bars
    ends = bars.groupby("symbol").tail(1)
    ends = ends[ends["session_date"] == bars["session_date"].max()].sample(frac=0.5, random_state=random)
    gone = [np.arange(end - random.integers(0, 250), end + 1) for end in ends.index]
    return Planted(bars.drop(index=np.concatenate(gone).tolist()), ends[["symbol", "session_date"]].assign(size=np.inf))


def day_and_month_swapped(market: Market, random: Generator) -> Planted:
    """Exchange a symbol's bars of two sessions such as 3 April and 4 March."""
    bars = market.bars
    days = pd.to_datetime(bars["session_date"])
    both = days[(days.dt.day <= 12) & (days.dt.month < days.dt.day)]
    mirrored = pd.to_datetime({"year": both.dt.year, "month": both.dt.day, "day": both.dt.month})
    where = pd.Series(bars.index, index=pd.MultiIndex.from_arrays([bars["symbol"], days]))
    pairs = pd.DataFrame({"one": both.index, "other": where.reindex([bars["symbol"][both.index], mirrored]).to_numpy()})
    own = bars.groupby("symbol").cumcount().to_numpy()
    pairs = pairs[pairs["other"].notna() & (own[pairs["one"]] > WARM)].astype(int)
    # One pair of a symbol and year, so that no two of them meet.
    pairs = pairs.groupby([bars["symbol"][pairs["one"]].to_numpy(), days[pairs["one"]].dt.year.to_numpy()]).sample(
        1, random_state=random
    )
    pairs = pairs.sample(min(len(market.places), len(pairs)), random_state=random)
    one, other = pairs["one"].to_numpy(), pairs["other"].to_numpy()
    return _exchanged(market, one, other, np.concatenate([one, other]))


FAULTS: Mapping[str, Callable[[Market, Generator], Planted]] = {
    "misplaced decimal": misplaced_decimal,
    "wrong price, whole bar": misquoted,
    "stale copy": stale_copy,
    "symbols swapped, one session": swapped_for_a_day,
    "symbols swapped, 20 sessions": swapped_for_long,
    "unadjusted split": unadjusted_split,
    "missing dividend": missing_dividend,
    "dividend not in adj_close": dividend_not_adjusted,
    "sessions missing": missing_sessions,
    "truncated history": truncated,
    "day and month swapped": day_and_month_swapped,
}


def _scaled(market: Market, factor: np.ndarray) -> Planted:
    bars = market.bars.copy()
    bars.loc[market.places, PRICES] = bars.loc[market.places, PRICES].to_numpy() * factor[:, None]
    return _planted(market, bars, market.places)


def _swapped(market: Market, random: Generator, sessions: int) -> Planted:
    """Exchange runs of bars of two symbols that are not spoilt elsewhere."""
    bars = market.bars
    where = pd.Series(bars.index, index=pd.MultiIndex.from_frame(bars[["symbol", "session_date"]]))
    partners = random.permutation(market.places)
    taken, ones, others = set[tuple[str, int]](), list[int](), list[int]()
    for at, partner in zip(market.places, partners, strict=True):
        day, symbol = bars["session_date"][at], bars["symbol"][at]
        key = (bars["symbol"][partner], day)
        if key[0] == symbol or key not in where.index:
            continue
        there = int(where[key])
        rooms = {(bars["symbol"][place], place // APART + step) for place in (at, there) for step in (-1, 0, 1)}
        ends = (at + sessions, there + sessions)
        if (
            rooms & taken
            or max(ends) >= len(bars)
            or any(bars["symbol"][end] != bars["symbol"][end - sessions] for end in ends)
        ):
            continue
        if (bars["session_date"][at : ends[0]].to_numpy() != bars["session_date"][there : ends[1]].to_numpy()).any():
            continue
        if np.isnan(market.volatility[there]):
            continue
        taken |= rooms
        ones.append(at)
        others.append(there)
    one, other = np.array(ones), np.array(others)
    spans = np.arange(sessions)
    return _exchanged(
        market, (one[:, None] + spans).ravel(), (other[:, None] + spans).ravel(), np.concatenate([one, other])
    )


def _exchanged(market: Market, one: np.ndarray, other: np.ndarray, at: np.ndarray) -> Planted:
    bars = market.bars.copy()
    columns = [*PRICES, "volume", "dividend"]
    kept = bars.loc[one, columns].to_numpy()
    bars.loc[one, columns] = bars.loc[other, columns].to_numpy()
    bars.loc[other, columns] = kept
    return _planted(market, bars, at)


def _unpaid(market: Market, random: Generator, columns: list[str]) -> Planted:
    bars = market.bars
    own = bars.groupby("symbol").cumcount().to_numpy()
    paid = np.flatnonzero((bars["dividend"] > 0) & (own > WARM))
    at = np.sort(random.permutation(paid)[: len(market.places)])
    return without_dividends(market, at[np.append(True, np.diff(at) > APART)], columns)


def without_dividends(market: Market, at: np.ndarray, columns: list[str]) -> Planted:
    """Leave the dividends at some places out of the columns."""
    bars = market.bars.copy()
    logs = np.zeros(len(bars))
    logs[at] = -np.log(1 - bars["dividend"].to_numpy()[at] / bars["close"].to_numpy()[at - 1])
    if "dividend" in columns:
        bars.loc[at, "dividend"] = 0
    later = pd.Series(logs)[::-1].groupby(bars["symbol"][::-1], sort=False).cumsum()[::-1].to_numpy() - logs
    bars["adj_close"] *= np.exp(later)
    return Planted(bars, _faults(market, at, logs[at]))


def _planted(market: Market, bars: pd.DataFrame, at: np.ndarray) -> Planted:
    wrong, true = bars["adj_close"].to_numpy()[at], market.bars["adj_close"].to_numpy()[at]
    return Planted(bars, _faults(market, at, np.log(wrong / true)))


def _faults(market: Market, at: np.ndarray, distance: np.ndarray) -> pd.DataFrame:
    size = np.abs(distance) / market.volatility[at]
    return market.bars.loc[at, ["symbol", "session_date"]].assign(size=size)
