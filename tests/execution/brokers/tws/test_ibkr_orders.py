"""Reports from the wire's messages, in whatever order and however often they come."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from sys import float_info
from typing import TYPE_CHECKING, Any

import pytest
from gateways import buy
from hypothesis import given
from hypothesis import strategies as st

from execution.brokers.tws.library import library
from execution.brokers.tws.orders import KnownOrders, exact, known
from execution.models import CommissionReport, Execution, OrderReport, OrderStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from execution.models import Report

US, OTHERS = "DU1", "DU2"
CLIENT, PERMANENT = 7, 4711
PARTS = 3
ORDER = buy("SPY", PARTS)


async def _imported() -> ModuleType:
    return library()


@pytest.fixture(scope="module")
def lib() -> ModuleType:
    """Whichever client library is installed."""
    return asyncio.run(_imported())


class Wire:
    """An order book, what is said to it, and what it tells."""

    def __init__(self, lib: ModuleType) -> None:
        self.lib = lib
        self.told: list[Report] = []
        self.book = KnownOrders(CLIENT, self.told.append)
        self.book.account_id = US

    def contract(self, **traits: str) -> Any:  # noqa: ANN401 - either library's
        """Return a contract of shares, or what `traits` make of it."""
        return self.lib.Contract(**({"symbol": "SPY", "secType": "STK", "currency": "USD"} | traits))

    def order(self, **traits: object) -> Any:  # noqa: ANN401 - either library's
        """Return our order as the wire describes it, or what `traits` make of it."""
        ours = {
            "orderRef": ORDER.order_ref, "permId": PERMANENT, "clientId": CLIENT, "account": US, "action": "BUY",
            "totalQuantity": float(PARTS),
        }  # fmt: skip
        return self.lib.Order(**(ours | traits))

    def say_open(self, status: str, number: int = 1) -> None:
        """Say openOrder."""
        self.book.on_open_order(number, self.contract(), self.order(), self.lib.OrderState(status=status))

    def say_status(self, status: str, filled: int) -> None:
        """Say orderStatus."""
        self.book.on_order_status(
            1, status, float(filled), float(PARTS - filled), 1.0, PERMANENT, 0, 1.0, CLIENT, "", 0.0
        )

    def say_execution(self, part: int, request: int = -1) -> Execution | None:
        """Say execDetails."""
        done = self.lib.Execution(
            execId=f"0001.{part}.01", orderRef=ORDER.order_ref, permId=PERMANENT, clientId=CLIENT, acctNumber=US,
            side="BOT", shares=1.0, price=500.1, orderId=1, time=datetime(2024, 6, 11, 19, 55, tzinfo=UTC),
        )  # fmt: skip
        return self.book.on_execution(request, self.contract(), done)

    def say_commission(self, part: int) -> None:
        """Say commissionReport."""
        self.book.on_commission(self.lib.CommissionReport(f"0001.{part}.01", 0.35, "USD", 0.0, 0.0, 0))

    def executions(self) -> list[Execution]:
        """Return the executions told."""
        return [report for report in self.told if isinstance(report, Execution)]


MESSAGES: dict[str, Callable[[Wire], object]] = {
    "openOrder Submitted": lambda wire: wire.say_open("Submitted"),
    "openOrder Filled": lambda wire: wire.say_open("Filled"),
    **{f"orderStatus {n}": lambda wire, n=n: wire.say_status("Submitted", n) for n in range(PARTS)},  # type: ignore[misc]
    "orderStatus Filled": lambda wire: wire.say_status("Filled", PARTS),
    **{f"execDetails {n}": lambda wire, n=n: wire.say_execution(n) for n in range(PARTS)},  # type: ignore[misc]
    **{f"commissionReport {n}": lambda wire, n=n: wire.say_commission(n) for n in range(PARTS)},  # type: ignore[misc]
}


@given(st.data())
def test_messages_in_any_order_tell_the_same_fills(lib: ModuleType, data: st.DataObject) -> None:
    """Shuffled and repeated, the wire's messages give each execution once, with its cost, and invent no status."""
    order = data.draw(st.permutations([*MESSAGES, *data.draw(st.lists(st.sampled_from([*MESSAGES])))]))
    wire = Wire(lib)
    for name in order:
        MESSAGES[name](wire)
    assert sorted(execution.exec_id for execution in wire.executions()) == [f"0001.{n}.01" for n in range(PARTS)]
    costs = {r.exec_id: r.commission for r in wire.told if isinstance(r, (CommissionReport, Execution)) if r.commission}
    assert costs == {f"0001.{n}.01": Decimal("0.35") for n in range(PARTS)}
    reports = [report for report in wire.told if isinstance(report, OrderReport)]
    assert {report.status for report in reports} <= {OrderStatus.SUBMITTED, OrderStatus.FILLED}
    assert {report.order_ref for report in reports} == {ORDER.order_ref}
    assert all(one != other for one, other in pairwise(reports))


def test_a_number_is_no_identity(lib: ModuleType) -> None:
    """A status under the number of a sent order may be another session's: it waits until its order is described."""
    wire = Wire(lib)
    wire.book.sent(ORDER, 1)
    wire.say_status("Filled", PARTS)
    assert wire.told == []
    other = wire.order(orderRef="test/20240610/SPY/BUY/1")
    wire.book.on_open_order(1, wire.contract(), other, wire.lib.OrderState(status="Filled"))
    (report,) = wire.told
    assert isinstance(report, OrderReport)
    assert report.order_ref == "test/20240610/SPY/BUY/1"
    assert wire.book.reference(1) == ORDER.order_ref
    assert wire.book.number(ORDER.order_ref) == 1


def test_a_status_before_its_order_waits_for_it(lib: ModuleType) -> None:
    """Fills are not forgotten when the description comes second."""
    wire = Wire(lib)
    wire.say_status("Submitted", 2)
    assert wire.told == []
    wire.say_open("Submitted")
    (report,) = wire.told
    assert isinstance(report, OrderReport)
    assert report.filled == 2


@pytest.mark.parametrize(
    ("contract", "order"),
    [
        ({"secType": "OPT"}, {}),
        ({"currency": "CAD"}, {}),
        ({}, {"account": OTHERS}),
    ],
)
def test_only_us_shares_of_the_account_count(
    lib: ModuleType, contract: dict[str, str], order: dict[str, object]
) -> None:
    """An option on SPY, a foreign share of that name, and another account's order are none of ours."""
    wire = Wire(lib)
    state = lib.OrderState(status="Submitted")
    assert wire.book.on_open_order(1, wire.contract(**contract), wire.order(**order), state) is None
    assert wire.book.on_completed_order(wire.contract(**contract), wire.order(**order), state) is None
    assert wire.told == []


def test_numbers_stay_above_every_number_heard(lib: ModuleType) -> None:
    """Our own open orders and executions, and the broker's word, push the next number up; nothing pulls it down."""
    wire = Wire(lib)
    wire.book.on_valid_id(5)
    wire.say_open("Submitted", number=20)
    wire.book.on_valid_id(1)
    assert [wire.book.reserve(0), wire.book.reserve(0), wire.book.reserve(30)] == [21, 22, 31]
    assert wire.book.number(ORDER.order_ref) in {20, 21}


def test_completed_orders_keep_what_was_known(lib: ModuleType) -> None:
    """The broker states 0 shares for completed orders; the number ordered is kept, and why it ended is told."""
    wire = Wire(lib)
    wire.say_open("Submitted")
    state = lib.OrderState(status="Cancelled", completedStatus="Cancelled by Trader")
    key = wire.book.on_completed_order(wire.contract(), wire.order(totalQuantity=0.0, filledQuantity=1.0), state)
    assert key == PERMANENT
    (report,) = wire.book.reports([PERMANENT])
    assert (report.quantity, report.filled) == (Decimal(PARTS), Decimal(1))
    assert (report.status, report.reason) == (OrderStatus.CANCELLED, "Cancelled by Trader")


def test_a_reason_joins_its_order_before_or_after_the_end(lib: ModuleType) -> None:
    """Whichever of status and code comes first, the order's last report has the broker's reason."""
    for is_first in (True, False):
        wire = Wire(lib)
        wire.book.sent(ORDER, 1)
        if is_first:
            wire.book.explain(1, "no cash")
        wire.say_open("Inactive")
        if not is_first:
            wire.book.explain(1, "no cash")
        last = wire.told[-1]
        assert isinstance(last, OrderReport)
        assert (last.status, last.reason) == (OrderStatus.INACTIVE, "no cash")


def test_an_answer_is_compared_with_what_was_heard(lib: ModuleType) -> None:
    """Executions that came by themselves must be in every later list."""
    wire = Wire(lib)
    first = wire.say_execution(0)
    second = wire.say_execution(1, request=9)
    assert first
    assert second
    assert wire.book.executions_told == 1
    assert wire.book.lacking([second]) == ["0001.0.01"]
    assert wire.book.lacking([first, second]) == []


@given(st.decimals(min_value=0, max_value=10**9, places=4))
def test_numbers_are_what_the_wire_said(number: Decimal) -> None:
    """Amounts survive the decoder's floats to the last digit."""
    assert exact(float(str(number))) == number


def test_an_execution_without_a_reference_belongs_to_its_permanent_id(lib: ModuleType) -> None:
    """Of an order that was described, the permanent id names it; its number, which sessions reuse, does not."""
    wire = Wire(lib)
    wire.say_open("Submitted")
    done = lib.Execution(
        execId="0002.1.01", orderRef="", permId=PERMANENT, clientId=CLIENT, acctNumber=US, side="BOT", shares=1.0,
        price=500.1, orderId=0, time=datetime(2024, 6, 11, 19, 55, tzinfo=UTC),
    )  # fmt: skip
    found = wire.book.on_execution(-1, wire.contract(), done)
    assert found
    assert found.order_ref == ORDER.order_ref
    stranger = lib.Execution(
        execId="0003.1.01", orderRef="", permId=99, clientId=CLIENT, acctNumber=US, side="BOT", shares=1.0,
        price=500.1, orderId=1, time=datetime(2024, 6, 11, 19, 55, tzinfo=UTC),
    )  # fmt: skip
    found = wire.book.on_execution(-1, wire.contract(), stranger)
    assert found
    assert not found.order_ref


@pytest.mark.parametrize("number", [2**31 - 1, 2**63 - 1, 2**127 - 1, float_info.max, float("nan"), float("inf")])
def test_what_stands_for_unknown_is_no_number(number: float) -> None:
    """Each of the broker's unset values, and what is no number at all, is unknown."""
    assert not known(number)
    with pytest.raises(ValueError, match="not known"):
        exact(number)


def test_a_mark_is_taken_off_ours_alone(lib: ModuleType) -> None:
    """A reference is marked on the wire; another ledger's mark stays, and a reference without one is as it is."""
    told: list[Report] = []
    book = KnownOrders(CLIENT, told.append, "0000aaaa")
    assert book.marked(ORDER.order_ref) == f"{ORDER.order_ref}~0000aaaa"
    wire = Wire(lib)
    for number, ending in enumerate(("~0000aaaa", "~0000bbbb", "")):
        order = wire.order(orderRef=ORDER.order_ref + ending, permId=number + 1)
        book.on_open_order(number + 1, wire.contract(), order, lib.OrderState(status="Submitted"))
    refs = [report.order_ref for report in told if isinstance(report, OrderReport)]
    assert refs == [ORDER.order_ref, f"{ORDER.order_ref}~0000bbbb", ORDER.order_ref]
