"""The paper period: what the sessions since the freeze have shown, condition by condition."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from execution.errors import PhaseError
from execution.ledger.events import Event, EventKind, Finish, Scope
from execution.ledger.phase_events import Freeze, Measure, Validation
from execution.ledger.watch_events import AlertKind, AlertRaised
from execution.models import PROBE
from execution.orders.context import LIQUIDATION
from execution.phases import changes, demands_of, pin_of
from execution.service import open_ledger
from warehouse.calendar.sessions import EXCHANGE_ZONE, close_time, last_completed_session, sessions
from warehouse.errors import LakeError
from warehouse.lake import relations
from warehouse.readers import Question, rows
from warehouse.settings.alerts import Severity
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime

    from execution.installation import Installation
    from execution.ledger.ledger import Ledger
    from warehouse.settings.phases import PhaseSettings

MARTS = frozenset({"account_daily", "slippage", "backtest_daily", "strategies"})
AGREEMENT = Question(
    """
    SELECT corr(account_daily.daily_return, backtest_daily.net_return) AS correlation, count(*) AS sessions
    FROM account_daily INNER JOIN backtest_daily USING (session_date) SEMI JOIN strategies
        ON strategies.is_live AND strategies.strategy_id = backtest_daily.strategy_id
    WHERE backtest_daily.scenario_id = 0 AND account_id = $account AND session_date > $since
        AND daily_return IS NOT NULL
    """
)
COST = Question(
    """
    SELECT sum(decision_slippage_usd) / sum(filled * decision_price) AS slippage, count(*) AS orders
    FROM slippage WHERE account_id = $account AND mode = 'paper' AND session_date >= $since AND decision_price > 0
    """
)
LEAST_RETURNS = 3
"""Fewer have no correlation worth the name."""
MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class PaperPeriod:
    """Everything that the conditions are judged by.

    Attributes:
        due: Sessions that closed since the freeze, ascending.
        ended: Number of rebalances that ended on paper, by session.
        alarms: Titles of the alarms.
        correlation: Of daily returns with the backtest's; None where not known.
        returns: Number of daily returns behind it.
        slippage: Fraction of the value traded; None where not known.
        orders: Number of orders behind it.
        changed: What has changed since the freeze.
    """

    due: Sequence[date]
    ended: Mapping[date, int]
    alarms: Sequence[str]
    correlation: float | None
    returns: int
    slippage: float | None
    orders: int
    changed: Sequence[str] = ()


def validate(installation: Installation, now: datetime, by: str) -> Validation:
    """Measure the paper period since the freeze, and record what it shows.

    Raises:
        PhaseError: Nothing is frozen.
        LedgerError: The ledger cannot be read or written.
    """
    demands = installation.portfolio.phases
    with open_ledger(installation) as ledger:
        frozen = ledger.newest(EventKind.FROZEN)
        if frozen is None or not isinstance(frozen.event.payload, Freeze):
            raise PhaseError("There is no paper period to measure: nothing is frozen. `swing freeze --reason …` first.")
        freeze = frozen.event.payload
        period = _gathered(installation, ledger, frozen.recorded_at, now)
        period = replace(period, changed=changes(freeze.pin, pin_of(installation)))
        validation = Validation(freeze.digest, demands_of(demands), tuple(measures(period, demands)), by)
        ledger.append(Event(Scope(""), validation))
    return validation


def measures(period: PaperPeriod, demands: PhaseSettings) -> Iterator[Measure]:
    """Judge each condition; what is not known is not met."""
    told = "; ".join(period.changed[:MOST_NAMED]) or "nothing"
    yield Measure("FREEZE_UNCHANGED", not period.changed, f"changed: {told}", "nothing changed")
    run = len(period.ended)
    yield Measure("SESSIONS_RUN", run >= demands.paper_sessions, str(run), f"at least {demands.paper_sessions}")
    missed = [day for day in period.due if day not in period.ended]
    yield Measure("SESSIONS_MISSED", not missed, _days(missed), "none")
    doubled = [day for day, times in sorted(period.ended.items()) if times > 1]
    yield Measure("SESSIONS_DOUBLED", not doubled, _days(doubled), "none")
    known = period.correlation if period.returns >= LEAST_RETURNS else None
    yield Measure(
        "BACKTEST_CORRELATION",
        known is not None and known >= demands.correlation,
        f"{'unknown' if known is None else f'{known:.2f}'} over {period.returns} daily returns",
        f"at least {demands.correlation:.2f}",
    )
    cost = period.slippage
    yield Measure(
        "DECISION_SLIPPAGE",
        cost is not None and cost <= demands.slippage,
        f"{'unknown' if cost is None else f'{cost * 10_000:+.1f} bp'} over {period.orders} orders",
        f"at most {demands.slippage * 10_000:.1f} bp",
    )
    alarms = len(period.alarms)
    newest = f"; the newest: {period.alarms[-1]}" if period.alarms else ""
    yield Measure("ALARMS", alarms <= demands.alarms, f"{alarms}{newest}", f"at most {demands.alarms}")


def _gathered(installation: Installation, ledger: Ledger, start: datetime, now: datetime) -> PaperPeriod:
    """Read everything but what has changed since the freeze."""
    ended: dict[date, int] = {}
    account_id = ""
    for each in ledger.of_kinds(EventKind.SESSION_FINISHED, since=start):
        scope = each.event.scope
        is_rebalance = isinstance(each.event.payload, Finish) and scope.strategy_id not in {PROBE, LIQUIDATION}
        if is_rebalance and scope.mode is Mode.PAPER and scope.session_date:
            ended[scope.session_date] = ended.get(scope.session_date, 0) + 1
            account_id = scope.account_id
    alarms = [
        each.event.payload.title
        for each in ledger.of_kinds(EventKind.ALERT_RAISED, since=start)
        if isinstance(each.event.payload, AlertRaised)
        and each.event.payload.severity is Severity.ALARM
        and each.event.payload.kind is not AlertKind.TEST
    ]
    first, last = start.astimezone(EXCHANGE_ZONE).date(), last_completed_session(now)
    due = [day for day in sessions(first, last) if close_time(day) > start] if first <= last else []
    (correlation, returns), (slippage, orders) = _figures(installation, account_id, min(ended, default=last))
    return PaperPeriod(due, ended, alarms, correlation, returns, slippage, orders)


def _figures(
    installation: Installation, account_id: str, since: date
) -> tuple[tuple[float | None, int], tuple[float | None, int]]:
    """Read correlation and slippage with the numbers behind them; unknown before there is a warehouse or a mart."""
    unknown: tuple[float | None, int] = (None, 0)
    try:
        with installation.lake.reader() as connection:
            if not relations(connection) >= MARTS:
                return unknown, unknown
            asked = {"account": account_id, "since": since}
            return _known(rows(connection, AGREEMENT, asked).rows[0]), _known(rows(connection, COST, asked).rows[0])
    except LakeError:
        return unknown, unknown


def _known(row: Sequence[float | None]) -> tuple[float | None, int]:
    figure, number = row
    return (figure if figure is not None and math.isfinite(figure) else None), int(number or 0)


def _days(days: Sequence[date]) -> str:
    more = f" and {len(days) - MOST_NAMED} more" if len(days) > MOST_NAMED else ""
    return ", ".join(f"{day}" for day in days[:MOST_NAMED]) + more if days else "none"
