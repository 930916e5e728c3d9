"""Every published incident over the wire: what the client hears, and what the broker did meanwhile."""

from __future__ import annotations

import time
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from simulators import running
from wire_client import WireClient

from execution.simulator.grammar import scenario_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from execution.simulator.wire import Values

Messages = list[tuple[str, "Values"]]
HISTORY = {"barSize": "1 day", "duration": "3 D", "whatToShow": "TRADES"}


def _names(messages: Messages) -> list[str]:
    return [name for name, _ in messages]


def _codes(messages: Messages) -> list[str]:
    return [values["code"] for name, values in messages if name == "error" and values["code"][:2] != "21"]


def _wait(is_so: Callable[[], object]) -> None:
    until = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_false_cancel_is_an_order_that_fills() -> None:
    """The code comes before the acknowledgement, and the order fills."""
    with running(scenario_text("false_cancel_10349")) as simulator, WireClient(simulator.port) as client:
        client.order("BUY", 1, "SPY")
        told = client.until("commissionReport")
        assert _codes(told) == ["10349"]
        assert simulator.positions == {"SPY": 1}


def test_a_lost_acknowledgement_leaves_an_execution() -> None:
    """The client first hears of the order when it filled."""
    with running(scenario_text("lost_acknowledgement")) as simulator, WireClient(simulator.port) as client:
        client.order("BUY", 1, "SPY")
        told = [name for name in _names(client.until("commissionReport")) if name != "error"]
        assert told[0] == "execDetails"


@pytest.mark.parametrize(("name", "taken"), [("drop_before_accept", []), ("drop_after_accept", [True])])
def test_a_drop_looks_the_same_on_both_sides_of_taking_the_order(name: str, taken: list[bool]) -> None:
    """The connection ends without a word; the broker has the order or not; it works while the client is away."""
    with running(scenario_text(name)) as simulator:
        with WireClient(simulator.port) as client:
            client.order("BUY", 1, "SPY", orderRef="once")
            with pytest.raises(EOFError):
                client.until("openOrder")
        assert [entry.is_accepted for entry in simulator.record] == taken
        _wait(lambda: len(simulator.executions) == len(taken))
        with WireClient(simulator.port) as client:
            found = client.all("reqExecutions", version=3, reqId=1)
            assert [values["orderRef"] for name, values in found if name == "execDetails"] == ["once"] * len(taken)


def test_two_drops_have_two_outcomes() -> None:
    """The first order never arrived, the second did."""
    with running(scenario_text("two_sided")) as simulator:
        for number in (1, 2):
            with WireClient(simulator.port) as client:
                client.order("BUY", 1, "SPY", orderRef=str(number))
                with pytest.raises(EOFError):
                    client.until("openOrder")
        assert [entry.order_ref for entry in simulator.record] == ["2"]


def test_ids_roll_back_when_the_gateway_restarts() -> None:
    """It keeps clients out for a while, then counts from 1 again; orders and executions are still there."""
    with running(scenario_text("midnight_restart_ids_rolled_back")) as simulator:
        with WireClient(simulator.port) as client:
            client.order("BUY", 1, "SPY")
            client.until("commissionReport")
            client.order("BUY", 1, "TLT")
            with pytest.raises(EOFError):
                client.until("commissionReport")
        with pytest.raises(EOFError), WireClient(simulator.port):
            pass

        def is_back() -> bool:
            with suppress(EOFError), WireClient(simulator.port) as client:
                return client.next_id == 1
            return False

        _wait(is_back)
        assert simulator.positions == {"SPY": 1, "TLT": 1}
        with WireClient(simulator.port) as client:
            client.order("BUY", 1, "IEF", orderId=1)
            client.until("commissionReport")
        assert [order.order_id for order in simulator.orders] == [1, 2, 1]


def test_a_sync_can_be_empty_or_never_end() -> None:
    """Positions without positions, and positions without their end."""
    held = {"SPY": Decimal(3)}
    for name, heard in (("empty_sync", ["positionEnd"]), ("never_ending_sync", ["position"])):
        with running(scenario_text(name), positions=held) as simulator, WireClient(simulator.port) as client:
            client.all("reqIds", version=1, count=1)
            assert _names(client.all("reqPositions", version=1)) == heard


@pytest.mark.parametrize(
    ("scenario", "time_text"),
    [
        (scenario_text("unknown_time_zone"), "20240611 15:55:00 EDT"),
        ("execution time naive", "20240611  15:55:00"),
        ("execution time utc", "20240611-19:55:00"),
        ("execution time MET", "20240611 21:55:00 MET"),
    ],
)
def test_executions_can_have_times_of_every_kind(scenario: str, time_text: str) -> None:
    """The time of an execution is written as the scenario says."""
    with running(scenario) as simulator, WireClient(simulator.port) as client:
        client.order("BUY", 1, "SPY")
        assert dict(client.until("commissionReport"))["execDetails"]["time"] == time_text


def test_a_correction_replaces_an_execution() -> None:
    """It has the same id but for its end and another price; cash follows; a later request lists both."""
    with running(scenario_text("execution_correction")) as simulator, WireClient(simulator.port) as client:
        client.order("BUY", 2, "SPY")
        wrong = dict(client.until("commissionReport"))["execDetails"]
        right = dict(client.until("commissionReport"))["execDetails"]
        assert [wrong["execId"][-3:], right["execId"]] == [".01", wrong["execId"][:-3] + ".02"]
        assert Decimal(right["price"]) - Decimal(wrong["price"]) == Decimal("0.10")
        assert simulator.cash == 10_000 - 2 * Decimal(right["price"]) - Decimal("0.35")
        assert [fill.exec_id for fill in simulator.executions] == [right["execId"]]
        listed = client.all("reqExecutions", version=3, reqId=1)
        assert [v["execId"] for n, v in listed if n == "execDetails"] == [wrong["execId"], right["execId"]]


def test_an_order_fills_in_parts() -> None:
    """Three executions add up to the order, and their commissions to that of one order."""
    with running(scenario_text("partial_fills")) as simulator, WireClient(simulator.port) as client:
        client.order("BUY", 10, "SPY")
        told = [entry for _ in range(3) for entry in client.until("commissionReport")]
        assert [values["shares"] for name, values in told if name == "execDetails"] == ["3", "3", "4"]
        states = [(v["status"], v["filled"]) for name, v in told if name == "orderStatus"]
        assert states == [("PreSubmitted", "0"), ("Submitted", "3"), ("Submitted", "6"), ("Filled", "10")]
        assert sum(Decimal(v["commission"]) for name, v in told if name == "commissionReport") == Decimal("0.35")


def test_an_order_can_stay_open() -> None:
    """After two of three parts nothing more comes, and the rest can be cancelled; another symbol never fills."""
    scenario = "fill SPY in 3 parts every 0.01 stop after 2\nfill TLT never"
    with running(scenario) as simulator, WireClient(simulator.port) as client:
        order_id = client.order("BUY", 9, "SPY")
        client.until("commissionReport")
        client.until("commissionReport")
        client.order("BUY", 1, "TLT")
        client.until("orderStatus")
        client.until("orderStatus")
        client.ask("cancelOrder", version=1, orderId=order_id)
        cancelled = client.until("error")[0][1]
        assert [cancelled["status"], cancelled["filled"], cancelled["remaining"]] == ["Cancelled", "6", "3"]
        assert [order.status for order in simulator.orders] == ["Cancelled", "Submitted"]


@pytest.mark.parametrize(("name", "code"), [("reject", "201"), ("fractional_refused", "10243"), ("read_only", "321")])
def test_an_order_can_be_refused(name: str, code: str) -> None:
    """Only a rejection is the broker's; the other two never reach it."""
    with running(scenario_text(name)) as simulator, WireClient(simulator.port) as client:
        client.order("BUY", 1, "SPY")
        assert _codes(client.all("reqAllOpenOrders", version=1)) == [code]
        assert [entry.is_accepted for entry in simulator.record] == ([False] if name == "reject" else [])


@pytest.mark.parametrize("kept", ["hold", "inactive", "hold, double"])
def test_what_is_kept_is_kept_once(kept: str) -> None:
    """The same number is refused as used while the gateway keeps the first copy."""
    with running(f"on placeOrder: {kept}") as simulator, WireClient(simulator.port) as client:
        for _ in range(2):
            client.order("BUY", 1, "SPY", orderId=1)
        assert _codes(client.all("reqIds", version=1, count=1)) == ["103"]
        assert len(simulator.orders) == 1


def test_a_doubled_sale_sells_what_there_is() -> None:
    """The second one is cancelled: a cash account is never short."""
    held = {"SPY": Decimal(3)}
    with running("on placeOrder: accept, double", positions=held) as simulator, WireClient(simulator.port) as client:
        client.order("SELL", 3, "SPY")
        _wait(lambda: [order for order in simulator.orders if order.reason])
        assert simulator.positions == {}
        assert "not enough shares" in simulator.orders[1].reason


def test_one_slow_symbol_holds_up_none() -> None:
    """The answers to others come first."""
    with running("on reqHistoricalData XLE: delay 0.5") as simulator, WireClient(simulator.port) as client:
        for number, symbol in enumerate(["XLE", "SPY"]):
            client.ask("reqHistoricalData", reqId=number, symbol=symbol, **HISTORY)
        answers = client.until("historicalData") + client.until("historicalData")
        assert [values["reqId"] for name, values in answers if name == "historicalData"] == ["1", "0"]


def test_a_slow_message_holds_up_those_behind_it() -> None:
    """Messages to one client arrive in order, however late; the market goes on."""
    with running("on openOrder 1: delay 0.5") as simulator, WireClient(simulator.port) as client:
        client.order("BUY", 1, "SPY")
        _wait(lambda: simulator.executions)
        told = [name for name in _names(client.until("execDetails")) if name != "error"]
        assert told == ["openOrder", "orderStatus", "execDetails"]


def test_a_symbol_can_be_missing_and_history_paced() -> None:
    """Error 200 for every request about one symbol; 162 for the third and fourth request for history."""
    text = scenario_text("missing_symbol") + scenario_text("pacing")
    with running(text) as simulator, WireClient(simulator.port) as client:
        client.all("reqIds", version=1, count=1)
        assert _codes(client.all("reqContractDetails", version=8, reqId=1, symbol="BITO")) == ["200"]
        answers = [
            client.all("reqHistoricalData", reqId=number, symbol=symbol, **HISTORY)[0][1].get("code", "")
            for number, symbol in enumerate(["BITO", "SPY", "SPY", "SPY", "SPY"])
        ]
        assert answers == ["200", "", "162", "162", ""]


def test_a_frame_can_be_cut() -> None:
    """The connection ends within the frame, whose length promised more."""
    with running(scenario_text("truncate_frame")) as simulator, WireClient(simulator.port) as client:
        client.order("BUY", 1, "SPY")
        with pytest.raises(EOFError, match=r"after [1-9]\d* of \d+ bytes"):
            client.until("execDetails")
        assert simulator.positions == {"SPY": 1}


@pytest.mark.parametrize(("name", "count"), [("repeated_status", 6), ("lost_status", 0)])
def test_statuses_can_repeat_or_be_lost(name: str, count: int) -> None:
    """Each status arrives three times, or none does."""
    with running(scenario_text(name)) as simulator, WireClient(simulator.port) as client:
        client.order("BUY", 1, "SPY")
        assert _names(client.until("commissionReport")).count("orderStatus") == count


def test_a_status_can_come_before_its_execution() -> None:
    """Filled is heard before the execution that filled it."""
    with running(scenario_text("status_before_execution")) as simulator, WireClient(simulator.port) as client:
        client.order("BUY", 1, "SPY")
        told = [f"{name} {values.get('status', '')}" for name, values in client.until("commissionReport")]
        assert told.index("orderStatus Filled") < told.index("execDetails ")


def test_a_client_id_can_be_taken_at_first() -> None:
    """The first connection is told 326 and ended, the second is welcome."""
    with running(scenario_text("client_id_in_use")) as simulator:
        first = WireClient(simulator.port)
        with pytest.raises(EOFError), first:
            pass
        assert _codes(first.heard) == ["326"]
        with WireClient(simulator.port) as second:
            assert second.next_id == 1


def test_connectivity_can_be_lost_and_found() -> None:
    """1100 and 1102 name no request, and the order between them is taken."""
    with running(scenario_text("connectivity_lost").replace("delay 1", "delay 0.1")) as simulator:
        with WireClient(simulator.port) as client:
            client.order("BUY", 1, "SPY")
            client.until("commissionReport")
            client.order("BUY", 1, "TLT")
            told = client.until("commissionReport")
            assert [(v["code"], v["id"]) for n, v in told if n == "error"] == [("1100", "-1"), ("1102", "-1")]
        assert simulator.positions == {"SPY": 1, "TLT": 1}


def test_a_restart_from_outside_ends_every_connection() -> None:
    """Clients are thrown out, may come back at once, and find what they left."""
    with running() as simulator:
        with WireClient(simulator.port) as client:
            client.order("BUY", 1, "SPY")
            client.until("commissionReport")
            simulator.restart()
            with pytest.raises(EOFError):
                client.until("position")
        with WireClient(simulator.port) as client:
            assert client.next_id == 2
            assert simulator.positions == {"SPY": 1}
