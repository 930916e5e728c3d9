"""Breakers: limits on what the account loses, and on how far it leaves its backtest, that restrict trading.

A breaker sets the switch as a person would, and only ever to a stricter state; only a person resumes. What happened
before a resumption that followed a breaker is accepted by it: both figures count from there on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, NoReturn

from execution import controls
from execution.errors import TradeRefusedError
from execution.ledger.events import EventKind, SwitchChange
from execution.models import Switch
from execution.refusals import Refusal, RefusalCode
from execution.service import open_ledger
from execution.switch_files import SwitchFiles, strictest
from warehouse.calendar.sessions import EXCHANGE_ZONE
from warehouse.errors import LakeError
from warehouse.lake import relations
from warehouse.readers import Question, rows
from warehouse.settings.breakers import BreakerAction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from execution.installation import Installation
    from execution.ledger.ledger import Ledger
    from warehouse.settings.breakers import BreakerSettings

PREFIX = "breaker "
"""Begins the name of who changed a switch, where it was no person."""
DRAWDOWN = Question(
    """
    WITH grown AS (
        SELECT session_date, product(1 + coalesce(daily_return, 0)) OVER (ORDER BY session_date) AS wealth
        FROM account_daily WHERE account_id = $account AND session_date > $since
    )
    SELECT arg_max(wealth, session_date) / greatest(max(wealth), 1) - 1 FROM grown
    """
)
CORRELATION = Question(
    """
    WITH newest AS (
        SELECT account_return, backtest_return FROM tracking_daily
        WHERE account_id = $account AND session_date > $since
        ORDER BY session_date DESC LIMIT 60
    )
    SELECT if(count(*) >= 20, corr(account_return, backtest_return), NULL) FROM newest
    """
)
SWITCHES = {BreakerAction.HALT: Switch.HALTED, BreakerAction.REDUCE_ONLY: Switch.REDUCE_ONLY}


class Breaker(StrEnum):
    """Breakers."""

    DRAWDOWN = "drawdown"
    CORRELATION = "correlation"


@dataclass(frozen=True, slots=True)
class Trip:
    """A breaker that is beyond its limit.

    Attributes:
        switch: State that it asks for.
        reason: With figure and limit.
    """

    breaker: Breaker
    switch: Switch
    reason: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures that the breakers judge; one is None before there is enough to measure.

    Attributes:
        drawdown: Fraction of the account below its highest, 0 or less.
        correlation: Of its daily returns with the backtest's.
    """

    drawdown: float | None = None
    correlation: float | None = None


def evaluate(installation: Installation, *, is_trading: bool = False) -> list[str]:
    """Judge the account, and restrict trading where a breaker is beyond its limit; return what was done.

    Args:
        installation: Whose account.
        is_trading: A rebalance is about to begin: then what cannot be judged refuses it.

    Raises:
        TradeRefusedError: What was rebalanced in two sessions already cannot be judged now.
        ConfigurationError: The configuration is not valid.
        LedgerError: The ledger cannot be read, or the restriction stands by a file alone.
    """
    with open_ledger(installation) as ledger:
        scopes = [each.event.scope for each in ledger.of_kinds(EventKind.SESSION_FINISHED, with_dry_runs=False)]
        if not scopes:
            return []
        account_id = installation.portfolio.broker.account or scopes[-1].account_id
        present = strictest(ledger.switch(account_id), SwitchFiles.of(installation.home).read())
        since = _accepted_on(ledger)
    try:
        found = _figures(installation, account_id, since)
    except LakeError as error:
        if is_trading and len({scope.session_date for scope in scopes}) > 1:
            _refuse(error)
        return []
    done: list[str] = []
    for trip in trips(found, installation.portfolio.breakers):
        if (stricter := strictest(present, trip.switch)) is not present:
            present = stricter
            done += _restrict(installation, trip)
    return done


def trips(found: Figures, limits: BreakerSettings) -> Iterator[Trip]:
    """Yield the breakers that are beyond their limits and may act."""
    if found.drawdown is not None and found.drawdown <= -limits.drawdown and limits.drawdown_action in SWITCHES:
        reason = f"the account is {-found.drawdown:.2%} below its highest (breakers.drawdown: {limits.drawdown})"
        yield Trip(Breaker.DRAWDOWN, SWITCHES[limits.drawdown_action], reason)
    together = found.correlation
    if together is not None and together < limits.correlation and limits.correlation_action in SWITCHES:
        reason = f"its correlation with the backtest is {together:.2f} (breakers.correlation: {limits.correlation})"
        yield Trip(Breaker.CORRELATION, SWITCHES[limits.correlation_action], reason)


def _restrict(installation: Installation, trip: Trip) -> Iterator[str]:
    by = f"{PREFIX}{trip.breaker}"
    if trip.switch is Switch.HALTED:
        return controls.halt(installation, controls.Halt(reason=trip.reason, by=by))
    return controls.reduce_only(installation, trip.reason, by)


def _refuse(error: LakeError) -> NoReturn:
    message = (
        f"Nothing was traded: the breakers cannot judge the account. {error} `swing daily` builds what they read; the "
        "next attempt looks again."
    )
    raise TradeRefusedError(message, (Refusal(RefusalCode.BREAKER_UNKNOWN, message),)) from error


def _accepted_on(ledger: Ledger) -> date | None:
    """Return the exchange's day on which a person last resumed after a breaker; None if nobody ever had to."""
    accepted, is_broken = None, False
    for recorded in ledger.of_kinds(EventKind.SWITCH_CHANGED):
        change = recorded.event.payload
        if not isinstance(change, SwitchChange):
            continue
        if change.switch is Switch.NORMAL and is_broken:
            accepted, is_broken = recorded.recorded_at.astimezone(EXCHANGE_ZONE).date(), False
        is_broken = is_broken or change.by.startswith(PREFIX)
    return accepted


def _figures(installation: Installation, account_id: str, since: date | None) -> Figures:
    """Measure an account since a day. Raises LakeError where that cannot be."""
    asked = {"account": account_id, "since": since or date.min}
    with installation.lake.reader() as connection:
        drawdown = rows(connection, DRAWDOWN, asked).rows[0][0]
        has_backtest = "tracking_daily" in relations(connection)
        correlation = rows(connection, CORRELATION, asked).rows[0][0] if has_backtest else None
    is_known = correlation is not None and math.isfinite(correlation)  # who stays in cash has none
    return Figures(drawdown, correlation if is_known else None)
