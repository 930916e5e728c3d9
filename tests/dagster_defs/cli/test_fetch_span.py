"""Options of fetch that a source could not use are refused, not ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from command_line import Swing

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("option", ["--start", "--end"])
def test_a_span_belongs_to_files(tmp_path: Path, option: str) -> None:
    """The sample market would land whole whatever was asked for: the command says so, and lands nothing."""
    swing = Swing(tmp_path / "home")
    refused = swing("fetch", "--source", "synthetic", option, "2015-01-05")
    assert refused.code == 2
    assert "--start and --end belong to --source files" in refused.err
    assert not list(swing.home.rglob("catalog*"))
