"""Files that reports leave: pictures and JSON, each whole or not at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from warehouse.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from research.report.pictures.canvas import Picture


def write_pictures(folder: Path, pictures: Iterable[Picture]) -> dict[str, Path]:
    """Write each picture as NAME.png, and return the files by name."""
    files = {}
    for picture in pictures:
        files[picture.name] = folder / f"{picture.name}.png"
        write_atomically(files[picture.name], picture.png())
    return files


def write_json(path: Path, value: object) -> Path:
    """Write a JSON value, indented, and return the file."""
    write_atomically(path, json.dumps(value, indent=2) + "\n")
    return path
