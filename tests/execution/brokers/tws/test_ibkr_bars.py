"""Bars from the gateway: merged, provisional before the close, and none held up by another."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from gateways import FAST, at
from simulators import AFTERNOON, LEVELS, NEW_YORK, calm_bars, running

from execution.brokers.base import Endpoint
from execution.brokers.retrying import RetryPolicy
from execution.brokers.tws.bars import OPEN_AT_ONCE, IbkrBars, merged
from execution.brokers.tws.broker import IbkrBroker
from warehouse.calendar.sessions import is_session, sessions
from warehouse.sources.faults import FaultKind, SourceFaultError
from warehouse.validation import validate

if TYPE_CHECKING:
    from execution.brokers.tws.session import Timing
    from warehouse.sources.base import SymbolBars
    from warehouse.sources.faults import SourceFault

TODAY = AFTERNOON.date()


@dataclass(slots=True)
class Fetch:
    """The answers to some symbols, the faults of others, and the seconds after which each came."""

    answers: dict[str, SymbolBars] = field(default_factory=dict)
    faults: dict[str, SourceFault] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def bars(self) -> pa.Table:
        """All bars."""
        return pa.concat_tables([answer.bars for answer in self.answers.values()])


def fetched(endpoint: Endpoint, *symbols: str, timing: Timing = FAST, since: date | None = None) -> Fetch:
    """Ask for a year's bars of each symbol at once."""
    fetch, started = Fetch(), time.monotonic()

    async def one(source: IbkrBars, symbol: str) -> None:
        try:
            fetch.answers[symbol] = await source.bars(symbol, since, TODAY)
        except SourceFaultError as error:
            fetch.faults[symbol] = error.fault
        fetch.seconds[symbol] = time.monotonic() - started

    async def everything() -> None:
        source = IbkrBars(endpoint, "1 Y", timing)
        await asyncio.gather(*(one(source, symbol) for symbol in symbols))
        await source.close()

    asyncio.run(everything())
    return fetch


def test_bars_are_the_market_s() -> None:
    """Every bar is valid and equals the market's: prices and volume as traded, the close adjusted beside them."""
    with running() as gateway:
        table = fetched(at(gateway), *LEVELS).bars
    assert not validate(table, is_session).quarantined.num_rows
    market = calm_bars().to_pandas().set_index(["symbol", "session_date"])
    found = table.to_pandas().set_index(["symbol", "session_date"])
    final = found[found["is_final"]]
    expected = market.loc[final.index]
    for column in ("open", "high", "low", "close", "volume"):
        assert np.allclose(final[column], expected[column])
    assert np.allclose(final["adj_close"], expected["adj_close"], atol=0.01)
    assert found.groupby("symbol").size().eq(len(sessions(date(2023, 6, 12), TODAY))).all()


def test_a_payout_shows_as_a_dividend() -> None:
    """The one payout of the market is found on its day, to the cents that the broker's rounding leaves."""
    with running() as gateway:
        found = fetched(at(gateway), "SPY", "TLT").bars.to_pandas()
    paid = found[found["dividend"] > 0]
    assert set(zip(paid["symbol"], paid["session_date"], strict=True)) == {
        ("SPY", date(2024, 6, 3)),
        ("TLT", date(2024, 6, 3)),
    }
    before = found[found["session_date"] == date(2024, 5, 31)].set_index("symbol")["close"]
    assert np.allclose(paid.set_index("symbol")["dividend"], 0.01 * before, atol=0.02)


def test_today_s_bar_is_provisional_until_the_close() -> None:
    """Five minutes before the close today's bar may change; after it, it is final, and so are all before."""
    with running() as gateway:
        early = fetched(at(gateway), "SPY").bars.to_pandas()
        gateway.clock.set(datetime.combine(TODAY, datetime.min.time(), NEW_YORK) + timedelta(hours=17))
        late = fetched(at(gateway), "SPY").bars.to_pandas()
    assert list(early.loc[~early["is_final"], "session_date"]) == [TODAY]
    assert late["is_final"].all()
    assert late["session_date"].max() == TODAY


def test_what_fails_is_named_and_the_rest_comes() -> None:
    """An unknown symbol, one without bars and one that never answers are named; the others come, not later for it."""
    refusal = "Historical Market Data Service error message:HMDS query returned no data"
    scenario = f'on reqHistoricalData XLE: error 162 "{refusal}"\non reqHistoricalData GLD: lose'
    with running(scenario) as gateway:
        fetch = fetched(at(gateway), *LEVELS, "NOPE", timing=replace(FAST, history=2))
    kinds = {symbol: fault.kind for symbol, fault in fetch.faults.items()}
    assert kinds == {"NOPE": FaultKind.NOT_FOUND, "XLE": FaultKind.NOT_FOUND, "GLD": FaultKind.TRANSIENT}
    assert all(symbol in fault.reason for symbol, fault in fetch.faults.items())
    assert fetch.answers.keys() == LEVELS.keys() - {"XLE", "GLD"}
    assert all(seconds < 2 for symbol, seconds in fetch.seconds.items() if symbol != "GLD")


@pytest.mark.parametrize(
    ("scenario", "kind"),
    [
        ('error 162 "Historical Market Data Service error message:No market data permissions"', FaultKind.ENTITLEMENT),
        ('error 162 "Historical Market Data Service error message:HMDS query returned no data"', FaultKind.NOT_FOUND),
        ('error 162 "Historical Market Data Service error message:Something else"', FaultKind.TRANSIENT),
    ],
)
def test_a_refusal_has_the_word_of_its_kind(scenario: str, kind: FaultKind) -> None:
    """The broker's codes end as the faults that every source has."""
    with running(f"on reqHistoricalData: {scenario}") as gateway:
        fetch = fetched(at(gateway), "SPY")
    assert fetch.faults["SPY"].kind is kind


def test_a_pacing_violation_is_waited_out() -> None:
    """A refused history is asked for again, not before the pause, and nothing is missing in the end."""
    refusal = "Historical Market Data Service error message:Historical data request pacing violation"
    with running(f'on reqHistoricalData 3: error 162 "{refusal}"') as gateway:
        fetch = fetched(at(gateway), *LEVELS, timing=replace(FAST, history_pause=0.5))
    assert fetch.answers.keys() == LEVELS.keys()
    assert max(fetch.seconds.values()) >= 0.5


def test_the_broker_s_pacing_rules_are_kept() -> None:
    """A gateway that enforces the rules finds nothing to complain of, increments among the requests."""
    with running("enforce pacing") as gateway:
        assert fetched(at(gateway), *LEVELS).answers.keys() == LEVELS.keys()
        assert fetched(at(gateway), *LEVELS, since=TODAY - timedelta(days=7)).answers.keys() == LEVELS.keys()


def test_an_increment_begins_with_the_session_held() -> None:
    """The bars from it on come, today's among them, and equal those of the whole history."""
    since = date(2024, 6, 5)
    with running() as gateway:
        whole = fetched(at(gateway), "SPY").answers["SPY"]
        increment = fetched(at(gateway), "SPY", since=since).answers["SPY"]
    assert (whole.is_whole, increment.is_whole) == (True, False)
    assert increment.bars["session_date"].to_pylist() == sessions(since, TODAY)
    final = [
        [row for row in answer.continuing.drop(["line"]).to_pylist() if row["is_final"]]
        for answer in (whole, increment)
    ]
    assert final[1] == [row for row in final[0] if row["session_date"] > since]


def test_without_the_session_held_the_whole_history_comes() -> None:
    """A Sunday is no session, so nothing could be compared."""
    with running() as gateway:
        answer = fetched(at(gateway), "SPY", since=date(2024, 6, 2)).answers["SPY"]
    assert answer.is_whole
    assert answer.bars["session_date"][0].as_py() == sessions(date(2023, 6, 12), TODAY)[0]


def test_no_gateway_is_a_fault_of_every_symbol() -> None:
    """The one connection is tried for all together, and the message says what to look at."""
    fetch = fetched(Endpoint("127.0.0.1", 1, 7), "SPY", "QQQ")
    assert {fault.kind for fault in fetch.faults.values()} == {FaultKind.TRANSIENT}
    assert "4002" in fetch.faults["QQQ"].reason


def test_a_login_without_the_account_is_refused() -> None:
    """The account that is configured is none of the login's."""
    with running() as gateway:
        fetch = fetched(at(gateway, account_id="U7654321"), "SPY")
    assert fetch.faults["SPY"].kind is FaultKind.AUTH


def test_a_connection_that_breaks_loses_no_bars_that_came() -> None:
    """After a drop midway the symbols that had come are kept, the others named."""
    with running("on historicalData 6: drop") as gateway:
        fetch = fetched(at(gateway), *LEVELS)
    assert fetch.answers.keys() | fetch.faults.keys() == LEVELS.keys()
    assert fetch.faults


def test_a_slow_symbol_waits_alone() -> None:
    """A history that comes late is there, and held up none of the others."""
    with running("on reqHistoricalData XLE: delay 1") as gateway:
        fetch = fetched(at(gateway), *LEVELS)
    assert fetch.answers.keys() == LEVELS.keys()
    assert list(fetch.seconds)[-1] == "XLE"


def test_a_gateway_that_answers_nobody_is_left_alone() -> None:
    """After fifty requests in a row without an answer no more are sent, and the symbols left out say so."""
    symbols = [f"S{number}" for number in range(150)]
    with running("on reqContractDetails: lose") as gateway:
        fetch = fetched(at(gateway), *symbols, timing=replace(FAST, request=0.2, retries=RetryPolicy(1)))
    assert fetch.faults.keys() == set(symbols)
    assert sum("unanswered" in fault.reason for fault in fetch.faults.values()) >= len(symbols) - 2 * OPEN_AT_ONCE


def test_a_day_without_an_adjusted_bar_is_set_aside() -> None:
    """Only that day lacks its adjusted close, which validation sees."""
    trades = [["20240102", "20240103"], ["1", "1"], ["2", "2"], ["1", "1"], ["1.5", "1.6"], ["9", "9"]]
    table = merged("SPY", trades, [[column[0]] for column in trades], date(2024, 1, 3))
    verdict = validate(table, is_session)
    assert verdict.valid["session_date"].to_pylist() == [date(2024, 1, 2)]
    assert verdict.quarantined["code"].to_pylist() == ["MISSING_VALUE"]


def test_a_broker_and_a_source_share_a_gateway() -> None:
    """Bars are fetched beside an open broker under another client id."""
    with running(positions={"TLT": Decimal(1)}) as gateway:

        async def talk() -> int:
            broker = IbkrBroker(at(gateway), FAST)
            await broker.open()
            fetch = await asyncio.to_thread(fetched, at(gateway, 8), "SPY")
            assert (await broker.state()).account.positions == {"TLT": Decimal(1)}
            await broker.close()
            return int(fetch.bars.num_rows)

        assert asyncio.run(talk()) > 200
