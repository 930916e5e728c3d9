"""Features of each symbol over its own bars, and correlations over the universe's calendar."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from oracle.parameters import Parameters

Vector = NDArray[np.float64]  # one value per bar, or per session
Matrix = NDArray[np.float64]  # sessions by symbols; NaN where a symbol has no value


@dataclass(frozen=True)
class OwnBars:
    """One symbol's bars, oldest first, as indicator prices (scaled by adj_close / close)."""

    sessions: NDArray[np.intp]  # where each bar stands in the universe's calendar
    high: Vector
    low: Vector
    close: Vector
    traded_close: Vector


@dataclass(frozen=True, eq=False)
class Market:
    """A universe's bars on the universe's calendar; symbols ascending.

    The calendar is every session on which any symbol of the universe has a bar.
    """

    sessions: pd.DatetimeIndex
    symbols: tuple[str, ...]
    own_bars: tuple[OwnBars, ...]
    correlations: dict[tuple[int, int, int, int, int], float] = field(default_factory=dict)

    @classmethod
    def of(cls, bars: pd.DataFrame, universe: Iterable[str] | None = None) -> Market:
        """Take the universe's rows of `bars` (symbol, session_date, high, low, close, adj_close).

        Without a universe, every symbol of `bars`.
        """
        symbols = tuple(sorted(bars["symbol"].unique() if universe is None else universe))
        rows = bars[bars["symbol"].isin(symbols)].sort_values("session_date")
        dates = pd.DatetimeIndex(pd.to_datetime(rows["session_date"]))
        sessions = dates.unique()

        def own_bars(symbol: str) -> OwnBars:
            mine = (rows["symbol"] == symbol).to_numpy(dtype=bool)
            high, low, close, adj_close = (
                rows.loc[mine, column].to_numpy(dtype=np.float64) for column in ("high", "low", "close", "adj_close")
            )
            k = adj_close / close
            return OwnBars(sessions.get_indexer(dates[mine]), k * high, k * low, adj_close, close)

        return cls(sessions, symbols, tuple(own_bars(symbol) for symbol in symbols))

    @cached_property
    def returns(self) -> Matrix:
        """Every symbol's returns, sessions by symbols."""
        return self.matrix(returns)

    def matrix(self, feature: Callable[[OwnBars], Vector]) -> Matrix:
        """Compute a feature over each symbol's own bars and place it on the calendar."""
        values = np.full((len(self.sessions), len(self.symbols)), np.nan)
        for column, own in enumerate(self.own_bars):
            values[own.sessions, column] = feature(own)
        return values


def returns(own: OwnBars) -> Vector:
    """Return c_t / c_{t-1} - 1; NaN at the first bar."""
    change = np.full(len(own.close), np.nan)
    change[1:] = own.close[1:] / own.close[:-1] - 1
    return change


def ema(values: Vector, span: int) -> Vector:
    """Return the exponential mean that starts at the first value, with a = 2 / (span + 1)."""
    a = 2 / (span + 1)
    smooth = values.tolist()
    for t in range(1, len(smooth)):
        smooth[t] = a * smooth[t] + (1 - a) * smooth[t - 1]
    return np.array(smooth, dtype=np.float64)


def true_range(own: OwnBars) -> Vector:
    """Return max(high, previous close) - min(low, previous close); the first is high - low."""
    previous = np.full(len(own.close), np.nan)
    previous[1:] = own.close[:-1]
    highest: Vector = np.fmax(own.high, previous)  # fmax and fmin pass over the NaN
    lowest: Vector = np.fmin(own.low, previous)
    return highest - lowest


def atr(own: OwnBars, window: int) -> Vector:
    """Return Wilder's average of the true range, started at the first true range."""
    smooth = true_range(own).tolist()
    for t in range(1, len(smooth)):
        smooth[t] = smooth[t - 1] + (smooth[t] - smooth[t - 1]) / window
    return np.array(smooth, dtype=np.float64)


def volatility(own: OwnBars, window: int) -> Vector:
    """Return the sample standard deviation of the last `window` returns, NaN before."""
    deviation = np.full(len(own.close), np.nan)
    known = returns(own)[1:]
    if len(known) >= window:
        deviation[window:] = sliding_window_view(known, window).std(axis=1, ddof=1)
    return deviation


def correlation(market: Market, pair: tuple[int, int], session: int, parameters: Parameters) -> float:
    """Return Pearson's correlation of two columns' returns on a session (its number).

    Over the joint returns among the trailing `corr_window` sessions. NaN with fewer than
    `corr_min_obs` of them, without a joint return on the session itself, or where one is constant.
    """
    first, second = sorted(pair)
    key = (first, second, session, parameters.corr_window, parameters.corr_min_obs)
    if key not in market.correlations:
        window = slice(max(0, session + 1 - parameters.corr_window), session + 1)
        x, y = market.returns[window, first], market.returns[window, second]
        joint = ~(np.isnan(x) | np.isnan(y))
        known = joint[-1] and np.count_nonzero(joint) >= parameters.corr_min_obs
        market.correlations[key] = _pearson(x[joint], y[joint]) if known else np.nan
    return market.correlations[key]


def _pearson(x: Vector, y: Vector) -> float:
    """Correlate in two passes; NaN where a series is constant."""
    # Range, not variance: the mean of equal numbers may be off by a rounding.
    if x.min() == x.max() or y.min() == y.max():
        return np.nan
    dx, dy = x - x.mean(), y - y.mean()
    return float((dx * dy).sum() / np.sqrt((dx * dx).sum() * (dy * dy).sum()))


def features(market: Market, parameters: Parameters) -> pd.DataFrame:
    """Return one row per symbol and session with a bar; `bar_number` counts from 0."""

    def of_symbol(symbol: str, own: OwnBars) -> pd.DataFrame:
        average = atr(own, parameters.atr_window)
        return pd.DataFrame(
            {
                "symbol": symbol,
                "session_date": market.sessions[own.sessions],
                "bar_number": np.arange(len(own.close)),
                "ret": returns(own),
                "true_range": true_range(own),
                "atr": average,
                "atr_pct": average / own.close,
                "volatility": volatility(own, parameters.vol_window),
            }
        )

    pairs = zip(market.symbols, market.own_bars, strict=True)
    return pd.concat([of_symbol(symbol, own) for symbol, own in pairs], ignore_index=True)
