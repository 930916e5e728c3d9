"""Folds with what they earned afterwards, and what dearer trading would leave."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from dagster_defs.cli import summaries, terminal, what_if
from research.dearer_trading import cost_effects
from research.side_by_side import folds_of

if TYPE_CHECKING:
    from lakes import Pipeline

    from warehouse.lake import Lake


def test_a_fold_earned_what_its_test_window_did(default_lake: Lake) -> None:
    """Folds together are the walk-forward; the last one ends with the bars, and each choice has its name."""
    with default_lake.reader() as connection:
        folds = folds_of(connection)
        (growth, last, first, count) = connection.execute(
            "SELECT product(1 + net_return), max(session_date), min(session_date), count(*) FROM walk_forward_daily"
        ).fetchall()[0]
        names = {name for (name,) in connection.execute("SELECT strategy_name FROM strategies").fetchall()}
    assert math.prod(1 + fold.test_return for fold in folds) == pytest.approx(growth)
    assert (folds[0].tested_from, folds[-1].tested_to) == (first, last)
    assert sum(fold.sessions for fold in folds) == count
    assert {fold.choice for fold in folds} <= names
    assert all(fold.trained_from < fold.tested_from <= fold.tested_to for fold in folds)


@pytest.mark.parametrize("width", [None, 40, 120])
def test_the_newest_folds_fit_the_terminal(
    default_lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int | None
) -> None:
    """Eight at most, one a line, with what each earned; all of them where all are asked for."""
    if width is not None:
        console = Console(width=width, force_terminal=True, color_system=None, highlight=False, soft_wrap=True)
        monkeypatch.setattr(terminal, "out", console)
    with default_lake.reader() as connection:
        folds = folds_of(connection)
    monkeypatch.setattr(summaries, "FOLDS_SHOWN", len(folds) - 1)
    summaries.show_folds(default_lake)
    few = capsys.readouterr().out
    summaries.show_folds(default_lake, is_whole=True)
    whole = capsys.readouterr().out
    assert "`swing walkforward --all` shows every fold." in " ".join(few.split())
    assert f" of {len(folds)} folds gained in their test window" in " ".join(few.split())
    rows = [[line.split() for line in said.splitlines() if " · " in line and "top" in line] for said in (few, whole)]
    numbers = [[words[0] for words in found if words[0].isdecimal() and "/" in words[1]] for found in rows]
    assert numbers[1] == [str(fold.fold_id) for fold in folds]
    assert numbers[0] == numbers[1][1:]
    assert width is None or max(len(line.rstrip()) for line in whole.splitlines()) <= width


def test_dearer_trading_leaves_less(crowded: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    """At the configured slippage the figures are the build's; each dearer one earns less, and all are printed."""
    effects = cost_effects(crowded.lake, tuple(what_if.SLIPPAGES.values()))
    with crowded.lake.reader() as connection:
        ((slippage, cagr),) = connection.execute(
            "SELECT slippage, cagr FROM strategies JOIN backtest_metrics USING (strategy_id) WHERE is_live"
        ).fetchall()
    returns = [metrics["cagr"] for metrics in effects.by_slippage.values()]
    assert effects.by_slippage[slippage]["cagr"] == pytest.approx(cagr)
    assert returns == sorted(returns, reverse=True)
    assert effects.commission is not None
    assert effects.commission.charged["cagr"] < effects.commission.usual["cagr"]
    what_if.show_costs(effects)
    said = capsys.readouterr().out
    assert said.splitlines()[1].split()[:3] == ["slippage", "1", "bp"]
    assert "minimum commission (0.35 USD an order)" in said
    record = what_if.cost_record(effects)
    assert list(record) == ["by_slippage", "with_minimum_commission"]
    assert [each["cagr"] for each in record["by_slippage"].values()] == returns
