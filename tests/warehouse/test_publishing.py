"""A build is published whole or not at all."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from lakes import SMALL_GRID, World, land_lake
from markets import MARKETS

from warehouse.lake import Lake, current_snapshot
from warehouse.transformation import compiler
from warehouse.transformation.runner import FailedBuildError, Transformation

if TYPE_CHECKING:
    from pathlib import Path

SELECTION = ("bars", "strategies", "stg_bars", "sessions", "features")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake whose first models are published."""
    lake = land_lake(tmp_path, World(MARKETS["late_starts"](), {"grid": dict(SMALL_GRID)}))
    _build(lake)
    return lake


def _build(lake: Lake) -> None:
    with lake.lock(), lake.writer() as connection:
        Transformation(lake).build(connection, ["+bars", *SELECTION])


def _state(lake: Lake) -> dict[str, list[tuple[Any, ...]]]:
    with lake.reader() as connection:
        queries = {name: f"SELECT * FROM {name} ORDER BY ALL" for name in SELECTION}
        return {name: connection.execute(query).fetchall() for name, query in queries.items()}


@pytest.mark.slow
def test_a_build_that_fails_a_gate_publishes_nothing(lake: Lake) -> None:
    """A bar that got past landing with its high below its low stops the build; all stays as it was."""
    with lake.lock(), lake.writer() as connection:
        connection.execute(
            """
            INSERT INTO landing.bar_versions BY NAME
            SELECT * REPLACE (low / 2 AS high, batch_id + 1 AS batch_id, ? AS session_date)
            FROM landing.bar_versions
            ORDER BY session_date DESC, symbol
            LIMIT 1
            """,
            [date(2019, 12, 31)],
        )
        before = current_snapshot(connection)
    state = _state(lake)
    with pytest.raises(FailedBuildError, match="bars_are_plausible") as failure:
        _build(lake)
    assert failure.value.exit_code == 7
    assert failure.value.built.failures
    assert "Nothing was published" in str(failure.value)
    with lake.reader() as connection:
        assert current_snapshot(connection) == before
    assert _state(lake) == state


@pytest.mark.slow
def test_a_build_is_one_snapshot(lake: Lake) -> None:
    """Readers see every relation of a build from one moment to the next."""
    with lake.reader() as connection:
        before = current_snapshot(connection)
    _build(lake)
    with lake.reader() as connection:
        assert current_snapshot(connection) == before + 1


@pytest.mark.slow
def test_what_another_program_parsed_is_parsed_again(tmp_path: Path) -> None:
    """A home may have been used, or copied, by a program with other models, whatever the times of its files say."""
    transformation = Transformation(Lake(tmp_path))
    assert not transformation.is_parsed
    compiler.parse(transformation.lake)
    assert transformation.is_parsed
    (tmp_path / "dbt" / "parsed_project").write_text("another", encoding="utf-8")
    assert not transformation.is_parsed
