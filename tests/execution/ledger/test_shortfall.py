"""The shortfall in SQL against two books kept by hand, over events that real plans, orders and executions leave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from happenings import ACCOUNT, NOW, SCOPE, SESSION, STRATEGY, event
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from execution.ledger.events import Funding
from execution.ledger.rows import to_row
from execution.models import CommissionReport, Execution, Order, OrderRef, Plan, PlanLine, Side
from execution.refusals import Refusal, RefusalCode
from warehouse.calendar.sessions import next_session
from warehouse.lake import scratch
from warehouse.landing import land_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb
    from lakes import Models

    from execution.ledger.events import Payload

EQUITY = Decimal(10_000)
SYMBOLS = ("GLD", "SPY", "TLT")
PARTS = "delay + price_move + slippage + commission + rounding + untraded + unsettled + missed"
PRICES = st.integers(50, 150).map(Decimal)


@dataclass(frozen=True, slots=True)
class Line:
    """One symbol of a session: shares held and planned, waiting, funded and filled parts of what is bought, prices."""

    held: int
    planned: int
    wanted: Decimal
    waiting: int
    funded: float
    filled: float
    price: Decimal
    paid: Decimal
    close: Decimal
    next_close: Decimal

    @property
    def side(self) -> Side:
        """Side of its order."""
        return Side.BUY if self.planned > self.held else Side.SELL

    @property
    def ordered(self) -> int:
        """Shares of the order that was funded; a sale needs no money."""
        return int((self.planned - self.held) * self.funded) if self.side is Side.BUY else self.held - self.planned

    @property
    def bought(self) -> int:
        """Shares that changed hands, below 0 if sold."""
        return int(self.side.sign * int(self.ordered * self.filled))


LINES = st.lists(
    st.builds(
        Line,
        held=st.integers(0, 40),
        planned=st.integers(0, 40),
        wanted=st.decimals(0, 40, places=2),
        waiting=st.integers(0, 5),
        funded=st.floats(0, 1),
        filled=st.floats(0, 1),
        price=PRICES,
        paid=PRICES,
        close=PRICES,
        next_close=PRICES,
    ),
    min_size=1,
    max_size=3,
)


@pytest.fixture(scope="module")
def marts(models: Models) -> Iterator[duckdb.DuckDBPyConnection]:
    """The shortfall over tables in memory."""
    with scratch() as connection:
        for table in ("bars", "traded_closes"):
            connection.execute(f"CREATE TABLE {table} (symbol VARCHAR, session_date DATE, close DOUBLE)")
        for relation in ("fills", "orders", "shortfall_daily"):
            connection.execute(models.sql_of(relation))
        yield connection


def happened(lines: Sequence[Line]) -> list[Payload]:
    """Return what such a session leaves in the ledger."""
    left: list[Payload] = []
    planned, funded, refusals = [], [], []
    for symbol, line in zip(SYMBOLS, lines, strict=False):
        weight = line.wanted * line.price / EQUITY
        planned.append(
            PlanLine(
                symbol,
                line.price,
                Decimal(line.held),
                line.wanted,
                Decimal(line.planned),
                Decimal(0),
                weight,
                Decimal(0),
            )
        )
        if line.waiting:
            numbers = {"waits": f"{line.waiting * line.price}"}
            refusals.append(Refusal(RefusalCode.CASH_UNSETTLED, "It waits.", symbol, numbers))
        if not line.ordered:
            continue
        order = Order(str(OrderRef(STRATEGY, SESSION, symbol, line.side)), symbol, line.side, Decimal(line.ordered))
        if line.side is Side.BUY:
            funded.append(order)
        left.append(order)
        if line.bought:
            traded = (order.order_ref, 7, ACCOUNT, symbol, line.side, Decimal(abs(line.bought)), line.paid, NOW)
            left += [Execution(symbol, symbol, 0, *traded), CommissionReport(symbol, Decimal("0.35"), "USD")]
    nothing = Decimal(0)
    plan = Plan(STRATEGY, SESSION, EQUITY, (), tuple(planned), tuple(refusals), nothing, nothing, is_blocked=False)
    return [plan, Funding(tuple(funded)), *left]


def land(connection: duckdb.DuckDBPyConnection, lines: Sequence[Line]) -> None:
    """Make these the only events and closes."""
    connection.execute("DELETE FROM landing.ledger_events")
    payloads = happened(lines)
    rows = [to_row(event(each, SCOPE), at, NOW + timedelta(seconds=at), str(at)) for at, each in enumerate(payloads, 1)]
    land_ledger(connection, rows)
    closes = [(SYMBOLS[at], SESSION, float(line.close)) for at, line in enumerate(lines)]
    after = [(SYMBOLS[at], next_session(SESSION), float(line.next_close)) for at, line in enumerate(lines)]
    for table in ("bars", "traded_closes"):
        connection.execute(f"DELETE FROM {table}")
        connection.executemany(f"INSERT INTO {table} VALUES (?, ?, ?)", closes + after)


@given(lines=LINES)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_shortfall_is_the_difference_of_two_books(marts: duckdb.DuckDBPyConnection, lines: list[Line]) -> None:
    """One trades as the account did, one holds the target weights from the close on; its parts add up to it."""
    land(marts, lines)
    cash = EQUITY - sum(line.held * line.price for line in lines)
    spent = sum(line.bought * line.paid + Decimal("0.35") * bool(line.bought) for line in lines)
    account = cash - spent + sum((line.held + line.bought) * line.next_close for line in lines)
    at_close = cash + sum(line.held * line.close for line in lines)
    weights = [line.wanted * line.price / EQUITY for line in lines]
    growths = [line.next_close / line.close - 1 for line in lines]
    model = at_close * (1 + sum(weight * growth for weight, growth in zip(weights, growths, strict=True)))
    found = marts.execute(f"SELECT shortfall, {PARTS}, shortfall_return FROM shortfall_daily").fetchall()
    ((whole, parts, fraction),) = found
    assert whole == pytest.approx(float(model - account), abs=1e-6)
    assert parts == pytest.approx(whole, abs=1e-6)
    assert fraction == pytest.approx(whole / 10_000, abs=1e-9)


def test_a_session_waits_for_its_next_close(marts: duckdb.DuckDBPyConnection) -> None:
    """Nothing is guessed before."""
    line = Line(0, 10, Decimal(10), 0, 1.0, 1.0, *map(Decimal, (100, 101, 102, 103)))
    land(marts, [line])
    found = marts.execute("SELECT delay, slippage, commission, missed FROM shortfall_daily").fetchall()
    assert found == [(-20, 10, 0.35, 0)]
    marts.execute("DELETE FROM bars WHERE session_date > ?", [SESSION])
    assert marts.execute("FROM shortfall_daily").fetchall() == []
