"""The probability of backtest overfitting, by combinatorially symmetric cross-validation."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from research.statistics.samples import FloatArray, SampleError, many_series
from research.statistics.subsets import sharpe_of_subsets

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

BLOCKS = 16


@dataclass(frozen=True, slots=True, eq=False)
class BacktestOverfitting:
    """Fate out of sample of the trial that was best in sample, over every split of the blocks into halves.

    Attributes:
        probability: Of overfitting (PBO): how often the best in sample ranks at or below the median out of sample.
        logits: ln(ω / (1 - ω)) per split, ω the relative rank out of sample of the best in sample; 0 is the median.
        in_sample: Annual Sharpe ratio per split of the best in sample.
        out_of_sample: The same trial's in the other half.
        degradation_slope: Change out of sample per unit in sample (least squares); None if all in_sample are equal.
        probability_of_loss: How often the best in sample has a Sharpe ratio below 0 out of sample.
    """

    trials: int
    sessions: int
    blocks: int
    probability: float
    logits: FloatArray
    in_sample: FloatArray
    out_of_sample: FloatArray
    degradation_slope: float | None
    probability_of_loss: float

    @property
    def splits(self) -> int:
        """Number of splits."""
        return len(self.logits)


def backtest_overfitting(returns: ArrayLike, blocks: int = BLOCKS) -> BacktestOverfitting:
    """Cross-validate the choice of the best Sharpe ratio among trials (series by sessions), oldest session first.

    The sessions are cut into `blocks` runs, as equal as they divide; each half of the blocks is the train set once and
    the rest its test set: Bailey, Borwein, López de Prado and Zhu (2015), The Probability of Backtest Overfitting,
    Journal of Computational Finance 20(4), section 3. A trial whose returns do not vary within a half counts as a
    Sharpe ratio of 0 there; ties share the mean of their ranks, and the first of tied trials is the best.

    It judges the selection, not the strategies: a grid whose every member is worthless in the same way scores near a
    coin, and luck that all of a grid shares is not seen. The halves share one total, so where one trial is best
    throughout, the slope is near -1 whatever its skill.

    Raises:
        SampleError: Fewer than two trials or two sessions a block, or blocks that are no even number.
    """
    if blocks < 2 or blocks % 2:  # noqa: PLR2004 - two halves
        raise SampleError(f"{blocks} blocks cannot be cut into equal halves: choose an even number.")
    rows = many_series(returns, at_least=2 * blocks)
    trials, sessions = rows.shape
    if trials < 2:  # noqa: PLR2004 - a choice needs two
        raise SampleError("One trial leaves nothing to choose, so nothing to overfit: pass the whole grid.")
    inside = sharpe_of_subsets(rows, np.arange(blocks) * sessions // blocks, _halves(blocks))
    outside = inside[::-1]
    split = np.arange(len(inside))
    best = inside.argmax(axis=1)
    in_sample, out_of_sample = inside[split, best], outside[split, best]
    below = (outside < out_of_sample[:, None]).sum(axis=1)
    tied = (outside == out_of_sample[:, None]).sum(axis=1)
    relative_rank = (below + (tied + 1) / 2) / (trials + 1)
    logits = np.log(relative_rank / (1 - relative_rank))
    return BacktestOverfitting(
        trials=trials,
        sessions=sessions,
        blocks=blocks,
        probability=float((logits <= 0).mean()),
        logits=logits,
        in_sample=in_sample,
        out_of_sample=out_of_sample,
        degradation_slope=_slope(in_sample, out_of_sample),
        probability_of_loss=float((out_of_sample < 0).mean()),
    )


def _halves(blocks: int) -> FloatArray:
    """Return every half of the blocks as a row of 0 and 1; the last complements the first, and so on inwards."""
    half = blocks // 2
    chosen = np.array(list(combinations(range(blocks), half)), dtype=np.intp)
    member = np.zeros((len(chosen), blocks))
    np.put_along_axis(member, chosen, 1.0, axis=1)
    return member


def _slope(horizontal: FloatArray, vertical: FloatArray) -> float | None:
    spread = horizontal - horizontal.mean()
    total = float(spread @ spread)
    return float(spread @ vertical) / total if total > 0 else None
