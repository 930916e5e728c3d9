"""Permutation tests as the lake keeps them, and as the page shows them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest

from research.permutation.record import Asked, WorldOutcome, append
from research.report.facts.luck import read_permutations
from research.report.page.rendering import render
from warehouse.lake import Lake

if TYPE_CHECKING:
    from report_market import Gathered

    from research.report.facts.luck import RecordedPermutations

WORLDS = 99
OLDER, NEWER, BEGAN = (
    Asked(name, is_walk_forward, "calmar", date(2017, 6, 1), date(2020, 6, 2), 1)
    for name, is_walk_forward in (("older", False), ("newer", True), ("began", False))
)


@pytest.fixture(scope="module")
def tests(tmp_path_factory: pytest.TempPathFactory) -> list[RecordedPermutations]:
    """An older whole test, a newer one, and one that only just began; a scenario was computed twice."""
    lake = Lake(tmp_path_factory.mktemp("permuted"))
    append(lake, OLDER, [WorldOutcome(0, 2.0, 1.0), *(WorldOutcome(n, n / 40, n / 100) for n in range(1, WORLDS + 1))])
    append(lake, OLDER, [WorldOutcome(1, 1000.0, 1000.0)])
    append(lake, NEWER, [WorldOutcome(0, None, 1.0), *(WorldOutcome(n, None, 0.5) for n in range(1, 20))])
    append(lake, BEGAN, [WorldOutcome(0, 2.0, 1.0), WorldOutcome(1, 1.0, 1.0)])
    with lake.reader() as connection:
        return read_permutations(connection)


def test_whole_tests_are_read_newest_first(tests: list[RecordedPermutations]) -> None:
    """A test with too few worlds for a p-value of 0.05 is not shown; of a world computed twice the first counts."""
    assert [(test.test_id, test.runs) for test in tests] == [("newer", 19), ("older", WORLDS)]


def test_p_counts_the_worlds_that_do_as_well(tests: list[RecordedPermutations]) -> None:
    """(1 + #{permuted at least as good}) / (1 + worlds), for the grid and for the live parameters."""
    older = tests[1]
    assert older.best.p == pytest.approx((1 + sum(n / 40 >= 2 for n in range(1, WORLDS + 1))) / (1 + WORLDS))
    assert older.live.p == pytest.approx(1 / (1 + WORLDS))
    assert older.best.worlds.max() == pytest.approx(WORLDS / 40)
    assert older.description == "in sample, calmar, 2017-06-01 to 2020-06-01"


def test_an_objective_that_is_not_defined_proves_nothing(tests: list[RecordedPermutations]) -> None:
    """Where history has no objective every world does as well, and p is 1."""
    newer = tests[0]
    assert newer.best.real is None
    assert newer.best.p == 1
    assert not np.isfinite(newer.best.worlds).any()
    assert newer.description == "walk-forward, calmar, 2017-06-01 to 2020-06-01"


def test_the_page_shows_the_newest_and_lists_all(tests: list[RecordedPermutations], gathered: Gathered) -> None:
    """One picture of the newest test, and a row a test."""
    luck = replace(gathered.facts.luck, permutations=tuple(tests))
    found = render(replace(gathered.facts, luck=luck), gathered.curves)
    picture = next(each for each in found.drawings if each.name.startswith("permutations"))
    assert f"in {tests[0].runs} permuted worlds" in picture.alt
    part = found.html[found.html.index('<section id="permuted"') :].partition("</section>")[0]
    assert part.count('<th scope="row">') == len(tests)


def test_a_lake_without_any_has_none(report_lake: Lake) -> None:
    """A warehouse in which nobody permuted is no error."""
    with report_lake.reader() as connection:
        assert read_permutations(connection) == []
