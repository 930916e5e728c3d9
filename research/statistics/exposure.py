"""Concentration of a book, and its losses when correlations or factors move against it.

Weights are fractions of equity, covariances per session; cash is what the weights leave.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from research.statistics.metrics import annualised
from research.statistics.samples import FloatArray, SampleError, many_series

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

STRESSED_CORRELATION = 0.9
LEVEL = 0.95
CONVERGED = 1e-12
MOST_STEPS = 10_000


@dataclass(frozen=True, slots=True)
class Concentration:
    """Spread of a book.

    Attributes:
        invested: Sum of the weights.
        largest: The largest weight.
        herfindahl: Sum of the squared shares of what is invested (HHI), from 1/n to 1; 0 without positions.
        effective_holdings: 1/HHI: as many equal positions are as concentrated.
        effective_bets: Squared diversification ratio: as many uncorrelated positions of equal risk diversify as well.
    """

    invested: float
    largest: float
    herfindahl: float
    effective_holdings: float
    effective_bets: float


@dataclass(frozen=True, slots=True)
class CorrelationStress:
    """Risk of a book if correlations rise to at least `correlation`.

    Attributes:
        volatility: Annual, as it is.
        stressed_volatility: Annual, with the raised correlations.
        value_at_risk: Normal, at 95% over one session, as it is; a positive fraction of equity, mean return 0.
        stressed_value_at_risk: The same with the raised correlations.
    """

    correlation: float
    volatility: float
    stressed_volatility: float
    value_at_risk: float
    stressed_value_at_risk: float


@dataclass(frozen=True, slots=True)
class FactorShock:
    """Return of a book when one factor moves and all else stands still.

    Attributes:
        shock: Return of the factor.
        beta: The book's sensitivity to it.
        impact: Return of the book.
    """

    factor: str
    shock: float
    beta: float
    impact: float


@dataclass(frozen=True, slots=True, eq=False)
class CorrelationRegime:
    """Likeness of the assets' moves, over time.

    Attributes:
        averages: Mean pairwise correlation over the trailing window, one a session from the end of the first window.
        current: The last of them.
        percentile: Share of the sessions with less of it than now.
    """

    window: int
    averages: FloatArray
    current: float
    percentile: float


def concentration(weights: ArrayLike, covariance: ArrayLike) -> Concentration:
    """Measure how a long-only book is spread.

    The number of bets is the square of the diversification ratio, the weighted mean volatility of the positions over
    the volatility of the book: Choueifaty, Froidure and Reynier (2013), Properties of the Most Diversified Portfolio,
    Journal of Investment Strategies 2(2). It moves with the correlations of the sample, which rise just when it
    matters.

    Raises:
        SampleError: Weights below 0, or a covariance matrix of another size.
    """
    held, matrix = _book(weights, covariance)
    if (held < 0).any():
        raise SampleError("A weight is below 0: concentration is measured of long positions.")
    invested = float(held.sum())
    if invested <= 0:
        return Concentration(0.0, 0.0, 0.0, 0.0, 0.0)
    herfindahl = float(((held / invested) ** 2).sum())
    apart, together = float(held @ np.sqrt(np.diag(matrix))), _deviation(held, matrix)
    bets = (apart / together) ** 2 if together > 0 else 0.0
    return Concentration(invested, float(held.max()), herfindahl, 1 / herfindahl, bets)


def stress_correlations(
    weights: ArrayLike, covariance: ArrayLike, correlation: float = STRESSED_CORRELATION
) -> CorrelationStress:
    """Return the risk of a book when every pair of assets correlates by `correlation` or more.

    The raised matrix is replaced by the nearest that assets can have. Volatilities stay as they are, though in a crash
    they rise with the correlations: this is one half of a crash.

    Raises:
        SampleError: A covariance matrix of another size than the weights, or an asset that does not vary.
    """
    held, matrix = _book(weights, covariance)
    deviations = np.sqrt(np.diag(matrix))
    if not (deviations > 0).all():
        raise SampleError("An asset does not vary, so it has no correlation to raise: leave it out.")
    scale = np.outer(deviations, deviations)
    raised = nearest_correlation(np.maximum(matrix / scale, correlation))
    now, stressed = _deviation(held, matrix), _deviation(held, raised * scale)
    quantile = float(norm.ppf(LEVEL))
    return CorrelationStress(correlation, annualised(now), annualised(stressed), now * quantile, stressed * quantile)


def nearest_correlation(matrix: ArrayLike) -> FloatArray:
    """Return the correlation matrix nearest to a symmetric one, by the sum of squared differences.

    Alternating projections onto the positive semidefinite matrices and those of unit diagonal: Higham (2002),
    Computing the Nearest Correlation Matrix, IMA Journal of Numerical Analysis 22(3), algorithm 3.3.

    Raises:
        SampleError: The projections do not settle.
    """
    nearest: FloatArray = np.array(matrix, dtype=np.float64)
    correction = np.zeros_like(nearest)
    for _ in range(MOST_STEPS):
        shifted = nearest - correction
        values, vectors = np.linalg.eigh((shifted + shifted.T) / 2)
        semidefinite = (vectors * np.maximum(values, 0)) @ vectors.T
        correction = semidefinite - shifted
        before, nearest = nearest, np.array(semidefinite, dtype=np.float64)
        np.fill_diagonal(nearest, 1)
        if np.abs(nearest - before).max() < CONVERGED:
            return nearest
    raise SampleError(f"No correlation matrix was settled on in {MOST_STEPS} steps: is the matrix symmetric?")


def factor_betas(assets: ArrayLike, factors: ArrayLike) -> FloatArray:
    """Return the sensitivities of assets to factors, assets by factors, by least squares over common sessions.

    Both are series by sessions. Betas of factors that move together are told apart badly.

    Raises:
        SampleError: Different sessions, or fewer of them than it takes.
    """
    explaining = many_series(factors)
    explained = many_series(assets, at_least=len(explaining) + 2)
    if explained.shape[1] != explaining.shape[1]:
        raise SampleError("Assets and factors have different sessions: pass the same.")
    design = np.vstack([np.ones(explaining.shape[1]), explaining]).T
    betas: FloatArray = np.linalg.lstsq(design, explained.T, rcond=None)[0][1:].T.astype(np.float64)
    return betas


def shock_factors(weights: ArrayLike, betas: ArrayLike, shocks: Mapping[str, float]) -> tuple[FactorShock, ...]:
    """Return what each factor's shock does to a book; `betas` are assets by factors, in the order of `shocks`.

    Linear: what options or panic would add is not in it.

    Raises:
        SampleError: Betas of another shape than weights and shocks.
    """
    held, matrix = np.asarray(weights, dtype=np.float64), np.asarray(betas, dtype=np.float64)
    if matrix.shape != (len(held), len(shocks)):
        raise SampleError(f"Betas of shape {matrix.shape} do not fit {len(held)} weights and {len(shocks)} shocks.")
    sensitivities = zip(shocks.items(), held @ matrix, strict=True)
    return tuple(FactorShock(name, shock, float(beta), float(beta) * shock) for (name, shock), beta in sensitivities)


def correlation_regime(returns: ArrayLike, window: int = 63) -> CorrelationRegime:
    """Follow the mean pairwise correlation of assets (series by sessions) over trailing windows.

    High means that holdings are one bet. Windows share sessions, so neighbours are no independent readings.

    Raises:
        SampleError: Fewer than two assets, fewer sessions than the window, or an asset that stands still in one.
    """
    rows = many_series(returns, at_least=window)
    assets = len(rows)
    if assets < 2 or window < 2:  # noqa: PLR2004 - a pair, and a deviation
        raise SampleError("Correlation takes two assets or more, and windows of two sessions or more.")
    windows = np.lib.stride_tricks.sliding_window_view(rows, window, axis=1)
    centred = windows - windows.mean(axis=2, keepdims=True)
    size = np.sqrt((centred**2).sum(axis=2))
    if not (size > 0).all():
        raise SampleError(f"An asset stands still for {window} sessions: leave it out, or choose a longer window.")
    # The sum over all pairs is the square of the sum.
    total = ((centred / size[:, :, None]).sum(axis=0) ** 2).sum(axis=1)
    averages = (total - assets) / (assets * (assets - 1))
    return CorrelationRegime(window, averages, float(averages[-1]), float((averages < averages[-1]).mean()))


def _book(weights: ArrayLike, covariance: ArrayLike) -> tuple[FloatArray, FloatArray]:
    held, matrix = np.asarray(weights, dtype=np.float64), np.asarray(covariance, dtype=np.float64)
    if held.ndim != 1 or matrix.shape != (len(held), len(held)):
        raise SampleError(f"A covariance matrix of shape {matrix.shape} does not fit weights of shape {held.shape}.")
    return held, matrix


def _deviation(held: FloatArray, matrix: FloatArray) -> float:
    return math.sqrt(max(float(held @ matrix @ held), 0.0))
