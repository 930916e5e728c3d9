"""Simulated gateways in processes of their own, so that their work is not the benchmark's."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]


@contextlib.contextmanager
def gateway(bars: Path, clock: str, *more: str) -> Iterator[int]:
    """Start one for as long as the block lasts; gives its port.

    Args:
        bars: A Parquet file of daily bars.
        clock: Exchange time, as ISO 8601.
        more: Further options of `swing simulator`.
    """
    command = [sys.executable, "-m", "execution.simulator", "--bars", str(bars), "--clock", clock, *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            yield int(process.stdout.readline().rpartition(":")[2]) if process.stdout else 0
        finally:
            process.terminate()
