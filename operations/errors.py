"""Failures of watching; exit codes go on from those of the warehouse and of execution.

SwingError
├── PreflightFailedError   21   a check fails: the next rebalance would fail, or go unnoticed
├── AlertError             22   an alert could not be delivered, or there is none of that number
├── OverdueError           23   something that should have happened by now has not
└── AccessError            27   the accounts of the page do not allow that, or cannot be read or written
"""

from __future__ import annotations

from warehouse.errors import SwingError


class PreflightFailedError(SwingError):
    """A check fails: the next rebalance would fail, or go unnoticed."""

    exit_code = 21
    remedy = "Do what the lines of the failed checks say, then run `swing preflight` again."


class AlertError(SwingError):
    """An alert could not be delivered, or there is none of that number."""

    exit_code = 22
    remedy = "`swing alert --test` says which channel fails; `swing alerts` lists the numbers."


class OverdueError(SwingError):
    """Something that should have happened by now has not: a digest, a preflight, a sign of life."""

    exit_code = 23
    remedy = "See that the process of `swing dev` runs and its schedules are on; `swing preflight` tells."


class AccessError(SwingError):
    """The accounts of the page do not allow that, or cannot be read or written."""

    exit_code = 27
    remedy = "Do what the message says; `swing user list` shows the accounts."
