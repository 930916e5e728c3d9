"""Names that people read of series, metrics, statistics and methods: each stands once, here."""

from __future__ import annotations

from enum import StrEnum

from research.statistics.metrics import Metric
from research.statistics.risk import TailMethod

LIVE, WALK_FORWARD = "Live parameters", "Walk-forward"
BEST_OF_GRID, BACKTEST = "Best of the grid", "Backtest"
HINDSIGHT = "Parameters chosen with knowledge of these years."
HONEST = "Parameters chosen afresh in each fold, from the years before it."
BENCHMARK = "Without costs or taxes; mixes are brought back to their weights at every close."


class Statistic(StrEnum):
    """A statistic that is put into words."""

    PROBABILISTIC_SHARPE = "Probabilistic Sharpe ratio"
    TRACK_RECORD = "Minimum track record length"
    DEFLATED_SHARPE = "Deflated Sharpe ratio"
    OVERFITTING = "Probability of backtest overfitting"
    PURGED_PATHS = "Combinatorial purged cross-validation"
    BOOTSTRAP = "Stationary block bootstrap"
    REALITY_CHECK = "Reality check and superior predictive ability"
    KUPIEC = "Value at risk against what happened"
    DRAWDOWNS = "Drawdowns to expect"
    CONCENTRATION = "Concentration"
    CORRELATION_STRESS = "Correlation breakdown"
    CORRELATION_REGIME = "Correlation regime"


METRICS = {
    Metric.SHARPE: "Sharpe ratio",
    Metric.CAGR: "return a year",
    Metric.MAX_DRAWDOWN: "max drawdown",
    Metric.CALMAR: "Calmar ratio",
    Metric.VOLATILITY: "volatility a year",
    Metric.PROFIT_FACTOR: "profit factor (Omega)",
}
"""As they stand within a sentence, in the order of tables."""

METHODS = {
    TailMethod.HISTORICAL: "Historical",
    TailMethod.NORMAL: "Normal",
    TailMethod.CORNISH_FISHER: "Cornish-Fisher",
    TailMethod.MONTE_CARLO: "Monte Carlo",
}
FACTORS = {"SPY": "US equities", "TLT": "long Treasury bonds", "GLD": "gold", "XLE": "energy"}


def capitalised(name: str) -> str:
    """Make a name the beginning of a line."""
    return f"{name[0].upper()}{name[1:]}"
