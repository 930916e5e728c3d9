"""The look after the close: late fills are recorded, what lives is cancelled, what differs is an alarm."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from brokerage import ACCOUNT, Filling
from hostile_broker import Cancelling, Hostility, Sending
from watched import SPY, START, Watched

from execution.errors import LedgerBusyError, OrderUnseenError, StateDisagreesError, TradeRefusedError
from execution.ledger.events import EventKind
from execution.models import Execution, OrderStatus, Side

if TYPE_CHECKING:
    from watched import Desk

    from execution.models import BrokerState

FIVE_PAST = START + timedelta(minutes=10)


def _late_fill(desk: Desk, shares: int) -> Execution:
    """Let a cancelled order have filled in part all the same: the broker's books have it, and nobody was told."""
    desk.books.positions["SPY"] += shares
    (taken,) = desk.books.taken
    at = desk.books.time.now()
    fill = Execution(
        "late.01", "late", 1, SPY, taken.permanent_id, ACCOUNT, "SPY", Side.BUY, Decimal(shares), Decimal(500), at
    )
    taken.executions.append(fill)
    return fill


def test_a_quiet_session_is_said_to_agree(desk: Desk) -> None:
    """After a session as planned nothing is sent, and the look is recorded."""
    desk.trade(Watched(desk.books))
    desk.books.time.jump(FIVE_PAST)
    broker = Watched(desk.books)
    assert "2024-06-11" in desk.look_again(broker)
    assert broker.sent == []
    assert broker.cancelled == []
    assert desk.kinds()[-1] is EventKind.RECONCILED


def test_a_fill_after_a_confirmed_cancel_is_recorded(desk: Desk) -> None:
    """It is told with shares, price and order, and the ledger then has what the broker has."""
    desk.trade(Watched(desk.books, Hostility(fillings=[Filling.NEVER])))
    assert desk.order().status is OrderStatus.CANCELLED
    _late_fill(desk, 3)
    desk.books.time.jump(FIVE_PAST)
    said = desk.look_again(Watched(desk.books))
    assert "bought 3 SPY at 500 (live/20240611/SPY/BUY/1)" in said
    assert desk.order().filled == 3
    assert desk.ledger.positions(ACCOUNT) == desk.books.held
    assert "Recorded now" not in desk.look_again(Watched(desk.books))


def test_a_position_without_an_execution_is_an_alarm(desk: Desk) -> None:
    """Shares that no execution explains fail the look, with both numbers."""
    desk.trade(Watched(desk.books))
    desk.books.positions["SPY"] += 2
    desk.books.time.jump(FIVE_PAST)
    with pytest.raises(StateDisagreesError, match=r"states \d+ shares of SPY"):
        desk.look_again(Watched(desk.books))
    assert desk.kinds()[-1] is EventKind.ALARM


def test_an_order_that_lives_after_its_end_is_cancelled_and_an_alarm(desk: Desk) -> None:
    """An order whose cancellation was confirmed works again: it is cancelled before it can fill tomorrow."""
    desk.trade(Watched(desk.books, Hostility(fillings=[Filling.NEVER])))
    (taken,) = desk.books.taken
    taken.status, taken.cancelled_at = OrderStatus.SUBMITTED, None
    desk.books.time.jump(FIVE_PAST)
    broker = Watched(desk.books)
    with pytest.raises(StateDisagreesError, match=r"SPY/BUY/1 lived, .* SPY: cancelled"):
        desk.look_again(broker)
    assert [ref for ref, _ in broker.cancelled] == [SPY]
    assert taken.status is OrderStatus.CANCELLED
    assert desk.kinds()[-1] is EventKind.ALARM


def test_an_order_that_lives_and_cannot_be_cancelled_is_named(desk: Desk) -> None:
    """The message does not say that it is dead."""
    desk.trade(Watched(desk.books, Hostility(fillings=[Filling.NEVER])))
    (taken,) = desk.books.taken
    taken.status, taken.cancelled_at = OrderStatus.SUBMITTED, None
    desk.books.time.jump(FIVE_PAST)
    with pytest.raises(StateDisagreesError, match="SPY: submitted"):
        desk.look_again(Watched(desk.books, Hostility(cancellings=[Cancelling.LOST] * 9)))


def test_an_order_that_was_never_shown_is_alarmed_again(desk: Desk) -> None:
    """It may wait in a window of the gateway until tomorrow."""
    with pytest.raises(OrderUnseenError):
        desk.trade(Watched(desk.books, Hostility(sendings=[Sending.SWALLOWED] * 9)))
    desk.books.time.jump(FIVE_PAST)
    with pytest.raises(OrderUnseenError, match="SPY/BUY/1"):
        desk.look_again(Watched(desk.books))


def test_the_look_waits_for_the_close(desk: Desk) -> None:
    """Within the window a rebalance may be at work, or be started: nothing is looked at."""
    desk.trade(Watched(desk.books))
    with pytest.raises(TradeRefusedError, match="closes at 16:00"):
        desk.look_again(Watched(desk.books))


def test_the_look_stands_back_from_a_rebalance(desk: Desk) -> None:
    """While another process trades the account nothing is judged."""
    desk.trade(Watched(desk.books))
    desk.books.time.jump(FIVE_PAST)
    with desk.ledger.lock(ACCOUNT), pytest.raises(LedgerBusyError):
        desk.look_again(Watched(desk.books))


def test_without_a_rebalance_there_is_nothing_to_look_at(desk: Desk) -> None:
    """An account of which the ledger knows nothing is left alone."""
    desk.books.time.jump(FIVE_PAST)
    assert "Nothing was traded" in desk.look_again(Watched(desk.books))
    assert desk.kinds() == []


def test_another_account_is_refused(desk: Desk) -> None:
    """A gateway that has changed its login is not compared with this account's ledger."""
    (desk.home / "portfolio.yaml").write_text("broker: {account: DU7654321}", encoding="utf-8")
    desk.books.time.jump(FIVE_PAST)
    broker = Watched(desk.books)
    broker.on_state = _other
    with pytest.raises(TradeRefusedError, match="DU7654321"):
        desk.look_again(broker)


def _other(state: BrokerState) -> BrokerState:
    return replace(state, account=replace(state.account, account_id="DU0000001"))
