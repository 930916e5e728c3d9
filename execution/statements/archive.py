"""Raw statements, kept unchanged in the home: dated, named by their content, never overwritten."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING
from uuid import uuid4

from execution.errors import StatementError
from warehouse.errors import MachineError

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

FOLDER = "statements"


def keep(home: Path, content: bytes, day: date) -> Path:
    """Keep a document as it came; one that is kept already stays where it is.

    Args:
        home: Of the installation.
        content: The document.
        day: On which it came, UTC.

    Returns:
        Path of the document.

    Raises:
        StatementError: A file of its name holds something else.
        MachineError: It cannot be written.
    """
    folder, name = home / FOLDER, hashlib.sha256(content).hexdigest()[:16]
    unfinished = folder / f".{uuid4().hex}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.glob(f"*-{name}.xml")):
            if path.read_bytes() != content:
                raise StatementError(
                    f"{path} was changed after it was kept: its name is the digest of another content."
                )
            return path
        with unfinished.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.chmod(0o400)
        path = folder / f"{day:%Y-%m-%d}-{name}.xml"
        os.link(unfinished, path)  # unlike a rename it replaces nothing
    except FileExistsError:
        return path  # another process has kept the same content
    except OSError as error:
        raise MachineError.of(error) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return path
