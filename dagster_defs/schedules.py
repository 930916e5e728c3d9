"""When jobs run by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

from dagster_defs.sources import IN_ORDER
from execution.after_close import PATIENCE
from warehouse.calendar.sessions import EXCHANGE_ZONE
from warehouse.calendar.trading_hours import Phase, Window, window_of
from warehouse.errors import ConfigurationError
from warehouse.settings.portfolio import load_portfolio
from warehouse.settings.sources import SourceName

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime

    from execution.installation import Installation

REGULAR_CLOSE, EARLY_CLOSE = 16, 13
"""Hours at which sessions of the exchange close."""


@dataclass(frozen=True, slots=True)
class ScheduleSettings:
    """What of the configuration the schedules need.

    Attributes:
        source: Where the daily run fetches bars; empty if bars are landed by other means.
        source_of_today: Where the rebalance fetches today's bar; likewise.
    """

    source: str
    source_of_today: str
    minutes_before_close: int


def schedule_settings(installation: Installation) -> ScheduleSettings:
    """As configured; the defaults where the configuration is faulty, which every run then says by itself."""
    try:
        portfolio = installation.portfolio
    except ConfigurationError:
        portfolio = load_portfolio(installation.home / "nowhere")
    today = SourceName.IBKR.value if portfolio.broker.is_source_of_bars else ""
    return ScheduleSettings(
        IN_ORDER if portfolio.sources.order else today, today, portfolio.trading.minutes_before_close
    )


def _fetching(source: str) -> dict[str, Any]:
    return {"ops": {"bars_landing": {"config": {"source": source}}}}


def daily_schedule(
    job: dg.UnresolvedAssetJobDefinition, source: str, clean: Callable[[dg.DagsterInstance], object]
) -> dg.ScheduleDefinition:
    """After the close of every weekday; a holiday's run finds no new session and changes nothing.

    Args:
        job: What it runs.
        source: Where it fetches bars; empty if they are landed by other means.
        clean: As in RebalancePlan.
    """

    @dg.schedule(
        name="daily_after_close",
        job=job,
        cron_schedule="30 18 * * 1-5",
        execution_timezone="America/New_York",
        description="After the close of every weekday: import price bars and build tonight's target weights.",
    )
    def daily_after_close(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        clean(context.instance)
        return dg.RunRequest(run_config=_fetching(source))

    return daily_after_close


def rebalance_crons(minutes_before_close: int) -> list[str]:
    """A tick for each minute from the window's opening to the last before its deadline, for both kinds of session.

    A tick whose work is done is skipped; the later ones take up what a crash has left.
    """
    first = 60 - minutes_before_close
    return [f"{first}-58 {hour - 1} * * 1-5" for hour in (EARLY_CLOSE, REGULAR_CLOSE)]


def skip_reason(now: datetime, scheduled: datetime, minutes_before_close: int, obstacle: Callable[[date], str]) -> str:
    """Why a tick must not trade; empty if it must.

    Args:
        now: The time, aware.
        scheduled: When the tick was due, aware.
        minutes_before_close: The window's length.
        obstacle: Why a session needs no run now: it is done, or one is at work; empty if it does.
    """
    window = _window_of_tick(now, scheduled, minutes_before_close)
    if isinstance(window, str):
        return window
    match window.phase(now):
        case Phase.TOO_EARLY:
            return f"The session closes at {window.close:%H:%M}; its window opens at {window.opens:%H:%M}."
        case Phase.TOO_LATE:
            local = now.astimezone(EXCHANGE_ZONE)
            return f"It is {local:%H:%M:%S}, after the deadline {window.deadline:%H:%M}: nothing is sent so late."
    return obstacle(window.session_date)


def _window_of_tick(now: datetime, scheduled: datetime, minutes: int) -> Window | str:
    """Return the window that a tick belongs to, or why it belongs to none."""
    window = window_of(now, minutes)
    local = now.astimezone(EXCHANGE_ZONE)
    if window is None:
        return f"{local:%A %Y-%m-%d} is no session of the exchange."
    if window_of(scheduled, minutes) != window:
        return f"The tick of {scheduled.astimezone(EXCHANGE_ZONE):%Y-%m-%d %H:%M} came on {local:%Y-%m-%d}: too late."
    return window


@dataclass(frozen=True, slots=True)
class RebalancePlan:
    """How the rebalance, and the look after the close, are scheduled.

    Attributes:
        source: Where the rebalance fetches bars; empty if they are landed by other means.
        clean: Ends runs that a kill has left behind, so that the one asked for does not wait for them.
        obstacle: As `skip_reason` and `look_skip_reason` want it.
        clock: The current time, aware.
    """

    minutes_before_close: int
    source: str
    clean: Callable[[dg.DagsterInstance], object]
    obstacle: Callable[[date], str]
    clock: Callable[[], datetime]


def rebalance_schedule(job: dg.UnresolvedAssetJobDefinition, plan: RebalancePlan) -> dg.ScheduleDefinition:
    """Some minutes before the close of each session, half-days among them; never late, never twice."""

    @dg.schedule(
        name="rebalance_before_close",
        job=job,
        cron_schedule=rebalance_crons(plan.minutes_before_close),
        execution_timezone="America/New_York",
        description="In the minutes before each close, half-days among them: rebalance the account, once a session.",
    )
    def rebalance_before_close(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        return _tick(context, plan, skip_reason, _fetching(plan.source))

    return rebalance_before_close


def _tick(
    context: dg.ScheduleEvaluationContext,
    plan: RebalancePlan,
    skipping: Callable[[datetime, datetime, int, Callable[[date], str]], str],
    run_config: Mapping[str, Any],
) -> dg.RunRequest | dg.SkipReason:
    """Ask for the one run of a tick, unless there is a reason to skip it."""
    scheduled = context.scheduled_execution_time
    if reason := skipping(plan.clock(), scheduled, plan.minutes_before_close, plan.obstacle):
        return dg.SkipReason(reason)
    plan.clean(context.instance)
    return dg.RunRequest(run_key=f"{scheduled:%Y-%m-%dT%H:%M}", run_config=run_config)


LOOK_CRONS = [f"5-9 {hour} * * 1-5" for hour in (EARLY_CLOSE, REGULAR_CLOSE)]
"""Five minutes after each kind of close, and more ticks, for a gateway that did not answer."""


def look_skip_reason(now: datetime, scheduled: datetime, minutes: int, obstacle: Callable[[date], str]) -> str:
    """Why a tick must not look at the account; empty if it must. Arguments are those of `skip_reason`."""
    window = _window_of_tick(now, scheduled, minutes)
    if isinstance(window, str):
        return window
    if now < window.close + PATIENCE:
        return f"The session closes at {window.close:%H:%M}; the look comes five minutes later."
    return obstacle(window.session_date)


def reconcile_schedule(job: dg.UnresolvedAssetJobDefinition, plan: RebalancePlan) -> dg.ScheduleDefinition:
    """Five minutes after the close of each session, half-days among them, once if the gateway answers."""

    @dg.schedule(
        name="reconcile_after_close",
        job=job,
        cron_schedule=LOOK_CRONS,
        execution_timezone="America/New_York",
        description="Five minutes after each close: look at the account once more, for late fills and open orders.",
    )
    def reconcile_after_close(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        return _tick(context, plan, look_skip_reason, {})

    return reconcile_after_close
