"""Drawdowns, rolling figures and crises, against what a person would count by hand."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.readers import Book
from research.report.facts.crises import CrisisWindow, replay
from research.report.facts.series import (
    Drawdown,
    Missing,
    Series,
    possible,
    resampling,
    rolling_correlation,
    rolling_sharpe,
    sharpe_differences,
    worst_drawdowns,
)

RETURNS = st.lists(st.floats(-0.2, 0.2).filter(lambda value: abs(value) > 1e-6), min_size=1, max_size=60)


def series(returns: list[float], name: str = "one") -> Series:
    """Returns on consecutive days."""
    return Series(name, "", pd.date_range("2020-01-01", periods=len(returns)), np.array(returns))


def test_a_fall_has_its_dates() -> None:
    """A fall starts at the peak's close, and ends at the first close as high again."""
    found = worst_drawdowns(series([0.1, -0.1, -0.1, 0.3, 0.0, -0.05]))
    assert [fall.depth for fall in found] == pytest.approx([-0.19, -0.05])
    assert found[0] == Drawdown(date(2020, 1, 1), date(2020, 1, 3), date(2020, 1, 4), found[0].depth, 3)
    assert found[1] == Drawdown(date(2020, 1, 5), date(2020, 1, 6), None, found[1].depth, 1)


def test_a_fall_from_the_start_begins_there() -> None:
    """What never rises above its start has fallen since its first session."""
    (fall,) = worst_drawdowns(series([-0.1, 0.05]))
    assert fall == Drawdown(date(2020, 1, 1), date(2020, 1, 1), None, fall.depth, 1)


@given(RETURNS)
def test_falls_are_apart_and_ordered(returns: list[float]) -> None:
    """The deepest fall is the maximum drawdown, none lies inside another, and deeper ones come first."""
    whole = series(returns)
    found = worst_drawdowns(whole, len(returns))
    depths = [fall.depth for fall in found]
    assert min([0.0, *depths]) == pytest.approx(min(0.0, whole.drawdown.min()))
    assert depths == sorted(depths)
    spans = sorted((fall.start, fall.recovery or date.max) for fall in found)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    assert all(fall.start <= fall.trough <= (fall.recovery or date.max) for fall in found)


def test_rolling_figures_see_their_window_alone() -> None:
    """Each rolling figure is that of its own window, and there is none before it is full."""
    random = np.random.default_rng(3)
    one, other = (series(list(random.normal(0, 0.01, 40)), name) for name in ("one", "other"))
    sharpe, correlation = rolling_sharpe(one, 10), rolling_correlation(one, other, 10)
    assert np.isnan(sharpe[:9]).all()
    assert np.isnan(correlation[:9]).all()
    last, beside = one.returns[-10:], other.returns[-10:]
    assert sharpe[-1] == pytest.approx(last.mean() / last.std(ddof=1) * np.sqrt(252))
    assert correlation[-1] == pytest.approx(np.corrcoef(last, beside)[0, 1])


def test_a_difference_cancels_what_is_shared() -> None:
    """A series differs from itself by nothing, in every drawn history; from a better one by less than nothing."""
    random = np.random.default_rng(4)
    worse = series(list(random.normal(0, 0.01, 400)), "worse")
    better = Series("better", "", worse.sessions, worse.returns + 0.002)
    (same,) = sharpe_differences([worse, worse])
    assert (same.low, same.estimate, same.high) == (0, 0, 0)
    (difference,) = sharpe_differences([worse, better])
    assert difference.low < difference.estimate < difference.high < 0
    assert (difference.of, difference.against) == ("worse", "better")


def test_what_cannot_be_measured_says_why() -> None:
    """A sample too short for a statistic is a reason, not a failure."""
    found = possible(lambda: resampling(series([0.01] * 5)))
    assert isinstance(found, Missing)
    assert "too few" in found.reason


def test_a_crisis_is_replayed_from_its_first_session_to_its_last() -> None:
    """The series' returns inside the window compound; a book is brought back to its weights at every close."""
    days = pd.date_range("2020-01-01", periods=6)
    assets = pd.DataFrame({"A": [0.5, 0.1, -0.2, 0.1, 0.5, 0.5], "B": [np.nan] * 6}, index=days)
    strategy = Series("Strategy", "", days, assets["A"].to_numpy())
    book = Book("Targets", days[-1], {"A": 0.5, "B": 0.3, "C": 0.2})
    inside = CrisisWindow("Crisis", date(2020, 1, 2), date(2020, 1, 4))
    later = CrisisWindow("Later", date(2020, 1, 5), date(2020, 2, 1))
    (crisis,) = replay([inside, later], [strategy], assets, [book])
    assert crisis.sessions == 3
    lived, held = crisis.replays
    assert lived.total == pytest.approx(1.1 * 0.8 * 1.1 - 1)
    assert lived.drawdown == pytest.approx(-0.2)
    assert held.total == pytest.approx(1.05 * 0.9 * 1.05 - 1)
    assert held.without == ("B", "C")


def test_a_series_that_starts_inside_a_crisis_has_no_result() -> None:
    """A part of a crisis is not shown as if it were the crisis."""
    days = pd.date_range("2020-01-01", periods=6)
    assets = pd.DataFrame({"A": [0.1] * 6}, index=days)
    late = Series("Late", "", days[2:], np.array([0.1] * 4))
    (crisis,) = replay([CrisisWindow("Crisis", date(2020, 1, 2), date(2020, 1, 4))], [late], assets, [])
    assert crisis.replays[0].total is None
