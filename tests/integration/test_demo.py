"""The README shows what the demonstration prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from command_line import Swing

README = Path(__file__).parents[2] / "README.md"
CUT = "…"


@pytest.mark.slow
def test_the_readme_shows_the_demonstration(tmp_path: Path) -> None:
    """`make demo` prints the lines of the README in their order; a line of … stands for any others."""
    swing = Swing(tmp_path / "demo")
    said = swing("demo")
    assert said.code == 0, said.err
    block = re.search(r"^\$ make demo\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert block is not None
    shown = re.escape(block[1]).replace(
        rf"{CUT}\
",
        "(?:.*\n)*?",
    )
    assert re.match(shown, said.out), said.out

    assert "2019-12-31: rebalanced (paper)\n   2 of 2 orders filled." in said.out
    assert "http://127.0.0.1:8700" in said.out

    again = swing("demo")
    assert again.code == 0, again.err
    assert "nothing new: all 16,977 bars were there already" in again.out
    assert "Nothing new: each alert is delivered once." in again.out
