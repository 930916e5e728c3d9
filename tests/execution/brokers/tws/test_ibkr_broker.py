"""The seam over the broker's wire: what it sends, what it hears, and what it does not believe."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from gateways import IMPATIENT, buy, ends, filled, heard, notes, place, run, statuses, trading
from simulators import AFTERNOON, running

from execution.errors import BrokerError
from execution.models import Alarm, CommissionReport, Execution, Notice, OrderReport, OrderStatus, PriceKind, Side

if TYPE_CHECKING:
    from execution.brokers.tws.broker import IbkrBroker
    from execution.models import Report

ORDER = buy("SPY", 3, "520")


def test_a_state_holds_the_account_whole() -> None:
    """Cash, settled cash, positions, and the broker's clock come as the broker has them."""
    with running(positions={"TLT": Decimal(4), "GLD": Decimal("1.5")}) as gateway:

        async def talk() -> None:
            async with trading(gateway) as broker:
                state = await broker.state()
                assert state.account.account_id == gateway.account_id
                assert (state.account.cash, state.account.settled_cash) == (Decimal(10_000), Decimal(10_000))
                assert state.account.positions == {"TLT": Decimal(4), "GLD": Decimal("1.5")}
                assert state.account.net_liquidation > 10_000
                assert state.account.is_paper
                assert (state.orders, state.executions) == ((), ())
                assert abs(state.at - AFTERNOON) < timedelta(minutes=1)
                assert abs(await broker.now() - AFTERNOON) < timedelta(minutes=1)

        run(talk)


def test_an_order_is_followed_to_its_commission() -> None:
    """An order is reported submitted, executed and filled, then costs; the state afterwards agrees."""
    with running() as gateway:

        async def talk() -> None:
            async with trading(gateway) as broker:
                await place(broker, ORDER)
                reports = await heard(broker, lambda report: isinstance(report, CommissionReport))
                assert filled(reports, ORDER) == 3
                assert statuses(reports, ORDER)[-1] is OrderStatus.FILLED
                state = await broker.state()
                (order,), (execution,) = state.orders, state.executions
                assert (order.order_ref, order.filled, order.status) == (
                    ORDER.order_ref,
                    Decimal(3),
                    OrderStatus.FILLED,
                )
                assert (execution.order_ref, execution.side) == (ORDER.order_ref, Side.BUY)
                assert execution.commission == Decimal("0.35")
                assert state.account.cash == 10_000 - 3 * execution.price - Decimal("0.35")
                assert state.account.positions == {"SPY": Decimal(3)}

        run(talk)
        (entry,) = gateway.record
        assert (entry.order_ref, entry.quantity) == (ORDER.order_ref, Decimal(3))


def test_an_open_order_is_cancelled_by_its_reference() -> None:
    """A resting order ends as cancelled, also when another connection of the same client id asks."""
    resting = buy("SPY", 1, "100")
    with running() as gateway:

        async def talk() -> None:
            async with trading(gateway) as broker:
                await place(broker, resting)
                await heard(broker, lambda report: isinstance(report, OrderReport))
            async with trading(gateway) as broker:
                (order,) = (await broker.state()).orders
                assert order.status is OrderStatus.SUBMITTED
                await broker.cancel(resting.order_ref)
                await heard(broker, ends(resting))
                (order,) = (await broker.state()).orders
                assert (order.status, order.filled) == (OrderStatus.CANCELLED, Decimal(0))
                with pytest.raises(BrokerError, match="nobody/1"):
                    await broker.cancel("nobody/1")

        run(talk)


@pytest.mark.parametrize("code", [10349, 399, 2109, 88_888])
def test_a_code_never_cancels_an_order(code: int) -> None:
    """After a code that libraries take for the end of an order, known or not, its fill is heard as ever."""
    with running(f'on placeOrder SPY 1: error {code} "Order TIF was set to DAY", accept') as gateway:

        async def talk() -> None:
            async with trading(gateway) as broker:
                await place(broker, ORDER)
                reports = await heard(broker, ends(ORDER))
                assert any(notes(code)(report) and report.order_ref == ORDER.order_ref for report in reports)  # type: ignore[union-attr]
                assert OrderStatus.CANCELLED not in statuses(reports, ORDER)
                assert filled(reports, ORDER) == 3

        run(talk)
        assert len(gateway.record) == 1


def test_a_rejection_is_told_with_its_reason() -> None:
    """An order that the broker rejects ends inactive; the reason is the broker's."""
    with running('on placeOrder SPY: reject 201 "Order rejected - reason:No trading permission"') as gateway:

        async def talk() -> None:
            async with trading(gateway) as broker:
                await place(broker, ORDER)
                reports = await heard(broker, lambda report: isinstance(report, OrderReport) and bool(report.reason))
                last = reports[-1]
                assert isinstance(last, OrderReport)
                assert (last.status, last.filled) == (OrderStatus.INACTIVE, Decimal(0))
                assert "No trading permission" in last.reason

        run(talk)


def test_fractions_are_refused_as_a_notice() -> None:
    """The broker's 10243 is heard about the order, and nothing is executed."""
    part = buy("SPY", "1.5", "520")
    with running() as gateway:

        async def talk() -> None:
            async with trading(gateway) as broker:
                await place(broker, part)
                (*_, notice) = await heard(broker, notes(10243))
                assert isinstance(notice, Notice)
                assert notice.order_ref == part.order_ref
                assert (await broker.state()).executions == ()

        run(talk)


def test_parts_of_an_order_sum_to_it() -> None:
    """Each partial fill is one execution; the order is filled when the last has come."""
    with running("fill SPY in 3 parts every 0.05") as gateway:

        async def talk() -> None:
            async with trading(gateway) as broker:
                await place(broker, ORDER)
                reports = await heard(broker, ends(ORDER))
                reports += await _rest(broker)
                executions = [report for report in reports if isinstance(report, Execution)]
                assert [execution.quantity for execution in executions] == [1, 1, 1]

        run(talk)


@pytest.mark.parametrize(
    "scenario",
    [
        "fill status first",
        "on orderStatus: repeat 3",
        "on orderStatus: lose",
        "on openOrder: lose",
        "on execDetails: repeat 2",
        "execution time naive",
        "execution time utc",
        "execution time MET",
        "execution time Mars/Olympus",
    ],
)
def test_a_fill_is_heard_once_whatever_the_wire_does(scenario: str) -> None:
    """Order, repetition or loss of messages, and the form of times, change neither number nor time of the fills."""
    with running(scenario) as gateway:

        async def talk() -> None:
            async with trading(gateway) as broker:
                await place(broker, ORDER)
                reports = await heard(broker, lambda report: isinstance(report, CommissionReport))
                reports += await _rest(broker)
                (execution,) = [report for report in reports if isinstance(report, Execution)]
                assert execution.quantity == 3
                assert not any(isinstance(report, Alarm) for report in reports)
                assert ("Mars" in scenario) == any("unknown zone" in r.text for r in reports if isinstance(r, Notice))
                if "Mars" not in scenario:
                    assert abs(execution.executed_at - AFTERNOON) < timedelta(minutes=1)
                (again,) = (await broker.state()).executions
                assert replace(again, commission=None) == replace(execution, commission=None)

        run(talk)


def test_a_correction_has_the_base_of_what_it_corrects() -> None:
    """A corrected execution is told beside the first, with another revision."""
    with running("correct SPY 1: price 501.20") as gateway:

        async def talk() -> None:
            async with trading(gateway) as broker:
                await place(broker, ORDER)
                reports = await heard(broker, lambda r: isinstance(r, Execution) and r.price == Decimal("501.20"))
                first, second = (report for report in reports if isinstance(report, Execution))
                assert first.base_id == second.base_id
                assert first.revision < second.revision

        run(talk)


def test_prices_say_their_kind_and_age() -> None:
    """Delayed prices are 15 minutes old, live ones are not; an unknown symbol is left out, and named."""
    with running() as gateway, running("live data") as live:

        async def talk() -> None:
            async with trading(gateway) as broker:
                prices = await broker.prices(["SPY", "NOPE", "TLT"])
                assert prices.keys() == {"SPY", "TLT"}
                assert prices["SPY"].kind is PriceKind.DELAYED
                assert timedelta(minutes=14) < AFTERNOON - prices["SPY"].as_of < timedelta(minutes=16)
                assert abs(prices["SPY"].amount / 500 - 1) < Decimal("0.02")
                (*_, notice) = await heard(broker, notes(200))
                assert "NOPE" in str(notice)
            async with trading(live) as broker:
                price = (await broker.prices(["SPY"]))["SPY"]
                assert price.kind is PriceKind.LIVE
                assert abs(price.as_of - AFTERNOON) < timedelta(minutes=1)

        run(talk)


def test_one_slow_price_holds_up_none() -> None:
    """A symbol whose snapshot does not come is left out after its deadline; one that is not allowed, at once."""
    scenario = 'on reqMktData XLE: lose\non reqMktData GLD: error 354 "Requested market data is not subscribed."'
    with running(scenario) as gateway:

        async def talk() -> None:
            async with trading(gateway, IMPATIENT) as broker:
                assert (await broker.prices(["SPY", "XLE", "GLD"])).keys() == {"SPY"}

        run(talk)


def test_a_price_is_asked_for_again_when_that_may_help() -> None:
    """After a failure that passes, the price comes."""
    with running('on reqMktData SPY 1: error 10197 "No market data during competing live session"') as gateway:

        async def talk() -> None:
            async with trading(gateway) as broker:
                assert (await broker.prices(["SPY"])).keys() == {"SPY"}

        run(talk)


async def _rest(broker: IbkrBroker) -> list[Report]:
    """Return what else comes within a moment."""
    reports = []
    while (report := await broker.report(0.3)) is not None:
        reports.append(report)
    return reports
