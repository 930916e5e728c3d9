"""A rebalance as the tests run it: targets in plain values, a configuration, and a pace that suits a test."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from execution.ledger.events import Scope
from execution.orders.context import Pace, TradingContext
from execution.orders.preflight import planned_window
from execution.targets import LiveTargets, NewestBar, TargetsOrigin
from warehouse.calendar.sessions import previous_session
from warehouse.settings.portfolio import load_portfolio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from execution.brokers.base import Broker
    from execution.ledger.ledger import Ledger

PACE = Pace(look_every=0.3, ambiguous_for=0.8, cancel_within=4.0)
CLOSES = {"SPY": 500, "QQQ": 400, "VTI": 250, "TLT": 90, "IEF": 95, "GLD": 200, "XLE": 90, "BND": 72, "BITO": 20}
PARAMETERS = load_portfolio(Path("/no-portfolio-here")).parameters_hash
TARGETS = {"SPY": Decimal("0.5"), "GLD": Decimal("0.45")}


def live_targets(session: date, weights: Mapping[str, Decimal] | None = None, parameters_hash: str = "") -> LiveTargets:
    """Target weights that have seen the session's provisional bar."""
    before = previous_session(session)
    landed = datetime.now(UTC)
    final = {
        symbol: NewestBar(symbol, before, Decimal(close), True, landed, Decimal("0.01"))  # noqa: FBT003 - a row
        for symbol, close in CLOSES.items()
    }
    return LiveTargets(
        session_date=session,
        strategy_id="live",
        snapshot=7,
        weights=TARGETS if weights is None else weights,
        bars={symbol: replace(bar, session_date=session, is_final=False) for symbol, bar in final.items()},
        final_bars=final,
        universe=tuple(sorted(CLOSES)),
        selection=tuple(weights or TARGETS),
        correlations={},
        origin=TargetsOrigin(parameters_hash or PARAMETERS, "1.0", 7, "1.0"),
    )


def trading_context(home: Path, broker: Broker, ledger: Ledger, clock: Callable[[], datetime]) -> TradingContext:
    """A context of no session yet, by the configuration of a home."""
    portfolio = load_portfolio(home)
    window = planned_window(clock(), portfolio.trading.minutes_before_close)
    return TradingContext(portfolio, broker, ledger, Scope("", "test"), window, clock, pace=PACE)
