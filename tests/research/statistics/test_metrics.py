"""Metrics of many series at once agree with a library and with the project's own oracle."""

from __future__ import annotations

import empyrical
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from oracle import accounting

from research.statistics.metrics import Metric, max_drawdown, measure, sharpe_ratio

BASIS_POINTS = st.integers(-3_000, 3_000).map(lambda points: points / 10_000)
RETURNS = arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(2, 40)), elements=BASIS_POINTS)


def test_metrics_are_empyricals() -> None:
    """Every metric that empyrical-reloaded has is the same for 20 series of 600 sessions, to 1e-10."""
    rows = np.random.default_rng(1).normal(0.0004, 0.012, (20, 600))
    expected = {
        Metric.CAGR: empyrical.annual_return,
        Metric.SHARPE: empyrical.sharpe_ratio,
        Metric.CALMAR: empyrical.calmar_ratio,
        Metric.MAX_DRAWDOWN: empyrical.max_drawdown,
        Metric.VOLATILITY: empyrical.annual_volatility,
    }
    found = measure(rows)
    for metric, function in expected.items():
        np.testing.assert_allclose(found[metric], [function(row) for row in rows], rtol=1e-10)


@settings(deadline=None)
@given(RETURNS)
def test_metrics_are_the_oracles(rows: np.ndarray) -> None:
    """Row by row, undefined ones included, they are what the backtest's oracle computes."""
    found = measure(rows)
    for place, row in enumerate(rows):
        oracle = accounting.metrics(pd.DataFrame({"net_return": row, "turnover": 0.0}))
        for metric in (Metric.CAGR, Metric.MAX_DRAWDOWN, Metric.CALMAR, Metric.PROFIT_FACTOR):
            expected = getattr(oracle, metric)
            value = found[metric][place]
            assert np.isnan(value) if expected is None else value == pytest.approx(expected, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(
    ("row", "undefined"),
    [
        ([0.0, 0.0, 0.0], {Metric.SHARPE, Metric.CALMAR, Metric.PROFIT_FACTOR}),
        ([0.01] * 7, {Metric.SHARPE, Metric.CALMAR, Metric.PROFIT_FACTOR}),
        ([0.01, 0.02], {Metric.CALMAR, Metric.PROFIT_FACTOR}),
        ([-0.01, 0.02], set()),
    ],
)
def test_what_is_not_defined_is_nan(row: list[float], undefined: set[Metric]) -> None:
    """No spread has no Sharpe, no fall no Calmar, no loss no profit factor."""
    found = measure([row])
    assert {metric for metric in Metric if np.isnan(found[metric][0])} == undefined


def test_a_fall_from_the_start_is_a_drawdown() -> None:
    """The running maximum includes what was invested."""
    assert max_drawdown([[-0.1, 0.05, 0.2]])[0] == pytest.approx(-0.1)


@settings(deadline=None)
@given(RETURNS)
def test_a_row_does_not_depend_on_its_neighbours(rows: np.ndarray) -> None:
    """A series measured alone or among others is the same to the last bit."""
    together = measure(rows)
    for place in range(len(rows)):
        alone = measure(rows[place : place + 1])
        for metric in Metric:
            np.testing.assert_array_equal(together[metric][place], alone[metric][0])
    np.testing.assert_array_equal(together[Metric.SHARPE], sharpe_ratio(rows))
