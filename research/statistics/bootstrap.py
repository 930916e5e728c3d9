"""Confidence intervals by the stationary block bootstrap, for every headline metric at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from research.statistics.metrics import Metric, measure
from research.statistics.samples import FloatArray, SampleError, checked_level, one_series

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import ArrayLike, NDArray

LEVEL = 0.95
CHUNK = 250_000
"""Sessions resampled at a time: what is computed of them stays in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Draws:
    """Instruction to resample.

    Attributes:
        block_length: Mean sessions of a block, from 1 to those of the history, beyond which every draw is the history
            itself; `block_length.optimal_block_length` has the usual choice.
        count: Histories to draw; 2,000 or more for a confidence interval.
        seed: The same seed draws the same histories.
    """

    block_length: float
    count: int = 10_000
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Interval:
    """A metric with the interval that its resampled values lie in.

    Attributes:
        estimate: Of the history itself; None where the metric is not defined.
        low: Lower end, None where it may lie among the draws without the metric.
        high: Upper end, None likewise.
        undefined: Share of draws in which the metric is not defined (a drawn history without a loss, say).
    """

    metric: Metric
    estimate: float | None
    low: float | None
    high: float | None
    undefined: float


@dataclass(frozen=True, slots=True, eq=False)
class Bootstrap:
    """Headline metrics, each with its interval.

    Attributes:
        level: Share of the resampled values inside an interval, equally cut at both ends.
        distributions: The resampled values, for a picture; NaN where not defined.
    """

    sessions: int
    draws: Draws
    level: float
    intervals: Mapping[Metric, Interval]
    distributions: Mapping[Metric, FloatArray]


def bootstrap(returns: ArrayLike, draws: Draws, level: float = LEVEL) -> Bootstrap:
    """Resample a history of returns and measure every headline metric of each drawn one.

    Blocks of geometric length, wrapped around the end, keep the dependence between sessions that are near each other:
    Politis and Romano (1994), The Stationary Bootstrap, JASA 89(428). Intervals are percentiles. They say how the
    metric would scatter among histories made of the same sessions: what the sample never saw no draw has, and they
    know nothing of how the strategy was chosen. Drawdown and Calmar are biased: shuffled blocks break long declines.

    Raises:
        SampleError: Fewer than two sessions, or draws or a level that cannot be.
    """
    row = one_series(returns)
    checked_level(level)
    parts = [measure(row[sessions]) for sessions in resampled(len(row), draws)]
    drawn = {metric: np.concatenate([part[metric] for part in parts]) for metric in Metric}
    estimates = measure(row[None, :])
    intervals = {metric: interval_of(metric, float(estimates[metric][0]), drawn[metric], level) for metric in Metric}
    return Bootstrap(len(row), draws, level, intervals, drawn)


def resampled(sessions: int, draws: Draws, length: int | None = None) -> Iterator[NDArray[np.intp]]:
    """Yield positions of resampled histories, some rows (histories by `length` sessions, default all) at a time.

    Raises:
        SampleError: No draws or sessions, or blocks shorter than a session or longer than the history.
    """
    length = sessions if length is None else length
    if draws.count < 1 or length < 1 or not 1 <= draws.block_length <= sessions:
        raise SampleError(
            f"{draws} cannot be drawn from {sessions} sessions: one draw or more, of one session or more, in blocks "
            "from one session to the whole history."
        )
    random = np.random.default_rng(draws.seed)
    rows_at_a_time = max(CHUNK // length, 1)
    for first in range(0, draws.count, rows_at_a_time):
        rows = min(rows_at_a_time, draws.count - first)
        begins = random.random((rows, length), dtype=np.float32) < 1 / draws.block_length
        begins[:, 0] = True
        places = np.flatnonzero(begins)
        starts = random.integers(sessions, size=len(places))
        offsets = np.repeat(starts - places % length, np.diff(places, append=rows * length))
        yield (offsets.reshape(rows, length) + np.arange(length)) % sessions


def interval_of(metric: Metric, estimate: float, values: FloatArray, level: float) -> Interval:
    """Return the interval that resampled values lie in; NaN where the metric is not defined."""
    defined = values[~np.isnan(values)]
    undefined = 1 - len(defined) / len(values)
    known = None if np.isnan(estimate) else estimate
    # Beyond the draws that an end cuts off, those without the metric could lie on either side of it.
    if undefined > (1 - level) / 2:
        return Interval(metric, known, None, None, undefined)
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(metric, known, float(low), float(high), undefined)
