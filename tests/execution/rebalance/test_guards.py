"""Each guard of the exactly-once rule by itself, fast: a model of a broker in one process, in virtual time.

Each test fails when its guard is taken out.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from brokerage import ACCOUNT, Filling
from hostile_broker import Cancelling, Hostility, Sending
from watched import SPY, START, Desk, Watched

from execution.brokers.base import Fault
from execution.errors import (
    BrokerRefusedError,
    HaltedError,
    LiveRefusedError,
    OrderHeldError,
    OrderUnseenError,
    StateDisagreesError,
    TradeRefusedError,
)
from execution.ledger.events import Claim, Event, EventKind, Reconciliation, Scope, Sent, SwitchChange
from execution.ledger.state import session_state
from execution.models import MARK, Notice, Order, OrderStatus, Side, Switch, Ticket
from execution.orders.context import DEFAULT_PACE
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from execution.models import BrokerState


def test_intent_and_number_are_recorded_before_an_order_leaves(desk: Desk) -> None:
    """When the broker is handed an order, the ledger has it, with the number under which it leaves."""
    broker, seen = Watched(desk.books), list[tuple[bool, bool, int]]()
    broker.on_send = lambda order, ticket: seen.append(
        (desk.order().order == order, desk.order().tickets == (ticket,), desk.order().sends)
    )
    desk.trade(broker)
    assert seen == [(True, True, 0)]
    assert desk.kinds().index(EventKind.ORDER_NUMBERED) < desk.kinds().index(EventKind.ORDER_SENT)


def test_absence_from_one_state_sends_nothing_again(desk: Desk) -> None:
    """A swallowed order leaves again under its number, not before two looks and ten seconds."""
    broker = Watched(desk.books, Hostility(sendings=[Sending.SWALLOWED]))
    desk.trade(broker)
    (first, _), (second, _) = broker.sent
    assert second - first >= timedelta(seconds=DEFAULT_PACE.ambiguous_for)
    assert len({ticket.number for ticket in broker.tickets}) == 1
    between = desk.steps[desk.steps.index(f"sent {SPY}") : desk.steps.index(f"resend {SPY}")]
    assert between.count("look") >= 2
    assert desk.order().filled == desk.order().order.quantity


def test_one_look_after_a_long_silence_sends_nothing_again(desk: Desk) -> None:
    """However long it has taken, the first state that lacks an order proves nothing."""
    broker = Watched(desk.books, Hostility(sendings=[Sending.SWALLOWED]))
    looks = 0

    def slow(state: BrokerState) -> BrokerState:
        nonlocal looks
        looks += bool(broker.sent)
        if looks == 1:
            desk.books.time.seconds += 15
        return state

    broker.on_state = slow
    desk.trade(broker)
    between = desk.steps[desk.steps.index(f"sent {SPY}") : desk.steps.index(f"resend {SPY}")]
    assert between.count("look") >= 2


def test_an_order_is_sent_twice_at_most_and_then_stops(desk: Desk) -> None:
    """Swallowed twice it is cancelled by its number, and the session stays open, with a code of its own."""
    broker = Watched(desk.books, Hostility(sendings=[Sending.SWALLOWED] * 9))
    with pytest.raises(OrderUnseenError, match=r"SPY/BUY/1 \(number 1\)"):
        desk.trade(broker)
    assert len(broker.sent) == 2
    assert {ticket for _, ticket in broker.cancelled} == {broker.tickets[0]}
    assert desk.kinds()[-2:] == [EventKind.ALARM, EventKind.STOPPED]
    again = Watched(desk.books)
    with pytest.raises(OrderUnseenError):
        desk.trade(again)
    assert again.sent == []


def test_a_cancellation_is_requested_until_it_is_seen(desk: Desk) -> None:
    """At the deadline a lost request is repeated."""
    broker = Watched(desk.books, Hostility(fillings=[Filling.NEVER], cancellings=[Cancelling.LOST, Cancelling.LOST]))
    desk.trade(broker)
    assert len(broker.cancelled) >= 3
    assert desk.order().status is OrderStatus.CANCELLED


@pytest.mark.parametrize("step", ["send ", "intend "])
def test_nothing_leaves_after_the_deadline(desk: Desk, step: str) -> None:
    """A process that stood still right before an order would leave lets it stay."""
    broker = Watched(desk.books)
    outcome = desk.trade(broker, step=step)
    assert broker.sent == []
    assert "0 of" in outcome.message or "Nothing to trade" in outcome.message


def test_a_slow_sending_ends_at_the_deadline(desk: Desk) -> None:
    """An order is handed over no longer than until the deadline."""
    desk.books.time.jump(START + timedelta(minutes=3, seconds=50))
    broker = Watched(desk.books, Hostility(sendings=[Sending.SLOW]))
    with pytest.raises(OrderUnseenError):
        desk.trade(broker)
    assert broker.sent == []


def test_clocks_are_compared_at_the_start(desk: Desk) -> None:
    """A gateway whose clock differs is not traded with."""
    broker = Watched(desk.books)
    broker.skew = timedelta(minutes=-61)
    with pytest.raises(TradeRefusedError, match="clock"):
        desk.trade(broker)
    assert broker.sent == []


def test_clocks_are_compared_at_every_look(desk: Desk) -> None:
    """A clock that is set back midway stops the rebalance, and what is open is cancelled."""
    broker = Watched(desk.books, Hostility(fillings=[Filling.NEVER]))

    def turn(_order: Order, _ticket: Ticket) -> None:
        broker.skew = timedelta(hours=1)

    broker.on_send = turn
    with pytest.raises(StateDisagreesError, match="clock"):
        desk.trade(broker)
    assert desk.order().status is OrderStatus.CANCELLED
    assert desk.books.time.now() < START + timedelta(minutes=1)


def test_an_order_that_the_ledger_lost_stops_the_session(desk: Desk) -> None:
    """An order of this very session that the broker has had and the ledger does not know bars any other."""
    desk.books.arrive(Order(SPY, "SPY", Side.BUY, Decimal(3)), Filling.AT_ONCE)
    desk.books.time.seconds += 1
    broker = Watched(desk.books)
    desk.adopt()  # the positions are accepted, with what was bought
    with pytest.raises(StateDisagreesError, match="does not know"):
        desk.trade(broker)
    assert broker.sent == []


def test_positions_that_differ_stop_before_anything_leaves(desk: Desk) -> None:
    """Shares that the ledger does not know of are looked at by a person first."""
    desk.record(Reconciliation(desk.account(), START))
    desk.books.positions["SPY"] += 4
    broker = Watched(desk.books)
    with pytest.raises(StateDisagreesError, match="states 4 shares of SPY"):
        desk.trade(broker)
    assert broker.sent == []


def test_a_foreign_open_order_stops_before_anything_leaves(desk: Desk) -> None:
    """An open order in our symbols that is none of this rebalance bars it."""
    desk.books.arrive(Order("by hand", "SPY", Side.BUY, Decimal(3), Decimal(1)), Filling.NEVER)
    broker = Watched(desk.books)
    with pytest.raises(StateDisagreesError, match="open order for SPY"):
        desk.trade(broker)
    assert broker.sent == []


def test_sells_come_before_buys_and_pay_for_them(desk: Desk) -> None:
    """What is held and not wanted is sold, before anything is bought."""
    desk.books.positions["TLT"] += 40
    desk.adopt()
    desk.books.is_settled_only = False
    broker = Watched(desk.books)
    desk.trade(broker)
    assert [order.side for _, order in broker.sent] == [Side.SELL, Side.BUY]
    assert desk.books.held.keys() == {"SPY"}


def test_a_halt_midway_ends_everything(desk: Desk) -> None:
    """A halt while an order is open cancels it, and nothing more leaves."""
    broker = Watched(desk.books, Hostility(fillings=[Filling.NEVER]))

    def halt(_order: Order, _ticket: Ticket) -> None:
        desk.ledger.append(Event(Scope(ACCOUNT), SwitchChange(Switch.HALTED, "a person", "a test")))

    broker.on_send = halt
    with pytest.raises(HaltedError, match="halted midway"):
        desk.trade(broker)
    assert desk.order().status is OrderStatus.CANCELLED


@pytest.mark.parametrize("fault", [Fault.AMBIGUOUS, Fault.INFORMATIONAL, Fault.HELD])
def test_whoever_speaks_of_an_order_has_received_it(desk: Desk, fault: Fault) -> None:
    """An order of which the gateway has said anything is never sent again, however long it is in no list."""
    broker = Watched(desk.books, Hostility(sendings=[Sending.SWALLOWED] * 9))
    broker.on_send = lambda order, _ticket: broker._tell(Notice(7, "something", order.order_ref, fault))
    with pytest.raises(OrderHeldError if fault is Fault.HELD else OrderUnseenError):
        desk.trade(broker)
    assert len(broker.sent) == 1
    assert broker.cancelled


def test_a_used_number_is_replaced_at_the_first_sending_only(desk: Desk) -> None:
    """103 at first: another number. 103 when it comes again: the broker has it, and it is cancelled by that number."""
    broker = Watched(desk.books, Hostility(sendings=[Sending.SWALLOWED] * 2))
    broker.on_send = lambda order, ticket: (
        broker._tell(Notice(103, "Duplicate order id", order.order_ref, Fault.NUMBER_TAKEN))
        if ticket.number == 1
        else None
    )
    desk.trade(broker)
    assert [ticket.number for ticket in broker.tickets] == [1, 2, 2]


def test_a_number_that_is_used_when_it_comes_again_is_not_replaced(desk: Desk) -> None:
    """The gateway has the order: it never leaves a third time, nor under another number."""
    broker = Watched(desk.books, Hostility(sendings=[Sending.SWALLOWED] * 9))
    broker.on_send = lambda order, _ticket: (
        broker._tell(Notice(103, "Duplicate order id", order.order_ref, Fault.NUMBER_TAKEN)) if broker.sent else None
    )
    with pytest.raises(OrderUnseenError):
        desk.trade(broker)
    assert [ticket.number for ticket in broker.tickets] == [1, 1]
    assert broker.cancelled[0] == (SPY, broker.tickets[0])


def test_more_filled_than_ordered_is_an_alarm(desk: Desk) -> None:
    """Shares beyond the order stop everything."""
    broker = Watched(desk.books)

    def more(state: BrokerState) -> BrokerState:
        done = [each for each in state.executions if each.order_ref == SPY]
        extra = [replace(done[0], exec_id="x.9.01", base_id="x.9")] if done else []
        return replace(state, executions=(*state.executions, *extra))

    broker.on_state = more
    with pytest.raises(StateDisagreesError, match=r"shares filled of \d+ ordered"):
        desk.trade(broker)
    assert EventKind.ALARM in desk.kinds()


def test_two_orders_of_one_reference_are_an_alarm(desk: Desk) -> None:
    """A second permanent id under our reference, live beside a filled one, stops everything and is cancelled."""
    broker = Watched(desk.books)

    def twice(state: BrokerState) -> BrokerState:
        ours = [report for report in state.orders if report.order_ref == SPY]
        live = [replace(each, permanent_id=777, status=OrderStatus.SUBMITTED, filled=Decimal(0)) for each in ours]
        return replace(state, orders=(*state.orders, *live))

    broker.on_state = twice
    with pytest.raises(StateDisagreesError, match="as 2 orders"):
        desk.trade(broker)
    assert (SPY, broker.tickets[0]) in broker.cancelled
    assert EventKind.ALARM in desk.kinds()


@pytest.mark.parametrize("sending", [Sending.REJECTED, Sending.REFUSED])
def test_what_was_refused_is_cancelled_all_the_same(desk: Desk, sending: Sending) -> None:
    """An inactive order is seen to its end, one refused in words is cancelled by its number; neither leaves again."""
    broker = Watched(desk.books, Hostility(sendings=[sending]))
    with pytest.raises(BrokerRefusedError):
        desk.trade(broker)
    assert len(broker.sent) == 1
    assert broker.cancelled[0] == (SPY, broker.tickets[0])
    assert desk.order().status is (OrderStatus.CANCELLED if sending is Sending.REJECTED else None)


def test_a_rejection_that_vanishes_from_every_list_is_over(desk: Desk) -> None:
    """An inactive order that was rejected in words, and is twice in no list, is waited for no longer."""
    broker = Watched(desk.books, Hostility(sendings=[Sending.REJECTED], cancellings=[Cancelling.LOST] * 9))
    broker.on_state = lambda state: replace(state, orders=())
    with pytest.raises(BrokerRefusedError, match="Not filled"):
        desk.trade(broker)
    assert broker.cancelled
    assert desk.books.time.now() < START + timedelta(minutes=1)


def test_another_ledger_s_order_is_an_alarm(desk: Desk) -> None:
    """A reference in our form that another ledger has marked stops everything: two installations trade one account."""
    desk.books.arrive(Order(f"live/20240611/XLE/BUY/1{MARK}0badc0de", "XLE", Side.BUY, Decimal(3)), Filling.AT_ONCE)
    desk.books.time.seconds += 1
    desk.adopt()
    broker = Watched(desk.books)
    with pytest.raises(StateDisagreesError, match="another ledger"):
        desk.trade(broker)
    assert broker.sent == []
    assert EventKind.ALARM in desk.kinds()


def test_another_client_id_is_refused_while_an_order_is_unseen(desk: Desk) -> None:
    """Only the client that sent an order can cancel it."""
    order = Order(SPY, "SPY", Side.BUY, Decimal(3))
    first = Watched(desk.books, Hostility(sendings=[Sending.SWALLOWED] * 9))
    with pytest.raises(OrderUnseenError):
        desk.trade(first)
    second = Watched(desk.books)
    second.number = 2
    with pytest.raises(StateDisagreesError, match="client id 1 and was never shown; this one is 2"):
        desk.trade(second)
    assert second.sent == []
    assert order.order_ref in desk.ledger.order_refs(ACCOUNT)


def test_an_order_that_left_before_numbers_were_kept_is_not_sent_again() -> None:
    """An order that an earlier version has sent, without a record of its number, is not sent under a new one."""
    order = Order(SPY, "SPY", Side.BUY, Decimal(3))
    events = [Event(Scope(ACCOUNT, "", Mode.PAPER, "live", START.date()), each) for each in (order, Sent(SPY))]
    state = session_state(events, "live", START.date()).orders[SPY]
    assert state.has_left
    assert not state.may_leave_again


def test_live_that_is_not_allowed_is_told_so_at_any_hour(desk: Desk) -> None:
    """Who has not allowed live trading need not come back in the minutes before the close to learn it."""
    desk.books.time.jump(START + timedelta(hours=8))
    with pytest.raises(TradeRefusedError, match="is_live_allowed is false"):
        desk.trade(Watched(desk.books), mode=Mode.LIVE)
    assert desk.steps == ["preflight"]


def test_real_money_waits_for_its_phase_at_any_hour(desk: Desk) -> None:
    """Before the window, and when a session that was begun comes to its plan: nothing is planned, nothing is sent."""
    account = f"{{is_live_allowed: true}}\nbroker: {{account: {ACCOUNT}}}"
    (desk.home / "portfolio.yaml").write_text(f"trading: {account}", encoding="utf-8")
    desk.books.time.jump(START - timedelta(hours=2))
    with pytest.raises(LiveRefusedError, match="not known what is to be traded"):
        desk.trade(Watched(desk.books), mode=Mode.LIVE)
    assert desk.steps == ["preflight"]
    scope = Scope(ACCOUNT, "earlier", Mode.LIVE, "live", START.date())
    desk.ledger.append(Event(scope, Claim(START + timedelta(minutes=4))))
    desk.books.time.jump(START)
    broker = Watched(desk.books)
    with pytest.raises(LiveRefusedError):
        desk.trade(broker, mode=Mode.LIVE)
    assert broker.sent == []
    assert EventKind.DECIDED not in desk.kinds()
