"""Recent trading as folded from the ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from happenings import ACCOUNT, NOW, SCOPE, SESSION, amount, decision, event, execution, order, reconciliation

from execution.ledger.events import Event, Finish
from execution.ledger.history import trading_history
from execution.models import Side, TradingHistory
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from execution.ledger.ledger import Ledger

FIVE = [date(2023, 12, 27), date(2023, 12, 28), date(2023, 12, 29), date(2024, 1, 2), SESSION]


def _finished(session: date, equity: int, mode: Mode = Mode.PAPER) -> Event:
    return event(Finish(amount(equity), amount(0), {}), replace(SCOPE, session_date=session, mode=mode))


def test_an_empty_ledger_tells_nothing() -> None:
    """Without events there is neither equity nor trading."""
    assert trading_history([], FIVE) == TradingHistory()


def test_equity_is_the_last_finished_session_s() -> None:
    """Neither this session's, a dry run's nor an older one's equity is the previous one."""
    happened = [
        _finished(date(2023, 6, 1), 9_000),
        _finished(date(2023, 12, 29), 9_500),
        _finished(date(2024, 1, 2), 1, Mode.DRY_RUN),
        _finished(SESSION, 10_000),
    ]
    found = trading_history(happened, FIVE)
    assert found.previous_equity == amount(9_500)


def test_orders_count_from_their_intent() -> None:
    """An order that may have left counts with its value: at its limit, or at the price decided on."""
    market = replace(order("GLD", quantity=2), limit_price=None)
    happened = [event(decision("240", "GLD")), event(order(quantity=3)), event(market)]
    found = trading_history(happened, FIVE)
    assert (found.orders, found.value) == (2, amount(3 * 500 + 2 * 240))


@pytest.mark.parametrize(("days_ago", "day_trades"), [(0, 1), (1, 1), (7, 1), (8, 0)])
def test_day_trades_of_five_sessions(days_ago: int, day_trades: int) -> None:
    """A symbol bought and sold within one session counts once, for five sessions."""
    then = NOW - timedelta(days=days_ago)
    buy, sell = order(), order(side=Side.SELL)
    fills = [execution(buy, "a.01", 5), execution(buy, "b.01", 5), execution(sell, "c.01", 3)]
    assert trading_history([event(replace(each, executed_at=then)) for each in fills], FIVE).day_trades == day_trades


def test_buying_and_selling_on_different_days_is_no_day_trade() -> None:
    """A sale of what was bought the session before is none."""
    bought = replace(execution(order(), "a.01", 5), executed_at=NOW - timedelta(days=1))
    sold = execution(order(side=Side.SELL), "b.01", 5)
    found = trading_history([event(bought), event(sold)], FIVE)
    assert (found.day_trades, found.bought, found.sold) == (0, {}, {"SPY": amount(5)})


@pytest.mark.parametrize(
    ("settled", "expected"),
    [(10_000, {}), (5_000, {}), (4_999, {"SPY": 1}), (2_600, {"SPY": 5}), (0, {"SPY": 10}), (-50, {"SPY": 10})],
)
def test_what_settled_cash_did_not_pay_for(settled: int, expected: dict[str, int]) -> None:
    """Shares beyond the settled cash of the session's start were bought with unsettled money."""
    happened = [
        event(reconciliation(settled_cash=settled)),
        event(execution(order(), "a.01", 4)),
        event(execution(order(), "b.01", 6)),
        event(reconciliation(settled_cash=99_999)),
    ]
    assert trading_history(happened, FIVE).bought_unsettled == expected


def test_what_unsettled_money_bought_is_free_the_session_after() -> None:
    """Shares bought beyond the settled cash of the session before are none of this session's."""
    yesterday = replace(SCOPE, session_date=date(2024, 1, 2))
    bought = replace(execution(order(), "a.01", 4), executed_at=NOW - timedelta(days=1))
    happened = [event(reconciliation(settled_cash=0), yesterday), event(bought, yesterday)]
    assert trading_history(happened, FIVE[:-1]).bought_unsettled == {"SPY": 4}
    assert trading_history(happened, FIVE).bought_unsettled == {}


def test_the_ledger_finds_the_five_sessions(ledger: Ledger) -> None:
    """Sessions are the exchange's: over New Year five of them reach back to 27 December."""
    ledger.append(_finished(date(2023, 6, 1), 9_000))
    for day in (26, 27):
        then = NOW.replace(year=2023, month=12, day=day)
        scope = replace(SCOPE, session_date=date(2023, 12, day))
        for side, name in ((Side.BUY, "b"), (Side.SELL, "s")):
            made = replace(execution(order(f"X{day}", side), f"{name}{day}.01", 1), executed_at=then)
            ledger.append(event(made, scope))
    ledger.append(event(reconciliation()), event(execution(order(), "a.01", 4)))
    found = ledger.history(ACCOUNT, SESSION)
    assert (found.day_trades, found.previous_equity, found.bought) == (1, amount(9_000), {"SPY": amount(4)})
    assert ledger.history("DU7", SESSION) == TradingHistory()
