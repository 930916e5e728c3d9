"""From features to decisions: eligibility, ranks, the decorrelated walk, and target weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from oracle.features import atr, correlation, ema, volatility

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from oracle.features import Market, Matrix
    from oracle.parameters import Parameters


STALE_AFTER = 5  # sessions without a bar after which a symbol counts as ended


class Pick(NamedTuple):
    """A selected symbol: its column in the market, its score, its rank from 1."""

    column: int
    score: float
    rank: int


def _scores(market: Market, parameters: Parameters) -> Matrix:
    """Return each symbol's score per session, NaN where it is not eligible."""
    close = market.matrix(lambda own: own.close)
    bars = market.matrix(lambda own: np.arange(1.0, len(own.close) + 1))
    fast = market.matrix(lambda own: ema(own.close, parameters.ema_fast))
    slow = market.matrix(lambda own: ema(own.close, parameters.ema_slow))
    average_range = market.matrix(lambda own: atr(own, parameters.atr_window))
    deviation = market.matrix(lambda own: volatility(own, parameters.vol_window))
    eligible = (
        ~np.isnan(close)
        & (bars >= max(parameters.ema_slow, parameters.corr_window + 1))
        & (deviation > 0)
        & (average_range > 0)
        & (fast > slow)
    )
    scores = np.full(close.shape, np.nan)
    atr_pct = average_range[eligible] / close[eligible]
    scores[eligible] = (close[eligible] / fast[eligible] - 1) / atr_pct
    return scores


def _picks(market: Market, parameters: Parameters) -> Iterator[tuple[int, list[Pick]]]:
    """Walk the ranks of each session that has an eligible symbol, oldest session first."""
    scores = _scores(market, parameters)
    # Columns ascend by symbol and the sort is stable: equal scores stay in symbol order.
    rankings = np.argsort(-scores, axis=1, kind="stable")
    for session in np.flatnonzero(~np.isnan(scores).all(axis=1)).tolist():
        ranking = rankings[session][: np.count_nonzero(~np.isnan(scores[session]))].tolist()
        taken: list[Pick] = []
        for rank, column in enumerate(ranking, start=1):
            if all(
                correlation(market, (pick.column, column), session, parameters)
                <= parameters.corr_cap  # False for an unknown correlation, which is NaN
                for pick in taken
            ):
                taken.append(Pick(column, float(scores[session, column]), rank))
            if len(taken) == parameters.top_n:
                break
        yield session, taken


def selections(market: Market, parameters: Parameters) -> pd.DataFrame:
    """Return one row per session and selected symbol; `pick` and `rank` count from 1."""
    rows = [
        (market.sessions[session], market.symbols[pick.column], pick.score, pick.rank, order)
        for session, picks in _picks(market, parameters)
        for order, pick in enumerate(picks, start=1)
    ]
    return pd.DataFrame(rows, columns=["session_date", "symbol", "score", "rank", "pick"])


def inverse_volatility_weights(volatilities: Sequence[float], parameters: Parameters) -> list[float]:
    """Share 1 - cash_buffer in proportion to 1 / volatility, no weight above max_weight.

    A weight above the cap is pinned there and the rest is shared again among the others; what
    cannot be placed stays cash.
    """
    inverse = [1 / each for each in volatilities]
    pinned: set[int] = set()
    while True:
        left = 1 - parameters.cash_buffer - parameters.max_weight * len(pinned)
        total = sum(share for i, share in enumerate(inverse) if i not in pinned)
        weights = [parameters.max_weight if i in pinned else left * share / total for i, share in enumerate(inverse)]
        over = {i for i, weight in enumerate(weights) if weight > parameters.max_weight}
        if not over:
            return weights
        pinned |= over


def target_weights(market: Market, parameters: Parameters) -> pd.DataFrame:
    """Return sessions by symbols: the fraction of equity decided at each session's close."""
    deviation = market.matrix(lambda own: volatility(own, parameters.vol_window))
    weights = np.zeros(deviation.shape)
    for session, picks in _picks(market, parameters):
        columns = [pick.column for pick in picks]
        weights[session, columns] = inverse_volatility_weights(deviation[session, columns].tolist(), parameters)
    return pd.DataFrame(weights, index=market.sessions, columns=list(market.symbols))


def held_through_gaps(market: Market, decided: pd.DataFrame, stale_after: int = STALE_AFTER) -> pd.DataFrame:
    """Return sessions by symbols: what is held after each close, when decisions wait for missing bars.

    While a held symbol has no bar, and fewer than `stale_after` sessions have passed since its last one, nothing is
    traded: what is held drifts, and the decision of the session is not carried out. Then the symbol counts as ended.
    """
    present = ~np.isnan(market.matrix(lambda own: own.close))
    ret = np.nan_to_num(market.returns)
    held = decided.to_numpy(dtype=np.float64).copy()
    missed = np.zeros(held.shape[1], dtype=int)  # sessions since each symbol's last bar
    for session in range(1, len(held)):
        missed = np.where(present[session], 0, missed + 1)
        before = held[session - 1]
        if ((before > 0) & (missed > 0) & (missed < stale_after)).any():
            worth = before * (1 + ret[session])
            held[session] = worth / (1 + (before * ret[session]).sum())
    return pd.DataFrame(held, index=decided.index, columns=decided.columns)
