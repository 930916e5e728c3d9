"""The preflight: everything that the next rebalance needs, looked at while there is time to act."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from execution.brokers.base import Level
from execution.ledger.events import Event, Scope
from execution.ledger.watch_events import Check, Moment, Preflight
from execution.orders.preflight import planned_window
from execution.service import open_ledger
from operations.checks import CheckCode
from operations.preflight import bars, gateway, machine, trading
from warehouse.errors import ConfigurationError, SwingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime

    from execution.installation import Installation
    from operations.preflight.trading import Automation

    Examination = Callable[[Installation, datetime], Iterator[Check]]

EXAMINATIONS: tuple[tuple[CheckCode, Examination, CheckCode | None], ...] = (
    (CheckCode.GATEWAY, gateway.gateway_checks, None),
    (CheckCode.DISK, machine.disk_check, None),
    (CheckCode.WAREHOUSE, machine.warehouse_check, None),
    (CheckCode.LEDGER, machine.ledger_check, None),
    (CheckCode.CALENDAR, machine.calendar_check, None),
    (CheckCode.RECONCILIATION, trading.reconciliation_check, CheckCode.LEDGER),
    (CheckCode.STATEMENTS, trading.statements_check, CheckCode.LEDGER),
    (CheckCode.BARS, bars.freshness_check, CheckCode.WAREHOUSE),
    (CheckCode.BAR_QUALITY, bars.quality_check, CheckCode.WAREHOUSE),
    (CheckCode.CORPORATE_ACTIONS, bars.action_check, CheckCode.WAREHOUSE),
    (CheckCode.SWITCH, trading.switch_check, CheckCode.LEDGER),
    (CheckCode.PHASE, trading.phase_check, CheckCode.LEDGER),
    (CheckCode.ALERTS, trading.alerts_check, None),
)
"""Each examination with the check that fails if it breaks off, and the check without which it says nothing."""


def run(
    installation: Installation, now: datetime, moment: Moment = Moment.ON_DEMAND, automation: Automation | None = None
) -> tuple[Check, ...]:
    """Examine an installation, and record the result in the ledger if that can be written.

    Args:
        installation: What is examined; nothing is ordered, and no lock is taken that a rebalance needs.
        now: The time, aware.
        moment: Occasion of the examination.
        automation: State of schedules and daemon; None if nobody has asked, which leaves these rows out.
    """
    checks = tuple(_checks(installation, now, automation))
    session = next_session_of(installation, now)
    try:
        with open_ledger(installation) as ledger:
            ledger.append(Event(Scope("", session_date=session), Preflight(moment, session, now, checks)))
    except SwingError:
        pass  # the row LEDGER says so, and is told all the same
    return checks


def next_session_of(installation: Installation, now: datetime) -> date:
    """Return the session that a preflight is for: today's until its close, then the next one."""
    try:
        minutes = installation.portfolio.trading.minutes_before_close
    except ConfigurationError:
        minutes = 0
    return planned_window(now, minutes).session_date


def _checks(installation: Installation, now: datetime, automation: Automation | None) -> Iterator[Check]:
    try:
        parameters = installation.portfolio.parameters_hash
    except ConfigurationError as error:
        yield CheckCode.CONFIGURATION.failure(str(error))
        yield from machine.disk_check(installation, now)
        return
    yield CheckCode.CONFIGURATION.ok(f"Valid, {parameters[:12]}.")
    failed: set[str | None] = set()
    for code, examine, needed in EXAMINATIONS:
        if needed in failed:
            continue
        for check in _guarded(code, examine(installation, now)):
            if check.level is Level.FAILURE:
                failed.add(check.code)
            yield check
    if automation is not None:
        yield from trading.automation_checks(installation, automation)


def _guarded(code: CheckCode, found: Iterator[Check]) -> Iterator[Check]:
    """Return what an examination finds; one that breaks off is a failure itself."""
    try:
        yield from found
    except (SwingError, OSError, duckdb.Error) as error:
        yield code.failure(machine.told(error))
