"""Occasions of the broker's own statements: what differs, what a person has to mend, and what is overdue."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from execution.errors import StatementError
from execution.ledger.watch_events import AlertKind, AlertRaised
from execution.statements.codes import ExceptionCode
from execution.statements.standing import recorded
from execution.statements.words import counted_of
from warehouse.calendar.sessions import EXCHANGE_ZONE
from warehouse.errors import ConfigurationError
from warehouse.settings.alerts import Severity
from warehouse.settings.statements import StatementPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from execution.installation import Installation
    from execution.ledger.ledger import Ledger
    from execution.ledger.statement_events import ExceptionRaised, StatementMissed

MOST_TOLD = 10


def statement_alerts(installation: Installation, ledger: Ledger, now: datetime) -> Iterator[AlertRaised]:
    """Yield an alert for everything that statements have brought up; most of them will be raised already."""
    try:
        settings = installation.portfolio.statements
        standing, is_on = recorded(installation, ledger, now)
    except ConfigurationError:
        return  # the run that fails for it is told
    if standing.open:
        yield _differing(standing.open)
    if not is_on:
        return
    if standing.missed and standing.missed.code == StatementError.__name__:
        yield _failed(standing.missed)
    if standing.behind >= settings.after_sessions and settings.policy is not StatementPolicy.NONE:
        is_restricting = settings.policy is StatementPolicy.REDUCE_ONLY
        why = f" The last attempt failed: {standing.missed.message}" if standing.missed else ""
        then = " By statements.policy nothing is bought until `swing resume`." if is_restricting else ""
        yield AlertRaised(
            f"statement/overdue/{standing.account_id}/{standing.due}",
            AlertKind.STATEMENT,
            Severity.ALARM if is_restricting else Severity.WARNING,
            f"{counted_of(standing.behind, 'session')} without a clean statement of the broker",
            f"The newest clean one ends on {standing.clean_until or 'no day'}; {standing.due} is due.{why}{then}",
            code="STATEMENTS",
            remedy="`swing reconcile --statement pulled` pulls one now and lists what is to be signed for.",
        )


def _differing(exceptions: tuple[ExceptionRaised, ...]) -> AlertRaised:
    ids = ",".join(each.exception_id for each in exceptions)
    lines = [f"{each.exception_id} {each.code}: {each.message}" for each in exceptions[:MOST_TOLD]]
    if len(exceptions) > MOST_TOLD:
        lines.append(f"… and {len(exceptions) - MOST_TOLD} more.")
    first = ExceptionCode(exceptions[0].code)
    return AlertRaised(
        f"statement/open/{hashlib.sha256(ids.encode()).hexdigest()[:16]}",
        AlertKind.STATEMENT,
        Severity.WARNING,
        f"The broker's statement and the ledger differ: {counted_of(len(exceptions), 'exception')} to be signed for",
        "\n".join(lines),
        code=first,
        remedy=f'{first.remedy} `swing reconcile --sign ID --reason "…"` records that you stand for it.',
    )


def _failed(missed: StatementMissed) -> AlertRaised:
    day = missed.at.astimezone(EXCHANGE_ZONE).date()
    return AlertRaised(
        f"statement/failed/{day}",
        AlertKind.STATEMENT,
        Severity.WARNING,
        "The broker's statement cannot be had until somebody acts",
        missed.message,
        code=missed.code,
        remedy=StatementError.remedy,
    )
