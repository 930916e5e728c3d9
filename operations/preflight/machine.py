"""Checks of what the machine keeps: disk, warehouse, ledger, calendar."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from execution.service import open_ledger
from operations.checks import CheckCode
from warehouse.calendar.sessions import EXCHANGE_ZONE, KNOWN_TO, sessions
from warehouse.errors import MachineError
from warehouse.lake import current_snapshot
from warehouse.readers import LIVE_TARGETS, rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from execution.installation import Installation
    from execution.ledger.watch_events import Check

MEGABYTE = 2**20
LEAST_FREE, LITTLE_FREE = 500 * MEGABYTE, 2000 * MEGABYTE
"""Free space below which a run may fail, and below which somebody should look; a daily build writes a few megabytes."""
AHEAD = timedelta(days=31)
FEWEST_SESSIONS = 15
"""Sessions that any 31 days of the exchange have, at least."""


def disk_check(installation: Installation, _now: datetime) -> Iterator[Check]:
    """Look at the free space of the home, and of the ledger's folder where it is another."""
    folders = [installation.home]
    if installation.ledger_url.startswith("sqlite:///"):
        folders.append(Path(installation.ledger_url.removeprefix("sqlite:///")).parent)
    free, folder = min((shutil.disk_usage(_existing(folder)).free, folder) for folder in folders)
    said = f"{free // MEGABYTE:,} MB are free at {folder}."
    if free < LEAST_FREE:
        yield CheckCode.DISK.failure(said)
    elif free < LITTLE_FREE:
        yield CheckCode.DISK.warning(said)
    else:
        yield CheckCode.DISK.ok(said)


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def warehouse_check(installation: Installation, _now: datetime) -> Iterator[Check]:
    """Read the target weights, and write a file beside the warehouse's; its lock is left to runs."""
    with installation.lake.reader() as connection:
        snapshot, targets = current_snapshot(connection), rows(connection, LIVE_TARGETS).rows
    with tempfile.NamedTemporaryFile(dir=installation.lake.data) as file:
        file.write(b"preflight")
        file.flush()
    with installation.lake.catalog.open("r+b"):
        pass
    if not targets:
        yield CheckCode.WAREHOUSE.failure(
            "The warehouse holds no target weights.", "Fetch bars (`swing fetch`), then build (`swing backtest`)."
        )
        return
    yield CheckCode.WAREHOUSE.ok(
        f"Snapshot {snapshot} can be read, and the folder written; the targets are of {targets[0][0]:%Y-%m-%d}."
    )


def ledger_check(installation: Installation, _now: datetime) -> Iterator[Check]:
    """Open the ledger as its writer, and recompute its chain."""
    with open_ledger(installation) as ledger:
        events = ledger.verify()
        yield CheckCode.LEDGER.ok(f"{events:,} events in {ledger.name}, and the chain of their digests is whole.")


def calendar_check(_installation: Installation, now: datetime) -> Iterator[Check]:
    """Count the sessions of the next month."""
    today = now.astimezone(EXCHANGE_ZONE).date()
    until = today + AHEAD
    found = sessions(today, until)
    said = f"{len(found)} sessions up to {until}."
    if len(found) < FEWEST_SESSIONS:
        yield CheckCode.CALENDAR.failure(f"The calendar knows only {said}")
    elif until > KNOWN_TO:
        yield CheckCode.CALENDAR.warning(f"{said} Holidays after {KNOWN_TO} were not announced when this was written.")
    else:
        yield CheckCode.CALENDAR.ok(said)


def told(error: BaseException) -> str:
    """Return a failure in words; the system's with what to do."""
    return str(MachineError.of(error)) if isinstance(error, OSError) else str(error)
