"""Occasions: what the ledger holds that a person is to be told of, each by a key of its own."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from execution.breakers import PREFIX
from execution.brokers.base import Level
from execution.ledger.events import Event, EventKind, Finish, Scope, SwitchChange
from execution.ledger.watch_events import AlertKind, AlertRaised, Preflight
from execution.models import Side, Switch
from operations.alerts.states import PURSUED
from operations.alerts.texts import without_amounts
from operations.checks import CheckCode
from operations.preflight.trading import is_session_due
from warehouse.calendar.sessions import close_time, last_completed_session
from warehouse.errors import ConfigurationError
from warehouse.settings.alerts import Severity
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from execution.installation import Installation
    from execution.ledger.events import Recorded
    from execution.ledger.ledger import Ledger
    from execution.ledger.state import OrderState, SessionState
    from execution.ledger.watch_events import Check
    from warehouse.settings.alerts import AlertSettings

GRACE = timedelta(minutes=10)
"""From a close until a rebalance that never ended counts as missed."""
TOLD = (EventKind.SESSION_FINISHED, EventKind.SWITCH_CHANGED, EventKind.PREFLIGHT_CHECKED)
SWITCHED = {
    Switch.HALTED: (Severity.WARNING, "Trading is halted", "Nothing is traded until `swing resume`."),
    Switch.REDUCE_ONLY: (Severity.WARNING, "Trading is in reduce-only mode", "Nothing is bought until `swing resume`."),
    Switch.NORMAL: (Severity.INFO, "Trading goes on", "It was resumed."),
}


def raise_alerts(ledger: Ledger, settings: AlertSettings, *alerts: Event) -> int:
    """Record alerts, without amounts unless these are shown; return how many are new. Raises LedgerError."""
    return ledger.append(*(_hidden(alert, settings) for alert in alerts))


def raised(alert: AlertRaised, scope: Scope | None = None) -> Event:
    """Return the event of an alert, owned by the session that it is about."""
    return Event(Scope("", session_date=scope.session_date if scope else None), alert)


def told_by_ledger(installation: Installation, ledger: Ledger, settings: AlertSettings, now: datetime) -> list[Event]:
    """Return an alert for everything of the last days that is worth one; most of them will be raised already."""
    recent = (each for each in ledger.of_kinds(*TOLD, since=now - PURSUED) if not _is_past(each, now))
    found = [event for recorded in recent for event in _of(recorded, ledger, settings)]
    return [*found, *_missed(installation, ledger, now)]


def _is_past(recorded: Recorded, now: datetime) -> bool:
    """Return True for a preflight of a session that is over: nobody can act on it any more."""
    payload = recorded.event.payload
    return isinstance(payload, Preflight) and close_time(payload.session_date) <= now


def _of(recorded: Recorded, ledger: Ledger, settings: AlertSettings) -> Iterator[Event]:
    scope = recorded.event.scope
    match recorded.event.payload:
        case Finish() as finish if scope.mode is not Mode.DRY_RUN and scope.session_date:
            session = ledger.session(scope.account_id, scope.strategy_id, scope.session_date)
            yield raised(_rebalanced(scope, finish, session, settings), scope)
            if (distance := drift(session)) > settings.drift:
                yield raised(_drifted(scope, distance, settings), scope)
        case SwitchChange() as change:
            severity, title, meaning = SWITCHED[change.switch]
            is_breaker = change.by.startswith(PREFIX)
            why = f" Reason: {change.reason}." if change.reason else ""
            yield raised(
                AlertRaised(
                    f"switch/{recorded.sequence}",
                    AlertKind.BREAKER if is_breaker else AlertKind.SWITCH_CHANGED,
                    Severity.ALARM if is_breaker else severity,
                    title,
                    f"By {change.by}, {recorded.recorded_at:%Y-%m-%d %H:%M} UTC.{why} {meaning}",
                )
            )
        case Preflight() as preflight:
            yield from preflight_alerts(preflight)


def _rebalanced(scope: Scope, finish: Finish, session: SessionState, settings: AlertSettings) -> AlertRaised:
    orders = list(session.orders.values())
    is_whole = all(order.remaining <= 0 for order in orders) and "Not " not in finish.message
    refusals = (
        *(session.plan.refusals if session.plan else ()),
        *(session.funding.refusals if session.funding else ()),
    )
    traded = [order_line(order, are_amounts_shown=settings.are_amounts_shown) for order in orders]
    lines = [finish.message, *traded, *(f"{each.code}: {each.message}" for each in refusals)]
    return AlertRaised(
        f"rebalanced/{scope.account_id}/{scope.strategy_id}/{scope.session_date}",
        AlertKind.REBALANCED,
        Severity.INFO if is_whole else Severity.WARNING,
        f"{scope.session_date}: {'rebalanced' if is_whole else 'rebalanced in part'} ({scope.mode})",
        "\n".join(lines),
        remedy="" if is_whole else "Look at `swing status`; what is missing is traded in the next session.",
    )


def order_line(state: OrderState, *, are_amounts_shown: bool) -> str:
    """Return an order's end in words; without its shares where amounts are hidden."""
    order = state.order
    side = "sold" if order.side is Side.SELL else "bought"
    shares = f"{state.filled:f} of {order.quantity:f} " if are_amounts_shown else ""
    price = f" at {state.average_price:.2f}" if state.average_price else ""
    return f"{side} {shares}{order.symbol}{price}, {state.filled / order.quantity:.0%} of it"


def drift(session: SessionState) -> float:
    """Return the distance of the weights from their targets at the end of a rebalance; 0 where it is not known.

    The root of the summed squared differences, cash left out, at the prices decided on.
    """
    decision, finish = session.decision, session.finish
    if decision is None or finish is None or finish.equity <= 0:
        return 0.0
    prices = {price.symbol: price.amount for price in decision.prices}
    weights = {symbol: finish.positions.get(symbol, 0) * price / finish.equity for symbol, price in prices.items()}
    symbols = weights.keys() | decision.targets.keys()
    return math.hypot(*(float(weights.get(each, 0) - decision.targets.get(each, 0)) for each in symbols))


def _drifted(scope: Scope, distance: float, settings: AlertSettings) -> AlertRaised:
    return AlertRaised(
        f"drift/{scope.account_id}/{scope.strategy_id}/{scope.session_date}",
        AlertKind.DRIFT,
        Severity.WARNING,
        f"{scope.session_date}: the account is far from its targets",
        f"After the rebalance the weights are {distance:.3f} away from their targets (alerts.drift: {settings.drift}).",
        remedy="The message about the rebalance says what was not traded, and why. Cash that settles is used tomorrow.",
    )


def preflight_alerts(preflight: Preflight) -> Iterator[Event]:
    """Return an alarm for the checks that fail, and a warning for each doubt about data: once a session each."""
    scope = Scope("", session_date=preflight.session_date)
    failed = [check for check in preflight.checks if check.level is Level.FAILURE]
    if failed:
        codes = ",".join(check.code for check in failed)
        close = close_time(preflight.session_date)
        yield raised(
            AlertRaised(
                f"preflight/{preflight.session_date}/{codes}",
                AlertKind.PREFLIGHT,
                Severity.ALARM,
                f"The rebalance of {preflight.session_date} will not work: {', '.join(map(_title, failed))}",
                "\n\n".join(map(_check_lines, failed))
                + f"\n\nThe session closes on {close:%A %Y-%m-%d at %H:%M} New York time.",
                code=codes,
            ),
            scope,
        )
    for check in preflight.checks:
        if check.level is Level.WARNING and check.code in {CheckCode.BAR_QUALITY, CheckCode.CORPORATE_ACTIONS}:
            alert = AlertRaised(
                f"data/{preflight.session_date}/{check.code}",
                AlertKind.DATA,
                Severity.WARNING,
                f"Before {preflight.session_date}: {_title(check)}",
                check.message,
                code=check.code,
                remedy=check.remedy,
            )
            yield raised(alert, scope)


def _title(check: Check) -> str:
    return check.code.lower().replace("_", " ")


def _check_lines(check: Check) -> str:
    return f"{check.code}: {check.message}" + (f"\nWhat to do: {check.remedy}" if check.remedy else "")


def _missed(installation: Installation, ledger: Ledger, now: datetime) -> Iterator[Event]:
    """Return an alarm for the last session if its rebalance should have ended and has not."""
    session = last_completed_session(now - GRACE)
    try:
        if not is_session_due(installation, ledger, session) or ledger.finish(session):
            return
    except ConfigurationError:
        return  # the run that fails for it is told
    begun = bool(ledger.claims(session))
    alert = AlertRaised(
        f"missed/{session}",
        AlertKind.SESSION_MISSED,
        Severity.ALARM,
        f"The session {session} was {'not finished' if begun else 'missed'}",
        "Its rebalance was begun and never ended." if begun else "Its rebalance never began; nothing was traded.",
        remedy="`swing reconcile` says what the account holds. The next session trades; `swing status` and the runs in "
        "the UI of `swing dev`, show what held this one up.",
    )
    yield raised(alert, Scope("", session_date=session))


def _hidden(event: Event, settings: AlertSettings) -> Event:
    alert = event.payload
    if settings.are_amounts_shown or not isinstance(alert, AlertRaised):
        return event
    shown = {name: without_amounts(getattr(alert, name)) for name in ("title", "text", "remedy")}
    return Event(event.scope, AlertRaised(alert.key, alert.kind, alert.severity, code=alert.code, **shown))
