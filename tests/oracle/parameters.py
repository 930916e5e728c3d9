"""The parameters of one strategy, and the walk-forward grid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product


@dataclass(frozen=True)
class Parameters:
    """One strategy; the defaults are the live one.

    Windows and spans count bars or sessions; weights, caps and slippage are fractions of 1;
    `commission_per_share`, `commission_minimum` (an order) and `initial_equity` are USD, `commission_maximum` a
    fraction of the order's value. A minimum or maximum of 0 is none.
    """

    ema_fast: int = 20
    ema_slow: int = 50
    top_n: int = 2
    corr_cap: float = 0.7
    corr_window: int = 90
    corr_min_obs: int = 60
    atr_window: int = 20
    vol_window: int = 20
    max_weight: float = 0.50
    cash_buffer: float = 0.05
    slippage: float = 0.0001
    commission_per_share: float = 0.0035
    commission_minimum: float = 0.0
    commission_maximum: float = 0.0
    initial_equity: float = 10_000.0


def grid(base: Parameters | None = None) -> list[Parameters]:
    """Return the 81 strategies in grid order: ema_fast, ema_slow, top_n, corr_cap."""
    axes = product((10, 20, 30), (40, 50, 80), (1, 2, 3), (0.6, 0.7, 0.8))
    return [
        replace(base or Parameters(), ema_fast=fast, ema_slow=slow, top_n=top_n, corr_cap=cap)
        for fast, slow, top_n, cap in axes
    ]
