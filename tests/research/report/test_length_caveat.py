"""The caveat of annual figures from less than a year: one rule, one wording, wherever such figures are shown."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from lakes import World, build_lake, land_lake
from report_market import SETTINGS, bars

from dagster_defs.cli import summaries
from research.report.backtest import write_backtest
from research.report.facts.gathering import gather
from research.report.formats import length_caveat
from research.report.interpretation import Standing, interpret
from research.report.page.contents import ANNUAL
from research.report.page.rendering import render
from research.report.writing import write_tear_sheet
from research.search.out_of_sample import Lived
from research.search.report import caveat_of
from research.statistics.bootstrap import Draws, bootstrap
from research.statistics.cross_validation import Purging, purged_paths
from research.statistics.overfitting import backtest_overfitting
from research.statistics.reality_check import reality_check
from research.statistics.sharpe import (
    deflated_sharpe,
    measure_trials,
    minimum_track_record,
    probabilistic_sharpe,
    sharpe_sample,
)
from warehouse.sources.base import silent

if TYPE_CHECKING:
    from pathlib import Path

    from report_market import Gathered

    from warehouse.lake import Lake

WORDING = "less than a year (252): annual figures are extrapolated and say little."
FIRST_TARGET = 91
"""Sessions of the market up to the live strategy's first target."""


@pytest.mark.parametrize(
    ("sessions", "expected"),
    [
        (1, f"Measured over 1 session, {WORDING}"),
        (251, f"Measured over 251 sessions, {WORDING}"),
        (252, ""),
        (2_520, ""),
        (None, ""),
    ],
)
def test_less_than_a_year_has_the_caveat(sessions: int | None, expected: str) -> None:
    """From one session to one short of a year; a year needs none."""
    assert length_caveat(sessions) == expected


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A home whose live strategy has earned for two sessions."""
    lake = land_lake(tmp_path_factory.mktemp("short") / "home", World(bars(FIRST_TARGET + 2), dict(SETTINGS)))
    build_lake(lake)
    return lake


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A home with some months out of sample, chosen on one month each."""
    settings: dict[str, Any] = SETTINGS | {"walk_forward": {"train_months": 1, "test_months": 1}}
    lake = land_lake(tmp_path_factory.mktemp("months") / "home", World(bars(FIRST_TARGET + 90), settings))
    build_lake(lake)
    return lake


def test_a_backtest_of_two_sessions_says_so(short: Lake, tmp_path: Path) -> None:
    """metrics.json has the caveat beside the figures."""
    assert write_backtest(short, tmp_path).metrics["caveat"] == f"Measured over 2 sessions, {WORDING}"
    assert json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))["sessions"] == 2


def test_the_tear_sheet_of_some_months_says_so_beside_every_annual_figure(months: Lake, tmp_path: Path) -> None:
    """The top, each section with annual figures, the record and the summary carry the shortest history's caveat."""
    facts, curves = gather(months, silent)
    assert facts.caveat.endswith(WORDING)
    page = render(facts, curves).html
    parts = re.findall(r'<section id="([\w-]+)"(.*?)</section>', page, re.DOTALL)
    assert {name for name, text in parts if facts.caveat in text} == ANNUAL | {"answer"}
    assert page.index(facts.caveat) < page.index("<main>")
    written = write_tear_sheet(months, tmp_path, silent)
    assert written.summary.endswith(facts.caveat)
    assert written.metrics["caveat"] == facts.caveat
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["caveat"] == facts.caveat
    assert {each.words.standing for each in facts.luck.judgements} <= {Standing.CAUTION, Standing.BAD}


def test_a_year_and_more_says_nothing(gathered: Gathered) -> None:
    """A long history has no caveat of its length."""
    assert gathered.facts.caveat == ""
    page = render(gathered.facts, gathered.curves).html
    assert page.count(WORDING) == page.count("Test windows: Measured over") == 1


NOISE = np.random.default_rng(1).normal(0, 0.001, (6, 100)) + np.array([[0.01], [0], [0], [0], [0], [0]])


@pytest.mark.parametrize(
    "result",
    [
        probabilistic_sharpe(sharpe_sample(NOISE[0])),
        minimum_track_record(sharpe_sample(NOISE[0])),
        deflated_sharpe(sharpe_sample(NOISE[0]), 6, measure_trials(NOISE).sharpe_variance / 1e3),
        backtest_overfitting(NOISE, blocks=8),
        purged_paths(NOISE, Purging(6, 2, 1, 5)),
        bootstrap(NOISE[0], Draws(2.0, 100)),
        reality_check(NOISE, np.zeros(100), Draws(2.0, 100)),
    ],
    ids=lambda result: type(result).__name__,
)
def test_no_short_record_is_good(result: object) -> None:
    """An edge that every statistic would call good is a caution over a hundred sessions, with the reason."""
    found = interpret(result)
    assert found.standing is Standing.CAUTION
    assert found.finding.endswith(f"Measured over 100 sessions, {WORDING}")


def test_a_search_says_how_little_it_lived_through() -> None:
    """The shortest account out of sample counts."""
    daily = pd.DataFrame({"net_return": np.zeros(300)})
    lived = [Lived("search", {}, daily), Lived("grid", {}, daily[:40])]
    assert caveat_of(lived) == f"Measured over 40 sessions, {WORDING}"
    assert caveat_of([replace(lived[0])]) == ""


@pytest.mark.parametrize(
    ("job", "caveats"),
    [("backtest", ["Measured over"]), ("walk_forward", ["Objectives: Measured over", "\nMeasured over"])],
)
def test_summaries_say_so(months: Lake, capsys: pytest.CaptureFixture[str], job: str, caveats: list[str]) -> None:
    """In the terminal below the figures, and for a script under its own name."""
    summaries.show(months, job)
    told = capsys.readouterr().out
    for caveat in caveats:
        assert caveat in told
    assert told.count(WORDING) == len(caveats)
    assert summaries.as_record(months, job)["caveat"].count(WORDING) == len(caveats)
