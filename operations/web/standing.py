"""All that must hold, as coded checks with a remedy each: green only when every one of them holds."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from execution.ledger.events import EventKind, Finish, Reconciliation, Stop, SwitchChange
from execution.models import Switch
from execution.refusals import RefusalCode
from execution.statements import words
from operations.checks import CheckCode
from operations.tracking import Tracking, apart, tracking_words
from operations.web.views import holdings, statements
from warehouse import freshness, verdicts
from warehouse.calendar.sessions import last_completed_session, sessions_behind
from warehouse.errors import SwingError
from warehouse.runs import Outcome
from warehouse.settings.trading import Mode
from warehouse.sources.registry import SourceKind, named
from warehouse.version import code_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from operations.web.reading import Reading


PREFLIGHT = """
SELECT session_date, checked_at, code, level, message, remedy FROM preflight_checks
WHERE sequence = (SELECT max(sequence) FROM preflight_checks) ORDER BY place
"""
ALARMS = """
SELECT count(*) AS alarms, arg_max(title, raised_at) AS title FROM alerts
WHERE severity = 'alarm' AND acknowledged_at IS NULL
"""

TRACKING = """
SELECT session_date, returns, correlation, tracking_error, drift FROM tracking_daily ORDER BY session_date DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class StandingCheck:
    """One thing that must hold.

    Attributes:
        code: CATEGORY_CONDITION, of the failure.
        title: What is checked.
        detail: What was found.
        remedy: What a person does; empty while it holds.
    """

    code: str
    title: str
    is_ok: bool
    detail: str
    remedy: str = ""


def checks(reading: Reading) -> list[StandingCheck]:
    """Check everything; what cannot be checked has failed."""
    found = []
    for code, title, check in (
        ("CONFIGURATION_INVALID", "Configuration", _configuration),
        ("BARS_STALE", "Price bars", _bars),
        ("BARS_DOUBTED", "Bar quality", _gates),
        ("TARGETS_FOREIGN", "Targets", _targets),
        ("RUN_FAILED", "Last run", _run),
        ("TRADING_HALTED", "Trading switch", _switch),
        ("ACCOUNT_DISAGREES", "Account", _account),
        ("REBALANCE_MISSED", "Last rebalance", _rebalance),
        ("REBALANCE_BLOCKED", "Next rebalance", _next),
    ):
        found.append(_checked(code, title, check, reading))
    return [*found, *_tracked(reading), *_stated(reading), *_watched(reading)]


def _stated(reading: Reading) -> Iterator[StandingCheck]:
    """Yield how the broker's own statements stand, where any was asked for."""
    try:
        standing, is_on = reading.once(statements.known)
    except SwingError:
        return  # the other checks say so
    if is_on or standing.is_begun:
        is_ok = standing.is_begun and not (standing.open or standing.missed or (is_on and standing.behind))
        detail, remedy = words.told(standing, is_on=is_on), "" if is_ok else CheckCode.STATEMENTS.remedy
        yield StandingCheck("STATEMENT_OPEN", "Broker's statement", is_ok, detail, remedy)


def _watched(reading: Reading) -> Iterator[StandingCheck]:
    """Yield the newest preflight and the alarms that nobody has acknowledged, where the ledger holds such."""
    try:
        rows = reading.if_built(PREFLIGHT)
        alarms = reading.if_built(ALARMS)
    except SwingError:
        return  # the other checks say so
    if rows:
        failed = [row for row in rows if row["level"] == "failure"]
        told = " ".join(f"{row['code']}: {row['message']}" for row in failed)
        remedy = " ".join(row["remedy"] for row in failed if row["remedy"])
        at = f"{rows[0]['checked_at']:%Y-%m-%d %H:%M} UTC, for {rows[0]['session_date']}"
        yield StandingCheck("PREFLIGHT_FAILED", "Preflight", not failed, told or f"passed, {at}", remedy)
    if alarms and alarms[0]["alarms"]:
        told = f"{alarms[0]['alarms']} not acknowledged; the newest: {alarms[0]['title']}"
        yield StandingCheck("ALARM_OPEN", "Alarms", is_ok=False, detail=told, remedy="`swing ack` when it is mended.")


def _tracked(reading: Reading) -> Iterator[StandingCheck]:
    """Yield the account beside the backtest, where they have a session in common."""
    try:
        tracked = [Tracking(**row) for row in reading.if_built(TRACKING)]
        limits = reading.portfolio.alerts
    except SwingError:
        return  # the other checks say so
    for found in tracked:
        told = apart(found, limits)
        words = f"{found.session_date}: {'; '.join(told) or tracking_words(found)}"
        remedy = 'Read `swing sql "from shortfall_daily"`: what was lost, and by what.'
        yield StandingCheck("BACKTEST_APART", "Live against backtest", not told, words, remedy if told else "")


def _checked(
    code: str, title: str, check: Callable[[Reading], tuple[bool, str, str]], reading: Reading
) -> StandingCheck:
    try:
        is_ok, detail, remedy = check(reading)
    except SwingError as error:
        return StandingCheck(
            code, title, is_ok=False, detail=str(error), remedy="`swing status` shows the whole of it."
        )
    return StandingCheck(code, title, is_ok, detail, "" if is_ok else remedy)


def _configuration(reading: Reading) -> tuple[bool, str, str]:
    portfolio = reading.portfolio
    symbols = len(portfolio.universe)
    return True, f"valid, {symbols} symbols, {portfolio.parameters_hash[:12]}", ""


def _bars(reading: Reading) -> tuple[bool, str, str]:
    if told := freshness.stale(reading.lake, reading.now):
        return False, " ".join(told), "Fetch bars: `swing fetch`, or let the daily run do it (`swing daily`)."
    newest = max((each["newest"] for each in reading.once(symbols) if each["newest"]), default=None)
    if newest is None:
        return False, "The universe has no bar.", "Fetch bars: `swing fetch`."
    return True, f"fresh, newest {newest}", ""


def _gates(reading: Reading) -> tuple[bool, str, str]:
    told = verdicts.doubts(reading.lake)
    return not told, " ".join(told) or "nothing against the newest bars", "Compare the bars; acknowledge what is right."


def _targets(reading: Reading) -> tuple[bool, str, str]:
    origins = reading.records("SELECT parameters_hash, code_version FROM target_origin")
    targets = reading.records("SELECT max(session_date) AS session_date FROM live_targets")
    remedy = "Build them: `swing backtest`; the scheduled rebalance does."
    if not origins or targets[0]["session_date"] is None:
        return False, "There are no targets.", remedy
    pairs = {
        "settings": (origins[0]["parameters_hash"], reading.portfolio.parameters_hash),
        "program": (origins[0]["code_version"], code_version()),
    }
    for name, (theirs, ours) in pairs.items():
        if theirs != ours:
            return False, f"Built with another {name} ({theirs[:24]}) than today's ({ours[:24]}).", remedy
    return True, f"built from the bars of {targets[0]['session_date']}", ""


def _run(reading: Reading) -> tuple[bool, str, str]:
    found = reading.records("SELECT kind, outcome, message, started_at FROM runs ORDER BY started_at DESC LIMIT 1")
    if not found:
        return True, "none yet", ""
    run = found[0]
    told = f"{run['kind']}, {run['started_at']:%Y-%m-%d %H:%M} UTC: {run['outcome']}"
    is_ok = run["outcome"] in {Outcome.RUNNING, Outcome.SUCCEEDED}
    return is_ok, told if is_ok else f"{told}. {run['message'] or ''}", "Read its message under Runs; start it again."


def switch(reading: Reading) -> dict[str, Any]:
    """Return what a person last allowed: switch, since, by, reason. Raises LedgerError."""
    newest = reading.ledger.newest(EventKind.SWITCH_CHANGED)
    change = newest.event.payload if newest else None
    found: dict[str, Any] = {"switch": Switch.NORMAL, "since": None, "by": "", "reason": "", "is_file": False}
    if newest and isinstance(change, SwitchChange):
        found |= {"switch": change.switch, "since": newest.recorded_at, "by": change.by, "reason": change.reason}
    if reading.posted is not Switch.NORMAL and reading.posted is not found["switch"]:
        found |= {"switch": reading.posted, "is_file": True}
    return found


def _switch(reading: Reading) -> tuple[bool, str, str]:
    now = switch(reading)
    who = f", by {now['by']}" if now["by"] else ""
    why = f": {now['reason']}" if now["reason"] else ""
    told = {Switch.HALTED: "halted", Switch.REDUCE_ONLY: "sells only", Switch.NORMAL: "on"}[now["switch"]]
    return now["switch"] is Switch.NORMAL, f"{told}{who}{why}", "Resume when the reason is gone."


def _account(reading: Reading) -> tuple[bool, str, str]:
    newest = reading.ledger.newest(EventKind.RECONCILED)
    seen = newest.event.payload if newest else None
    if not isinstance(seen, Reconciliation):
        is_trading = reading.portfolio.trading.scheduled_mode is not Mode.DRY_RUN
        remedy = "Start the gateway, then `swing reconcile`."
        return not is_trading, "never compared with the broker", remedy
    told = " ".join(difference.message for difference in seen.differences)
    remedy = "Look at the account; `swing resume --accept-positions` takes the broker's positions for the right ones."
    return not told, told or f"ledger and broker agree, {seen.at:%Y-%m-%d %H:%M} UTC", remedy


def _rebalance(reading: Reading) -> tuple[bool, str, str]:
    """A session that the schedule should have traded and did not is a failure; so is one that was stopped."""
    mode = reading.portfolio.trading.scheduled_mode
    finished, stopped = (reading.ledger.newest(kind) for kind in (EventKind.SESSION_FINISHED, EventKind.STOPPED))
    if stopped and isinstance(stopped.event.payload, Stop) and (not finished or stopped.sequence > finished.sequence):
        return False, stopped.event.payload.reason, "Mend the cause; the next tick, or `swing trade`, goes on."
    if mode is Mode.DRY_RUN:
        return True, "not scheduled to trade (dry run)", ""
    due = last_completed_session(reading.now)
    if finished is None or not isinstance(finished.event.payload, Finish):
        return False, f"never, and the schedule trades ({mode})", "See that `swing dev` runs with its schedules on."
    done = finished.event.scope.session_date
    if done is None or done < due:
        missed = sessions_behind(done, due) if done else 1
        return False, f"{done}: {missed} sessions ago", "See that `swing dev` runs with its schedules on."
    return True, f"{done}: {finished.event.payload.message}", ""


def _next(reading: Reading) -> tuple[bool, str, str]:
    """Targets one session behind are in order: the daily run, or the rebalance itself, builds them anew.

    Targets of another configuration or program are told by their own check.
    """
    targets, seen = reading.once(holdings.foreseen)
    if not seen.plan.is_blocked:
        orders = len(seen.plan.orders)
        return (
            True,
            f"{orders} {'order' if orders == 1 else 'orders'} as of now" if orders else "nothing to trade as of now",
            "",
        )
    codes = {refusal.code for refusal in seen.plan.refusals}
    if codes == {RefusalCode.TARGETS_FOREIGN}:
        return True, "waits for new targets", ""
    if codes == {RefusalCode.TARGETS_STALE} and _is_fresh(
        targets.session_date, None, last_completed_session(reading.now)
    ):
        return True, "waits for targets from the newest bars", ""
    first = seen.plan.refusals[0]
    return False, f"As things are it would trade nothing: {first.message}", first.code.meaning


def symbols(reading: Reading) -> list[dict[str, Any]]:
    """Return newest bar, its source and its landing by symbol of the universe, and whether that is fresh."""
    rows = reading.records(
        """
        SELECT universe.symbol, max(versions.session_date) AS newest, max(versions.ingested_at) AS landed_at,
            arg_max(versions.source, versions.session_date) AS source,
            arg_max(versions.close, (versions.session_date, versions.batch_id)) AS close
        FROM landing.universe LEFT JOIN landing.bar_versions AS versions USING (symbol)
        GROUP BY universe.symbol ORDER BY universe.symbol
        """
    )
    due = last_completed_session(reading.now)
    return [row | {"is_ok": _is_fresh(row["newest"], row["source"], due)} for row in rows]


def feeds(reading: Reading) -> list[dict[str, Any]]:
    """Return each source of bars that brings a symbol's newest bar or is to be asked, and the account's gateway."""
    by_source: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in reading.once(symbols):
        by_source[each["source"] or "none"].append(each)
    for name in reading.portfolio.sources.order:
        by_source.setdefault(name, [])
    found = [
        {
            "name": name,
            "what": "price bars",
            "last": max((each["newest"] for each in held if each["newest"]), default=None),
            "last_at": max((each["landed_at"] for each in held if each["landed_at"]), default=None),
            "symbols": len(held),
            "is_ok": bool(held) and all(each["is_ok"] for each in held),
        }
        for name, held in by_source.items()
    ]
    newest = reading.ledger.newest(EventKind.RECONCILED)
    if newest and isinstance(newest.event.payload, Reconciliation):
        seen = newest.event.payload
        found.append(
            {
                "name": "broker",
                "what": f"account {seen.account.account_id}",
                "last": seen.at.date(),
                "last_at": seen.at,
                "symbols": len(seen.account.positions),
                "is_ok": not seen.differences
                and _is_fresh(seen.at.date(), "broker", last_completed_session(reading.now)),
            }
        )
    return found


def _is_fresh(newest: date | None, source: str | None, due: date) -> bool:
    """The newest bar may be one session behind: the one that has just ended may not have been fetched yet."""
    if newest is None:
        return False
    return source in named(SourceKind.SAMPLE) or sessions_behind(newest, due) <= freshness.PATIENCE


def failures(found: list[StandingCheck]) -> Iterator[StandingCheck]:
    """Yield the checks that do not hold."""
    return (check for check in found if not check.is_ok)
