"""The embedded sample market: a seeded factor model over real sessions, the same on every machine.

Only integers and IEEE + - * / make the numbers, one value at a time: exp, log, BLAS and vectorised
sums may differ in the last bit between platforms. A near-normal shock is therefore a sum of twelve
uniform integers (Irwin-Hall).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from warehouse.calendar.sessions import sessions
from warehouse.sources.base import RAW_BAR_SCHEMA, BarSource, Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST_DAY = date(2012, 1, 3)
LAST_DAY = date(2019, 12, 31)
SPLIT_DAY = date(2015, 7, 20)
LATE_START = date(2016, 7, 1)
MID_MONTH = 15
QUARTERLY, MONTHLY = 4, 12  # payouts a year
CRASH_CHANCE = 0.025  # per session of a regime that has crashes


Triple = tuple[float, float, float]
"""One number for each factor: equity, rates, gold."""


@dataclass(frozen=True)
class Asset:
    """One symbol: its yield is per year, its volatility per session, its first price in USD."""

    symbol: str
    price: float
    volume: int
    betas: Triple
    volatility: float  # its own, beside the factors'
    dividend_yield: float = 0.0
    payouts: int = QUARTERLY
    split: int = 1  # new shares for an old one on SPLIT_DAY
    first_day: date = FIRST_DAY

    @property
    def exposures(self) -> Triple:
        """The sizes of the betas."""
        equity, rates, gold = self.betas
        return abs(equity), abs(rates), abs(gold)


@dataclass(frozen=True)
class Regime:
    """A state of the market: drift and volatility per session of equity, rates and gold."""

    drift: Triple
    volatility: Triple
    length: tuple[int, int]  # sessions, from and below
    has_crashes: bool = False


ASSETS = (
    Asset("SPY", 127.0, 120_000_000, (1.0, 0.0, 0.0), 0.0006, 0.020),
    Asset("QQQ", 57.0, 40_000_000, (1.15, 0.0, 0.0), 0.0045, 0.010, split=2),
    Asset("VTI", 65.0, 3_000_000, (1.02, 0.0, 0.0), 0.0009, 0.019),
    Asset("TLT", 120.0, 9_000_000, (-0.25, 1.0, 0.0), 0.0012, 0.026, payouts=MONTHLY),
    Asset("IEF", 105.0, 2_000_000, (-0.1, 0.45, 0.0), 0.0007, 0.020, payouts=MONTHLY),
    Asset("GLD", 155.0, 9_000_000, (0.0, 0.15, 1.0), 0.0020),
    Asset("XLE", 70.0, 15_000_000, (1.05, -0.15, 0.2), 0.0085, 0.025),
    Asset("BND", 83.0, 2_500_000, (-0.05, 0.24, 0.0), 0.0009, 0.025, payouts=MONTHLY),
    Asset("BITO", 25.0, 6_000_000, (1.2, 0.0, 0.4), 0.0300, first_day=LATE_START),
)
REGIMES = (
    Regime((0.0007, 0.0001, 0.0001), (0.0065, 0.0070, 0.0080), (180, 420)),
    Regime((0.0003, 0.0002, 0.0003), (0.0090, 0.0080, 0.0095), (90, 220)),
    Regime((-0.0015, 0.0010, 0.0007), (0.0165, 0.0100, 0.0120), (30, 90), has_crashes=True),
)


class SyntheticSource(BarSource):
    """Nine correlated symbols, 2012-2019: regimes, crashes, dividends, a split, a late start."""

    name = "synthetic"

    def __init__(self, seed: int = 8) -> None:
        self._seed = seed

    def fetch(self, progress: Progress) -> Iterator[pa.Table]:
        """Yield one table per symbol."""
        draws = _Draws(self._seed)
        market = _market(draws, sessions(FIRST_DAY, LAST_DAY))
        for done, asset in enumerate(ASSETS, start=1):
            rows = _bars(asset, [today for today in market if today.day >= asset.first_day], draws)
            yield pa.Table.from_pylist(rows, schema=RAW_BAR_SCHEMA)
            progress(done, len(ASSETS), asset.symbol)


SOURCE = SyntheticSource


class _Draws:
    """A stream of random numbers that is exact on every platform."""

    def __init__(self, seed: int) -> None:
        self._generator = np.random.PCG64(seed)
        self._block: list[int] = []

    def _integer(self) -> int:
        if not self._block:
            self._block = self._generator.random_raw(65_536).tolist()
        return self._block.pop() >> 32

    def uniform(self) -> float:
        return self._integer() / 2**32

    def below(self, start: int, stop: int) -> int:
        return start + self._integer() % (stop - start)

    def shock(self) -> float:
        """Mean 0, standard deviation 1, within ±6."""
        return (sum(self._integer() for _ in range(12)) - 6 * 2**32) / 2**32


@dataclass(frozen=True)
class _Session:
    """The part of a day that all symbols share."""

    day: date
    regime: Regime
    factors: Triple
    payouts: set[int]  # who pays today: those that pay so often a year


def _market(draws: _Draws, days: list[date]) -> list[_Session]:
    market: list[_Session] = []
    regime, left = REGIMES[0], draws.below(*REGIMES[0].length)
    for previous, day in pairwise([days[0], *days]):
        if left == 0:
            others = [other for other in REGIMES if other is not regime]
            regime = others[draws.below(0, len(others))]
            left = draws.below(*regime.length)
        left -= 1
        equity, rates, gold = (
            drift + volatility * draws.shock()
            for drift, volatility in zip(regime.drift, regime.volatility, strict=True)
        )
        if regime.has_crashes and draws.uniform() < CRASH_CHANCE:
            equity -= 0.03 + 0.04 * draws.uniform()
        payouts = {MONTHLY} if previous.month != day.month else set()
        if day.month % 3 == 0 and previous.day < MID_MONTH <= day.day:
            payouts.add(QUARTERLY)
        market.append(_Session(day, regime, (equity, rates, gold), payouts))
    return market


def _bars(asset: Asset, market: list[_Session], draws: _Draws) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    closes, dividends = [asset.price], [0.0]
    for line, today in enumerate(market, start=1):
        # Prices were quoted in cents before the split too: adjusted, a cent is half a cent.
        shares = asset.split if today.day < SPLIT_DAY else 1
        size = asset.volatility + _dot(asset.exposures, today.regime.volatility)
        move = asset.volatility * draws.shock() + _dot(asset.betas, today.factors)
        pays = asset.payouts in today.payouts
        payout = closes[-1] * shares * asset.dividend_yield / asset.payouts if pays else 0.0
        dividend = round(payout, 3) / shares
        base = closes[-1] - dividend
        open_ = _cents(base * (1 + 0.4 * move + 0.25 * size * draws.shock()), shares)
        close = _cents(base * (1 + move), shares)
        high = _cents(max(open_, close) * (1 + 0.6 * size * draws.uniform()), shares)
        low = _cents(min(open_, close) * (1 - 0.6 * size * draws.uniform()), shares)
        activity = 0.5 + draws.uniform() + abs(move) / size
        closes.append(close)
        dividends.append(dividend)
        rows.append(
            {
                "symbol": asset.symbol,
                "session_date": today.day,
                "open": open_,
                "high": high,
                "low": low,
                "close": close,
                "volume": float(int(asset.volume * activity / 2)),
                "dividend": dividend,
                "is_final": True,
                "file": SyntheticSource.name,
                "line": line,
            }
        )
    # As data vendors do: every payout scales all earlier closes.
    factor = 1.0
    for position in range(len(rows), 0, -1):
        rows[position - 1]["adj_close"] = round(closes[position] * factor, 6)
        factor *= 1 - dividends[position] / closes[position - 1]
    return rows


def _dot(left: Triple, right: Triple) -> float:
    # Not sum(): from Python 3.12 on it rounds otherwise.
    return left[0] * right[0] + left[1] * right[1] + left[2] * right[2]


def _cents(price: float, shares: int) -> float:
    return round(price * shares, 2) / shares
