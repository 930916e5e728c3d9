"""Small hostile markets: seeded bars over real XNYS sessions, each with one thing that goes wrong.

Every market is a table of bars (symbol, session_date, open, high, low, close, adj_close, volume,
dividend) whose symbols are its universe. Prices are USD, rounded like a vendor's.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from warehouse.calendar.sessions import sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Vector = NDArray[np.floating[Any]]


class _Stage:
    """Makes the bars of one market: symbols that share a calendar and a common factor."""

    def __init__(self, seed: int, length: int = 400, start: date = date(2014, 1, 2)) -> None:
        self.random = np.random.default_rng(seed)
        self.dates = sessions(start, date(2019, 12, 31))[:length]
        self.factor = 0.006 * self.random.standard_normal(length)

    def closes(self, drift: float = 0.0006, noise: float = 0.008, factor: float = 1.0) -> Vector:
        """Walk from 100: daily drift, own noise and loading on the common factor."""
        own = noise * self.random.standard_normal(len(self.dates))
        return 100 * np.cumprod(1 + drift + factor * self.factor + own)

    def bars(self, symbol: str, closes: Vector | None = None, spread: float = 0.004) -> pd.DataFrame:
        """Draw plausible bars around `closes` (default: a new walk)."""
        close = np.round(self.closes() if closes is None else closes, 2)
        gap, above, below = spread * self.random.standard_normal((3, len(close)))
        open_ = np.round(np.append(close[0], close[:-1]) * (1 + gap / 2), 2)
        return pd.DataFrame(
            {
                "symbol": symbol,
                "session_date": self.dates,
                "open": open_,
                "high": np.round(np.maximum(open_, close) * (1 + np.abs(above)), 2),
                "low": np.round(np.minimum(open_, close) * (1 - np.abs(below)), 2),
                "close": close,
                "adj_close": close,
                "volume": self.random.integers(100_000, 9_000_000, len(close)),
                "dividend": 0.0,
            }
        )

    def some(self, *symbols: str) -> list[pd.DataFrame]:
        """Draw ordinary symbols to stand beside the hostile ones."""
        return [self.bars(symbol) for symbol in symbols]


def _market(*frames: pd.DataFrame) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True)


def points(**closes: Sequence[float | None]) -> pd.DataFrame:
    """Write bars by hand from closes alone: every price of a bar is its close, None is no bar.

    Sessions start on 2014-01-02. Not in MARKETS: it is for examples worked out on paper.
    """
    days = sessions(date(2014, 1, 2), date(2014, 12, 31))
    prices = ["open", "high", "low", "close", "adj_close"]
    return pd.DataFrame(
        [
            {"symbol": symbol, "session_date": day, **dict.fromkeys(prices, close)}
            for symbol, series in closes.items()
            for day, close in zip(days, series, strict=False)
            if close is not None
        ]
    ).assign(volume=1_000, dividend=0.0)


def gaps() -> pd.DataFrame:
    """Miss bars: at random, for six weeks, so often that no correlation is known, and all at once.

    On session 300 only one symbol has a bar; on session 320 none has, so it is no session here.
    """
    stage = _Stage(1)
    whole, rare, sparse, hole = stage.some("AAA", "RARE", "SPARSE", "HOLE")
    at = np.arange(len(whole))
    rare = rare[stage.random.random(len(rare)) > 0.05]
    sparse = sparse[stage.random.random(len(sparse)) > 0.40]
    hole = hole[(at < 180) | (at >= 210)]
    bars = _market(whole, rare, sparse, hole)
    alone = (bars["session_date"] == stage.dates[300]) & (bars["symbol"] != "AAA")
    nobody = bars["session_date"] == stage.dates[320]
    return bars[~(alone | nobody)].reset_index(drop=True)


def late_starts() -> pd.DataFrame:
    """Start symbols one after the other, the last too late to ever warm up."""
    stage = _Stage(2)
    first, second, third, last = stage.some("FIRST", "SECOND", "THIRD", "ZLAST")
    return _market(first, second[50:], third[200:], last[330:])


def delisting() -> pd.DataFrame:
    """End the strongest symbol's bars at session 250, while it is held."""
    stage = _Stage(3)
    gone = stage.bars("GONE", stage.closes(drift=0.004, noise=0.004, factor=0))
    return _market(*stage.some("AAA", "BBB"), gone[:251])


def constant_prices() -> pd.DataFrame:
    """Hold prices still: always, for the first 200 sessions, and from session 200 on."""
    stage = _Stage(4)
    always = stage.bars("ALWAYS", np.full(400, 50.0), spread=0)
    moves = stage.bars("WAKES")[200:]
    wakes = stage.bars("WAKES", np.full(400, moves["open"].iloc[0]), spread=0)[:200]
    lives = stage.bars("SLEEPS")[:200]
    sleeps = stage.bars("SLEEPS", np.full(400, lives["close"].iloc[-1]), spread=0)[200:]
    return _market(always, wakes, moves, lives, sleeps, *stage.some("AAA", "BBB"))


def ties() -> pd.DataFrame:
    """Give two names the same bars, listed in the wrong order."""
    stage = _Stage(5)
    twin = stage.bars("TWINB")
    return _market(twin, twin.assign(symbol="TWINA"), *stage.some("ZZZ"))


def one_symbol() -> pd.DataFrame:
    """Offer a universe of one."""
    return _Stage(6).bars("ONLY")


def no_eligible_symbol() -> pd.DataFrame:
    """Let every price fall steadily: never an uptrend."""
    stage = _Stage(7)
    return _market(
        *(
            stage.bars(symbol, stage.closes(drift=-0.005, noise=0.002, factor=0.2))
            for symbol in ("DOWNA", "DOWNB", "DOWNC")
        )
    )


def short_history() -> pd.DataFrame:
    """End before any symbol is warm."""
    return _market(*_Stage(8, length=80).some("AAA", "BBB", "CCC"))


def flash_crash() -> pd.DataFrame:
    """Lose 60 % and 25 % at one close while held, and win it back at the next."""
    stage = _Stage(9)
    crash = np.ones((2, len(stage.dates)))
    crash[:, 200] = 0.40, 0.75
    deep = stage.bars("DEEP", stage.closes(drift=0.004, noise=0.004, factor=0) * crash[0])
    flat = stage.bars("FLAT", stage.closes(drift=0.003, noise=0.004, factor=0) * crash[1])
    return _market(deep, flat, *stage.some("AAA"))


def zero_volume() -> pd.DataFrame:
    """Trade nothing: one symbol on every tenth session, another never."""
    stage = _Stage(10)
    rarely, never, other = stage.some("RARELY", "NEVER", "AAA")
    rarely.loc[::10, "volume"] = 0
    never["volume"] = 0
    return _market(rarely, never, other)


def dividends() -> pd.DataFrame:
    """Part adj_close from close: quarterly dividends, one of 20 %, and a 10:1 split's fractions."""
    stage = _Stage(11)
    payer, special, split = stage.some("PAYER", "SPECIAL", "SPLIT")
    payer.loc[40::63, "dividend"] = 0.75
    special.loc[220, "dividend"] = round(0.2 * float(special["close"].iloc[219]), 2)
    for bars in (payer, special):
        for price in ("open", "high", "low", "close"):
            bars[price] = (bars[price] - bars["dividend"].cumsum()).round(2)
        kept = 1 - bars["dividend"] / bars["close"].shift(fill_value=100.0)
        later = kept[::-1].cumprod()[::-1].shift(-1, fill_value=1.0)
        bars["adj_close"] = (bars["close"] * later).round(6)
    prices = ["open", "high", "low", "close", "adj_close"]
    split.loc[:199, prices] = (split.loc[:199, prices] / 10).round(4)
    split.loc[200:, prices] = (split.loc[200:, prices] / 10).round(2)
    return _market(payer, special, split, *stage.some("AAA"))


def crowd() -> pd.DataFrame:
    """Rank a dozen near copies of one riser first: the second pick lies deep in the ranks."""
    stage = _Stage(12)
    copies = [stage.bars(f"COPY{i:02}", stage.closes(drift=0.003, noise=0.001)) for i in range(12)]
    alone = stage.bars("ALONE", stage.closes(drift=0.0008, factor=0))
    return _market(*copies, alone)


def month_end_start() -> pd.DataFrame:
    """Take the first decision on 2012-01-31, so that fold dates meet months of 30 and 28 days."""
    stage = _Stage(13, length=1_060, start=date(2011, 9, 21))
    return _market(stage.bars("UP", stage.closes(drift=0.0015, noise=0.005)), *stage.some("AAA", "BBB", "CCC"))


MARKETS: dict[str, Callable[[], pd.DataFrame]] = {
    market.__name__: market
    for market in (
        gaps,
        late_starts,
        delisting,
        constant_prices,
        ties,
        one_symbol,
        no_eligible_symbol,
        short_history,
        flash_crash,
        zero_volume,
        dividends,
        crowd,
        month_end_start,
    )
}
