"""The sample of planted faults: the same for the same seed, of faults that a test can see, with an honest interval."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from sampled_mutants import cannot_be_told, interval, keep, score

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """from dataclasses import dataclass

@dataclass(frozen=True, slots=True)
class Each:
    size: int | None = 1 + 2
"""


def _session(folder: Path, module: Path) -> str:
    """A session of three mutants: of the annotation, of slots, and of the default."""
    path = str(folder / "session.sqlite")
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE mutation_specs (job_id, module_path, start_pos_row, start_pos_col, operator_name, occurrence)"
        )
        connection.execute("CREATE TABLE work_items (job_id)")
        connection.execute("CREATE TABLE work_results (job_id, test_outcome)")
        for job, row, column in (("annotation", 5, 14), ("slots", 3, 30), ("frozen", 3, 18), ("default", 5, 23)):
            connection.execute(
                "INSERT INTO mutation_specs VALUES (?, ?, ?, ?, 'x', 0)", (job, str(module), row, column)
            )
            connection.execute("INSERT INTO work_items VALUES (?)", (job,))
        connection.executemany(
            "INSERT INTO work_results VALUES (?, ?)", [("a", "KILLED")] * 8 + [("b", "SURVIVED")] * 2
        )
    return path


def test_a_sample_is_of_what_can_be_told(tmp_path: Path) -> None:
    """Annotations and slots are not drawn."""
    module = tmp_path / "module.py"
    module.write_text(SOURCE, encoding="utf-8")
    session = _session(tmp_path, module)
    assert keep(session, 100, 1) == 2
    with sqlite3.connect(session) as connection:
        assert {job for (job,) in connection.execute("SELECT job_id FROM work_items")} == {"frozen", "default"}
    assert not cannot_be_told(str(module), (5, 25))


def test_a_seed_draws_the_same_again(tmp_path: Path) -> None:
    """By their place in the source, for the ids of mutants differ each time."""
    module = tmp_path / "module.py"
    module.write_text(SOURCE, encoding="utf-8")
    drawn = set()
    for turn in ("first", "second"):
        folder = tmp_path / turn
        folder.mkdir()
        session = _session(folder, module)
        keep(session, 1, 7)
        with sqlite3.connect(session) as connection:
            drawn |= {job for (job,) in connection.execute("SELECT job_id FROM mutation_specs")}
    assert len(drawn) == 1


def test_a_score_has_its_interval(tmp_path: Path) -> None:
    """Wilson's, by his formula: 8 of 10 is 49 % to 94 %."""
    assert score(_session(tmp_path, tmp_path)) == "Killed 8 of 10: 80% (95% interval: 49% to 94%)"
    assert interval(0, 5)[0] == pytest.approx(0, abs=1e-12)
