"""Bars from the gateway: merged, provisional before the close, and none held up by another."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from gateways import FAST, at
from hypothesis import given
from hypothesis import strategies as st
from simulators import AFTERNOON, LEVELS, NEW_YORK, calm_bars, running

from execution.brokers.base import Endpoint
from execution.brokers.retrying import RetryPolicy
from execution.brokers.tws.bars import OPEN_AT_ONCE, IbkrBars, dividends, merged
from execution.brokers.tws.broker import IbkrBroker
from warehouse.calendar.sessions import is_session, sessions
from warehouse.errors import SourceError
from warehouse.sources.base import silent
from warehouse.validation import validate

if TYPE_CHECKING:
    from simulators import RunningSimulator

    from execution.brokers.tws.session import Timing

TODAY = AFTERNOON.date()


def fetched(source: IbkrBars) -> pa.Table:
    """Return all bars of a source."""
    return pa.concat_tables(source.fetch(silent))


def bars_of(gateway: RunningSimulator, *symbols: str, timing: Timing = FAST) -> IbkrBars:
    """Return a source of a year's bars."""
    return IbkrBars(at(gateway), symbols, "1 Y", timing)


def test_bars_are_the_market_s() -> None:
    """Every bar is valid and equals the market's: prices and volume as traded, the close adjusted beside them."""
    with running() as gateway:
        table = fetched(bars_of(gateway, *LEVELS))
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
        found = fetched(bars_of(gateway, "SPY", "TLT")).to_pandas()
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
        early = fetched(bars_of(gateway, "SPY")).to_pandas()
        gateway.clock.set(datetime.combine(TODAY, datetime.min.time(), NEW_YORK) + timedelta(hours=17))
        late = fetched(bars_of(gateway, "SPY")).to_pandas()
    assert list(early.loc[~early["is_final"], "session_date"]) == [TODAY]
    assert late["is_final"].all()
    assert late["session_date"].max() == TODAY


def test_what_fails_is_named_and_the_rest_lands() -> None:
    """An unknown symbol, one without bars and one that never answers are named; the others come, not later for it."""
    refusal = "Historical Market Data Service error message:HMDS query returned no data"
    scenario = f'on reqHistoricalData XLE: error 162 "{refusal}"\non reqHistoricalData GLD: lose'
    with running(scenario) as gateway:
        source = bars_of(gateway, *LEVELS, "NOPE", timing=replace(FAST, history=2))
        started, steps = time.monotonic(), []
        tables = list(
            source.fetch(lambda done, total, label: steps.append((time.monotonic() - started, done, total, label)))
        )
    assert source.failures.keys() == {"NOPE", "XLE", "GLD"}
    assert all(symbol in reason for symbol, reason in source.failures.items())
    assert len(tables) == len(LEVELS) - 2
    assert [done for _, done, _, _ in steps] == list(range(1, 11))
    assert steps[-1][3] == "GLD"
    assert all(seconds < 2 for seconds, _, _, label in steps if label != "GLD")


def test_a_pacing_violation_is_waited_out() -> None:
    """A refused history is asked for again, not before the pause, and nothing is missing in the end."""
    refusal = "Historical Market Data Service error message:Historical data request pacing violation"
    with running(f'on reqHistoricalData 3: error 162 "{refusal}"') as gateway:
        source = bars_of(gateway, *LEVELS, timing=replace(FAST, history_pause=0.5))
        started = time.monotonic()
        assert len(list(source.fetch(silent))) == len(LEVELS)
        assert time.monotonic() - started >= 0.5
    assert source.failures == {}


def test_the_broker_s_pacing_rules_are_kept() -> None:
    """A gateway that enforces the rules finds nothing to complain of."""
    with running("enforce pacing") as gateway:
        source = bars_of(gateway, *LEVELS)
        assert len(list(source.fetch(silent))) == len(LEVELS)
    assert source.failures == {}


def test_nothing_at_all_is_an_error() -> None:
    """Without a gateway, or without one symbol that has bars, there is no batch to land."""
    with pytest.raises(SourceError, match="4002"):
        fetched(IbkrBars(Endpoint("127.0.0.1", 1, 7), ["SPY"], "1 Y", FAST))
    with running() as gateway, pytest.raises(SourceError, match="NOPE"):
        fetched(bars_of(gateway, "NOPE"))


def test_a_connection_that_breaks_loses_no_bars_that_came() -> None:
    """After a drop midway the symbols that had come are kept, the others named."""
    with running("on historicalData 6: drop") as gateway:
        source = bars_of(gateway, *LEVELS)
        tables = list(source.fetch(silent))
    assert len(tables) + len(source.failures) == len(LEVELS)
    assert source.failures


def test_a_slow_symbol_waits_alone() -> None:
    """A history that comes late is there, and held up none of the others."""
    with running("on reqHistoricalData XLE: delay 1") as gateway:
        source, steps = bars_of(gateway, *LEVELS), []
        assert len(list(source.fetch(lambda _done, _total, label: steps.append(label)))) == len(LEVELS)
    assert steps[-1] == "XLE"


def test_a_gateway_that_answers_nobody_is_left_alone() -> None:
    """After fifty requests in a row without an answer no more are sent, and the symbols left out say so."""
    symbols = [f"S{number}" for number in range(150)]
    with running("on reqContractDetails: lose") as gateway:
        source = bars_of(gateway, *symbols, timing=replace(FAST, request=0.2, retries=RetryPolicy(1)))
        with pytest.raises(SourceError, match="unanswered"):
            fetched(source)
    assert source.failures.keys() == set(symbols)
    assert sum("unanswered" in reason for reason in source.failures.values()) >= len(symbols) - 2 * OPEN_AT_ONCE


@given(
    st.lists(st.tuples(st.floats(10, 500), st.sampled_from([0.0, 0.0, 0.0, 0.25, 1.0, 3.5])), min_size=2, max_size=30)
)
def test_dividends_come_back_from_adjusted_closes(days: list[tuple[float, float]]) -> None:
    """The derivation inverts back-adjustment by 1 - D/C, within the cents of the broker's rounding."""
    close = np.round([price for price, _ in days], 2)
    paid = np.array([0.0] + [dividend if dividend < price / 2 else 0.0 for (price, _), (_, dividend) in pairwise(days)])
    adjusted, factor = np.empty_like(close), 1.0
    for day in range(len(close) - 1, -1, -1):
        adjusted[day] = close[day] * factor
        if day:
            factor *= 1 - paid[day] / close[day - 1]
    exact = dividends(close, adjusted)
    sure = paid[1:] > 0.02 * close[:-1] * (1 / adjusted[:-1] + 1 / adjusted[1:])
    assert np.allclose(exact[1:][sure], paid[1:][sure], atol=0.006)
    assert (dividends(close, np.round(adjusted, 2))[1:][paid[1:] == 0] == 0).all()


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
            source = IbkrBars(at(gateway, 8), ["SPY"], "1 Y", FAST)
            table = await asyncio.to_thread(fetched, source)
            assert (await broker.state()).account.positions == {"TLT": Decimal(1)}
            await broker.close()
            return int(table.num_rows)

        assert asyncio.run(talk()) > 200
