"""The strategy in vectorbt: its indicators, portfolio and Calmar ratio, and a compiled selection.

vectorbt has no greedy selection, so a user writes that part with numba; it is the kernel's.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import vectorbt as vbt
from compiled_kernel import correlate, targets
from contest import Answer, Contestant, Panel, main
from rules import (
    ATR_WINDOW,
    COMMISSION,
    CORR_WINDOW,
    EMA_FAST,
    EMA_SLOW,
    LIVE,
    SESSIONS_PER_YEAR,
    SLIPPAGE,
    VOL_WINDOW,
    folds,
    splice,
)

NOTE = (
    "a target is a share of the value before the session's costs, not after; a drawdown is "
    "measured from the first session's end; strategies that tie differ by rounding, so that "
    "another of them may win"
)


def solve(panel: Panel, scope: str) -> Answer:
    """Backtest every strategy of the grid; in scope b walk forward over them too."""
    returns = panel.close.vbt.pct_change()
    volatility = vbt.MSTD.run(returns, VOL_WINDOW, ddof=1).mstd.to_numpy()
    weights = targets(scores(panel, volatility), 1 / volatility, correlate(returns.to_numpy()))
    net = net_returns(panel, weights)
    if scope != "b":
        return Answer(net.to_numpy())
    windows = folds(net.index, weights[LIVE])
    winners = np.array([winner(net.iloc[start:split]) for start, split, _ in windows])
    spliced = splice(weights, windows, winners)
    return Answer(net.to_numpy(), winners, np.ravel(net_returns(panel, spliced[None])))


def scores(panel: Panel, volatility: np.ndarray) -> np.ndarray:
    """Score the eligible symbols, EMA pairs by sessions by symbols; NaN where not eligible."""
    close = panel.close.to_numpy()
    spans = [*EMA_FAST, *EMA_SLOW]
    averages = vbt.MA.run(panel.close, spans, ewm=True).ma.to_numpy()
    emas = dict(zip(spans, np.split(averages, len(spans), axis=1), strict=True))
    # This ATR smooths by span; a span of 2n - 1 is Wilder's n.
    smoothing = 2 * ATR_WINDOW - 1
    atr = vbt.ATR.run(panel.high, panel.low, panel.close, smoothing, ewm=True).atr.to_numpy()
    bars = np.cumsum(~np.isnan(close), axis=0)
    result = []
    for fast in EMA_FAST:
        for slow in EMA_SLOW:
            eligible = (bars >= max(slow, CORR_WINDOW + 1)) & (volatility > 0) & (atr > 0)
            eligible &= emas[fast] > emas[slow]
            score = (close / emas[fast] - 1) / (atr / close)
            result.append(np.where(eligible, score, np.nan))
    return np.stack(result)


def net_returns(panel: Panel, weights: np.ndarray) -> pd.DataFrame:
    """Simulate daily rebalancing to the weights, one portfolio of shared cash per strategy."""
    strategies, sessions, symbols = weights.shape
    columns = pd.MultiIndex.from_product([range(strategies), panel.close.columns])
    # A price before the listing is only there to be multiplied by a weight of zero.
    close, rate = (
        np.tile(frame.bfill().to_numpy(), strategies)
        for frame in (panel.close, SLIPPAGE + COMMISSION / panel.traded_close)
    )
    # Neither held nor wanted: no order, which is quicker than an order for nothing.
    wanted = weights > 0
    wanted[:, 1:] |= weights[:, :-1] > 0
    size = np.where(wanted, weights, np.nan).transpose(1, 0, 2)
    portfolio = vbt.Portfolio.from_orders(
        pd.DataFrame(close, index=panel.close.index, columns=columns),
        size=size.reshape(sessions, strategies * symbols),
        size_type="targetpercent",
        direction="longonly",
        fees=rate,
        init_cash=10_000,
        group_by=np.repeat(np.arange(strategies), symbols),
        cash_sharing=True,
        call_seq="auto",
        freq="1D",
    )
    return portfolio.returns()


def winner(net: pd.DataFrame) -> int:
    """Find the first strategy with the best Calmar ratio; no drawdown loses."""
    year = pd.Timedelta(days=SESSIONS_PER_YEAR)
    ratios = net.vbt.returns(freq="1D", year_freq=year).calmar_ratio()
    return int(np.nan_to_num(ratios.to_numpy(), nan=-np.inf).argmax())


if __name__ == "__main__":
    engine = sys.argv.pop(1)  # numba or rust
    vbt.settings["engine"] = engine
    packages = ("vectorbt", "numba", *(("vectorbt-rust",) if engine == "rust" else ()))
    main(Contestant(f"vectorbt, {engine} engine", packages, solve, note=NOTE))
