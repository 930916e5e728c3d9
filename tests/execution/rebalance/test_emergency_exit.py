"""The emergency exit against the model of a broker: all that can be sold is sold, and what is left is named."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from brokerage import ACCOUNT, Brokerage, Filling
from hostile_broker import Cancelling, Hostility, Looking, Sending
from machine_traders import PEACE, Trader
from simulators import AFTERNOON
from virtual_time import VirtualTime

from execution.errors import HaltedError, TradeRefusedError
from execution.ledger.events import Claim, Event, EventKind, Scope, SwitchChange
from execution.ledger.ledger import Ledger, ledger_url
from execution.models import Order, Side, Switch
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from execution.emergency_exit import ExitOutcome

MORNING = AFTERNOON.replace(hour=10)
PRICES = {"SPY": 500, "QQQ": 400, "TLT": 90, "GLD": 200, "XLE": 90, "BND": 72, "IEF": 95}
HELD = {"SPY": 60, "QQQ": 40, "TLT": 100, "GLD": 45, "XLE": 85, "BND": 70, "IEF": 50}
TIGHT = {"limits": {"orders_per_session": 1, "order_value": 100, "day_value": 100, "trade_value_minimum": 0}}


class Bench:
    """An account with holdings, seen once by a ledger, and a person who wants out."""

    def __init__(
        self, home: Path, held: Mapping[str, int], settings: Mapping[str, Any] | None = None, *, is_ours: bool = True
    ) -> None:
        prices = {symbol: Decimal(price) for symbol, price in PRICES.items()}
        self.books = Brokerage(VirtualTime(MORNING), Decimal(1000), prices)
        self.books.positions.update(held)
        self.ledger = Ledger.open(ledger_url(home))
        self.trader = Trader(home, self.ledger, self.books, settings or {})
        if is_ours:
            self.trader.accept()

    def sell(self, hostility: Hostility = PEACE) -> ExitOutcome:
        """Call the exit under a halt, as a person does."""
        self.ledger.append(Event(Scope(ACCOUNT), SwitchChange(Switch.HALTED, "a person", "a fire")))
        return self.trader.sell_everything(hostility)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """Make a bench; its ledger is closed at the end."""
    made: list[Bench] = []

    def make(
        held: Mapping[str, int] = HELD, settings: Mapping[str, Any] | None = None, *, is_ours: bool = True
    ) -> Bench:
        made.append(Bench(tmp_path, held, settings, is_ours=is_ours))
        return made[0]

    yield make
    made[0].ledger.close()


def test_no_limit_of_a_rebalance_binds_the_exit(bench: Callable[..., Bench]) -> None:
    """Seven holdings of 84,000 USD go at once, beyond order_value, day_value and orders_per_session."""
    desk = bench(settings=TIGHT)
    outcome = desk.sell()
    assert outcome.left == ()
    assert desk.books.held == {}
    assert outcome.sold == {symbol: Decimal(shares) for symbol, shares in HELD.items()}


def test_a_symbol_outside_the_universe_is_sold(bench: Callable[..., Bench]) -> None:
    """What the strategy has traded is ours, whatever the universe says today."""
    desk = bench({"XLE": 85}, {"universe": ["SPY"]})
    desk.ledger.append(Event(Scope(ACCOUNT), Order("live/20240610/XLE/BUY/1", "XLE", Side.BUY, Decimal(85))))
    assert desk.sell().left == ()
    assert desk.books.held == {}


def test_a_crash_of_the_price_stops_no_sale(bench: Callable[..., Bench]) -> None:
    """SPY at -35 % is when a person wants out: the exit judges no price."""
    desk = bench()
    desk.books.prices["SPY"] = Decimal(325)
    assert desk.sell().left == ()
    assert desk.books.held == {}


def test_what_has_no_price_is_left_and_named(bench: Callable[..., Bench]) -> None:
    """One symbol without a quote does not keep the others; a later call sells it once it has one."""
    desk = bench()
    desk.books.quoteless = {"GLD"}
    outcome = desk.sell()
    assert {left.symbol: left.quantity for left in outcome.left} == {"GLD": Decimal(45)}
    assert "no price" in outcome.left[0].reason
    assert desk.books.held == {"GLD": 45}
    desk.books.quoteless = set()
    assert desk.sell().left == ()
    assert desk.books.held == {}


def test_as_many_orders_as_needed(bench: Callable[..., Bench]) -> None:
    """What fills in part is ordered again, under a number of its own, until nothing is left."""
    desk = bench({"SPY": 60})
    assert desk.sell(Hostility(fillings=[Filling.A_PART, Filling.NEVER, Filling.A_PART])).left == ()
    assert desk.books.held == {}
    assert [taken.order.order_ref[-1] for taken in desk.books.taken] == ["1", "2", "3", "4"]
    assert sum(taken.filled for taken in desk.books.taken) == HELD["SPY"]


def test_success_is_told_from_what_is_left(bench: Callable[..., Bench]) -> None:
    """Orders that never fill end as positions left; a second call goes on and sells them."""
    desk = bench({"SPY": 60, "TLT": 100})
    outcome = desk.sell(Hostility(fillings=[Filling.NEVER] * 20))
    assert {left.symbol for left in outcome.left} == {"SPY", "TLT"}
    assert outcome.sold == {}
    assert not desk.books.open_orders()
    assert desk.sell().left == ()
    assert desk.books.held == {}


def test_a_rejected_order_keeps_no_other(bench: Callable[..., Bench]) -> None:
    """The broker's reason is named, and the symbol is not tried again in this call."""
    desk = bench({"SPY": 60, "TLT": 100})
    outcome = desk.sell(Hostility(sendings=[Sending.REJECTED]))
    assert [left.symbol for left in outcome.left] == ["SPY"]
    assert "Order rejected" in outcome.left[0].reason
    assert desk.books.held == {"SPY": 60}


def test_positions_that_lag_are_not_sold_twice(bench: Callable[..., Bench]) -> None:
    """The broker still states shares that the ledger has seen sold."""
    desk = bench({"SPY": 60})
    desk.sell(Hostility(lookings=[Looking.ANSWERED] * 3 + [Looking.OLD_POSITIONS] * 6))
    assert desk.books.held == {}
    assert len(desk.books.taken) == 1


def test_an_order_that_cannot_be_cancelled_leaves_its_symbol(bench: Callable[..., Bench]) -> None:
    """It may still fill, so nothing more is sold of its symbol, and the others go."""
    desk = bench({"SPY": 60, "TLT": 100})
    hostility = Hostility(fillings=[Filling.NEVER], cancellings=[Cancelling.LOST] * 400)
    outcome = desk.sell(hostility)
    assert [left.symbol for left in outcome.left] == ["SPY"]
    assert "open order" in outcome.left[0].reason
    assert len([taken for taken in desk.books.taken if taken.order.symbol == "SPY"]) == 1


def test_more_than_the_ledger_knows_is_not_ours(bench: Callable[..., Bench]) -> None:
    """Shares bought by hand beside ours are left, and it is said how to take them for ours."""
    desk = bench({"SPY": 60})
    desk.books.positions["SPY"] += 40
    outcome = desk.sell()
    assert {left.symbol: left.quantity for left in outcome.left} == {"SPY": Decimal(40)}
    assert "accept-positions" in outcome.left[0].reason


def test_shares_bought_with_unsettled_money_are_sold_and_named(bench: Callable[..., Bench]) -> None:
    """An exit is worth a good-faith violation: what a sale of the same session paid for goes too, and it is said."""
    desk = bench({"TLT": 100}, {"trading": {"settlement": "unsettled_ok"}})
    desk.books.is_settled_only = False
    desk.books.time.jump(AFTERNOON)
    desk.trader.rebalance({"SPY": "0.5"})
    bought = desk.books.held["SPY"]
    outcome = desk.sell()
    assert desk.books.held == {}
    assert outcome.left == ()
    assert outcome.unsettled == {"SPY": bought - 2}  # settled cash, 1,000 USD, paid for two


def test_shares_that_nobody_gave_to_the_strategy_are_left(bench: Callable[..., Bench]) -> None:
    """An account that the ledger has never seen is not emptied: each call names the shares and how to give them."""
    desk = bench({"SPY": 60}, is_ours=False)
    for _ in range(2):
        outcome = desk.sell()
        assert {left.symbol: left.quantity for left in outcome.left} == {"SPY": Decimal(60)}
        assert "accept-positions" in outcome.left[0].reason
    desk.trader.accept()
    assert desk.sell().left == ()


@pytest.mark.parametrize("switch", [Switch.HALTED, Switch.REDUCE_ONLY])
def test_a_switch_midway_stops_what_has_not_left(bench: Callable[..., Bench], switch: Switch) -> None:
    """A halt after the first order lets no other leave; nothing is bought any more under either."""
    desk = bench({"TLT": 100})
    desk.books.time.jump(AFTERNOON)

    def restrict() -> None:
        desk.ledger.append(Event(Scope(ACCOUNT), SwitchChange(switch, "a person", "a fire")))

    desk.books.on_order = restrict
    with contextlib.suppress(HaltedError):
        desk.trader.rebalance({"SPY": "0.5", "GLD": "0.4"})
    assert [taken.order.symbol for taken in desk.books.taken] == ["TLT"]


def test_a_second_strategy_is_refused_in_a_session(bench: Callable[..., Bench]) -> None:
    """One rebalance a session, whatever strategy is live by then."""
    desk = bench({})
    desk.books.time.jump(AFTERNOON)
    desk.ledger.append(
        Event(Scope(ACCOUNT, mode=Mode.PAPER, strategy_id="other", session_date=AFTERNOON.date()), Claim(AFTERNOON))
    )
    with pytest.raises(TradeRefusedError, match="Another strategy"):
        desk.trader.rebalance({"SPY": "0.5"})
    assert desk.books.taken == []


def test_a_halt_at_the_start_leaves_no_trace_of_a_rebalance(bench: Callable[..., Bench]) -> None:
    """A halted account is neither claimed nor planned for."""
    desk = bench({})
    desk.books.time.jump(AFTERNOON)
    desk.ledger.append(Event(Scope(ACCOUNT), SwitchChange(Switch.HALTED, "a person", "a fire")))
    with pytest.raises(HaltedError):
        desk.trader.rebalance({"SPY": "0.5"})
    kinds = {row["kind"] for row in desk.ledger.rows()}
    assert not kinds & {EventKind.SESSION_CLAIMED, EventKind.DECIDED, EventKind.PLANNED, EventKind.ORDER_INTENDED}
