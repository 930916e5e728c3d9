"""The strategy as a single-threaded compiled kernel: the limit of what one core can do."""

from __future__ import annotations

import numpy as np
from contest import Answer, Contestant, Panel, main
from numba import njit
from rules import (
    ATR_WINDOW,
    COMMISSION,
    CORR_CAP,
    CORR_MIN_OBS,
    CORR_WINDOW,
    EMA_FAST,
    EMA_SLOW,
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

# Plain names, because compiled code reads only constants.
FASTS, SLOWS, SIZES, CAPS = len(EMA_FAST), len(EMA_SLOW), len(TOP_N), len(CORR_CAP)
LARGEST = max(TOP_N)


def solve(panel: Panel, scope: str) -> Answer:
    """Backtest every strategy of the grid; in scope b walk forward over them too."""
    high, low, close, traded_close = (
        frame.to_numpy() for frame in (panel.high, panel.low, panel.close, panel.traded_close)
    )
    returns, volatility, atr = features(high, low, close)
    weights = targets(scores(close, volatility, atr), 1 / volatility, correlate(returns))
    rate = SLIPPAGE + COMMISSION / traded_close
    net = account(weights, returns, rate)
    if scope != "b":
        return Answer(net)
    windows = folds(panel.close.index, weights[LIVE])
    winners = np.array([calmar(net[start:split]).argmax() for start, split, _ in windows])
    spliced = splice(weights, windows, winners)
    return Answer(net, winners, account(spliced[None], returns, rate)[:, 0])


@njit(cache=True)
def features(high, low, close):  # noqa: ANN001, ANN201 - numba infers them
    """Compute returns, their volatility and the ATR, each sessions by symbols."""
    returns = np.full(close.shape, np.nan)
    volatility, atr = returns.copy(), returns.copy()
    for symbol in range(close.shape[1]):
        known, total, squares = 0, 0.0, 0.0
        for session in range(close.shape[0]):
            if np.isnan(close[session, symbol]):
                continue
            if session == 0 or np.isnan(close[session - 1, symbol]):
                atr[session, symbol] = high[session, symbol] - low[session, symbol]
                continue
            previous = close[session - 1, symbol]
            true_range = max(high[session, symbol], previous) - min(low[session, symbol], previous)
            before = atr[session - 1, symbol]
            atr[session, symbol] = before + (true_range - before) / ATR_WINDOW
            value = close[session, symbol] / previous - 1
            returns[session, symbol] = value
            known, total, squares = known + 1, total + value, squares + value * value
            if known > VOL_WINDOW:
                gone = returns[session - VOL_WINDOW, symbol]
                total, squares = total - gone, squares - gone * gone
            if known >= VOL_WINDOW:
                variance = (squares - total * total / VOL_WINDOW) / (VOL_WINDOW - 1)
                volatility[session, symbol] = np.sqrt(max(variance, 0.0))
    return returns, volatility, atr


@njit(cache=True)
def scores(close, volatility, atr):  # noqa: ANN001, ANN201 - numba infers them
    """Score the eligible symbols, EMA pairs by sessions by symbols; NaN where not eligible."""
    sessions, symbols = close.shape
    result = np.full((FASTS * SLOWS, sessions, symbols), np.nan)
    emas = np.empty(FASTS + SLOWS)
    for symbol in range(symbols):
        bars = 0
        for session in range(sessions):
            price = close[session, symbol]
            if np.isnan(price):
                continue
            for index, span in enumerate(EMA_FAST + EMA_SLOW):
                weight = 1.0 if bars == 0 else 2 / (span + 1)
                emas[index] = price if bars == 0 else weight * price + (1 - weight) * emas[index]
            bars += 1
            if not (volatility[session, symbol] > 0 and atr[session, symbol] > 0):
                continue
            for fast in range(FASTS):
                for slow in range(SLOWS):
                    enough = bars >= max(EMA_SLOW[slow], CORR_WINDOW + 1)
                    if enough and emas[fast] > emas[FASTS + slow]:
                        result[fast * SLOWS + slow, session, symbol] = (price / emas[fast] - 1) / (
                            atr[session, symbol] / price
                        )
    return result


@njit(cache=True)
def correlate(returns):  # noqa: ANN001, ANN201 - numba infers them
    """Compute trailing correlations, sessions by symbols by symbols; NaN where unknown."""
    sessions, symbols = returns.shape
    result = np.full((sessions, symbols, symbols), np.nan)
    for first in range(symbols):
        for second in range(first):
            known, x, y, xx, yy, xy = 0, 0.0, 0.0, 0.0, 0.0, 0.0
            for session in range(sessions):
                if session >= CORR_WINDOW:
                    a = returns[session - CORR_WINDOW, first]
                    b = returns[session - CORR_WINDOW, second]
                    if not np.isnan(a + b):
                        known, x, y = known - 1, x - a, y - b
                        xx, yy, xy = xx - a * a, yy - b * b, xy - a * b
                a, b = returns[session, first], returns[session, second]
                if np.isnan(a + b):
                    continue
                known, x, y = known + 1, x + a, y + b
                xx, yy, xy = xx + a * a, yy + b * b, xy + a * b
                spread = (known * xx - x * x) * (known * yy - y * y)
                if known >= CORR_MIN_OBS and spread > 0:
                    value = (known * xy - x * y) / np.sqrt(spread)
                    result[session, first, second] = result[session, second, first] = value
    return result


@njit(cache=True)
def targets(score, inverse_volatility, correlations):  # noqa: ANN001, ANN201 - numba infers them
    """Select and weigh for the whole grid: strategies by sessions by symbols."""
    pairs, sessions, symbols = score.shape
    result = np.zeros((pairs * SIZES * CAPS, sessions, symbols))
    picks = np.empty(LARGEST, np.int64)
    for session in range(sessions):
        for pair in range(pairs):
            for cap in range(CAPS):
                taken = select(score[pair, session], correlations[session], CORR_CAP[cap], picks)
                for size in range(SIZES):
                    # A smaller top_n takes a prefix of the picks: one walk serves them all.
                    chosen = picks[: min(taken, TOP_N[size])]
                    row = result[(pair * SIZES + size) * CAPS + cap, session]
                    weigh(chosen, inverse_volatility[session], row)
    return result


@njit(cache=True)
def select(score, correlations, cap, picks):  # noqa: ANN001, ANN201 - numba infers them
    """Walk down the ranks into `picks`; return how many were taken."""
    remaining = score.copy()
    taken = 0
    while taken < len(picks):
        best, highest = -1, -np.inf
        for symbol in range(len(remaining)):
            if remaining[symbol] > highest:
                best, highest = symbol, remaining[symbol]
        if best < 0:
            break
        remaining[best] = np.nan
        fits = True
        for other in picks[:taken]:
            fits = fits and correlations[best, other] <= cap
        if fits:
            picks[taken] = best
            taken += 1
    return taken


@njit(cache=True)
def weigh(chosen, inverse_volatility, weights):  # noqa: ANN001, ANN201 - numba infers them
    """Set the chosen symbols' weights, pinning what exceeds the largest weight."""
    left = INVESTED
    pinning = True
    while pinning:
        total = 0.0
        for symbol in chosen:
            if weights[symbol] != MAX_WEIGHT:
                total += inverse_volatility[symbol]
        scale = left / total if total > 0 else 0.0
        pinning = False
        for symbol in chosen:
            if weights[symbol] != MAX_WEIGHT:
                weights[symbol] = scale * inverse_volatility[symbol]
                if weights[symbol] > MAX_WEIGHT:
                    weights[symbol] = MAX_WEIGHT
                    left -= MAX_WEIGHT
                    pinning = True


@njit(cache=True)
def account(weights, returns, rate):  # noqa: ANN001, ANN201 - numba infers them
    """Compute net returns, sessions by strategies; `rate` is the cost of a unit of turnover."""
    strategies, sessions, symbols = weights.shape
    net = np.empty((sessions, strategies))
    held = np.zeros(symbols)
    for strategy in range(strategies):
        held[:] = 0
        for session in range(sessions):
            gross = 0.0
            for symbol in range(symbols):
                if held[symbol] > 0:
                    gross += held[symbol] * returns[session, symbol]
            cost = 0.0
            for symbol in range(symbols):
                weight, drifted = weights[strategy, session, symbol], 0.0
                if held[symbol] > 0:
                    drifted = held[symbol] * (1 + returns[session, symbol]) / (1 + gross)
                if weight != drifted:
                    cost += abs(weight - drifted) * rate[session, symbol]
                held[symbol] = weight
            net[session, strategy] = (1 + gross) * (1 - cost) - 1
    return net


@njit(cache=True)
def calmar(net):  # noqa: ANN001, ANN201 - numba infers them
    """Compute each column's CAGR over its largest drawdown; no drawdown loses."""
    sessions, strategies = net.shape
    result = np.full(strategies, -np.inf)
    equity, peak, worst = np.ones(strategies), np.ones(strategies), np.zeros(strategies)
    for session in range(sessions):
        for strategy in range(strategies):
            equity[strategy] *= 1 + net[session, strategy]
            peak[strategy] = max(peak[strategy], equity[strategy])
            worst[strategy] = max(worst[strategy], 1 - equity[strategy] / peak[strategy])
    for strategy in range(strategies):
        if worst[strategy] > 0:
            cagr = equity[strategy] ** (SESSIONS_PER_YEAR / sessions) - 1
            result[strategy] = cagr / worst[strategy]
    return result


if __name__ == "__main__":
    main(Contestant("compiled kernel", ("numba", "numpy"), solve))
