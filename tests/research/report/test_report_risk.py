"""Risk of the book and of the history: recomputed, and where there is nothing to lose."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from research.readers import Book, read_history
from research.report.facts.risk import SHOCKS, risk_of
from research.report.facts.series import Missing
from research.statistics.risk import TailMethod
from warehouse.lake import current_snapshot

if TYPE_CHECKING:
    from report_market import Gathered, Read

    from warehouse.lake import Lake

TODAY = pd.Timestamp("2020-03-02")


def test_the_books_losses_are_its_weights_times_the_past(read: Read) -> None:
    """Historical value at risk of a book is a quantile of its weights times the assets' returns."""
    weights = {"SPY": 0.5, "GLD": 0.4}
    book = Book("Book", TODAY, weights)
    found = risk_of(replace(read.history, books=(book,))).books[0]
    past = read.history.assets[list(weights)].dropna().to_numpy() @ np.array(list(weights.values()))
    assert not isinstance(found.tails.risks, Missing)
    daily = next(
        each
        for each in found.tails.risks
        if each.method is TailMethod.HISTORICAL and (each.horizon.sessions, each.horizon.level) == (1, 0.95)
    )
    assert daily.value_at_risk == pytest.approx(-np.quantile(past, 0.05), abs=2e-4)
    assert found.cash == pytest.approx(0.1)


def test_a_shock_of_a_held_factor_hits_by_its_weight(read: Read) -> None:
    """A book of factors alone has their weights as betas, whatever they correlate by."""
    book = Book("Book", TODAY, {"SPY": 0.5, "GLD": 0.4})
    found = risk_of(replace(read.history, books=(book,))).books[0]
    assert not isinstance(found.shocks, Missing)
    betas = {shock.factor: shock.beta for shock in found.shocks}
    assert betas == pytest.approx({"SPY": 0.5, "TLT": 0, "GLD": 0.4, "XLE": 0}, abs=1e-9)
    assert {shock.factor: shock.shock for shock in found.shocks} == SHOCKS


def test_broken_correlations_raise_the_risk_of_a_spread_book(read: Read) -> None:
    """Two assets that move apart lose their protection."""
    found = risk_of(replace(read.history, books=(Book("Book", TODAY, {"SPY": 0.5, "GLD": 0.5}),))).books[0]
    assert not isinstance(found.stress, Missing)
    assert found.stress.stressed_volatility > found.stress.volatility


@pytest.mark.parametrize("weights", [{}, {"SPY": 0.5}, {"NEW": 1.0}])
def test_a_book_that_says_little_says_so(read: Read, weights: dict[str, float]) -> None:
    """All cash, one position, or a symbol without a past: what cannot be measured is named, nothing fails."""
    found = risk_of(replace(read.history, books=(Book("Book", TODAY, weights),))).books[0]
    assert isinstance(found.stress, Missing)
    assert found.cash == pytest.approx(1 - sum(weights.values()))


def test_crises_outside_the_bars_are_named(gathered: Gathered) -> None:
    """The sessions hold 2018 whole; what came before and after is not replayed, and said not to be."""
    risk = gathered.facts.risk
    assert [crisis.window.name for crisis in risk.crises] == [
        "Volatility spike",
        "Fourth quarter of 2018",
        "Pandemic crash",
    ]
    assert len(risk.not_replayed) == 4


def test_a_late_symbol_is_left_out_of_the_regime(gathered: Gathered, read: Read) -> None:
    """The mean correlation is of the symbols with a bar in every session; the others are named."""
    regime = gathered.facts.risk.regime
    assert not isinstance(regime, Missing)
    assert set(regime.symbols) | set(regime.left_out) == set(read.history.universe)
    window = read.history.assets[list(regime.symbols)][-regime.window :].corr().to_numpy()
    pairs = window[np.triu_indices(len(regime.symbols), 1)]
    assert regime.current == pytest.approx(pairs.mean())


def test_exposure_is_the_weights_mean(gathered: Gathered, read: Read) -> None:
    """The mean invested fraction is that of the target weights over the sessions."""
    weights = read.history.holdings.groupby("session_date")["weight"].sum()
    sessions = pd.DatetimeIndex(read.history.live["session_date"])
    assert gathered.facts.risk.exposure.invested == pytest.approx(weights.reindex(sessions, fill_value=0).mean())


def test_positions_of_an_account_are_a_book(report_lake: Lake) -> None:
    """Where the warehouse knows what an account holds, its newest session is a book beside the targets."""
    with report_lake.reader() as connection:
        connection.execute(
            "CREATE TEMP TABLE positions (account_id VARCHAR, session_date DATE, symbol VARCHAR, weight DOUBLE)"
        )
        connection.execute(
            "INSERT INTO positions VALUES ('DU1', '2020-01-02', 'SPY', 0.4), ('DU1', '2020-01-03', 'GLD', 0.3)"
        )
        books = read_history(connection).books
        assert current_snapshot(connection) > 0
    assert [book.name for book in books] == ["Targets", "Account DU1"]
    assert books[1].weights == {"GLD": 0.3}


def test_a_made_up_market_lived_through_no_crisis(read: Read) -> None:
    """The sample market's sessions bear the dates of crises, and nothing of them."""
    found = risk_of(replace(read.history, sources=("synthetic",)))
    assert (found.crises, found.not_replayed) == ((), ())
