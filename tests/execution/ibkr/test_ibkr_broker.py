"""The seam over the broker's wire: what it sends, what it hears, and what it does not believe."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from gateways import FAST, IMPATIENT, at, buy, ends, filled, heard, notes, run, statuses, trading
from simulators import AFTERNOON, running

from execution.broker import Connection
from execution.errors import BrokerError, BrokerRefusedError
from execution.ibkr import IbkrBroker
from execution.models import Alarm, CommissionReport, Execution, Notice, OrderReport, OrderStatus, PriceKind, Side
from execution.resilience import TransientError

if TYPE_CHECKING:
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
                await broker.send(ORDER)
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
                await broker.send(resting)
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
                await broker.send(ORDER)
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
                await broker.send(ORDER)
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
                await broker.send(part)
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
                await broker.send(ORDER)
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
                await broker.send(ORDER)
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
                await broker.send(ORDER)
                reports = await heard(broker, lambda r: isinstance(r, Execution) and r.price == Decimal("501.20"))
                first, second = (report for report in reports if isinstance(report, Execution))
                assert first.base_id == second.base_id
                assert first.revision < second.revision

        run(talk)


@pytest.mark.parametrize(
    "message",
    ["positionEnd", "openOrderEnd", "completedOrdersEnd", "execDetailsEnd", "accountSummaryEnd", "currentTime"],
)
def test_a_sync_that_does_not_end_is_no_answer(message: str) -> None:
    """Whichever part of a state has no end, there is no state."""
    with running(f"on {message} 2+: lose") as gateway:

        async def talk() -> None:
            with pytest.raises(BrokerError):
                async with trading(gateway, IMPATIENT) as broker:
                    await broker.state()

        run(talk)


@pytest.mark.parametrize("message", ["position", "execDetails"])
def test_an_empty_list_that_cannot_be_true_is_no_answer(message: str) -> None:
    """A list that lacks what the broker has told otherwise is refused, not believed."""
    with running(f"on {message} 2+: lose", positions={"TLT": Decimal(4)}) as gateway:

        async def talk() -> None:
            async with trading(gateway, IMPATIENT) as broker:
                await broker.send(ORDER)
                await heard(broker, lambda report: isinstance(report, CommissionReport))
                with pytest.raises(BrokerError, match=r"lacks|cannot be whole"):
                    await broker.state()

        run(talk)


def test_a_client_id_in_use_is_refused_at_once() -> None:
    """The second connection of a client id fails at once and says why; the first goes on."""
    with running() as gateway:

        async def talk() -> None:
            async with trading(gateway) as broker:
                second = IbkrBroker(at(gateway), replace(FAST, connect=20))
                started = asyncio.get_running_loop().time()
                with pytest.raises(BrokerRefusedError, match="client_id"):
                    await second.open()
                assert asyncio.get_running_loop().time() - started < 5
                assert await broker.state()
                async with trading(gateway, client_id=8) as other:
                    assert await other.state()

        run(talk)


def test_an_own_connection_that_lingers_is_waited_for() -> None:
    """After a drop the gateway may still hold our client id; opening again succeeds when it lets go."""
    refusal = "Unable to connect as the client id is already in use."
    with running(f'on startApi 2: error 326 "{refusal}", drop') as gateway:

        async def talk() -> None:
            async with trading(gateway) as broker:
                await asyncio.to_thread(gateway.restart)
                with pytest.raises(BrokerError):
                    await heard(broker, lambda _: False)
                await broker.open()
                assert await broker.state()

        run(talk)


def test_an_account_without_figures_is_no_answer() -> None:
    """A summary that ends but lacks settled cash is not taken for one without cash."""
    with running("on accountSummary: lose") as gateway:

        async def talk() -> None:
            with pytest.raises(BrokerError, match="SettledCash"):
                await IbkrBroker(at(gateway), FAST).open()

        run(talk)


def test_nobody_listens() -> None:
    """A closed port is named, with the ports that gateways use."""

    async def talk() -> None:
        broker = IbkrBroker(Connection("127.0.0.1", 1, 7), FAST)
        with pytest.raises(TransientError, match="4002"):
            await broker.open()
        with pytest.raises(BrokerError, match="down"):
            await broker.state()
        await broker.close()

    run(talk)


@pytest.mark.parametrize(
    ("first_words", "error", "words"),
    [
        (b"", TransientError, "no answer"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", TransientError, "no answer"),
        (b"\0\0\0\x0f100\0some  time\0", BrokerRefusedError, "Update the gateway"),
    ],
)
def test_something_else_listens(first_words: bytes, error: type[BrokerError], words: str) -> None:
    """A server that is silent, speaks otherwise, or is too old is told from none."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first_words)
        await reader.read()
        writer.close()
        await writer.wait_closed()

    async def talk() -> None:
        server = await asyncio.start_server(say, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(error, match=words):
                await IbkrBroker(Connection("127.0.0.1", port, 7), IMPATIENT).open()
            await asyncio.sleep(0.1)

    run(talk)


def test_another_account_is_refused() -> None:
    """The login must have the account that is configured."""
    with running() as gateway:

        async def talk() -> None:
            with pytest.raises(BrokerRefusedError, match="U999"):
                await IbkrBroker(at(gateway, account_id="U999"), FAST).open()
            broker = IbkrBroker(at(gateway, account_id=gateway.account_id), FAST)
            await broker.open()
            await broker.close()

        run(talk)


def test_a_lost_connection_is_told_after_what_came_before() -> None:
    """Reports that had arrived are handed out, then each call says that the connection is gone; opening again works."""
    with running() as gateway:

        async def talk() -> None:
            async with trading(gateway) as broker:
                await broker.send(ORDER)
                await heard(broker, lambda report: isinstance(report, CommissionReport))
                await asyncio.to_thread(gateway.restart)
                with pytest.raises(BrokerError, match="down"):
                    await heard(broker, lambda _: False)
                for call in (broker.state, broker.now, lambda: broker.send(ORDER), lambda: broker.report(0)):
                    with pytest.raises(BrokerError, match="down"):
                        await call()
                await broker.open()
                state = await broker.state()
                assert [execution.order_ref for execution in state.executions] == [ORDER.order_ref]

        run(talk)
        assert len(gateway.record) == 1


def test_a_lost_acknowledgement_leaves_its_traces() -> None:
    """An order that the broker took before the connection broke is found by its reference after reconnecting."""
    with running("on placeOrder SPY 1: accept, drop") as gateway:

        async def talk() -> None:
            async with trading(gateway) as broker:
                await broker.send(ORDER)
                with pytest.raises(BrokerError):
                    await heard(broker, lambda _: False)
                await broker.open()
                state = await broker.state()
                assert [order.order_ref for order in state.orders] == [ORDER.order_ref]

        run(talk)
        assert len(gateway.record) == 1


def test_numbers_never_go_back() -> None:
    """After a restart with rolled-back ids, orders get numbers above all that were used, and none is refused."""
    first, second = buy("SPY", 1, "100"), buy("TLT", 1, "10")
    with running() as gateway:

        async def talk() -> None:
            async with trading(gateway) as broker:
                await broker.send(first)
                await heard(broker, lambda report: isinstance(report, OrderReport))
                await asyncio.to_thread(lambda: gateway.restart(ids_roll_back=True))
                with pytest.raises(BrokerError):
                    await heard(broker, lambda _: False)
                await broker.open()
                await broker.send(second)
                await heard(broker, lambda r: isinstance(r, OrderReport) and r.order_ref == second.order_ref)
            async with trading(gateway) as fresh:
                refs = {order.order_ref for order in (await fresh.state()).orders}
                assert refs == {first.order_ref, second.order_ref}

        run(talk)
        numbers = [entry.order_id for entry in gateway.record]
        assert numbers == sorted(set(numbers))


def test_a_used_number_is_another_order_s() -> None:
    """After 103 the number counts for nothing, and the next order has a higher one."""
    with running('on placeOrder SPY 1: error 103 "Duplicate order id"') as gateway:

        async def talk() -> None:
            async with trading(gateway) as broker:
                await broker.send(ORDER)
                (*_, notice) = await heard(broker, notes(103))
                assert isinstance(notice, Notice)
                assert notice.order_ref == ORDER.order_ref
                with pytest.raises(BrokerError, match="not an open order"):
                    await broker.cancel(ORDER.order_ref)
                await broker.send(ORDER)
                assert filled(await heard(broker, ends(ORDER)), ORDER) == 3

        run(talk)


def test_nothing_is_sent_while_the_gateway_has_lost_the_broker() -> None:
    """After 1100 sending is refused until 1102 and a state that is whole."""
    lost, found = "Connectivity has been lost", "Connectivity has been restored - data maintained"
    with running(
        f'on reqMarketDataType 2: error 1100 "{lost}"\non reqMarketDataType 3: error 1102 "{found}"'
    ) as gateway:

        async def talk() -> None:
            async with trading(gateway, IMPATIENT) as broker:
                client = broker._session.client
                client.reqMarketDataType(3)
                await heard(broker, notes(1100))
                with pytest.raises(BrokerError, match="lost the broker"):
                    await broker.send(ORDER)
                with pytest.raises(BrokerError, match="lost the broker"):
                    await broker.state()
                client.reqMarketDataType(3)
                await heard(broker, notes(1102))
                with pytest.raises(BrokerError, match="lost the broker"):
                    await broker.send(ORDER)
                await broker.state()
                await broker.send(ORDER)
                await heard(broker, ends(ORDER))

        run(talk)
        assert len(gateway.record) == 1


def test_a_lost_message_is_an_alarm_that_stops_sending() -> None:
    """A message that cannot be read is told, and nothing is sent until the account was read anew."""
    with running() as gateway:

        async def talk() -> None:
            async with trading(gateway) as broker:
                broker._session.client.decoder.interpret(["3", "1", "Teleported", *"000000000"])
                (*_, alarm) = await heard(broker, lambda report: isinstance(report, Alarm))
                assert "Teleported" in str(alarm)
                with pytest.raises(BrokerError, match="could not be understood"):
                    await broker.send(ORDER)
                await broker.state()
                await broker.send(ORDER)
                await heard(broker, ends(ORDER))

        run(talk)


def test_a_truncated_message_is_a_lost_connection() -> None:
    """A frame that ends midway ends the session, not the reader's sense."""
    with running("on execDetails 1: truncate") as gateway:

        async def talk() -> None:
            async with trading(gateway) as broker:
                await broker.send(ORDER)
                with pytest.raises(BrokerError, match="down"):
                    await heard(broker, lambda _: False)
                await broker.open()
                assert (await broker.state()).executions[0].quantity == 3

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


def test_a_read_only_gateway_says_so() -> None:
    """The refusal names the setting, and is not repeated."""
    text = "Error validating request.-'bO' : cause - The API interface is currently in Read-Only mode."
    with running(f'on reqOpenOrders: error 321 "{text}"') as gateway:

        async def talk() -> None:
            with pytest.raises(BrokerRefusedError, match="Read-Only API"):
                await IbkrBroker(at(gateway), FAST).open()

        run(talk)


async def _rest(broker: IbkrBroker) -> list[Report]:
    """Return what else comes within a moment."""
    reports = []
    while (report := await broker.report(0.3)) is not None:
        reports.append(report)
    return reports
