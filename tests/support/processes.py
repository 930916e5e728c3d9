"""What test processes do: run the whole pipeline, or read what it published."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from generations import fingerprint

from warehouse.lake import Lake
from warehouse.sources.base import silent

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.synchronize import Event
    from pathlib import Path

PAUSE_SECONDS = 0.2  # or four readers starve the run that they watch


class Seen(NamedTuple):
    """What one reader saw."""

    reads: int
    generations: set[tuple[tuple[str, str], ...]]


def run_everything(home: Path, bars: Path) -> None:
    """Land a file of bars and compute everything, as the job of that name does."""
    os.environ["SWING_HOME"] = str(home)
    from dagster_defs import environment, jobs  # noqa: PLC0415 - they read the environment

    installation = environment.prepare_environment()
    reports = {"folder": str(home / "reports")}
    steps: dict[str, Any] = {
        "bars_landing": {"source": "files", "paths": [str(bars)]},
        "backtest_report": reports,
        "walk_forward_report": reports,
    }
    jobs.run(installation, "everything", steps, silent)


def read_until(stop: Event, home: Path, answer: Connection) -> None:
    """Read every relation again and again, each time as a new reader; send what was `Seen`."""
    reads, generations = 0, set()
    while not stop.is_set():
        with Lake(home).reader() as connection:
            generations.add(tuple(fingerprint(connection).items()))
        reads += 1
        time.sleep(PAUSE_SECONDS)
    answer.send(Seen(reads, generations))
