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
from warehouse.lake import Lake

if TYPE_CHECKING:
    from pathlib import Path

# Dagster and dbt call what their dependencies deprecate.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

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
