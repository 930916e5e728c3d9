"""The look-ahead check catches planted faults, names them, and is silent about the project's models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from benches import bench_of, with_fault
from lakes import SMALL_GRID, World
from markets import MARKETS

from research.checks.lookahead import ROW, check_look_ahead
from warehouse import landing
from warehouse.errors import LakeError
from warehouse.sources.base import silent

if TYPE_CHECKING:
    from research.workbench import Models

SERIES = "PARTITION BY scenario_id, symbol ORDER BY session_date"
SPAN = "PARTITION BY scenario_id, symbol, span ORDER BY session_date"
FAULTS = {
    "the next bar's range": ("features", "atr", f"lead(atr, 1, atr) OVER ({SERIES})"),
    "a normalisation by the whole sample": ("features", "volatility", "volatility / avg(volatility) OVER ()"),
    "a centred window": ("emas", "ema", f"avg(ema) OVER ({SPAN} ROWS BETWEEN 2 PRECEDING AND 2 FOLLOWING)"),
}
WORLD = World(MARKETS["dividends"](), {"grid": dict(SMALL_GRID)})


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught_and_named(bench_models: Models, fault: str) -> None:
    """The model and the column that look ahead are the first that is named."""
    relation, column, expression = FAULTS[fault]
    bench = bench_of(with_fault(bench_models, relation, column, expression), WORLD)
    checked = check_look_ahead(bench, 1, silent)
    first = checked.leaks[0]
    assert (first.relation, first.column) == (relation, column)
    assert first.first_session <= first.cut == checked.cuts[0]
    assert first.rows > 0


def test_a_bar_ahead_changes_the_last_session_alone(bench_models: Models) -> None:
    """The first session that is named is the first that is wrong: here the one that was cut after."""
    bench = bench_of(with_fault(bench_models, *FAULTS["the next bar's range"]), WORLD)
    first = check_look_ahead(bench, 1, silent).leaks[0]
    assert first.first_session == first.cut


def test_rows_that_come_and_go_are_named(bench_models: Models) -> None:
    """A ranking that drops what falls tomorrow loses rows: they are named as such."""
    fault = "if(lead(score) OVER (PARTITION BY symbol, ranking_id ORDER BY session_date) > 0, symbol, 'NONE')"
    bench = bench_of(with_fault(bench_models, "rankings", "symbol", fault), WORLD)
    leaks = check_look_ahead(bench, 1, silent).leaks
    assert ("rankings", ROW) in {(leak.relation, leak.column) for leak in leaks}


@pytest.mark.parametrize("market", ["dividends", "gaps", "crowd", "month_end_start"])
def test_the_models_do_not_look_ahead(bench_models: Models, market: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is named where nothing is wrong, in hostile markets and with deepened walks."""
    monkeypatch.setattr(landing, "FIRST_WALK_DEPTH", 3)
    world = World(MARKETS[market](), {"grid": dict(SMALL_GRID)}, first_walk_depth=3)
    checked = check_look_ahead(bench_of(bench_models, world), 2, silent)
    assert checked.leaks == ()
    assert checked.relations > 15
    assert len(checked.cuts) == 2


def test_a_history_too_short_to_cut_is_refused(bench_models: Models) -> None:
    """More cuts than sessions is an error that says so."""
    with pytest.raises(LakeError, match="too few to cut"):
        check_look_ahead(bench_of(bench_models, World(MARKETS["short_history"]())), 100, silent)
