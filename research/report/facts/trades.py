"""Trades of the live strategy's backtest: each holding of a symbol from its purchase to its sale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from research.statistics.description import win_rate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import pandas as pd


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """A trade: a symbol held without a break.

    Attributes:
        entry: The session at whose close it was bought.
        exit: The session at whose close it was sold; None while it is held.
        sessions: Sessions that it was held overnight.
        weight: Mean fraction of equity.
        gain: Return of the symbol from entry to exit, or to the newest close, before costs; a fraction.
        contribution: Sum of weight times return: points of equity, before costs.
    """

    symbol: str
    entry: date
    exit: date | None
    sessions: int
    weight: float
    gain: float
    contribution: float


@dataclass(frozen=True, slots=True)
class TradeRecord:
    """All trades, newest first, and what they have in common; None where no trade is closed.

    Attributes:
        count: Closed trades.
        a_year: Closed trades per 252 sessions.
        win_rate: Share of the closed trades with a gain.
        mean_sessions: Mean sessions that a closed trade was held.
        median_sessions: Half were held this long or longer.
        mean_gain: Mean gain of the closed trades that gained.
        mean_loss: Mean gain of those that lost, negative.
    """

    trades: tuple[RoundTrip, ...]
    count: int
    a_year: float
    win_rate: float | None
    mean_sessions: float | None
    median_sessions: float | None
    mean_gain: float | None
    mean_loss: float | None
    best: RoundTrip | None
    worst: RoundTrip | None


def trades_of(rows: pd.DataFrame, years: float) -> TradeRecord:
    """Sum up trades.

    Args:
        rows: One row a trade, newest first, as `research.readers` reads them.
        years: Length of the history, in years of 252 sessions.
    """
    trades = tuple(
        RoundTrip(
            symbol=str(row["symbol"]),
            entry=row["entry"].date(),
            exit=row["exit"].date() if row["is_closed"] else None,
            sessions=int(row["sessions"]),
            weight=float(row["weight"]),
            gain=float(row["gain"]),
            contribution=float(row["contribution"]),
        )
        for row in rows.to_dict("records")
    )
    closed = [trade for trade in trades if trade.exit is not None]
    gains, lengths = [trade.gain for trade in closed], [trade.sessions for trade in closed]
    return TradeRecord(
        trades=trades,
        count=len(closed),
        a_year=len(closed) / years if years else 0.0,
        win_rate=win_rate(gains),
        mean_sessions=_mean(lengths),
        median_sessions=float(np.median(lengths)) if lengths else None,
        mean_gain=_mean([gain for gain in gains if gain > 0]),
        mean_loss=_mean([gain for gain in gains if gain < 0]),
        best=max(closed, key=lambda trade: trade.gain, default=None),
        worst=min(closed, key=lambda trade: trade.gain, default=None),
    )


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
