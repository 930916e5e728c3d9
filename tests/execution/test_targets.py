"""Live targets as they are read from the warehouse."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from lakes import World, build_lake, land_lake
from markets import MARKETS

from execution.errors import TradeRefusedError
from execution.refusals import RefusalCode
from execution.targets import LiveTargets, read_targets
from warehouse.errors import LakeError
from warehouse.lake import Lake, current_snapshot
from warehouse.landing import land_portfolio
from warehouse.settings.portfolio import load_portfolio

if TYPE_CHECKING:
    from pathlib import Path

# Dagster and dbt call what their dependencies deprecate.

GRID = {"grid": {"ema_fast": [10], "ema_slow": [50], "top_n": [1], "corr_cap": [0.6]}}


def targets_of(home: Path, **settings: object) -> LiveTargets:
    """The targets of a small market, built in `home`."""
    lake = land_lake(home, World(MARKETS["short_history"](), GRID | settings))
    build_lake(lake)
    return read_targets(lake)


@pytest.mark.slow
def test_targets_come_with_their_origin(tmp_path: Path) -> None:
    """Weights are plain fractions without cash, and each symbol has its newest bars with their volatility."""
    found = targets_of(tmp_path)
    assert "CASH" not in found.weights
    assert 0 <= sum(found.weights.values()) <= 1
    assert set(found.weights) <= set(found.selection) <= set(found.universe)
    assert found.session_date == max(bar.session_date for bar in found.bars.values())
    assert all(isinstance(bar.volatility, Decimal) and bar.is_final for bar in found.final_bars.values())

    assert (found.origin.parameters_hash, found.origin.code_version) == (
        load_portfolio(tmp_path).parameters_hash,
        found.origin.read_by,
    )
    assert 0 < found.origin.bars_snapshot < found.snapshot


@pytest.mark.slow
def test_an_edited_configuration_is_not_what_the_targets_were_built_with(tmp_path: Path) -> None:
    """Parameters landed after the build do not pass for those of the targets."""
    found = targets_of(tmp_path)
    edited = load_portfolio(tmp_path).model_copy(update={"universe": ("BITO",)})
    lake = Lake(tmp_path)
    with lake.lock(), lake.writer() as connection:
        assert land_portfolio(connection, edited)
    assert read_targets(lake).origin == found.origin


WEIGH = "INSERT INTO live_targets BY NAME SELECT session_date, {} AS symbol, {} AS weight FROM live_targets LIMIT 1"
NONSENSE = {
    "no weight": WEIGH.format("'AAA'", "NULL"),
    "not a number": WEIGH.format("'AAA'", "'nan'"),
    "endless": WEIGH.format("'AAA'", "'inf'"),
    "no symbol": WEIGH.format("NULL", "0.1"),
    "no row": "DELETE FROM live_targets",
    "no live strategy": "UPDATE strategies SET is_live = false",
}


@pytest.mark.slow
def test_nonsense_in_the_targets_is_refused_in_words(tmp_path: Path) -> None:
    """Weights that are no numbers, nobody's weights and empty targets are refusals; a bar without a close is no bar."""
    lake = Lake(tmp_path)
    targets_of(tmp_path)
    for statement in NONSENSE.values():
        with lake.lock(), lake.writer() as connection:
            snapshot = current_snapshot(connection)
            connection.execute(statement)
        with pytest.raises(TradeRefusedError, match=r"weight"):
            read_targets(lake)
        with lake.lock(), lake.writer() as connection:
            for table in ("live_targets", "strategies"):
                connection.execute(f"CREATE OR REPLACE TABLE {table} AS FROM {table} AT (VERSION => {snapshot})")
    symbol = next(iter(read_targets(lake).bars))
    with lake.lock(), lake.writer() as connection:
        connection.execute("UPDATE source_bars SET close = 'nan' WHERE symbol = ?", [symbol])
    assert symbol not in read_targets(lake).bars


@pytest.mark.slow
def test_a_lake_without_a_bar_of_the_universe_has_no_targets(tmp_path: Path) -> None:
    """The refusal says what is missing and which commands bring it."""
    with pytest.raises(TradeRefusedError, match=r"swing fetch.*swing backtest") as refused:
        targets_of(tmp_path, universe=["ZZZ"])
    assert refused.value.exit_code == 11
    assert [refusal.code for refusal in refused.value.refusals] == [RefusalCode.TARGETS_MISSING]


def test_without_a_lake_there_is_nothing_to_read(tmp_path: Path) -> None:
    """A home that holds no lake is an error of the warehouse."""
    with pytest.raises(LakeError):
        read_targets(Lake(tmp_path))
