"""Tables fit where they are read: whole in a pipe, wrapped or as blocks in a narrow terminal, never cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from dagster_defs.cli import terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS = [("symbol", False), ("weight", True), ("reason", False)]
ROWS: list[Sequence[object]] = [
    ["TLT", 0.456, "pick 1 of at most 2"],
    ["QQQ", None, "20-bar average lies 0.57% below the 50-bar average"],
]


def _shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int | None) -> list[str]:
    """Print the rows for a terminal of some width, or for a pipe; return the lines without their colours."""
    if width is not None:
        console = Console(width=width, force_terminal=True, color_system=None, highlight=False, soft_wrap=True)
        monkeypatch.setattr(terminal, "out", console)
    terminal.show_rows(COLUMNS, ROWS, "Decision")
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("width", [None, 120])
def test_a_table_that_fits_has_one_line_a_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int | None
) -> None:
    """Title, header, rows; numbers to the right, nothing for null."""
    table = _shown(monkeypatch, capsys, width)[-3:]
    assert [line.rstrip() for line in table] == [
        "symbol  weight  reason",
        "TLT     45.60%  pick 1 of at most 2",
        "QQQ             20-bar average lies 0.57% below the 50-bar average",
    ]


def test_the_longest_text_is_wrapped(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The other columns keep their lines."""
    lines = _shown(monkeypatch, capsys, 46)
    assert max(map(len, lines)) <= 46
    assert "QQQ             20-bar average lies 0.57%" in [line.rstrip() for line in lines]
    assert "50-bar average" in lines[-1]


@pytest.mark.parametrize("width", [20, 36])
def test_a_narrow_terminal_has_blocks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    """Each row is a block of names and values, and every word of them is there."""
    lines = _shown(monkeypatch, capsys, width)
    assert max(map(len, lines)) <= width
    assert "symbol  TLT" in lines
    assert "weight  45.60%" in lines
    assert " ".join(" ".join(lines).split()).endswith("lies 0.57% below the 50-bar average")


def test_a_line_of_text_is_wrapped_at_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a terminal alone; nothing is printed for nothing."""
    terminal.say_wrapped("one two three four")
    assert capsys.readouterr().out == "one two three four\n"
    monkeypatch.setattr(terminal, "out", Console(width=9, force_terminal=True))
    terminal.say_wrapped("one two three four", 2)
    terminal.say_wrapped("")
    assert capsys.readouterr().out == "one two\n  three\n  four\n"
