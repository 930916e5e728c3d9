"""Concentration, stressed correlations and factor shocks, against closed forms and published examples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from research.statistics.exposure import (
    concentration,
    correlation_regime,
    factor_betas,
    nearest_correlation,
    shock_factors,
    stress_correlations,
)


def equicorrelated(deviations: list[float], correlation: float) -> np.ndarray:
    """Covariances of assets that all correlate alike."""
    size = len(deviations)
    matrix = np.full((size, size), correlation) + (1 - correlation) * np.eye(size)
    return matrix * np.outer(deviations, deviations)


@pytest.mark.parametrize(
    ("weights", "correlation", "herfindahl", "bets"),
    [
        ([0.25] * 4, 0.0, 0.25, 4.0),
        ([0.25] * 4, 1.0, 0.25, 1.0),
        ([0.2] * 4, 0.0, 0.25, 4.0),
        ([1.0, 0.0, 0.0, 0.0], 0.3, 1.0, 1.0),
        ([0.25] * 4, 0.5, 0.25, 4 / 2.5),
        ([0.0] * 4, 0.5, 0.0, 0.0),
    ],
)
def test_equal_risks_are_as_many_bets(weights: list[float], correlation: float, herfindahl: float, bets: float) -> None:
    """Choueifaty, Froidure and Reynier (2013): n uncorrelated equal risks are n bets, n / (1 + (n - 1)·r) at r."""
    found = concentration(weights, equicorrelated([0.01] * 4, correlation))
    assert found.herfindahl == pytest.approx(herfindahl)
    assert found.effective_holdings == pytest.approx(1 / herfindahl if herfindahl else 0)
    assert found.effective_bets == pytest.approx(bets)
    assert found.invested == pytest.approx(sum(weights))
    assert found.largest == max(weights)


def test_the_nearest_correlation_is_highams() -> None:
    """Higham (2002), section 4: ones beside a zero become 0.7607 and 0.1573, at a distance of 0.5278."""
    matrix = np.array([[1.0, 1, 0], [1, 1, 1], [0, 1, 1]])
    found = nearest_correlation(matrix)
    assert found[0, 1] == pytest.approx(0.7607, abs=5e-5)
    assert found[0, 2] == pytest.approx(0.1573, abs=5e-5)
    assert np.linalg.norm(found - matrix) == pytest.approx(0.5278, abs=5e-5)


@settings(deadline=None)
@given(st.integers(2, 7), st.integers(0, 10_000))
def test_the_nearest_correlation_is_a_projection(size: int, seed: int) -> None:
    """It is a correlation matrix, a valid one stays, and no other one lies on the matrix's side of it."""
    random = np.random.default_rng(seed)
    matrix = np.triu(random.uniform(-1, 1, (size, size)), 1)
    matrix += matrix.T + np.eye(size)
    found = nearest_correlation(matrix)
    assert np.linalg.eigvalsh(found).min() > -1e-7
    np.testing.assert_allclose(np.diag(found), 1)
    np.testing.assert_allclose(nearest_correlation(found), found, atol=1e-6)
    # Of a convex set, a point is the nearest if and only if no other makes an acute angle with the way to it.
    for _ in range(5):
        other = np.corrcoef(random.normal(0, 1, (size, size + 3)))
        assert ((matrix - found) * (other - found)).sum() <= 1e-6


def test_stress_is_the_closed_form() -> None:
    """Hedges that correlate by 0.9: volatility is root of r·(Σ w·s)² + (1 - r)·Σ (w·s)², value at risk 1.645 of it."""
    held, deviations = np.array([0.5, 0.45]), np.array([0.012, 0.009])
    found = stress_correlations(held, equicorrelated(list(deviations), -0.4))
    risks = held * deviations
    for correlation, volatility in ((-0.4, found.volatility), (0.9, found.stressed_volatility)):
        expected = np.sqrt((correlation * risks.sum() ** 2 + (1 - correlation) * (risks**2).sum()) * 252)
        assert volatility == pytest.approx(expected)
    assert found.stressed_value_at_risk == pytest.approx(norm.ppf(0.95) * found.stressed_volatility / np.sqrt(252))
    assert found.value_at_risk < found.stressed_value_at_risk


@settings(deadline=None)
@given(st.integers(2, 6), st.integers(0, 10_000), st.floats(0, 1))
def test_stress_never_lowers_the_risk_of_long_positions(size: int, seed: int, correlation: float) -> None:
    """Whatever is held, raised correlations mean more risk, and never more than the sum of the risks."""
    random = np.random.default_rng(seed)
    covariance = np.cov(random.normal(0, 0.01, (size, 50)))
    held = random.dirichlet(np.ones(size))
    found = stress_correlations(held, covariance, correlation)
    most = float(held @ np.sqrt(np.diag(covariance))) * np.sqrt(252)
    assert found.volatility * (1 - 1e-3) <= found.stressed_volatility <= most * (1 + 1e-6)


def test_betas_are_those_of_least_squares() -> None:
    """What the factors leave unexplained is uncorrelated with each of them, and true betas are found to 0.05."""
    random = np.random.default_rng(1)
    factors = random.normal(0, 0.01, (2, 300))
    true = np.array([[1.2, -0.3], [0.1, 0.8], [0.0, 0.0]])
    assets = true @ factors + random.normal(0.001, 0.002, (3, 300))
    found = factor_betas(assets, factors)
    np.testing.assert_allclose(found, true, atol=0.05)
    unexplained = assets - found @ factors
    centred = factors - factors.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(unexplained @ centred.T, 0, atol=1e-12)


def test_a_shock_is_its_beta_times_its_size() -> None:
    """A book half in an asset of beta 1.2 loses 6% when its factor falls by 10%."""
    rates, equity = shock_factors([0.5, 0.4], [[0.0, 1.2], [0.5, 0.0]], {"rates": 0.01, "equity": -0.1})
    assert (equity.factor, equity.shock) == ("equity", -0.1)
    assert equity.beta == pytest.approx(0.6)
    assert equity.impact == pytest.approx(-0.06)
    assert rates.impact == pytest.approx(0.002)


def test_the_regime_is_the_mean_of_each_window_s_matrix() -> None:
    """Window by window the average is numpy's off the diagonal, and the percentile is of the last among them."""
    random = np.random.default_rng(2)
    rows = random.normal(0, 0.01, (4, 90)) + np.linspace(0, 2, 90) * random.normal(0, 0.01, 90)
    found = correlation_regime(rows, 30)
    expected = [
        np.atleast_2d(np.corrcoef(rows[:, first : first + 30]))[np.triu_indices(4, 1)].mean() for first in range(61)
    ]
    np.testing.assert_allclose(found.averages, expected)
    assert found.current == pytest.approx(expected[-1])
    assert found.percentile == np.mean(np.array(expected) < expected[-1])
