"""What target weights earn and cost, session by session, and the metrics of such a series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from oracle.features import Market
    from oracle.parameters import Parameters

YEAR = 252  # sessions
DUST = 1e-12  # a change of weight this small is rounding, not an order


@dataclass(frozen=True)
class Metrics:
    """Metrics of a daily series; None where one is not defined.

    No session: all None. No drawdown: no Calmar. No loss: no profit factor. No spread of returns:
    no Sharpe. `max_drawdown` is a fraction of the running maximum, zero or negative.
    """

    sessions: int
    cagr: float | None = None
    sharpe: float | None = None
    calmar: float | None = None
    max_drawdown: float | None = None
    profit_factor: float | None = None
    turnover_annual: float | None = None


def backtest(market: Market, weights: pd.DataFrame, parameters: Parameters) -> pd.DataFrame:
    """Account for weights decided at each close, which earn the next session's return.

    `weights` is sessions by symbols as `target_weights` returns it. Returns one row per session
    of the calendar; equity in USD, all else fractions. An order is worth its change of weight at the
    equity of the session before.
    """
    ret = np.nan_to_num(market.returns)  # no bar: no return until the next one
    last_close = pd.DataFrame(market.matrix(lambda own: own.traded_close)).ffill().to_numpy()
    decided = weights.to_numpy(dtype=np.float64)
    held = np.vstack([np.zeros((1, decided.shape[1])), decided[:-1]])
    gross = (held * ret).sum(axis=1)
    drifted = held * (1 + ret) / (1 + gross)[:, None]
    traded = np.abs(decided - drifted)
    net, cost, equity = np.zeros(len(gross)), np.zeros(len(gross)), np.zeros(len(gross))
    before = parameters.initial_equity
    for session, change in enumerate(traded):
        orders = zip(change[change > DUST], last_close[session][change > DUST], strict=True)
        commissions = sum(_commission(each * before, close, parameters) for each, close in orders)
        cost[session] = change.sum() * parameters.slippage + commissions / before
        net[session] = (1 + gross[session]) * (1 - cost[session]) - 1
        before = equity[session] = before * (1 + net[session])
    peak = np.maximum(np.maximum.accumulate(equity), parameters.initial_equity)
    return pd.DataFrame(
        {
            "gross_return": gross,
            "cost": cost,
            "net_return": net,
            "turnover": traded.sum(axis=1),
            "equity": equity,
            "drawdown": equity / peak - 1,
        },
        index=market.sessions,
    )


def _commission(value: float, close: float, parameters: Parameters) -> float:
    """Return the commission of an order of this value, in USD."""
    commission = max(value / close * parameters.commission_per_share, parameters.commission_minimum)
    return min(commission, parameters.commission_maximum * value) if parameters.commission_maximum else commission


def measured(daily: pd.DataFrame, weights: pd.DataFrame) -> pd.DataFrame:
    """Return the sessions after the first non-empty target, none if there is no such target."""
    invested = np.flatnonzero((weights.to_numpy() > 0).any(axis=1))
    return daily.iloc[invested[0] + 1 if len(invested) else len(daily) :]


def metrics(daily: pd.DataFrame) -> Metrics:
    """Measure all rows of a daily series (`net_return`, `turnover`), whose equity starts at 1."""
    net = daily["net_return"].to_numpy(dtype=np.float64)
    sessions = len(net)
    if sessions == 0:
        return Metrics(sessions=0)
    equity = np.cumprod(1 + net)
    peak = np.maximum(np.maximum.accumulate(equity), 1)
    cagr = float(equity[-1] ** (YEAR / sessions) - 1)
    max_drawdown = float((equity / peak - 1).min())
    deviation = float(net.std(ddof=1)) if sessions > 1 else 0.0
    losses = float(-net[net < 0].sum())
    return Metrics(
        sessions=sessions,
        cagr=cagr,
        sharpe=float(net.mean()) / deviation * float(np.sqrt(YEAR)) if deviation > 0 else None,
        calmar=cagr / -max_drawdown if max_drawdown < 0 else None,
        max_drawdown=max_drawdown,
        profit_factor=float(net[net > 0].sum()) / losses if losses > 0 else None,
        turnover_annual=float(daily["turnover"].mean()) * YEAR,
    )
