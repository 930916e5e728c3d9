"""A weight kept for a bar in quarantine, from the landed bars to the recorded plan."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from lakes import SMALL_GRID, World, build_lake, land_lake
from markets import MARKETS
from situations import SESSION, Case, quote

from execution.decision import decide
from execution.ledger.events import Event, Scope
from execution.ledger.ledger import Ledger, ledger_url
from execution.models import Plan
from execution.planning.rules import Rules
from execution.refusals import RefusalCode
from execution.targets import read_targets
from warehouse.calendar.sessions import previous_session, sessions
from warehouse.settings.portfolio import load_portfolio
from warehouse.verdicts import doubts

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from lakes import Models

    from execution.planning.situation import Situation
    from warehouse.lake import Lake

# Dagster and dbt call what their dependencies deprecate.

DECIDED = """
    SELECT symbol, weight FROM target_weights SEMI JOIN (FROM strategies WHERE is_live) USING (strategy_id)
    WHERE scenario_id = 0 AND session_date = ?
"""
PRICES = ["open", "high", "low", "close", "adj_close"]


def market() -> pd.DataFrame:
    """Bars that end with the session that is traded."""
    bars = MARKETS["late_starts"]()
    days = sorted(bars["session_date"].unique())
    dates = sessions(SESSION.replace(year=SESSION.year - 5), SESSION)[-len(days) :]
    return bars.assign(session_date=bars["session_date"].map(dict(zip(days, dates, strict=True))))


def situation_of(lake: Lake, true_bars: pd.DataFrame) -> Situation:
    """The moment before the close, at true prices, with an account in cash."""
    targets, rules = read_targets(lake), Rules.of(load_portfolio(lake.home))
    newest = true_bars[true_bars["session_date"] == SESSION]
    closes = dict(zip(newest["symbol"].astype(str), newest["close"].astype(str), strict=True))
    prices = {symbol: quote(symbol, Decimal(close)) for symbol, close in closes.items()}
    case = Case({}, cash="5000", rules=rules)
    return replace(case.situation, targets=targets, prices=prices, ours=frozenset(targets.universe))


@pytest.mark.slow
def test_a_weight_is_kept_traded_and_recorded(tmp_path: Path, models: Models) -> None:
    """The symbol is bought at its last good weight, at a live price that is judged by its last good bar."""
    bars = market()
    settings = {"grid": dict(SMALL_GRID)}
    with models.computed(World(bars, settings)) as connection:
        last_good = dict(connection.execute(DECIDED, [previous_session(SESSION)]).fetchall())
        assert not connection.execute("FROM live_holds").fetchall()
    symbol, weight = max(last_good.items())
    spoilt = bars.copy()
    spoilt.loc[(spoilt["symbol"] == symbol) & (spoilt["session_date"] == SESSION), PRICES] *= 10
    lake = land_lake(tmp_path, World(spoilt, settings))
    build_lake(lake)

    situation = situation_of(lake, bars)
    targets = situation.targets
    assert targets.hold is not None
    assert (targets.hold.symbols, targets.hold.is_whole_book) == ((symbol,), False)
    assert float(targets.weights[symbol]) == pytest.approx(weight, abs=1e-9)
    assert targets.bars[symbol].is_doubted
    assert targets.final_bars[symbol].session_date == previous_session(SESSION)
    decision, plan = decide(situation)
    assert not plan.is_blocked, plan.refusals
    assert symbol in {order.symbol for order in plan.orders}
    assert decision.targets == targets.weights

    recorded = _recorded(tmp_path, plan)
    (told,) = [refusal for refusal in recorded.refusals if refusal.code is RefusalCode.TARGETS_HELD]
    assert told.numbers[f"kept_{symbol}"] == str(targets.weights[symbol])
    assert told.message.startswith(targets.hold.explanation)
    with lake.reader() as connection:
        assert doubts(connection)[0] == targets.hold.explanation


def _recorded(home: Path, plan: Plan) -> Plan:
    """The plan as the ledger gives it back."""
    ledger = Ledger.open(ledger_url(home))
    ledger.append(Event(Scope("DU1", session_date=SESSION), plan))
    (event,) = [recorded.event for recorded in ledger.read()]
    ledger.close()
    assert isinstance(event.payload, Plan)
    return event.payload
