"""The simulator in a process of its own."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def simulated_gateway(*options: str) -> Iterator[int]:
    """Run one for as long as the block lasts; gives its port.

    Args:
        options: As `swing simulator` takes them.
    """
    command = [sys.executable, "-m", "execution.simulator", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:  # noqa: S603 - ours
        try:
            assert process.stdout is not None  # noqa: S101 - it is piped
            yield int(process.stdout.readline().rpartition(":")[2])
        finally:
            process.terminate()
