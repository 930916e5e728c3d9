"""The seam when the connection, the gateway or a message fails: no answer is better than a wrong one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest
from gateways import FAST, IMPATIENT, at, buy, ends, filled, heard, notes, place, run, trading
from simulators import running

from execution.brokers.base import Endpoint, Fault
from execution.brokers.retrying import TransientError
from execution.brokers.tws.broker import IbkrBroker
from execution.errors import BrokerError, BrokerRefusedError
from execution.models import Alarm, CommissionReport, Notice, OrderReport

ORDER = buy("SPY", 3, "520")


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
                await place(broker, ORDER)
                await heard(broker, lambda report: isinstance(report, CommissionReport))
                with pytest.raises(BrokerError, match=r"lacks|cannot be whole"):
                    await broker.state()

        run(talk)


def test_a_client_id_in_use_is_said_at_once() -> None:
    """The second connection of a client id fails soon and says why; it may be free later, so that it is asked again."""
    with running() as gateway:

        async def talk() -> None:
            async with trading(gateway) as broker:
                second = IbkrBroker(at(gateway), replace(FAST, connect=20))
                started = asyncio.get_running_loop().time()
                with pytest.raises(TransientError, match="client_id"):
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
        broker = IbkrBroker(Endpoint("127.0.0.1", 1, 7), FAST)
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
                await IbkrBroker(Endpoint("127.0.0.1", port, 7), IMPATIENT).open()
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
                await place(broker, ORDER)
                await heard(broker, lambda report: isinstance(report, CommissionReport))
                await asyncio.to_thread(gateway.restart)
                with pytest.raises(BrokerError, match="down"):
                    await heard(broker, lambda _: False)
                for call in (broker.state, broker.now, lambda: place(broker, ORDER), lambda: broker.report(0)):
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
                await place(broker, ORDER)
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
                await place(broker, first)
                await heard(broker, lambda report: isinstance(report, OrderReport))
                await asyncio.to_thread(lambda: gateway.restart(ids_roll_back=True))
                with pytest.raises(BrokerError):
                    await heard(broker, lambda _: False)
                await broker.open()
                await place(broker, second)
                await heard(broker, lambda r: isinstance(r, OrderReport) and r.order_ref == second.order_ref)
            async with trading(gateway) as fresh:
                refs = {order.order_ref for order in (await fresh.state()).orders}
                assert refs == {first.order_ref, second.order_ref}

        run(talk)
        numbers = [entry.order_id for entry in gateway.record]
        assert numbers == sorted(set(numbers))


def test_a_used_number_is_another_order_s() -> None:
    """A 103 is told with its order; the next ticket has a higher number."""
    with running('on placeOrder SPY 1: error 103 "Duplicate order id"') as gateway:

        async def talk() -> None:
            async with trading(gateway) as broker:
                await place(broker, ORDER)
                (*_, notice) = await heard(broker, notes(103))
                assert isinstance(notice, Notice)
                assert (notice.order_ref, notice.fault) == (ORDER.order_ref, Fault.NUMBER_TAKEN)
                await place(broker, ORDER)
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
                    await place(broker, ORDER)
                with pytest.raises(BrokerError, match="lost the broker"):
                    await broker.state()
                client.reqMarketDataType(3)
                await heard(broker, notes(1102))
                with pytest.raises(BrokerError, match="lost the broker"):
                    await place(broker, ORDER)
                await broker.state()
                await place(broker, ORDER)
                await heard(broker, ends(ORDER))

        run(talk)
        assert len(gateway.record) == 1


def test_a_lost_message_is_an_alarm_that_stops_sending() -> None:
    """A message that cannot be read is told, and nothing is sent until the account was read anew."""
    with running() as gateway:

        async def talk() -> None:
            async with trading(gateway) as broker:
                ticket = await place(broker, buy("TLT", 1, "1"))
                (*_, shown) = await heard(broker, lambda report: isinstance(report, OrderReport))
                assert isinstance(shown, OrderReport)
                fields = [str(ticket.number), "Teleported", *"000", str(shown.permanent_id), *"00", "7", "", "0"]
                broker._session.client.decoder.interpret(["3", *fields])
                (*_, alarm) = await heard(broker, lambda report: isinstance(report, Alarm))
                assert "Teleported" in str(alarm)
                with pytest.raises(BrokerError, match="could not be understood"):
                    await place(broker, ORDER)
                await broker.state()
                await place(broker, ORDER)
                await heard(broker, ends(ORDER))

        run(talk)


def test_a_truncated_message_is_a_lost_connection() -> None:
    """A frame that ends midway ends the session, not the reader's sense."""
    with running("on execDetails 1: truncate") as gateway:

        async def talk() -> None:
            async with trading(gateway) as broker:
                await place(broker, ORDER)
                with pytest.raises(BrokerError, match="down"):
                    await heard(broker, lambda _: False)
                await broker.open()
                assert (await broker.state()).executions[0].quantity == 3

        run(talk)


def test_a_read_only_gateway_says_so() -> None:
    """The refusal names the setting, and is not repeated."""
    text = "Error validating request.-'bO' : cause - The API interface is currently in Read-Only mode."
    with running(f'on reqOpenOrders: error 321 "{text}"') as gateway:

        async def talk() -> None:
            with pytest.raises(BrokerRefusedError, match="Read-Only API"):
                await IbkrBroker(at(gateway), FAST).open()

        run(talk)
