"""States of the schedules, read from Dagster's own storage without loading Dagster, which takes seconds."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SCHEDULES = (
    "rebalance_before_close",
    "preflight_before_close",
    "reconcile_after_close",
    "daily_after_close",
    "statement_each_morning",
    "maintenance_weekly",
)
"""Names of the schedules, the most important first."""


def schedule_states(home: Path) -> dict[str, bool]:
    """Return by name whether a schedule is switched on; one that nobody ever touched is off."""
    file = home / "dagster" / "schedules" / "schedules.db"
    rows: list[tuple[str, str]] = []
    with contextlib.suppress(sqlite3.Error):  # no storage yet, or one that Dagster is about to make
        connection = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
        with contextlib.closing(connection):
            rows = connection.execute("SELECT job_body, status FROM jobs").fetchall()
    running = [body for body, state in rows if state == "RUNNING"]
    return {name: any(f'"{name}"' in body for body in running) for name in SCHEDULES}
