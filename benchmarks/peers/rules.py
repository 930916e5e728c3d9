"""The strategy's constants and calendar, shared by the contestants."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd

EMA_FAST, EMA_SLOW, TOP_N, CORR_CAP = (10, 20, 30), (40, 50, 80), (1, 2, 3), (0.6, 0.7, 0.8)
GRID = tuple(product(EMA_FAST, EMA_SLOW, TOP_N, CORR_CAP))
LIVE = GRID.index((20, 50, 2, 0.7))
CORR_WINDOW, CORR_MIN_OBS, ATR_WINDOW, VOL_WINDOW = 90, 60, 20, 20
MAX_WEIGHT, INVESTED = 0.50, 1 - 0.05
SLIPPAGE, COMMISSION = 0.0001, 0.0035
TRAIN, STEP = pd.DateOffset(years=3), pd.DateOffset(months=3)
SESSIONS_PER_YEAR = 252


def folds(sessions: pd.DatetimeIndex, live: np.ndarray) -> np.ndarray:
    """Lay out the walk-forward from the live strategy's first non-empty target.

    Takes the live strategy's weights, sessions by symbols. Returns one row per fold: the session
    rows where training starts, where testing starts, and where testing ends (excluded).
    """
    origin = sessions[live.any(axis=1).argmax()]
    edges = []
    while (start := origin + STEP * len(edges)) + TRAIN <= sessions[-1]:
        edges.append(sessions.searchsorted([start, start + TRAIN, start + TRAIN + STEP]))
    return np.array(edges)


def splice(weights: np.ndarray, windows: np.ndarray, winners: np.ndarray) -> np.ndarray:
    """Put each fold's winner's targets into its test window; no target elsewhere.

    Takes weights as strategies by sessions by symbols; returns sessions by symbols.
    """
    spliced = np.zeros(weights.shape[1:])
    for (_, start, end), winner in zip(windows, winners, strict=True):
        spliced[start:end] = weights[winner, start:end]
    return spliced
