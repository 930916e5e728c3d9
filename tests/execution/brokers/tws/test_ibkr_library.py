"""The client library at its edge: times, bars, and messages it cannot read."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from gateways import buy
from hypothesis import given
from hypothesis import strategies as st

import execution
from execution.brokers.tws.library import (
    EXECUTION_MESSAGE,
    HISTORY_MESSAGE,
    LIBRARIES,
    day_order,
    execution_time,
    make_client,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("text", "utc", "is_understood"),
    [
        ("20260415 12:19:00 US/Eastern", datetime(2026, 4, 15, 16, 19, tzinfo=UTC), True),
        ("20230224  12:04:56", datetime(2023, 2, 24, 17, 4, 56, tzinfo=UTC), True),
        ("20231214-20:57:37", datetime(2023, 12, 14, 20, 57, 37, tzinfo=UTC), True),
        ("20240102 21:55:00 MET", datetime(2024, 1, 2, 20, 55, tzinfo=UTC), True),
        ("20240102 15:55:00 Mars/Olympus", datetime(2024, 1, 2, 20, 55, tzinfo=UTC), False),
    ],
)
def test_a_gateway_s_times_are_read(text: str, utc: datetime, is_understood: bool) -> None:  # noqa: FBT001 - a table
    """Each form that gateways write is one instant; an unknown zone is read as the exchange's, and said."""
    assert execution_time(text) == (utc, is_understood)


@given(st.text(max_size=30))
def test_no_text_of_a_time_breaks_more_than_itself(text: str) -> None:
    """A time is read as an aware instant, or refused with a ValueError."""
    try:
        moment, _ = execution_time(text)
    except ValueError:
        return
    assert moment.tzinfo is UTC


def test_one_module_knows_the_library() -> None:
    """No other module of the product names either client library."""
    naming = {
        path.name
        for path in Path(execution.__file__).parent.rglob("*.py")
        if any(name in path.read_text(encoding="utf-8") for name in LIBRARIES)
    }
    assert naming == {"library.py"}


def decoded(fields: list[str], callback: str) -> tuple[list[Any], list[str]]:
    """Return what a message calls back, and what is said to be undecodable."""
    calls, alarms = list[Any](), list[str]()

    async def talk() -> None:
        def take(*message: object) -> None:
            calls.append(message)

        callbacks: dict[str, Callable[..., None]] = {callback: take, "strangeZone": take}
        make_client(callbacks, alarms.append).decoder.interpret(fields)

    asyncio.run(talk())
    return calls, alarms


def test_bars_come_as_columns() -> None:
    """A history of two bars is its request and eight columns of two texts."""
    bar = ["20240102", "1", "2", "0.5", "1.5", "100", "1.2", "7"]
    calls, alarms = decoded([str(HISTORY_MESSAGE), "5", "from", "to", "2", *bar, *bar], "historicalData")
    assert calls == [(5, [[cell, cell] for cell in bar])]
    assert not alarms


@pytest.mark.parametrize(
    "fields",
    [
        [str(HISTORY_MESSAGE), "5", "from", "to", "2", "20240102"],
        [str(EXECUTION_MESSAGE), "-1", "too short"],
        ["5", "openOrder", "too short"],
        ["3", "x", "Filled", "1", "0", "1", "1", "0", "1", "1", "", "0"],
        ["9999"],
    ],
)
def test_a_message_that_cannot_be_read_is_told(fields: list[str]) -> None:
    """A message that the decoder loses raises an alarm."""
    calls, alarms = decoded(fields, "orderStatus")
    assert not calls
    assert len(alarms) == 1


@pytest.mark.parametrize("limit", [None, "520.10"])
def test_an_order_leaves_nothing_to_presets(limit: str | None) -> None:
    """Time in force, type and venue attributes are always said; numbers are written as they are."""

    async def make() -> Any:  # noqa: ANN401 - either library's; it wants a running loop
        return day_order(buy("SPY", "30", limit), "ours", "DU1")

    order = asyncio.run(make())
    assert (order.tif, order.eTradeOnly, order.firmQuoteOnly, order.transmit) == ("DAY", False, False, True)
    assert (order.orderType, order.totalQuantity) == ("LMT" if limit else "MKT", "30")
    assert (order.account, order.orderRef) == ("DU1", "ours")
    assert limit in {None, order.lmtPrice}
