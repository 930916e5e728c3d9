"""Asks Dagster whether what should run by itself is switched on, and its daemon alive."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.scheduler.instigation import InstigatorStatus

from dagster_defs.instance import open_instance
from operations.preflight.trading import Automation

if TYPE_CHECKING:
    from execution.installation import Installation

NEEDED = ("rebalance_before_close", "reconcile_after_close", "daily_after_close")
"""Schedules that are off until a person switches them on."""
WATCHING = ("preflight_before_close", "watch")
"""A schedule and a sensor that are on until a person switches them off."""
SILENT = timedelta(minutes=5)
"""Age of its newest heartbeat beyond which a daemon is taken for dead; it shows itself every half minute."""


def automation(installation: Installation, now: datetime) -> Automation:
    """Return the state of schedules and daemon; an instance that cannot be opened runs nothing."""
    try:
        with open_instance(installation) as instance:
            return state_of(instance, now)
    except (dg.DagsterError, sqlite3.Error, OSError):
        return Automation(dict.fromkeys((*NEEDED, *WATCHING), False), is_daemon_alive=False)


def state_of(instance: dg.DagsterInstance, now: datetime) -> Automation:
    """Return the state of schedules and daemon by an open instance."""
    stored = {state.instigator_name: state.status for state in instance.all_instigator_state()}
    schedules = {name: stored.get(name) is InstigatorStatus.RUNNING for name in NEEDED}
    schedules |= {name: stored.get(name) is not InstigatorStatus.STOPPED for name in WATCHING}
    beats = [beat.timestamp for beat in instance.get_daemon_heartbeats().values()]
    newest = datetime.fromtimestamp(max(beats), UTC) if beats else None
    return Automation(schedules, is_daemon_alive=newest is not None and now - newest <= SILENT)
