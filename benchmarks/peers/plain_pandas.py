"""The strategy in plain pandas and numpy, vectorised over the sessions."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from contest import Answer, Contestant, Panel, main
from rules import (
    ATR_WINDOW,
    COMMISSION,
    CORR_CAP,
    CORR_MIN_OBS,
    CORR_WINDOW,
    EMA_FAST,
    EMA_SLOW,
    GRID,
    INVESTED,
    LIVE,
    MAX_WEIGHT,
    SESSIONS_PER_YEAR,
    SLIPPAGE,
    TOP_N,
    VOL_WINDOW,
    folds,
    splice,
)

if TYPE_CHECKING:
    import pandas as pd


def solve(panel: Panel, scope: str) -> Answer:
    """Backtest every strategy of the grid; in scope b walk forward over them too."""
    weights = targets(panel)
    returns = panel.close.pct_change(fill_method=None).fillna(0).to_numpy()
    rate = (SLIPPAGE + COMMISSION / panel.traded_close).fillna(0).to_numpy()
    net = net_returns(weights, returns, rate)
    if scope != "b":
        return Answer(net)
    windows = folds(panel.close.index, weights[LIVE])
    winners = np.array([calmar(net[start:split]).argmax() for start, split, _ in windows])
    spliced = splice(weights, windows, winners)
    return Answer(net, winners, net_returns(spliced[None], returns, rate)[:, 0])


def targets(panel: Panel) -> np.ndarray:
    """Compute target weights, strategies by sessions by symbols."""
    close = panel.close
    returns = close.pct_change(fill_method=None)
    volatility = returns.rolling(VOL_WINDOW).std().to_numpy()
    previous = close.shift(1)
    true_range = np.fmax(panel.high, previous) - np.fmin(panel.low, previous)
    atr = true_range.ewm(alpha=1 / ATR_WINDOW, adjust=False).mean()
    atr_pct = atr / close
    bars = close.notna().cumsum()
    emas = {span: close.ewm(span=span, adjust=False).mean() for span in (*EMA_FAST, *EMA_SLOW)}
    correlations = correlate(returns)

    weights = np.zeros((len(GRID), *close.shape))
    for fast, slow in product(EMA_FAST, EMA_SLOW):
        eligible = (
            close.notna()
            & (bars >= max(slow, CORR_WINDOW + 1))
            & (volatility > 0)
            & (atr > 0)
            & (emas[fast] > emas[slow])
        )
        score = ((close / emas[fast] - 1) / atr_pct).where(eligible).to_numpy()
        # Symbols ascend, so a stable sort breaks ties as wanted; NaN sorts last.
        order = np.argsort(-score, axis=1, kind="stable")
        for cap in CORR_CAP:
            pick = select(order, np.isfinite(score), correlations <= cap)
            for top_n in TOP_N:
                strategy = GRID.index((fast, slow, top_n, cap))
                weights[strategy] = inverse_volatility((pick > 0) & (pick <= top_n), volatility)
    return weights


def correlate(returns: pd.DataFrame) -> np.ndarray:
    """Compute trailing correlations, sessions by symbols by symbols; NaN where unknown."""
    sessions, symbols = returns.shape
    correlations = np.full((sessions, symbols, symbols), np.nan)
    for first in range(symbols):
        left = returns.iloc[:, first]
        for second in range(first):
            right = returns.iloc[:, second]
            known = left.rolling(CORR_WINDOW, min_periods=CORR_MIN_OBS).corr(right)
            known = known.where(left.notna() & right.notna()).to_numpy()
            correlations[:, first, second] = correlations[:, second, first] = known
    return correlations


def select(order: np.ndarray, eligible: np.ndarray, compatible: np.ndarray) -> np.ndarray:
    """Walk the ranks of all sessions at once; return each symbol's pick number, 0 if not taken.

    A smaller top_n takes a prefix of the picks, so one walk serves them all.
    """
    pick = np.zeros(order.shape, dtype=int)
    taken = np.zeros(order.shape[0], dtype=int)
    allowed = eligible.copy()
    rows = np.arange(order.shape[0])
    for symbol in order.T:
        takes = allowed[rows, symbol] & (taken < max(TOP_N))
        taken += takes
        pick[rows[takes], symbol[takes]] = taken[takes]
        allowed[takes] &= compatible[rows[takes], symbol[takes]]
    return pick


def inverse_volatility(picked: np.ndarray, volatility: np.ndarray) -> np.ndarray:
    """Weigh the picked symbols by inverse volatility, pinning what exceeds the largest weight."""
    inverse = np.divide(1, volatility, out=np.zeros(volatility.shape), where=picked)
    pinned = np.zeros(picked.shape, dtype=bool)
    while True:
        free = np.where(pinned, 0, inverse)
        left = INVESTED - MAX_WEIGHT * pinned.sum(axis=1, keepdims=True)
        total = free.sum(axis=1, keepdims=True)
        share = np.divide(free, total, out=np.zeros(free.shape), where=total > 0)
        weights = np.where(pinned, MAX_WEIGHT, left * share)
        exceeds = weights > MAX_WEIGHT
        if not exceeds.any():
            return weights
        pinned |= exceeds


def net_returns(weights: np.ndarray, returns: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Account weights (strategies by sessions by symbols); return sessions by strategies."""
    held = np.zeros(weights.shape)
    held[:, 1:] = weights[:, :-1]
    grown = held * (1 + returns)
    gross = (held * returns).sum(axis=2, keepdims=True)
    cost = (np.abs(weights - grown / (1 + gross)) * rate).sum(axis=2)
    return ((1 + gross[:, :, 0]) * (1 - cost) - 1).T


def calmar(net: np.ndarray) -> np.ndarray:
    """Compute each column's CAGR over its largest drawdown; no drawdown loses."""
    equity = np.cumprod(1 + net, axis=0)
    peak = np.maximum(np.maximum.accumulate(equity, axis=0), 1)
    drawdown = (1 - equity / peak).max(axis=0)
    cagr = equity[-1] ** (SESSIONS_PER_YEAR / len(net)) - 1
    return np.divide(cagr, drawdown, out=np.full(cagr.shape, -np.inf), where=drawdown > 0)


if __name__ == "__main__":
    main(Contestant("pandas", ("pandas", "numpy"), solve))
