"""The one way to write a file: a reader finds the old content or the new, never a part of either."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from pathlib import Path


def write_atomically(path: Path, content: str | bytes, mode: int = 0o666) -> None:
    """Write a file beside its place, then put it there; makes the folder if there is none.

    Args:
        path: Of the file; what stands there is replaced.
        content: Text is encoded as UTF-8.
        mode: Permissions that the file is made with, less those that the umask takes.

    Raises:
        OSError: It could not be written; what stood there stands.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with open(unfinished, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
