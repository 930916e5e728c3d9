"""Freshness is judged by the exchange's calendar and the clock, not by what else was landed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from lakes import World, land_lake
from markets import points

from warehouse.freshness import doubts

if TYPE_CHECKING:
    from pathlib import Path

BARS = points(GLD=[1.0, 1.0, 1.0, None], SPY=[1.0, 1.0, 1.0, 1.0])  # from Thursday, 2 January 2014, to Tuesday, the 7th
UNIVERSE = {"universe": ["GLD", "SPY"]}


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2014-01-07T22:00", []),  # after Tuesday's close: GLD's bar of Tuesday may still come
        (
            "2014-01-08T22:00",
            ["Stale: bars of GLD end on 2014-01-06, 2 sessions before 2014-01-08. Fetch newer ones."],
        ),
        (
            "2014-01-13T12:00",  # Monday, before the open
            [
                "Stale: bars of GLD end on 2014-01-06, 4 sessions before 2014-01-10. Fetch newer ones.",
                "Stale: bars of SPY end on 2014-01-07, 3 sessions before 2014-01-10. Fetch newer ones.",
            ],
        ),
    ],
)
def test_old_bars_are_doubted(tmp_path: Path, now: str, expected: list[str]) -> None:
    """One session may be missing; more are said, with the session that the clock expects."""
    with land_lake(tmp_path, World(BARS, UNIVERSE)).reader() as connection:
        assert doubts(connection, datetime.fromisoformat(now).replace(tzinfo=UTC)) == expected


def test_a_symbol_without_bars_is_doubted(tmp_path: Path) -> None:
    """A wrong ticker shrinks the portfolio unseen otherwise."""
    with land_lake(tmp_path, World(BARS, {"universe": ["GLDD", "SPY"]})).reader() as connection:
        (said,) = doubts(connection, datetime(2014, 1, 7, 22, tzinfo=UTC))
    assert said == "No bars of GLDD: is it spelled as the source has it? `swing fetch` imports them."
