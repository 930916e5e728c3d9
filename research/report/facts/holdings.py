"""Positions of the live strategy: weights, each symbol's earnings, and the cost of trading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from research.statistics.metrics import growth, total_return
from research.statistics.samples import SESSIONS_A_YEAR

if TYPE_CHECKING:
    from research.readers import History


@dataclass(frozen=True, slots=True)
class Contribution:
    """Contribution of one symbol to the strategy.

    Attributes:
        total: Sum over sessions of weight times return, before costs: points of equity, not compounded.
        a_year: The same per 252 sessions.
        held: Share of sessions with a position.
        weight: Mean weight over those.
    """

    symbol: str
    total: float
    a_year: float
    held: float
    weight: float


@dataclass(frozen=True, slots=True)
class Year:
    """A calendar year, which the history may begin or end in.

    Attributes:
        net: Return after costs.
        gross: Return before costs.
        turnover: Sum of equity fractions traded, buys and sales.
        cost: Sum of equity fractions paid.
    """

    year: int
    sessions: int
    net: float
    gross: float
    turnover: float
    cost: float


@dataclass(frozen=True, slots=True, eq=False)
class Holdings:
    """Positions, contributions and costs.

    Attributes:
        turnover: Fraction of equity traded, a year.
        cost: Fraction of equity paid, a year.
        weights: Mean weight by quarter (its first day) and symbol; cash is the rest.
    """

    contributions: tuple[Contribution, ...]
    years: tuple[Year, ...]
    turnover: float
    cost: float
    gross_growth: float
    net_growth: float
    weights: pd.DataFrame


def holdings_of(history: History) -> Holdings:
    """Add up what was held, earned and paid."""
    live, rows = history.live, history.holdings
    sessions = len(live)
    # A position earns from its session to the next one; the last has not earned yet.
    earned = rows[rows["session_date"] < live["session_date"].iloc[-1]]
    contributions = [
        Contribution(
            symbol=str(symbol),
            total=float(group["contribution"].sum()),
            a_year=float(group["contribution"].sum()) * SESSIONS_A_YEAR / sessions,
            held=len(group) / sessions,
            weight=float(group["weight"].mean()),
        )
        for symbol, group in earned.groupby("symbol", sort=True)
    ]
    return Holdings(
        contributions=tuple(sorted(contributions, key=lambda each: -each.total)),
        years=_years(live),
        turnover=float(live["turnover"].mean()) * SESSIONS_A_YEAR,
        cost=float(live["cost"].mean()) * SESSIONS_A_YEAR,
        gross_growth=float(growth(live["gross_return"].to_numpy(dtype=float))[-1]),
        net_growth=float(growth(live["net_return"].to_numpy(dtype=float))[-1]),
        weights=_quarterly_weights(rows, pd.DatetimeIndex(live["session_date"])),
    )


def _years(live: pd.DataFrame) -> tuple[Year, ...]:
    years = pd.DatetimeIndex(live["session_date"]).year
    return tuple(
        Year(
            year=int(str(year)),
            sessions=len(group),
            net=total_return(group["net_return"].to_numpy(dtype=float)),
            gross=total_return(group["gross_return"].to_numpy(dtype=float)),
            turnover=float(group["turnover"].sum()),
            cost=float(group["cost"].sum()),
        )
        for year, group in live.groupby(years)
    )


def _quarterly_weights(rows: pd.DataFrame, sessions: pd.DatetimeIndex) -> pd.DataFrame:
    weights = rows.pivot_table(index="session_date", columns="symbol", values="weight", fill_value=0)
    return weights.reindex(sessions, fill_value=0).resample("QS").mean()
