"""A clock that other processes take for the machine's: it is moved at will, for all of them at the same instant."""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE = Path(__file__).with_suffix(".c")
NANOSECONDS = 1_000_000_000


def has_compiler() -> bool:
    """Return True if this machine can compile the library that moves the clock."""
    return shutil.which("cc") is not None


@dataclass(slots=True)
class MovedClock:
    """The time of day plus an offset, which stands in a file that every moved process has mapped.

    Attributes:
        environment: Variables that move the clock of a process that is started with them.
    """

    _page: mmap.mmap
    environment: Mapping[str, str]

    @staticmethod
    def made(folder: Path, start: datetime) -> MovedClock:
        """Compile the library into a folder, and let the clock begin at an aware datetime."""
        library, file = folder / "clock.so", folder / "clock"
        command = ["cc", "-O2", "-shared", "-fPIC", "-Wall", "-o", str(library), str(SOURCE), "-ldl", "-lpthread"]
        subprocess.run(command, check=True)
        file.write_bytes(bytes(mmap.PAGESIZE))
        with file.open("r+b") as opened:
            page = mmap.mmap(opened.fileno(), mmap.PAGESIZE)
        clock = MovedClock(page, {"LD_PRELOAD": str(library), "MOVED_CLOCK": str(file)})
        clock.jump(start)
        return clock

    def now(self) -> datetime:
        """Return the moved time, UTC."""
        return datetime.fromtimestamp((time.time_ns() + struct.unpack_from("q", self._page)[0]) / NANOSECONDS, UTC)

    def jump(self, instant: datetime) -> None:
        """Go on from an aware datetime."""
        since = instant - datetime.fromtimestamp(0, UTC)
        struct.pack_into("q", self._page, 0, (since // timedelta(microseconds=1)) * 1000 - time.time_ns())
