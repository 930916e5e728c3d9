"""Figures beyond the headline metrics, against libraries that were written by others."""

from __future__ import annotations

import empyrical
import numpy as np
import pandas as pd
import pytest

from research.statistics.description import (
    against_benchmark,
    excess_kurtosis,
    omega_ratio,
    rolling_beta,
    rolling_volatility,
    skewness,
    sortino_ratio,
    win_rate,
)
from research.statistics.metrics import Metric, measure

RANDOM = np.random.default_rng(5)
MARKET = RANDOM.normal(0.0004, 0.011, 700)
ROW = 0.6 * MARKET + RANDOM.standard_t(4, 700) * 0.006
WINDOW = 60
FEW = [0.02, -0.01, 0.03, -0.05]


def test_ratios_are_empyricals() -> None:
    """Sortino and omega ratio are empyrical-reloaded's; omega at 0 is the profit factor of the sessions."""
    assert sortino_ratio(ROW) == pytest.approx(empyrical.sortino_ratio(ROW), rel=1e-12)
    assert omega_ratio(ROW) == pytest.approx(empyrical.omega_ratio(ROW), rel=1e-12)
    assert omega_ratio(ROW) == pytest.approx(measure([ROW])[Metric.PROFIT_FACTOR][0], rel=1e-12)
    assert omega_ratio(ROW, 0.001) == pytest.approx(empyrical.omega_ratio(ROW, required_return=1.001**252 - 1))


def test_alpha_and_beta_are_empyricals() -> None:
    """Beta is the same; empyrical compounds alpha over 252 sessions, here it adds up."""
    found = against_benchmark(ROW, MARKET)
    assert found is not None
    assert found.beta == pytest.approx(empyrical.beta(ROW, MARKET), rel=1e-12)
    assert (1 + found.alpha / 252) ** 252 - 1 == pytest.approx(empyrical.alpha(ROW, MARKET), rel=1e-10)
    assert found.correlation == pytest.approx(np.corrcoef(ROW, MARKET)[0, 1], rel=1e-12)


def test_moments_are_pandas() -> None:
    """Skewness and kurtosis carry the correction for small samples that pandas, quantstats and ffn have."""
    assert skewness(ROW) == pytest.approx(pd.Series(ROW).skew(), rel=1e-12)
    assert excess_kurtosis(ROW) == pytest.approx(pd.Series(ROW).kurt(), rel=1e-12)


def test_rolling_figures_are_those_of_their_window() -> None:
    """The last of the rolling figures is the figure of the last window, and there is none before it is full."""
    volatility, beta = rolling_volatility(ROW, WINDOW), rolling_beta(ROW, MARKET, WINDOW)
    assert np.isnan(volatility[: WINDOW - 1]).all()
    assert np.isnan(beta[: WINDOW - 1]).all()
    assert volatility[-1] == pytest.approx(empyrical.annual_volatility(ROW[-WINDOW:]), rel=1e-9)
    assert beta[-1] == pytest.approx(empyrical.beta(ROW[-WINDOW:], MARKET[-WINDOW:]), rel=1e-9)


def test_a_few_returns_by_hand() -> None:
    """Mean -0.0025, mean squared loss 0.00065; two of four sessions gained."""
    assert sortino_ratio(FEW) == pytest.approx(-0.0025 / np.sqrt(0.00065) * np.sqrt(252))
    assert omega_ratio(FEW) == pytest.approx(0.05 / 0.06)
    assert win_rate(FEW) == 0.5
    assert win_rate([0.0, 0.1, 0.0]) == 1


def test_what_is_not_defined_is_none() -> None:
    """Without a loss there is no Sortino or omega ratio, without spread no moment, beta or rolling beta."""
    assert sortino_ratio([0.01, 0.02]) is None
    assert omega_ratio([0.01, 0.02]) is None
    assert skewness([0.01] * 9) is None
    assert excess_kurtosis([0.01] * 9) is None
    assert win_rate([0.0, 0.0]) is None
    assert against_benchmark([0.01, 0.02], [0.01, 0.01]) is None
    flat = against_benchmark([0.01] * 5, MARKET[:5])
    assert flat is not None
    assert flat.correlation is None
    assert np.isnan(rolling_beta(np.full(5, 0.1), np.zeros(5), 3)).all()
