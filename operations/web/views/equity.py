"""Equity and drawdown: the backtest, the account as it was lived, and SPY, on one axis of sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from execution.ledger.events import EventKind, Finish
from research.what_if import bought_and_held, closes_of
from warehouse.errors import LakeError
from warehouse.readers import LIVE_DAILY, rows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from numpy.typing import NDArray

    from operations.web.reading import Reading

BENCHMARK = "SPY"
PLACES = 5


def document(reading: Reading) -> dict[str, Any]:
    """Return growth of 1 by session: backtest and benchmark from the first session that could earn, account as lived.

    The account's line begins on the backtest's at its first session, so that both can be compared from there on.

    Raises:
        LakeError: The backtest was never built, or nothing is earned yet.
        LedgerError: The ledger cannot be read.
    """
    daily = rows(reading.lake, LIVE_DAILY)
    at = {name: place for place, name in enumerate(daily.names)}
    days = np.array([row[at["session_date"]] for row in daily.rows], "datetime64[D]")
    returns = np.array([row[at["net_return"]] for row in daily.rows], float)
    earning = np.flatnonzero([row[at["turnover"]] > 0 for row in daily.rows])
    if not len(earning) or earning[0] + 1 >= len(days):
        raise LakeError("The live strategy has earned nothing yet. Import a longer history, then `swing backtest`.")
    days, returns = days[earning[0] + 1 :], returns[earning[0] + 1 :]
    backtest = np.cumprod(1 + returns)
    held = bought_and_held(days, *closes_of(reading.lake, BENCHMARK))
    lived = lived_equity(reading)
    account = _on(days, backtest, lived)
    series = {"backtest": backtest, "account": account}
    if held is not None:
        series["benchmark"] = np.cumprod(1 + held)
    return {
        "benchmark": BENCHMARK if held is not None else None,
        "sessions": [str(day) for day in days],
        "lived_from": str(min(lived)) if lived else None,
        "growth": {name: _rounded(values) for name, values in series.items()},
        "drawdown": {name: _rounded(_drawdown(values)) for name, values in series.items()},
        "since": _since(days, series, lived),
    }


def lived_equity(reading: Reading) -> dict[date, float]:
    """Return the account's equity at the end of each session's rebalance, USD. Raises LedgerError."""
    return {
        each.event.scope.session_date: float(each.event.payload.equity)
        for each in reading.ledger.of_kinds(EventKind.SESSION_FINISHED, with_dry_runs=False)
        if isinstance(each.event.payload, Finish) and each.event.scope.session_date and each.event.payload.equity > 0
    }


def _on(
    days: NDArray[np.datetime64], backtest: NDArray[np.float64], lived: Mapping[date, float]
) -> NDArray[np.float64]:
    """Put the account's equity on the backtest's sessions, as growth from where the backtest stood."""
    values = np.full(len(days), np.nan)
    known = {np.datetime64(day): equity for day, equity in lived.items()}
    places = [place for place, day in enumerate(days) if day in known]
    if places:
        first = known[days[places[0]]]
        for place in places:
            values[place] = backtest[places[0]] * known[days[place]] / first
    return values


def _since(
    days: NDArray[np.datetime64], series: Mapping[str, NDArray[np.float64]], lived: Mapping[date, float]
) -> dict[str, Any] | None:
    """Return what each has earned over the sessions that were lived."""
    places = np.flatnonzero(np.isfinite(series["account"]))
    if len(places) < 2:  # noqa: PLR2004 - a return needs two days
        return None
    first, last = places[0], places[-1]
    return {
        "first_session": str(days[first]),
        "last_session": str(days[last]),
        "sessions": len(lived),
        "returns": {name: float(values[last] / values[first] - 1) for name, values in series.items()},
    }


def _drawdown(values: NDArray[np.float64]) -> NDArray[np.float64]:
    filled = np.where(np.isfinite(values), values, -np.inf)
    highest = np.maximum.accumulate(filled)
    fallen: NDArray[np.float64] = np.where(np.isfinite(values), values / highest - 1, np.nan)
    return fallen


def _rounded(values: NDArray[np.float64]) -> list[float | None]:
    return [round(value, PLACES) if np.isfinite(value) else None for value in values.tolist()]
