"""Orders over the wire: what the gateway says to them, in which order, and what the broker does."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from simulators import AFTERNOON, NEW_YORK, running
from wire_client import WireClient

from execution.simulator.messages import NEWEST_VERSION, OLDEST_VERSION

if TYPE_CHECKING:
    from execution.simulator.wire import Value, Values

EVENING = datetime(2024, 6, 11, 17, 0, tzinfo=NEW_YORK)
LMT_AT_480: dict[str, Value] = {"orderType": "LMT", "lmtPrice": "480"}


def _told(messages: list[tuple[str, Values]]) -> list[str]:
    """Names of messages, with the status they state and the codes of errors."""
    return [f"{name} {values.get('status') or values.get('code') or ''}".strip() for name, values in messages]


@pytest.mark.parametrize("version", [OLDEST_VERSION, 163, 170, 176, NEWEST_VERSION])
def test_a_market_order_fills_as_gateways_report_it(version: int) -> None:
    """The sequence of messages of public captures, in every version."""
    with running(speed=0) as simulator, WireClient(simulator.port, version=version) as client:
        assert client.version == version
        client.order("BUY", 3, "SPY", orderRef="mine")
        told = client.until("commissionReport")
        assert [line for line in _told(told) if not line.startswith("error 21")] == [
            "openOrder PreSubmitted",
            "orderStatus PreSubmitted",
            "execDetails",
            "openOrder Filled",
            "orderStatus Filled",
            "openOrder Filled",
            "commissionReport",
        ]
        fields = dict(told)
        assert fields["execDetails"]["orderRef"] == fields["openOrder"]["orderRef"] == "mine"
        assert fields["execDetails"]["permId"] == fields["openOrder"]["permId"] == fields["orderStatus"]["permId"]
        assert fields["execDetails"]["execId"] == fields["commissionReport"]["execId"]
        assert fields["commissionReport"]["commission"] == "0.35"
        assert simulator.positions == {"SPY": 3}
        assert [(entry.order_ref, entry.is_accepted) for entry in simulator.record] == [("mine", True)]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"symbol": "NONE"}, 200),
        ({"secType": "OPT"}, 200),
        ({"orderType": "STP"}, 321),
        ({"tif": "GTC"}, 321),
        ({"account": "U999"}, 321),
        ({"transmit": 0}, 321),
        ({"whatIf": 1}, 321),
        ({"conditions": 1}, 321),
        ({"totalQuantity": 0}, 321),
        ({"totalQuantity": "x"}, 320),
        ({"totalQuantity": "1.5"}, 10243),
        ({"cashQty": 100}, 10244),
        ({"orderType": "LMT", "lmtPrice": "1.005"}, 110),
        ({"totalQuantity": 100}, 201),
        ({"action": "SELL"}, 201),
        ({"orderId": 0}, 103),
    ],
)
def test_an_order_is_refused_with_its_code(values: dict[str, Value], code: int) -> None:
    """Each reason has the broker's code; only a rejection is kept as an order, which is then inactive."""
    with running(speed=0) as simulator, WireClient(simulator.port) as client:
        client.order("BUY", 1, "SPY", **values)
        messages = client.all("reqAllOpenOrders", version=1)
        told = [line for line in _told(messages) if not line.startswith("error 21")]
        rejected = ["openOrder Inactive", "orderStatus Inactive"] if code == 201 else []
        assert told == [f"error {code}", *rejected, "openOrderEnd"]
        assert simulator.executions == []
        assert [order.status for order in simulator.orders] == (["Inactive"] if code == 201 else [])
        assert not any(entry.is_accepted for entry in simulator.record)


def test_an_order_without_a_time_in_force_lives() -> None:
    """It is told with 10349 that it is a day order, and works."""
    with running(speed=0) as simulator, WireClient(simulator.port) as client:
        client.order("BUY", 1, "SPY", tif="")
        assert "error 10349" in _told(client.until("commissionReport"))
        assert simulator.positions == {"SPY": 1}


def test_a_limit_order_rests_changes_and_is_cancelled() -> None:
    """It is submitted once it works; the same id changes it; a cancel ends it with its status, then 202."""
    with running(speed=0) as simulator, WireClient(simulator.port) as client:
        order_id = client.order("BUY", 1, "SPY", **LMT_AT_480)
        assert _told(client.until("orderStatus"))[-2:] == ["openOrder PreSubmitted", "orderStatus PreSubmitted"]
        assert _told(client.until("orderStatus")) == ["openOrder Submitted", "orderStatus Submitted"]
        client.order("BUY", 2, "SPY", orderId=order_id, orderType="LMT", lmtPrice="481")
        changed = client.until("orderStatus")[0][1]
        assert [changed["totalQuantity"], changed["lmtPrice"]] == ["2", "481"]
        client.ask("cancelOrder", version=1, orderId=order_id)
        assert _told(client.until("error")) == ["orderStatus Cancelled", "error 202"]
        client.ask("cancelOrder", version=1, orderId=order_id)
        client.ask("cancelOrder", version=1, orderId=99)
        assert _told([client.next(), client.next()]) == ["error 10148", "error 10147"]
        assert [entry.kind for entry in simulator.journal] == ["order", "modify", "cancel"]
        assert simulator.cash == 10_000


def test_a_limit_order_fills_when_its_price_comes() -> None:
    """It fills at the market's price, once that is as good as the limit."""
    with running(speed=0) as simulator, WireClient(simulator.port) as client:
        client.order("BUY", 1, "SPY", orderType="LMT", lmtPrice="497.90")
        client.until("orderStatus")
        assert simulator.executions == []
        simulator.clock.set(AFTERNOON.replace(hour=14, minute=3))
        price = Decimal(dict(client.until("commissionReport"))["execDetails"]["price"])
        assert price <= Decimal("497.90")
        assert simulator.executions[0].price == price


def test_an_order_outside_trading_hours_waits_for_the_open() -> None:
    """It stays PreSubmitted with warning 399 and fills in the next session."""
    with running(start=EVENING) as simulator, WireClient(simulator.port) as client:
        client.order("BUY", 1, "SPY")
        warning = client.until("error")
        while warning[-1][1]["code"] != "399":
            warning = client.until("error")
        assert warning[-1][1]["text"].endswith("until 20240612 09:30:00 US/Eastern.")
        assert [order.status for order in simulator.orders] == ["PreSubmitted"]
        simulator.clock.set(datetime(2024, 6, 12, 9, 31, tzinfo=NEW_YORK))
        assert "execDetails" in _told(client.until("commissionReport"))


def test_a_day_order_ends_with_its_session() -> None:
    """Orders open at the close are cancelled by the broker."""
    with running(speed=0) as simulator, WireClient(simulator.port) as client:
        client.order("BUY", 1, "SPY", **LMT_AT_480)
        client.until("orderStatus")
        client.until("orderStatus")
        simulator.clock.set(EVENING)
        assert _told(client.until("error")) == ["orderStatus Cancelled", "error 202"]
        assert [order.status for order in simulator.orders] == ["Cancelled"]


def test_orders_go_on_while_their_client_is_away() -> None:
    """A fill that nobody heard of is found among completed orders and executions; today's only."""
    with running("latency 0.3") as simulator:
        with WireClient(simulator.port) as client:
            client.order("BUY", 1, "SPY", orderRef="away")
            client.until("orderStatus")
        with WireClient(simulator.port, client_id=2) as other:
            other.ask("reqPositions", version=1)
            while "position" not in dict(other.until("positionEnd")):
                other.ask("reqPositions", version=1)
            found = other.all("reqExecutions", version=3, reqId=9)
            assert [name for name, _ in found] == ["execDetails", "commissionReport", "execDetailsEnd"]
            assert [found[0][1][field] for field in ("reqId", "orderRef", "clientId")] == ["9", "away", "1"]
            completed = dict(other.all("reqCompletedOrders", apiOnly=0))["completedOrder"]
            stated = [completed[field] for field in ("orderRef", "status", "totalQuantity", "filledQuantity")]
            assert stated == ["away", "Filled", "0", "1"]
            for wanted, count in (
                ({"clientId": 1}, 1),
                ({"clientId": 2}, 0),
                ({"symbol": "TLT"}, 0),
                ({"side": "BUY"}, 1),
            ):
                told = _told(other.all("reqExecutions", version=3, reqId=1, **wanted))
                assert told.count("execDetails") == count
            late = other.all("reqExecutions", version=3, reqId=1, time="20240611 15:59:00 US/Eastern")
            assert _told(late) == ["execDetailsEnd"]
            simulator.clock.advance(timedelta(days=1))
            assert _told(other.all("reqExecutions", version=3, reqId=1)) == ["execDetailsEnd"]
            assert _told(other.all("reqCompletedOrders", apiOnly=0)) == ["completedOrdersEnd"]


def test_open_orders_are_listed_by_client_or_all_of_them() -> None:
    """Another client's orders are only in the list of all, and a global cancel ends them all."""
    with running(speed=0) as simulator, WireClient(simulator.port) as client, WireClient(simulator.port, 2) as other:
        client.order("BUY", 1, "SPY", **LMT_AT_480)
        client.until("orderStatus")
        client.until("orderStatus")
        other.all("reqIds", version=1, count=1)
        assert _told(other.all("reqOpenOrders", version=1)) == ["openOrderEnd"]
        listed = other.all("reqAllOpenOrders", version=1)
        assert _told(listed) == ["openOrder Submitted", "orderStatus Submitted", "openOrderEnd"]
        assert listed[0][1]["clientId"] == "1"
        other.ask("reqGlobalCancel", version=1)
        assert _told(client.until("error")) == ["orderStatus Cancelled", "error 202"]


def test_a_purchase_counts_the_open_ones() -> None:
    """Cash that open orders may need cannot be spent twice, nor can shares be sold twice."""
    with running(positions={"TLT": Decimal(5)}) as simulator, WireClient(simulator.port) as client:
        client.order("BUY", 12, "SPY", orderType="LMT", lmtPrice="480")
        client.order("BUY", 12, "SPY", orderType="LMT", lmtPrice="480")
        client.order("SELL", 3, "TLT", orderType="LMT", lmtPrice="99")
        client.order("SELL", 3, "TLT", orderType="LMT", lmtPrice="99")
        client.all("reqIds", version=1, count=1)
        assert [entry.is_accepted for entry in simulator.record] == [True, False, True, False]


def test_fractional_orders_fill_where_they_are_allowed() -> None:
    """A scenario can give the account the capability."""
    with running("accept fractions") as simulator, WireClient(simulator.port) as client:
        client.order("BUY", Decimal("1.2345"), "SPY")
        told = dict(client.until("commissionReport"))
        assert told["execDetails"]["shares"] == "1.2345"
        assert simulator.positions == {"SPY": Decimal("1.2345")}


def test_account_and_positions_follow_a_fill() -> None:
    """A client that subscribed hears of the new position, its value and the cash, whoever traded."""
    with running(speed=0) as simulator, WireClient(simulator.port) as client, WireClient(simulator.port, 2) as other:
        other.ask("reqPositions", version=1)
        other.ask("reqAccountUpdates", version=2, subscribe=1, account="")
        other.until("accountDownloadEnd")
        client.order("BUY", 2, "SPY")
        told = other.until("updateAccountTime")
        assert [values["position"] for name, values in told if name == "position"] == ["2"]
        cash = [values["value"] for _, values in told if values.get("key") == "TotalCashValue"]
        assert cash == [f"{simulator.cash:.2f}"]
        assert dict(told)["updatePortfolio"]["marketValue"] == "995.92"
