"""What real gateways do and a kinder one does not: listings, currencies, unset values, zones, advisories, leftovers."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from gateways import FAST, IMPATIENT, PATIENT, at, buy, ends, heard, notes, place, run, trading
from simulators import AFTERNOON, NEW_YORK, calm_bars, running

from execution.brokers.base import Fault
from execution.brokers.tws.broker import IbkrBroker
from execution.errors import BrokerError, BrokerRefusedError
from execution.models import Alarm, CommissionReport, Execution, Notice, OrderReport

if TYPE_CHECKING:
    from simulators import RunningSimulator

    from execution.brokers.tws.session import Timing
    from execution.models import BrokerState, Price

ORDER = buy("SPY", 3, "520")


def stated(gateway: RunningSimulator) -> BrokerState:
    """The account as it is read."""

    async def talk() -> BrokerState:
        async with trading(gateway) as broker:
            return await broker.state()

    return run(talk)


def priced(gateway: RunningSimulator, symbol: str = "SPY", timing: Timing = PATIENT, **primary: str) -> Price | None:
    """The price of a symbol."""

    async def talk() -> Price | None:
        broker = IbkrBroker(replace(at(gateway), primary_exchanges=primary), timing)
        await broker.open()
        try:
            return (await broker.prices([symbol])).get(symbol)
        finally:
            await broker.close()

    return run(talk)


def test_a_foreign_listing_of_the_same_symbol_is_not_ours() -> None:
    """Shares count by contract: 30 of TLT in the US, however many are held of its namesake in London."""
    with running("listing TLT LSEETF holding 40", positions={"TLT": Decimal(30)}) as gateway:
        assert stated(gateway).account.positions == {"TLT": Decimal(30)}
    with running("listing TLT LSEETF holding 40") as gateway:
        assert stated(gateway).account.positions == {}


def test_an_ambiguous_symbol_is_its_us_listing() -> None:
    """Of several listings the US one is meant; of several in the US the one whose exchange is configured."""
    with running("listing SPY LSEETF") as gateway:
        assert priced(gateway)
    with running("listing SPY NYSE\nlisting SPY LSEETF") as gateway:
        assert priced(gateway)  # abroad by its hours


def test_a_configured_primary_exchange_decides() -> None:
    """The setting chooses, and a symbol that is not listed there is refused with the names of those that are."""
    with running("listing SPY LSEETF") as gateway:
        assert priced(gateway, SPY="ARCA")

        async def talk() -> None:
            broker = IbkrBroker(replace(at(gateway), primary_exchanges={"SPY": "NASDAQ"}), FAST)
            await broker.open()
            try:
                with pytest.raises(BrokerRefusedError, match="ARCA, LSEETF"):
                    await broker.ticket(ORDER)
            finally:
                await broker.close()

        run(talk)


def test_cash_in_another_currency_is_not_spent() -> None:
    """Totals are converted from all currencies; only the dollars count."""
    with running("cash 50000 in EUR") as gateway:
        account = stated(gateway).account
        amounts = (account.cash, account.settled_cash, account.net_liquidation)
        assert amounts == (Decimal(10_000), Decimal(10_000), Decimal(60_000))


@pytest.mark.parametrize("prefix", ["$LEDGER-", "$LEDGER:USD-", "$LEDGER-USD-"])
def test_rows_of_cash_have_two_spellings(prefix: str) -> None:
    """Newer gateways write a prefix."""
    with running(f"cash 50000 in EUR\ncash rows {prefix}") as gateway:
        assert stated(gateway).account.cash == 10_000


@pytest.mark.parametrize(("rule", "said"), [("cash rows X", "0 amounts"), ("", "")])
def test_cash_of_unknown_currency_is_refused(rule: str, said: str) -> None:
    """Without its row nothing is known of what may be spent."""
    with running(rule) as gateway:
        if said:
            with pytest.raises(BrokerError, match=said):
                stated(gateway)
        else:
            assert stated(gateway).account.cash == 10_000


@pytest.mark.parametrize(("rule", "known"), [("commission unset first", True), ("commission never set", False)])
def test_an_unset_commission_is_unknown(rule: str, *, known: bool) -> None:
    """The unset double is no amount; a real one that follows counts."""
    with running(rule) as gateway:

        async def talk() -> list[object]:
            async with trading(gateway) as broker:
                await place(broker, ORDER)
                told: list[object] = list(await heard(broker, ends(ORDER)))
                while (report := await broker.report(0.3)) is not None:
                    told.append(report)
                return [*told, *(await broker.state()).executions]

        told = run(talk)
        costs = {each.commission for each in told if isinstance(each, CommissionReport | Execution)} - {None}
        assert costs == ({Decimal("0.35")} if known else set())
        assert not [each for each in told if isinstance(each, Alarm)]


@pytest.mark.parametrize("zone", ["Asia/Hong_Kong", "Europe/London", "Asia/Kathmandu", "America/Los_Angeles", "UTC"])
def test_a_time_without_a_zone_is_the_gateway_s(zone: str) -> None:
    """Naive execution times are read in the zone of the handshake's time, whatever its name."""
    with running(f"gateway zone {zone}") as gateway:

        async def talk() -> Execution:
            async with trading(gateway) as broker:
                await place(broker, ORDER)
                told = await heard(broker, lambda report: isinstance(report, Execution))
                assert isinstance(told[-1], Execution)
                return told[-1]

        done = run(talk)
        assert done.executed_at.astimezone(NEW_YORK).date() == AFTERNOON.date()
        assert abs(done.executed_at - AFTERNOON) < timedelta(minutes=1)


@pytest.mark.parametrize("code", [10089, 10090, 10091])
def test_an_advisory_before_ticks_is_waited_out(code: int) -> None:
    """A part that needs a subscription does not end the snapshot; without ticks there is no price."""
    advice = f'error {code} "Part of requested market data is not subscribed."'
    with running(f"on marketDataType: {advice}, accept") as gateway:
        assert priced(gateway)
    with running(f"on marketDataType: {advice}\non tickPrice: lose") as gateway:
        assert priced(gateway, timing=IMPATIENT) is None


def test_orders_told_before_the_next_number_are_known() -> None:
    """Open orders may come before the number, and completed ones unasked: neither is an alarm, each is one order."""
    with running("open orders first\ntell completed orders\nfill never") as gateway:

        async def talk() -> None:
            async with trading(gateway) as broker:
                await place(broker, ORDER)
                await heard(broker, lambda report: isinstance(report, OrderReport))
            async with trading(gateway) as broker:
                await broker.cancel(ORDER.order_ref)
                told = await heard(broker, ends(ORDER))
                state = await broker.state()
                assert not [each for each in told if isinstance(each, Alarm)]
                assert [report.order_ref for report in state.orders] == [ORDER.order_ref]

        run(talk)


def test_a_class_share_is_one_symbol() -> None:
    """BRK.B is written with a blank at the broker, and with a dot everywhere else."""
    bars = calm_bars()
    at_symbol = bars.schema.get_field_index("symbol")
    names = ["BRK.B" if name == "XLE" else name for name in bars["symbol"].to_pylist()]
    share = buy("BRK.B", 2)
    with running(bars=bars.set_column(at_symbol, "symbol", [names]), positions={"BRK.B": Decimal(5)}) as gateway:

        async def talk() -> BrokerState:
            async with trading(gateway) as broker:
                assert (await broker.prices(["BRK.B"])).keys() == {"BRK.B"}
                await place(broker, share)
                await heard(broker, ends(share))
                return await broker.state()

        state = run(talk)
        assert state.account.positions == {"BRK.B": Decimal(7)}
        assert {report.symbol for report in state.orders} == {done.symbol for done in state.executions} == {"BRK.B"}


def test_a_farm_that_is_well_does_not_mend_an_outage() -> None:
    """After 1100 only 1101 or 1102 lets orders leave: neither a farm's notice nor a new connection does."""
    with running('on reqMarketDataType 2: error 1100 "lost", error 2104 "farm connection is OK"') as gateway:

        async def talk() -> None:
            async with trading(gateway, IMPATIENT) as broker:
                broker._session.client.reqMarketDataType(3)
                await heard(broker, notes(2104))
                for _ in range(2):
                    with pytest.raises(BrokerError, match="lost the broker"):
                        await place(broker, ORDER)
                    with pytest.raises(BrokerError, match="lost the broker"):
                        await broker.open()
                    await broker._session.open()

        run(talk)
        assert gateway.record == []


def test_another_language_refuses_no_less() -> None:
    """A read-only gateway that speaks German refuses orders by the code alone."""
    text = "Fehler bei Bestätigung der Anfrage: Die API-Schnittstelle befindet sich zurzeit im Nur-Lese-Modus."
    with running(f'on placeOrder: error 321 "{text}"') as gateway:

        async def talk() -> Notice:
            async with trading(gateway) as broker:
                await place(broker, ORDER)
                told = await heard(broker, notes(321))
                assert isinstance(told[-1], Notice)
                return told[-1]

        notice = run(talk)
        assert notice.fault is Fault.PERMANENT
        assert notice.fault.is_rejection


def test_a_status_that_nobody_knows_stops_only_what_is_ours() -> None:
    """An unknown status word of an order that bears none of our references loses no message."""
    with running("fill never") as gateway:

        async def talk() -> list[object]:
            async with trading(gateway) as broker:
                by_hand = replace(ORDER, order_ref="by hand")
                await place(broker, by_hand)
                await heard(broker, lambda report: isinstance(report, OrderReport))
                number, permanent = str(broker._book.next_id - 1), str(gateway.orders[0].permanent_id)
                for known in ([permanent], ["0"]):
                    fields = ["3", number, "Teleported", *"000", *known, *"00", "7", "", "0"]
                    broker._session.client.decoder.interpret(fields)
                await broker.state()
                told: list[object] = []
                while (report := await broker.report(0.1)) is not None:
                    told.append(report)
                return told

        assert not [each for each in run(talk) if isinstance(each, Alarm)]


def test_no_end_of_executions_is_said_so() -> None:
    """A list that never ends fails within its time, and says which."""
    with running("on execDetailsEnd: lose") as gateway:

        async def talk() -> None:
            with pytest.raises(BrokerError, match="executions: No whole answer"):
                await IbkrBroker(at(gateway), IMPATIENT).open()

        asyncio.run(talk())
