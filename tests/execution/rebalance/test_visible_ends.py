"""Ends that a person must see: orders refused until something is mended, shares whose owner is asked for."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from brokerage import ACCOUNT, Filling
from hostile_broker import Hostility, Sending
from watched import START, Watched

from execution.errors import BrokerError, BrokerRefusedError, StateDisagreesError
from execution.ledger.events import Event, EventKind, Reconciliation, Release, Scope
from execution.models import Order, Side
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from watched import Desk

    from execution.models import Ticket


@pytest.mark.parametrize("sendings", [[Sending.REFUSED] * 2, [Sending.TAKEN, Sending.REFUSED]], ids=["all", "one"])
def test_what_the_broker_refuses_until_it_is_mended_fails(desk: Desk, sendings: list[Sending]) -> None:
    """All or some refused: the session is finished and true, no order leaves again, and each start says what to do."""
    broker = Watched(desk.books, Hostility(sendings=sendings))
    wish = {"SPY": Decimal("0.5"), "GLD": Decimal("0.4")}
    filled, refused = sendings.count(Sending.TAKEN), sendings.count(Sending.REFUSED)
    with pytest.raises(BrokerRefusedError, match=rf"{filled} of 2.* 321 Read-Only.*refused {refused} orders.*Clear it"):
        desk.trade(broker, wish)
    session = desk.ledger.session(ACCOUNT, "live", START.date())
    assert session.finish is not None
    assert "Clear it" in session.finish.message
    assert session.finish.positions == desk.books.held
    assert all(order.is_over for order in session.orders.values())
    again = Watched(desk.books)
    with pytest.raises(BrokerRefusedError, match="not traded again"):
        desk.trade(again, wish)
    assert again.sent == []


def test_buys_without_cash_are_called_unfunded(desk: Desk) -> None:
    """When the sale that was to pay for them does not fill, no time is blamed."""
    (desk.home / "portfolio.yaml").write_text("trading: {settlement: unsettled_ok}", encoding="utf-8")
    desk.books.cash, desk.books.is_settled_only = Decimal(100), False
    desk.books.positions["TLT"] += 40
    desk.adopt()
    outcome = desk.trade(Watched(desk.books, Hostility(fillings=[Filling.NEVER])))
    assert "Unfunded, for the cash did not reach: live/20240611/SPY/BUY/1." in outcome.message
    assert "Not sent" not in outcome.message
    assert "CASH_SHORT" in {refusal.code for refusal in outcome.refusals}


def test_an_order_that_cannot_be_cancelled_holds_up_no_other(desk: Desk) -> None:
    """Of three open orders of ours another client sent the first: the others are cancelled, and it is named."""
    broker = AnotherClient(desk.books)
    orders = [Order(f"live/20240611/{name}/BUY/1", name, Side.BUY, Decimal(3)) for name in ("GLD", "SPY", "XLE")]
    desk.record(*orders)
    for order in orders:
        desk.books.arrive(order, Filling.NEVER)
    gld, *others = desk.cancel_all(broker)
    assert gld.is_open
    assert "BUY 3 GLD: submitted (it could not be cancelled: another client sent it)" in str(gld)
    assert [str(fate) for fate in others] == ["BUY 3 SPY: cancelled", "BUY 3 XLE: cancelled"]


class AnotherClient(Watched):
    """A connection that did not send the order for GLD."""

    async def cancel(self, order_ref: str, ticket: Ticket | None = None) -> None:
        """See Broker.cancel."""
        if "GLD" in order_ref:
            raise BrokerError("another client sent it")
        await super().cancel(order_ref, ticket)


@pytest.mark.parametrize("mode", [Mode.PAPER, Mode.DRY_RUN])
def test_shares_that_nobody_gave_to_the_strategy_are_not_sold(desk: Desk, mode: Mode) -> None:
    """At an unknown account that holds symbols of the universe each start asks: shares, value and choices are named."""
    desk.books.positions["TLT"] += 40
    broker = Watched(desk.books)
    for _ in range(2):
        with pytest.raises(StateDisagreesError, match=r"40 TLT \(3,600\.00 USD .*accept-positions.*release TLT"):
            desk.trade(broker, mode=mode)
    assert broker.sent == []
    assert set(desk.kinds()) == {EventKind.STOPPED}


def test_adopted_shares_are_the_strategy_s(desk: Desk) -> None:
    """Once a person has accepted them, what is not wanted is sold."""
    desk.books.positions["TLT"] += 40
    desk.adopt()
    desk.books.is_settled_only = False
    desk.trade(Watched(desk.books))
    assert desk.books.held.keys() == {"SPY"}


def test_released_shares_stay(desk: Desk) -> None:
    """A released symbol is neither sold nor asked for again, and the rest is traded."""
    desk.books.positions["TLT"] += 40
    desk.ledger.append(Event(Scope(ACCOUNT), Release("TLT", is_released=True, by="a person", reason="mine")))
    desk.trade(Watched(desk.books))
    assert desk.books.held["TLT"] == 40
    assert desk.books.held.keys() == {"SPY", "TLT"}


def test_shares_whose_symbol_joins_the_universe_later_are_not_sold(desk: Desk) -> None:
    """What the account held beside the strategy is not the strategy's when its symbol becomes one of the universe."""
    desk.books.positions["XLE"] += 4
    desk.record(Reconciliation(desk.account(), START))  # when XLE was none of ours
    broker = Watched(desk.books)
    with pytest.raises(StateDisagreesError, match="states 4 shares of XLE; by the ledger there are 0"):
        desk.trade(broker)
    assert broker.sent == []
