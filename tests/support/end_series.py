"""Series of returns at the ends of what a statistic can be asked: still, alternating, all noise."""

from __future__ import annotations

import math

import numpy as np

from research.statistics.bootstrap import Draws

NAN = math.nan
DRAWS = Draws(3.0, 800)
STILL = np.zeros(300)
_RANDOM = np.random.default_rng(1)
BENCHMARK = _RANDOM.normal(0.0005, 0.01, 300)
NOISE = _RANDOM.normal(0, 0.01, (81, 300))
ALTERNATING = np.tile([0.01, -0.01], 150)
ONE_MOVE = np.append(STILL, 0.05)
