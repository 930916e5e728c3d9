"""Answers of the gateway to all requests but orders."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from simulators import AFTERNOON, NEW_YORK, running
from wire_client import WireClient

from execution.simulator.faults import PACING_VIOLATION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulators import RunningSimulator

    from execution.simulator.wire import Value, Values

TLT = {"TLT": Decimal(5)}
HISTORY: dict[str, Value] = {"symbol": "SPY", "barSize": "1 day", "duration": "3 D", "whatToShow": "TRADES"}
LATE = datetime(2024, 6, 11, 18, 0, tzinfo=NEW_YORK)


@pytest.fixture(scope="module")
def simulator() -> Iterator[RunningSimulator]:
    """A gateway whose account nothing changes."""
    with running(positions=TLT, speed=0) as running_simulator:
        yield running_simulator


@pytest.fixture
def client(simulator: RunningSimulator) -> Iterator[WireClient]:
    """A connection that is ready."""
    with WireClient(simulator.port) as wire_client:
        wire_client.all("reqIds", version=1, count=1)
        yield wire_client


def _bars(answer: Values) -> list[list[str]]:
    count = sum(name.startswith("date.") for name in answer)
    return [[answer[f"{name}.{at}"] for name in ("date", "open", "high", "low", "close")] for at in range(count)]


def test_a_gateway_introduces_itself(simulator: RunningSimulator) -> None:
    """Accounts, then the next order id, then that its data farms are there."""
    with WireClient(simulator.port, 3) as client:
        assert client.next_id == 1
        codes = [client.next()[1]["code"] for _ in range(3)]
        assert codes == ["2104", "2106", "2158"]
        assert client.all("reqManagedAccts", version=1) == [
            ("managedAccounts", {"version": "1", "accounts": "DU1234567"})
        ]


def test_a_client_id_is_used_once(simulator: RunningSimulator, client: WireClient) -> None:
    """The second connection with the same id is told 326 and ended; the first goes on."""
    second = WireClient(simulator.port)
    with pytest.raises(EOFError), second:
        pass
    assert [values["code"] for _, values in second.heard] == ["326"]
    assert client.all("reqIds", version=1, count=1)[0][0] == "nextValidId"


@pytest.mark.parametrize("version", [100, 156])
def test_a_client_too_old_is_refused(simulator: RunningSimulator, version: int) -> None:
    """Versions before 157 are not spoken: the connection ends."""
    with pytest.raises(EOFError), WireClient(simulator.port, 4, version):
        pass


def test_the_account_is_told_in_every_way(client: WireClient) -> None:
    """Positions, updates, updates by request and a summary say the same of cash and shares."""
    positions = client.all("reqPositions", version=1)
    assert [values["position"] for name, values in positions if name == "position"] == ["5"]
    assert positions[-1][0] == "positionEnd"
    updates = client.all("reqAccountUpdates", version=2, subscribe=1, account="")
    assert updates[-1][0] == "accountDownloadEnd"
    value = Decimal(dict(updates)["updatePortfolio"]["marketValue"])
    multi = client.all("reqAccountUpdatesMulti", version=1, reqId=4, account="DU1234567")
    summary = client.all("reqAccountSummary", version=1, reqId=5, group="All", tags="TotalCashValue,NetLiquidation")
    assert [values["tag"] for _, values in summary[:-1]] == ["NetLiquidation", "TotalCashValue"]
    for messages, key in ((updates, "key"), (multi, "key"), (summary, "tag")):
        stated = {values[key]: values["value"] for _, values in messages if key in values}
        assert stated["TotalCashValue"] == "10000.00"
        assert Decimal(stated["NetLiquidation"]) == 10_000 + value


def test_a_contract_is_described_with_its_hours(client: WireClient) -> None:
    """Exchange, number and the sessions of the coming days; an unknown symbol is error 200."""
    details = client.all("reqContractDetails", version=8, reqId=1, symbol="SPY", secType="STK")
    assert [name for name, _ in details] == ["contractDetails", "contractDetailsEnd"]
    assert details[0][1]["primaryExchange"] == "ARCA"
    assert details[0][1]["liquidHours"].endswith("20240614:0930-20240614:1600;20240615:CLOSED")
    assert details[0][1]["liquidHours"].startswith("20240611:0930-20240611:1600;")
    by_number = client.all("reqContractDetails", version=8, reqId=1, conId=details[0][1]["conId"])
    assert by_number == details
    assert client.all("reqContractDetails", version=8, reqId=1, symbol="NONE")[0][1]["code"] == "200"


def test_the_clock_is_the_simulators(simulator: RunningSimulator, client: WireClient) -> None:
    """The time is what the clock was set to; it runs at the speed that was chosen."""
    client.ask("reqCurrentTime", version=1)
    told = int(client.next()[1]["time"])
    assert told == AFTERNOON.timestamp() == simulator.clock.now().timestamp()
    with running(speed=3600) as hurried:
        assert hurried.clock.now() < hurried.clock.now()


def test_history_ends_with_the_session_so_far(client: WireClient) -> None:
    """As many daily bars as asked for; today's closes at the price of now."""
    ((name, answer),) = client.all("reqHistoricalData", reqId=1, **HISTORY)
    bars = _bars(answer)
    assert name == "historicalData"
    assert [bar[0] for bar in bars] == ["20240607", "20240610", "20240611"]
    assert float(bars[-1][4]) == 497.96
    ((_, earlier),) = client.all("reqHistoricalData", reqId=1, **HISTORY, endDateTime="20240610 23:59:59 US/Eastern")
    assert _bars(earlier)[1:] == bars[:2]


def test_adjusted_history_scales_what_was_before_a_dividend(client: WireClient) -> None:
    """The newest bar is as traded; bars before the dividend of 1 % cost 1 % less."""
    asked: dict[str, Value] = HISTORY | {"duration": "10 D"}
    ((_, traded),) = client.all("reqHistoricalData", reqId=1, **asked)
    ((_, adjusted),) = client.all("reqHistoricalData", reqId=2, **asked | {"whatToShow": "ADJUSTED_LAST"})
    ratios = [float(a[4]) / float(t[4]) for a, t in zip(_bars(adjusted), _bars(traded), strict=True)]
    assert ratios == [pytest.approx(0.99 if bar[0] < "20240603" else 1) for bar in _bars(traded)]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"symbol": "NONE"}, 200),
        ({"barSize": "1 hour"}, 321),
        ({"whatToShow": "VIBES"}, 321),
        ({"whatToShow": "ADJUSTED_LAST", "endDateTime": "20240610 23:59:59"}, 321),
        ({"keepUpToDate": 1}, 321),
        ({"duration": "soon"}, 321),
        ({"endDateTime": "yesterday"}, 321),
        ({"endDateTime": "20220610 23:59:59"}, 162),
        ({"secType": "BAG"}, 200),
    ],
)
def test_history_that_cannot_be_had_is_an_error(client: WireClient, changed: dict[str, Value], code: int) -> None:
    """Each reason has the broker's code, on the request."""
    ((name, answer),) = client.all("reqHistoricalData", reqId=7, **HISTORY | changed)
    assert [name, answer["code"], answer["id"]] == ["error", str(code), "7"]


def test_a_delayed_snapshot_is_a_quarter_of_an_hour_old(client: WireClient) -> None:
    """Without live data: 354 unless delayed data was asked for, then kind 3 with the time of its price."""
    asked: dict[str, Value] = {"version": 11, "reqId": 6, "symbol": "SPY", "snapshot": 1}
    assert client.all("reqMktData", **asked)[0][1]["code"] == "354"
    client.ask("reqMarketDataType", version=1, type=3)
    ticks = client.all("reqMktData", **asked)
    told = {values["type"]: values.get("price", values.get("value")) for _, values in ticks if "type" in values}
    assert [ticks[0][1]["code"], ticks[1][0], ticks[1][1]["type"]] == ["10167", "marketDataType", "3"]
    assert told["88"] == str(int(AFTERNOON.timestamp()) - 900)
    assert [told["66"], told["67"], told["68"], told["75"]] == ["497.82", "497.84", "497.83", "497.5"]
    assert ticks[-1][0] == "tickSnapshotEnd"


def test_live_data_is_of_now() -> None:
    """A scenario can give the login live data: kind 1, the price of now; after the close that of the close."""
    with running("live data", speed=0) as simulator, WireClient(simulator.port) as client:
        for instant, price in ((AFTERNOON, "497.96"), (LATE, "498")):
            simulator.clock.set(instant)
            ticks = client.all("reqMktData", version=11, reqId=6, symbol="SPY", snapshot=1)
            told = {values["type"]: values["price"] for name, values in ticks if name == "tickPrice"}
            assert told["4"] == price
            assert ("marketDataType", {"version": "1", "reqId": "6", "type": "1"}) in ticks


def test_pacing_is_enforced_on_demand() -> None:
    """The same request twice, a sixth for one contract, and the 51st message in a second are refused."""
    with running("enforce pacing") as simulator, WireClient(simulator.port) as client:
        client.all("reqIds", version=1, count=1)
        for number, duration in enumerate(["1 D", "1 D", "2 D", "3 D", "4 D", "5 D"]):
            client.ask("reqHistoricalData", reqId=number, **HISTORY | {"duration": duration})
        answers = [client.next()[1] for _ in range(6)]
        assert [answer.get("text") == PACING_VIOLATION for answer in answers] == [
            False,
            True,
            False,
            False,
            False,
            True,
        ]
        for _ in range(60):
            client.ask("reqIds", version=1, count=1)
        codes = [client.next()[1].get("code") for _ in range(60)]
        assert codes[0] is None
        assert codes[-1] == "100"


@pytest.mark.parametrize(("fields", "code"), [(["9999", "1"], "321"), (["61"], "320"), (["61", "1", "more"], "320")])
def test_what_is_no_request_is_an_error(client: WireClient, fields: list[str], code: str) -> None:
    """An unknown number and a wrong count of fields are answered, and the connection goes on."""
    client.send(fields)
    assert client.next()[1]["code"] == code
    assert client.all("reqIds", version=1, count=1)[0][0] == "nextValidId"


def test_who_does_not_speak_the_protocol_is_left(client: WireClient) -> None:
    """A message whose number is none ends the connection."""
    client.send(["GET / HTTP/1.1"])
    with pytest.raises(EOFError):
        client.next()
