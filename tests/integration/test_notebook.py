"""The notebook of docs/, run against a real home by a real kernel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbclient import NotebookClient

if TYPE_CHECKING:
    from sample_market import Market

pytest_plugins = ("sample_market",)

PROJECT = Path(__file__).parents[2]
NOTEBOOK = PROJECT / "docs" / "questions.ipynb"

pytestmark = pytest.mark.slow


def shipped_notebook() -> nbformat.NotebookNode:
    """Read it as it lies in the project."""
    notebook: nbformat.NotebookNode = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    return notebook


def test_every_cell_of_the_notebook_answers(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each cell shows one table or picture, and no warning."""
    monkeypatch.setenv("SWING_HOME", str(market.swing.home))
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    shipped = shipped_notebook()

    NotebookClient(shipped, timeout=240, startup_timeout=240, resources={"metadata": {"path": str(PROJECT)}}).execute()

    cells = [cell for cell in shipped.cells if cell.cell_type == "code"]
    silent, *asking = cells
    assert not silent.outputs
    for cell in asking:
        (shown,) = cell.outputs
        assert shown.output_type in {"execute_result", "display_data"}


def test_the_notebook_is_shipped_with_what_it_shows() -> None:
    """A reader who runs nothing sees the answers."""
    shipped = shipped_notebook()

    assert all(cell.outputs for cell in shipped.cells[2:] if cell.cell_type == "code")
