"""Keys: found in three places, never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from warehouse.errors import ConfigurationError
from warehouse.sources.credentials import read_key

if TYPE_CHECKING:
    from pathlib import Path

NAME = "TIINGO_API_KEY"
KEY = "0a1b2c3d-SECRET"


def test_the_first_place_that_has_a_key_counts(tmp_path: Path) -> None:
    """The variable goes before the file it may name, that before the folders, and nothing is nothing."""
    home, mounted = tmp_path / "home", tmp_path / "mounted"
    for folder, key in ((home, "of-home"), (mounted, "of-mount")):
        folder.mkdir()
        (folder / "tiingo_api_key").write_text(f"{key}\n")
    named = tmp_path / "token.txt"
    named.write_text("of-file")
    folders = (tmp_path / "absent", home, mounted)
    found = [
        read_key(NAME, {NAME: KEY, f"{NAME}_FILE": str(named)}, folders),
        read_key(NAME, {NAME: "", f"{NAME}_FILE": str(named)}, folders),
        read_key(NAME, {}, folders),
        read_key(NAME, {}, (mounted,)),
    ]
    assert [key and key.get_secret_value() for key in found] == [KEY, "of-file", "of-home", "of-mount"]
    assert read_key(NAME, {}, ()) is None


def test_a_key_does_not_show_itself() -> None:
    """Neither text nor representation holds it."""
    key = read_key(NAME, {NAME: KEY}, ())
    assert KEY not in f"{key} {key!r} {[key]}"


@pytest.mark.parametrize("text", ["", "  \n", "two words", "line\nbreak", "naïve", 'quo"te', "tab\tbed"])
def test_what_is_no_key_is_refused_without_being_shown(text: str, tmp_path: Path) -> None:
    """The message names the file and what a key is made of, and quotes nothing."""
    file = tmp_path / "tiingo_api_key"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="tiingo_api_key holds no key") as caught:
        read_key(NAME, {}, (tmp_path,))
    assert not text.strip() or text.strip() not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_named(content: bytes | None, tmp_path: Path) -> None:
    """A file that a variable names must be there and hold text."""
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=f"{file} cannot be read"):
        read_key(NAME, {f"{NAME}_FILE": str(file)}, ())
