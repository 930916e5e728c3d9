"""Settings tried out: every combination, checked as the files are, and every fault located."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from warehouse.errors import ConfigurationError
from warehouse.settings.portfolio import load_portfolio
from warehouse.settings.variants import load_variants

if TYPE_CHECKING:
    from pathlib import Path


def test_settings_make_every_combination(tmp_path: Path) -> None:
    """The first varies slowest; everything else is the configuration of the home."""
    (tmp_path / "portfolio.yaml").write_text("strategy: {corr_cap: 0.5}\n", encoding="utf-8")
    found = load_variants(tmp_path, ["strategy.top_n=1, 3", "costs.slippage=1e-4,0.001"])
    assert [(each.portfolio.strategy.top_n, each.portfolio.costs.slippage) for each in found] == [
        (1, 0.0001),
        (1, 0.001),
        (3, 0.0001),
        (3, 0.001),
    ]
    assert found[0].changes == {"strategy.top_n": "1", "costs.slippage": "1e-4"}
    assert {each.portfolio.strategy.corr_cap for each in found} == {0.5}


def test_a_universe_is_one_list(tmp_path: Path) -> None:
    """Its symbols are no alternatives; without a setting there is the configuration alone."""
    (one,) = load_variants(tmp_path, ["universe=[SPY, TLT]"])
    assert one.portfolio.universe == ("SPY", "TLT")
    (same,) = load_variants(tmp_path, [])
    assert same.portfolio == load_portfolio(tmp_path)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["strategy.topn=1"], ("--set: strategy.topn = 1", "unknown key", "Did you mean top_n?")),
        (["top_n=1"], ("unknown key", "Did you mean strategy.top_n?")),
        (["strategy.top_n=1,0"], ("--set: strategy.top_n = 0", "a whole number from 1 to 50")),
        (["strategy.ema_fast=60"], ("strategy.ema_fast = 60, strategy.ema_slow = 50", "fast must be below slow")),
        (["strategy=1"], ("strategy is a section", "strategy.top_n")),
        (["strategy.top_n"], ("--set strategy.top_n", "a key and a value")),
        (["strategy.top_n=1", "strategy.top_n=2"], ("given twice", "--set strategy.top_n=1,2")),
        (["trading.order_type=market"], ("cannot be tried out", "universe")),
        (["universe=SPY,s!"], ("universe[2] = s!",)),
        (["strategy.ema_slow=" + ",".join(map(str, range(30, 631)))], ("601 variants", "at most 500")),
        (["strategy.top_n=[1"], ("strategy.top_n = [1",)),
        (["strategy.a.b=1"], ("--set: strategy.a.b = 1", "unknown key")),
    ],
)
def test_what_cannot_be_tried_is_located(tmp_path: Path, settings: list[str], says: tuple[str, ...]) -> None:
    """The message names the setting, its value, what is allowed, and what may have been meant."""
    with pytest.raises(ConfigurationError) as refused:
        load_variants(tmp_path, settings)
    assert [words for words in says if words not in str(refused.value)] == []
