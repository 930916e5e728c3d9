"""Files are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from warehouse.files import write_atomically


def test_content_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    """Text and bytes replace what stood there; the folder is made, and holds the file alone."""
    path = tmp_path / "reports" / "page.html"
    write_atomically(path, "für")
    assert path.read_bytes() == "für".encode()
    write_atomically(path, b"\x00")
    assert path.read_bytes() == b"\x00"
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_write_leaves_what_stood_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that refuses the last step costs neither the old content nor a stray file."""
    path = tmp_path / "page.html"
    write_atomically(path, "old")

    def refuse(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_readable_as_the_system_is_set_up(tmp_path: Path) -> None:
    """Permissions are those of any new file, so that a page can be served."""
    ordinary = tmp_path / "ordinary"
    ordinary.touch()
    write_atomically(tmp_path / "written", "")
    assert (tmp_path / "written").stat().st_mode == ordinary.stat().st_mode
