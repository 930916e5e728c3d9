"""The account beside the backtest: how they go together, what the newest rebalance lost, and when that is too much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from execution.ledger.watch_events import AlertKind, AlertRaised
from warehouse.lake import relations
from warehouse.readers import Question, rows
from warehouse.settings.alerts import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    import duckdb

    from warehouse.settings.alerts import AlertSettings

TRACKING = """
SELECT session_date, returns, correlation, tracking_error, drift FROM tracking_daily
WHERE account_id = $account AND session_date <= $day ORDER BY session_date DESC LIMIT 1
"""
PARTS = ("delay", "price_move", "slippage", "commission", "rounding", "untraded", "unsettled", "missed")
SHORTFALL = f"""
SELECT session_date, shortfall_return, {", ".join(f"{part} / equity AS {part}" for part in PARTS)} FROM shortfall_daily
WHERE account_id = $account AND session_date <= $day ORDER BY session_date DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Tracking:
    """An account beside the backtest, up to a session.

    Attributes:
        returns: Sessions behind the figures.
        correlation: Of daily returns; None where not known, as the next two.
        tracking_error: Fraction a year.
        drift: Fraction by which the account has earned more than the backtest.
    """

    session_date: date
    returns: int
    correlation: float | None
    tracking_error: float | None
    drift: float | None


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Implementation shortfall of a session's rebalance; fractions of equity, positive is worse."""

    session_date: date
    whole: float
    parts: Mapping[str, float]


def tracking_of(connection: duckdb.DuckDBPyConnection, account_id: str, day: date) -> Tracking | None:
    """Return the newest tracking of an account up to a session; None before both have a return."""
    found = _newest(connection, "tracking_daily", TRACKING, {"account": account_id, "day": day})
    return Tracking(**found) if found else None


def shortfall_of(connection: duckdb.DuckDBPyConnection, account_id: str, day: date) -> Shortfall | None:
    """Return the newest known shortfall of an account's rebalances up to a session; None before there is one."""
    found = _newest(connection, "shortfall_daily", SHORTFALL, {"account": account_id, "day": day})
    parts = {part: found[part] for part in PARTS} if found else {}
    return Shortfall(found["session_date"], found["shortfall_return"], parts) if found else None


def _newest(
    connection: duckdb.DuckDBPyConnection, relation: str, sql: str, asked: Mapping[str, Any]
) -> dict[str, Any] | None:
    if not asked["account"] or relation not in relations(connection):
        return None
    found = rows(connection, Question(sql), asked).records()
    return found[0] if found else None


def apart(found: Tracking, settings: AlertSettings) -> list[str]:
    """Say which of an account's figures are beyond their limits; what is not known is beyond none."""
    told = []
    least, most, furthest = settings.backtest_correlation, settings.tracking_error, settings.backtest_drift
    if found.correlation is not None and found.correlation < least:
        told.append(f"correlation {found.correlation:.2f} (alerts.backtest_correlation: {least})")
    if found.tracking_error is not None and found.tracking_error > most:
        told.append(f"tracking error {found.tracking_error:.1%} a year (alerts.tracking_error: {most})")
    if found.drift is not None and abs(found.drift) > furthest:
        told.append(f"drift {found.drift:+.2%} (alerts.backtest_drift: {furthest})")
    return told


def tracking_alert(account_id: str, found: Tracking, settings: AlertSettings) -> AlertRaised | None:
    """Return a warning for an account that has gone apart from its backtest, once a week; None if it has not."""
    told = apart(found, settings)
    if not told:
        return None
    year, week, _ = found.session_date.isocalendar()
    return AlertRaised(
        f"tracking/{account_id}/{year}-W{week:02}",
        AlertKind.DRIFT,
        Severity.WARNING,
        f"{found.session_date}: the account goes apart from its backtest",
        f"Over the last {found.returns} sessions: {'; '.join(told)}.",
        remedy='`swing sql "from shortfall_daily"` says what each session lost, and by what (docs/operations.md).',
    )


def tracking_words(found: Tracking) -> str:
    """Return an account's figures as words."""
    if found.correlation is None and found.tracking_error is None:
        return f"{found.returns} common sessions so far; measured from 20 on"
    known = [
        f"correlation {'unknown' if found.correlation is None else f'{found.correlation:.2f}'}",
        f"tracking error {found.tracking_error:.1%} a year" if found.tracking_error is not None else "",
        f"drift {found.drift:+.2%}" if found.drift is not None else "",
    ]
    return f"{', '.join(filter(None, known))}, over {found.returns} sessions"


def shortfall_words(found: Shortfall) -> Iterator[str]:
    """Yield a shortfall as lines: the whole, and its parts, in basis points of equity."""
    yield f"Shortfall of {found.session_date}: {found.whole * 10_000:+.1f} bp of equity (positive is worse)"
    parts = (f"{name.replace('_', ' ')} {value * 10_000:+.1f}" for name, value in found.parts.items() if value)
    if told := ", ".join(parts):
        yield f"  {told}"
