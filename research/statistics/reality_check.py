"""Comparison of the best of many trials with a benchmark, once the search itself is counted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from research.statistics.bootstrap import resampled
from research.statistics.metrics import varies
from research.statistics.samples import (
    SESSIONS_A_YEAR,
    SHORTEST_HISTORY,
    FloatArray,
    SampleError,
    many_series,
    one_series,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from research.statistics.bootstrap import Draws


@dataclass(frozen=True, slots=True)
class RealityCheck:
    """Tests of "no trial is better than the benchmark".

    Attributes:
        trials: Trials compared; those whose return above the benchmark does not vary are left out.
        best: Row of the trial with the best mean return.
        best_excess: Its mean return above the benchmark's, annualised (times 252).
        white: White's reality check.
        spa_lower: Hansen's test if every bad trial is irrelevant: a lower bound.
        spa_consistent: Hansen's test of superior predictive ability; the one to read. 1 where no trial is better.
        spa_upper: Hansen's test if no trial is irrelevant: an upper bound.
    """

    trials: int
    best: int
    best_excess: float
    white: float
    spa_lower: float
    spa_consistent: float
    spa_upper: float
    sessions: int
    draws: Draws


def reality_check(returns: ArrayLike, benchmark: ArrayLike, draws: Draws) -> RealityCheck:
    """Test the mean returns of trials (series by sessions) against those of a benchmark (the same sessions).

    White (2000), A Reality Check for Data Snooping, Econometrica 68(5): √n times the best mean excess return, against
    its distribution under the stationary bootstrap, centred. Hansen (2005), A Test for Superior Predictive Ability,
    Journal of Business & Economic Statistics 23(4): the same in units of each trial's own standard error, where
    hopeless trials count less; the standard errors are the bootstrap's. Its statistic is 0 where no trial is better,
    in the sample as in each draw (equations 2 and 3), so that the p-value is 1 there. (arch 8.0 has both tests, but
    leaves the statistic of the second in the units of the first, and the draws below 0.)

    It compares mean returns, not risk: a trial with more exposure than the benchmark can pass on that alone. It knows
    the trials it is given and no others.

    Raises:
        SampleError: Fewer than 30 sessions, other sessions than the benchmark's, no trial unlike it, or too few draws.
    """
    rows = many_series(returns, at_least=SHORTEST_HISTORY)
    base = one_series(benchmark, at_least=SHORTEST_HISTORY)
    sessions = len(base)
    if rows.shape[1] != sessions:
        raise SampleError(f"Trials of {rows.shape[1]} sessions, a benchmark of {sessions}: pass the same sessions.")
    excess = rows - base
    scale = np.abs(rows).max(axis=1) + np.abs(base).max()
    compared = np.flatnonzero(varies(scale, excess.std(axis=1)))
    if not len(compared):
        raise SampleError("No trial's return above the benchmark varies: there is nothing to compare.")
    excess = excess[compared]
    mean = excess.mean(axis=1)
    # Scaled by √n, as both papers do.
    reached = math.sqrt(sessions) * mean
    centred = math.sqrt(sessions) * (_resampled_means(excess, draws) - mean)
    error = centred.std(axis=0)
    if not (error > 0).all():
        raise SampleError(f"{draws.count} draws are too few for a standard error: draw 1,000 or more.")
    hopeless = reached / error < -math.sqrt(2 * math.log(math.log(sessions)))
    statistic = max(float((reached / error).max()), 0.0)
    recentred = {
        "spa_lower": np.minimum(reached, 0),
        "spa_consistent": np.where(hopeless, reached, 0),
        "spa_upper": np.zeros(len(compared)),
    }
    best = int(mean.argmax())
    return RealityCheck(
        trials=len(compared),
        best=int(compared[best]),
        best_excess=float(mean[best]) * SESSIONS_A_YEAR,
        white=_p_value(centred.max(axis=1), float(reached.max())),
        **{
            name: _p_value(np.maximum(((centred + shift) / error).max(axis=1), 0), statistic)
            for name, shift in recentred.items()
        },
        sessions=sessions,
        draws=draws,
    )


def _resampled_means(excess: FloatArray, draws: Draws) -> FloatArray:
    """Mean of every trial in every drawn history, draws by trials."""
    sessions = excess.shape[1]
    times = np.concatenate([_times_drawn(positions, sessions) for positions in resampled(sessions, draws)])
    # One product for all draws: of forty small ones each would wake and wait for the library's threads.
    means: FloatArray = times @ excess.T / sessions
    return means


def _times_drawn(positions: NDArray[np.intp], sessions: int) -> FloatArray:
    """Count how often each session was drawn, histories by sessions."""
    rows = np.arange(len(positions))[:, None] * sessions
    times = np.bincount((positions + rows).ravel(), minlength=len(positions) * sessions)
    return times.reshape(len(positions), sessions).astype(np.float64)


def _p_value(best: FloatArray, statistic: float) -> float:
    """Share of draws that reach the statistic, it among them, so that it is never 0."""
    return float((1 + (best >= statistic).sum()) / (1 + len(best)))
