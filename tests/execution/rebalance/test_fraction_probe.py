"""The probe of fractions over the socket: what the broker answers is told, and a rebalance is not disturbed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from in_process import QUICK, TIMING, rebalanced
from rebalancing import trading_context
from simulators import AFTERNOON, running

from execution.brokers.base import Endpoint
from execution.brokers.tws.broker import IbkrBroker
from execution.errors import HaltedError, OrderUnseenError, TradeRefusedError
from execution.fraction_probe import probe_fractions
from execution.ledger.events import Event, Scope, SwitchChange
from execution.ledger.ledger import Ledger, ledger_url
from execution.models import Switch
from warehouse.settings.trading import Fractional

if TYPE_CHECKING:
    from pathlib import Path

    from simulators import RunningSimulator

    from execution.fraction_probe import ProbeOutcome


def probed(home: Path, gateway: RunningSimulator) -> ProbeOutcome:
    """Probe with SPY, at about 500 USD."""
    ledger = Ledger.open(ledger_url(home))
    offset = gateway.clock.now() - datetime.now(UTC)
    broker = IbkrBroker(Endpoint("127.0.0.1", gateway.port, 17, ledger_id=ledger.ledger_id), TIMING)
    context = trading_context(home, broker, ledger, lambda: datetime.now(UTC) + offset)
    try:
        return asyncio.run(probe_fractions("SPY", replace(context, pace=QUICK)))
    finally:
        ledger.close()


def identity(home: Path) -> str:
    """The mark of a home's ledger."""
    ledger = Ledger.open(ledger_url(home))
    try:
        return ledger.ledger_id
    finally:
        ledger.close()


def test_an_account_that_takes_fractions(tmp_path: Path) -> None:
    """The part is bought and sold again, twice over under references of its own, and nothing is left."""
    with running("accept fractions") as gateway:
        for nth in (1, 2):
            outcome = probed(tmp_path, gateway)
            assert outcome.answer is Fractional.YES
            assert outcome.quantity == Decimal("0.01")
            assert gateway.positions == {}
            sides = [entry.order_ref.partition("~")[0] for entry in gateway.record[-2:]]
            assert sides == [f"probe/20240611/SPY/{side}/{nth}" for side in ("BUY", "SELL")]


def test_an_account_that_refuses_fractions(tmp_path: Path) -> None:
    """The broker's words are the answer; nothing was bought."""
    with running() as gateway:
        outcome = probed(tmp_path, gateway)
        assert outcome.answer is Fractional.NO
        assert "10243" in outcome.words
        assert gateway.positions == {}


def test_another_refusal_answers_nothing(tmp_path: Path) -> None:
    """An order that was refused for another reason leaves the question open."""
    with running('on placeOrder: reject 201 "No trading permission."') as gateway:
        outcome = probed(tmp_path, gateway)
        assert outcome.answer is Fractional.UNTESTED
        assert "No trading permission" in outcome.words


def test_a_probe_that_is_swallowed_is_an_alarm(tmp_path: Path) -> None:
    """An order that left and was never shown may still fill, part of a share or not."""
    with running("on placeOrder: lose") as gateway, pytest.raises(OrderUnseenError, match="probe/20240611/SPY/BUY/1"):
        probed(tmp_path, gateway)


@pytest.mark.parametrize("scenario", ["accept fractions", ""])
def test_a_rebalance_of_the_same_session_is_not_disturbed(tmp_path: Path, scenario: str) -> None:
    """Guards, limits and day trades do not count the probe: all is bought as if there had been none."""
    (tmp_path / "portfolio.yaml").write_text("limits: {orders_per_session: 2, day_trades: 0}", encoding="utf-8")
    with running(scenario) as gateway:
        probed(tmp_path, gateway)
        course = rebalanced(tmp_path, gateway, ledger_id=identity(tmp_path))
        assert course.exit_code == 0, course.message
        assert gateway.positions.keys() == {"SPY", "GLD"}


def test_another_installation_s_probe_stops_a_rebalance(tmp_path: Path) -> None:
    """Its mark is another ledger's: two installations trade the account."""
    other, ours = tmp_path / "other", tmp_path / "ours"
    with running("accept fractions") as gateway:
        for home in (other, ours):
            home.mkdir()
        probed(other, gateway)
        course = rebalanced(ours, gateway, ledger_id=identity(ours))
        assert course.exit_code == 12
        assert "another ledger" in course.message


def test_real_money_is_not_probed(tmp_path: Path) -> None:
    """A live account is refused before anything leaves."""
    with running(account_id="U1234567") as gateway:
        with pytest.raises(TradeRefusedError, match="not a paper account"):
            probed(tmp_path, gateway)
        assert gateway.record == []


def test_a_closed_exchange_is_not_asked(tmp_path: Path) -> None:
    """In the evening the order would wait for the morning."""
    with running(start=AFTERNOON.replace(hour=19)) as gateway:
        with pytest.raises(TradeRefusedError):
            probed(tmp_path, gateway)
        assert gateway.record == []


def test_a_halt_stops_the_probe(tmp_path: Path) -> None:
    """Every path that sends obeys it."""
    ledger = Ledger.open(ledger_url(tmp_path))
    ledger.append(Event(Scope(""), SwitchChange(Switch.HALTED, "a person", "a fire")))
    ledger.close()
    with running("accept fractions") as gateway:
        with pytest.raises(HaltedError):
            probed(tmp_path, gateway)
        assert gateway.record == []
