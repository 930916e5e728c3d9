"""The strategy once more, in plain Python: an independent second opinion on the SQL models.

Written from the strategy's definition alone. It reads no model and shares no code with the
warehouse, so that one of the two is shown to be wrong when they disagree.
"""

from __future__ import annotations

from oracle.accounting import Metrics, backtest, measured, metrics
from oracle.features import Market, atr, correlation, ema, features, true_range, volatility
from oracle.parameters import Parameters, grid
from oracle.targets import held_through_gaps, inverse_volatility_weights, selections, target_weights
from oracle.walk_forward import Fold, WalkForward, walk_forward

__all__ = [
    "Fold",
    "Market",
    "Metrics",
    "Parameters",
    "WalkForward",
    "atr",
    "backtest",
    "correlation",
    "ema",
    "features",
    "grid",
    "held_through_gaps",
    "inverse_volatility_weights",
    "measured",
    "metrics",
    "selections",
    "target_weights",
    "true_range",
    "volatility",
    "walk_forward",
]
