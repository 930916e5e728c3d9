"""Asking a vendor: repeats, rate limits, circuits and keys, in virtual time."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from fake_vendors import BEHAVIOURS, HONEST, Behaviour, FakeVendor, Reply, VendorRequest, always, said
from pydantic import SecretStr
from vendor_server import VendorTransport, serving
from virtual_time import VirtualTime

from warehouse.calendar.sessions import EXCHANGE_ZONE
from warehouse.sources.faults import FaultKind, SourceFault, SourceFaultError
from warehouse.sources.web.client import RequestLimits, WebAccess, WebClient

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

START = datetime(2024, 12, 30, 21, 0, 0, tzinfo=EXCHANGE_ZONE)
LIMITS = RequestLimits(requests=1000, window=60)
KEY = SecretStr("a-key-that-nobody-may-see")


class Numbers(FakeVendor):
    """A vendor that answers 42."""

    name = "numbers"

    def _honest(self, asked: VendorRequest, behaviour: Behaviour) -> Reply:
        del asked, behaviour
        return said(42)


def playing(*behaviours: Behaviour) -> Callable[[int], Behaviour]:
    """Play one behaviour after the other; the last goes on."""
    return lambda number: behaviours[min(number, len(behaviours) - 1)]


def asking(
    scenario: Callable[[WebClient, Numbers], Coroutine[Any, Any, Any]],
    limits: RequestLimits = LIMITS,
    play: Callable[[int], Behaviour] = lambda _number: HONEST,
    latency: float = 0.0,
) -> Any:  # noqa: ANN401 - whatever the scenario returns
    """Run a scenario with a client of a vendor."""

    async def run() -> Any:  # noqa: ANN401 - as above
        vendor = Numbers({}, time.now, play)
        transport = VendorTransport(vendor, (latency,))
        client = WebClient({"X-Key": KEY}, (), WebAccess("https://vendor.example", limits, time.now, transport))
        try:
            return await scenario(client, vendor)
        finally:
            await client.close()

    time = VirtualTime(START)
    return time.run(run())


async def fault_or_answer(client: WebClient) -> SourceFault | int:
    """Ask once."""
    try:
        return await client.get("/numbers", {}, int)
    except SourceFaultError as error:
        return error.fault


async def many(client: WebClient, count: int) -> list[SourceFault | int]:
    """Ask at once, often."""
    return await asyncio.gather(*(fault_or_answer(client) for _ in range(count)))


def seconds() -> float:
    """Return the virtual seconds gone by; a timer comes microseconds late."""
    return round(asyncio.get_running_loop().time(), 3)


@pytest.mark.parametrize("behaviour", ["500", "503_html", "connection_cut"])
def test_a_transient_fault_is_met_by_another_attempt(behaviour: str) -> None:
    """Two failures are followed by waits that grow, and then by the answer."""

    async def scenario(client: WebClient, vendor: Numbers) -> None:
        assert await client.get("/numbers", {}, int) == 42
        assert len(vendor.asked) == 3
        assert 0.5 + 1 <= seconds() <= 0.5 + 1 + 2 * 0.5

    asking(scenario, play=playing(BEHAVIOURS[behaviour], BEHAVIOURS[behaviour], Behaviour()))


@pytest.mark.parametrize("behaviour", ["401", "402", "429_retry_after", "404_html", "html", "json_null", "gzip_broken"])
def test_no_other_fault_is_repeated(behaviour: str) -> None:
    """A refusal or a reply that is not understood is asked for once."""

    async def scenario(client: WebClient, vendor: Numbers) -> None:
        fault = await fault_or_answer(client)
        assert isinstance(fault, SourceFault)
        assert fault.kind is not FaultKind.TRANSIENT
        assert len(vendor.asked) == 1

    asking(scenario, play=playing(BEHAVIOURS[behaviour]))


def test_a_pause_that_is_asked_for_is_kept() -> None:
    """A limit that resets within a minute is waited for, for as long as the vendor says."""

    async def scenario(client: WebClient, _vendor: Numbers) -> None:
        assert await client.get("/numbers", {}, int) == 42
        assert seconds() == pytest.approx(7)

    asking(scenario, play=playing(always(said("slow down", 429, Retry_After="7")), Behaviour()))


def test_a_pause_that_is_too_long_is_not_waited_for() -> None:
    """A failing vendor that asks for an hour is left at once; one that only speaks of days is asked again."""

    async def scenario(client: WebClient, vendor: Numbers) -> None:
        fault = await fault_or_answer(client)
        assert isinstance(fault, SourceFault)
        assert fault.resets_at is not None
        assert (fault.kind, fault.resets_at.replace(microsecond=0)) == (FaultKind.TRANSIENT, START + timedelta(hours=1))
        assert (len(vendor.asked), seconds()) == (1, 0)
        assert await client.get("/numbers", {}, int) == 42
        assert seconds() < 2

    maintenance, dismayed = said("maintenance", 503, Retry_After="3600"), said("not our day", 500)
    asking(scenario, play=playing(always(maintenance), always(dismayed), Behaviour()))


def test_a_slow_reply_ends_at_its_deadline() -> None:
    """A reply that drips is given up after the deadline of each attempt."""

    async def scenario(client: WebClient, _vendor: Numbers) -> None:
        fault = await fault_or_answer(client)
        assert isinstance(fault, SourceFault)
        assert fault.kind is FaultKind.TRANSIENT
        assert "no reply in 30 s" in fault.reason
        assert 90 <= seconds() <= 90 + 1.5 + 1

    asking(scenario, play=playing(always(replace(said("x" * 10_000), drip=1))))


def test_the_rate_limit_is_kept_and_a_far_turn_is_no_turn() -> None:
    """Of 60 requests 50 are made this hour; the others are told at once when the next hour begins."""

    async def scenario(client: WebClient, vendor: Numbers) -> None:
        answers = await many(client, 60)
        faults = [answer for answer in answers if isinstance(answer, SourceFault)]
        assert (len(vendor.asked), len(faults)) == (50, 10)
        assert {fault.kind for fault in faults} == {FaultKind.QUOTA}
        assert {fault.resets_at for fault in faults} == {START + timedelta(hours=1)}
        assert seconds() < 1
        await asyncio.sleep(3600)
        assert await client.get("/numbers", {}, int) == 42

    asking(scenario, replace(LIMITS, requests=50, window=3600))


def test_a_near_turn_is_waited_for() -> None:
    """Of 25 requests at ten a minute ten are made now, ten a minute later, and for five it is too far."""

    async def scenario(client: WebClient, _vendor: Numbers) -> None:
        answers = await many(client, 25)
        assert answers.count(42) == 20
        assert seconds() == pytest.approx(60)

    asking(scenario, replace(LIMITS, requests=10, window=60, longest_wait=60))


def test_so_many_requests_are_in_flight_and_no_more() -> None:
    """Twenty requests of a second each take five seconds, four at a time."""

    async def scenario(client: WebClient, _vendor: Numbers) -> None:
        assert await many(client, 20) == [42] * 20
        assert seconds() == pytest.approx(5)

    asking(scenario, replace(LIMITS, in_flight=4), latency=1)


@pytest.mark.parametrize(("behaviour", "most"), [("429_hourly", 8), ("401", 8), ("500", 12), ("html", 12)])
def test_a_source_that_refuses_or_keeps_failing_is_left_alone(behaviour: str, most: int) -> None:
    """Of 300 requests only those in flight, and the few that it takes to be sure, reach the vendor."""

    async def scenario(client: WebClient, vendor: Numbers) -> None:
        faults = await many(client, 300)
        assert len(vendor.asked) <= most
        assert len({fault.kind for fault in faults if isinstance(fault, SourceFault)}) == 1

    asking(scenario, play=playing(BEHAVIOURS[behaviour]), latency=0.1)


def test_a_closed_circuit_lets_one_try_again() -> None:
    """After the pause the vendor is asked again, and what it answers counts."""

    async def scenario(client: WebClient, vendor: Numbers) -> None:
        await many(client, 20)
        before = len(vendor.asked)
        assert isinstance(await fault_or_answer(client), SourceFault)
        assert len(vendor.asked) == before
        await asyncio.sleep(61)
        assert await client.get("/numbers", {}, int) == 42

    failing = BEHAVIOURS["500"]
    asking(scenario, replace(LIMITS, attempts=1, in_flight=1), playing(*[failing] * 5, Behaviour()))


def test_unknown_symbols_do_not_open_the_circuit() -> None:
    """An answer that says there is nothing is an answer."""

    def nothing(_body: object) -> int:
        raise SourceFaultError.of(FaultKind.NOT_FOUND, "no such symbol")

    async def scenario(client: WebClient, vendor: Numbers) -> None:
        for _ in range(30):
            with pytest.raises(SourceFaultError):
                await client.get("/numbers", {}, nothing)
        assert len(vendor.asked) == 30

    asking(scenario)


def test_a_key_is_sent_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    """The vendor gets the key in a header; no fault, log or representation holds it, even if the vendor echoes it."""
    caplog.set_level(logging.DEBUG)
    echo = f"Invalid key {KEY.get_secret_value()}"
    cut = "-" * 290 + KEY.get_secret_value()
    vendor = Numbers({}, lambda: START, playing(*(always(reply) for reply in (said(echo), said(cut), said(echo, 401)))))
    with serving(vendor) as url:

        async def ask() -> list[SourceFault | int]:
            client = WebClient({"X-Key": KEY}, (), WebAccess(url, LIMITS, lambda: START))
            shown = [repr(client), repr(vars(client)), str(vars(client))]
            faults = [await fault_or_answer(client) for _ in range(3)]
            await client.close()
            assert not any(KEY.get_secret_value() in text for text in shown)
            return faults

        faults = asyncio.run(ask())
    assert vendor.asked[0].headers["x-key"] == KEY.get_secret_value()
    assert KEY.get_secret_value() not in vendor.asked[0].path + str(vendor.asked[0].query)
    assert len(vendor.asked) == len(faults)
    assert not any("a-key" in repr(fault) for fault in faults)
    assert "nobody-may-see" not in caplog.text


def test_a_redirect_is_not_followed() -> None:
    """Another address is not asked, so that no key is shown to it."""

    async def scenario(client: WebClient, vendor: Numbers) -> None:
        fault = await fault_or_answer(client)
        assert isinstance(fault, SourceFault)
        assert fault.kind is FaultKind.MALFORMED
        assert len(vendor.asked) == 1

    asking(scenario, play=playing(BEHAVIOURS["redirect"]))


def test_a_vendor_that_is_not_there_is_a_transient_fault() -> None:
    """A refused connection names what failed."""

    async def ask() -> SourceFault | int:
        limits = replace(LIMITS, attempts=2, first_wait=0.01)
        client = WebClient({}, (), WebAccess("http://127.0.0.1:1", limits))
        try:
            return await fault_or_answer(client)
        finally:
            await client.close()

    fault = asyncio.run(ask())
    assert isinstance(fault, SourceFault)
    assert fault.kind is FaultKind.TRANSIENT
    assert "ConnectError" in fault.reason
