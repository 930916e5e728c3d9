"""The connection test says what is wrong and what to do."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from gateways import IMPATIENT, at, trading
from simulators import AFTERNOON, running

from execution.brokers.base import Endpoint, Finding, Level
from execution.brokers.retrying import RetryPolicy
from execution.brokers.tws.diagnosis import diagnose

if TYPE_CHECKING:
    from datetime import datetime

ONCE = replace(IMPATIENT, connect=2, retries=RetryPolicy(attempts=1))


def diagnosed(connection: Endpoint, now: datetime = AFTERNOON) -> dict[str, Finding]:
    """Return what the test finds, by step."""
    return {finding.step: finding for finding in asyncio.run(diagnose(connection, "SPY", now, ONCE))}


def test_a_gateway_that_works_is_told_so() -> None:
    """Every step is fine but for the delayed prices, which are a warning; lines and records hold it all."""
    with running() as gateway:
        found = diagnosed(at(gateway))
    assert list(found) == [
        "network", "handshake", "client id", "account", "orders and positions", "market data", "clock"
    ]  # fmt: skip
    assert {step for step, finding in found.items() if finding.level is not Level.OK} == {"market data"}
    assert "DU1234567 is a paper account" in found["account"].as_line()
    assert found["market data"].as_record()["level"] == "warning"
    assert "delayed" in found["market data"].message


def test_live_prices_are_fine() -> None:
    """With live data nothing is left to say."""
    with running("live data") as gateway:
        assert {finding.level for finding in diagnosed(at(gateway)).values()} == {Level.OK}


def test_a_live_account_is_a_warning() -> None:
    """Real money is pointed out."""
    with running(account_id="U1234567") as gateway:
        account = diagnosed(at(gateway))["account"]
    assert account.level is Level.WARNING
    assert "Real money" in account.remedy


def test_nobody_listens() -> None:
    """A closed port ends the test with the ports and settings to compare."""
    found = diagnosed(Endpoint("127.0.0.1", 1, 7))
    assert list(found) == ["network"]
    assert found["network"].is_failure
    assert "4002" in found["network"].remedy
    assert "Enable ActiveX and Socket Clients" in found["network"].remedy


def test_a_client_id_in_use() -> None:
    """The step is named, and the setting to change."""
    with running() as gateway:

        async def talk() -> list[Finding]:
            async with trading(gateway):
                return await diagnose(at(gateway), "SPY", AFTERNOON, ONCE)

        last = asyncio.run(talk())[-1]
    assert (last.step, last.is_failure) == ("client id", True)
    assert "broker.client_id" in last.remedy


@pytest.mark.parametrize(
    ("scenario", "step", "words"),
    [
        (
            'on reqOpenOrders: error 321 "The API interface is currently in Read-Only mode."',
            "read-only",
            "Read-Only API",
        ),
        ("on startApi: drop", "handshake", "Trusted IPs"),
        ("on startApi: lose", "handshake", "Trusted IPs"),
        ("on positionEnd: lose", "synchronisation", "restart the gateway"),
    ],
)
def test_a_gateway_that_does_not_work(scenario: str, step: str, words: str) -> None:
    """The step that fails is named, with what to do."""
    with running(scenario) as gateway:
        last = list(diagnosed(at(gateway)).values())[-1]
    assert (last.step, last.is_failure) == (step, True)
    assert words in last.as_line()


def test_another_account() -> None:
    """An account that the login does not have is a failure of the configuration."""
    with running() as gateway:
        last = list(diagnosed(at(gateway, account_id="DU999")).values())[-1]
    assert (last.step, last.is_failure) == ("account", True)
    assert "broker.account" in last.message


@pytest.mark.parametrize(("skew", "level"), [(0, Level.OK), (20, Level.WARNING), (-3600, Level.FAILURE)])
def test_clocks_are_compared(skew: int, level: Level) -> None:
    """A clock that is off by seconds is a warning, by minutes a failure."""
    with running() as gateway:
        now = gateway.clock.now() + timedelta(seconds=skew)
        assert diagnosed(at(gateway), now)["clock"].level is level


def test_no_price_is_a_warning() -> None:
    """Without market data the test goes on, and says how to trade without it."""
    with running('on reqMktData: error 354 "Requested market data is not subscribed."') as gateway:
        found = diagnosed(at(gateway))
    assert found["market data"].level is Level.WARNING
    assert "previous_close" in found["market data"].remedy
    assert found["clock"].level is Level.OK


def test_what_the_gateway_complains_of_is_passed_on() -> None:
    """A broken data farm is a warning of its own."""
    with running('on reqPositions 1: error 2103 "Market data farm connection is broken:usfarm", accept') as gateway:
        found = diagnosed(at(gateway))
    assert "usfarm" in found["gateway"].message
