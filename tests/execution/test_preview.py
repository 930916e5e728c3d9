"""The preview: what the next rebalance would do, from targets, ledger and closes alone."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from rebalancing import live_targets

from execution.ledger.events import Event, Reconciliation, Scope, SwitchChange
from execution.ledger.ledger import Ledger, ledger_url
from execution.models import Account, Side, Switch
from execution.preview import preview
from execution.refusals import RefusalCode
from warehouse.settings.portfolio import load_portfolio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from execution.preview import Preview

NEW_YORK = ZoneInfo("America/New_York")
EVENING = datetime(2024, 6, 10, 20, 0, tzinfo=NEW_YORK)
IN_THE_WINDOW = datetime(2024, 6, 11, 15, 56, tzinfo=NEW_YORK)
SEEN = date(2024, 6, 10)
ACCOUNT = Account("DU1", Decimal(10000), Decimal(5000), Decimal(5000), {"SPY": Decimal(10)}, is_paper=True)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    opened = Ledger.open(ledger_url(tmp_path))
    yield opened
    opened.close()


def _previewed(ledger: Ledger, now: datetime = EVENING) -> Preview:
    targets = live_targets(SEEN)
    return preview(load_portfolio(Path("/no-portfolio-here")), targets, ledger, now)


def _state(ledger: Ledger, account: Account = ACCOUNT) -> None:
    ledger.append(Event(Scope(account.account_id), Reconciliation(account, EVENING, is_baseline=True)))


def test_before_an_account_is_known_the_capital_of_the_backtest_is_planned_with(ledger: Ledger) -> None:
    """The first look shows what the strategy would buy, and that nobody has stated an account."""
    seen = _previewed(ledger)
    assert seen.account_at is None
    assert seen.account.cash == 10000
    assert {order.symbol for order in seen.plan.orders if order.side is Side.BUY} == {"SPY", "GLD"}
    assert seen.window.session_date == date(2024, 6, 11)


def test_what_the_broker_stated_last_is_planned_from(ledger: Ledger) -> None:
    """A symbol at its target is kept, the other is bought."""
    _state(ledger)
    seen = _previewed(ledger)
    assert seen.account_at == EVENING
    assert [(order.symbol, order.side) for order in seen.plan.orders] == [("GLD", Side.BUY)]


def test_within_the_window_it_counts_as_the_moment_before(ledger: Ledger) -> None:
    """Yesterday's closes are too old to trade on, and not too old to foresee."""
    _state(ledger)
    assert not _previewed(ledger, IN_THE_WINDOW).plan.is_blocked
    assert _previewed(ledger, IN_THE_WINDOW).plan.orders == _previewed(ledger).plan.orders


def test_a_switch_to_sell_only_buys_nothing(ledger: Ledger) -> None:
    """The preview obeys the switch as the rebalance does."""
    _state(ledger)
    ledger.append(Event(Scope(""), SwitchChange(Switch.REDUCE_ONLY, "a test", "")))
    plan = _previewed(ledger).plan
    assert plan.orders == ()
    assert RefusalCode.MODE_REDUCE_ONLY in {refusal.code for refusal in plan.refusals}


def test_a_preview_records_nothing(ledger: Ledger) -> None:
    """The ledger is as it was."""
    _state(ledger)
    before = ledger.head()
    _previewed(ledger)
    assert ledger.head() == before
