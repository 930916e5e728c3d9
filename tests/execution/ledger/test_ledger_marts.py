"""The ledger in the warehouse: landed once, and folded by SQL as by Python."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from happenings import (
    NOW,
    SCOPE,
    SESSION,
    STRATEGY,
    commission,
    decision,
    event,
    execution,
    one_of_each,
    order,
    plan,
    report,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from execution.brokers.base import Fault
from execution.ledger.events import CancelRequest, Event, Finish, Scope, Sent
from execution.ledger.ledger import Ledger, ledger_url
from execution.ledger.rows import to_row
from execution.ledger.state import session_state
from execution.models import Notice, OrderStatus, Side
from warehouse.lake import Lake, current_snapshot, scratch
from warehouse.landing import land_ledger
from warehouse.transformation.runner import Transformation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb

    from execution.ledger.events import Payload

ROOT = Path(__file__).parents[3]
NAMES = ("orders", "fills", "positions", "decisions", "slippage", "preflight_checks", "alerts")
STATED = ("statements", "cash_movements", "statement_exceptions")
MARTS = [*NAMES, *STATED, "account_trades"]
# Dagster and dbt call what their dependencies deprecate.


def rows_of(happened: Sequence[Event]) -> list[dict[str, Any]]:
    """The rows of a ledger that these events are all of."""
    return [to_row(each, place, NOW, str(place)) for place, each in enumerate(happened, 1)]


@pytest.fixture(scope="module")
def transformation(tmp_path_factory: pytest.TempPathFactory) -> Transformation:
    """A lake that holds one event of each kind and no bar, built."""
    home = tmp_path_factory.mktemp("marts")
    ledger = Ledger.open(ledger_url(home))
    ledger.append(*map(event, one_of_each()))
    lake = Lake(home)
    built = Transformation(lake)
    with lake.lock(), lake.writer() as connection:
        land_ledger(connection, ledger.rows())
        built.build(connection, ["+traded_closes", *MARTS])
    ledger.close()
    return built


@pytest.fixture(scope="module")
def marts(transformation: Transformation) -> Iterator[duckdb.DuckDBPyConnection]:
    """The marts as views over tables in memory."""
    with scratch() as connection:
        connection.execute(
            "CREATE TABLE traded_closes AS SELECT 'SPY' AS symbol, ?::DATE AS session_date, 502.0 AS close", [SESSION]
        )
        connection.execute("CREATE TABLE bars AS FROM traded_closes")
        for statement in transformation.statements(MARTS):
            connection.execute(statement.sql)
        yield connection


def test_a_ledger_lands_once(transformation: Transformation) -> None:
    """Landing again adds no row and no snapshot; what is new is added, and another ledger's events are other events."""
    lake = transformation.lake
    ledger = Ledger.open(ledger_url(lake.home))
    other = Ledger.open(ledger_url(lake.home / "other"))
    with lake.lock(), lake.writer() as connection:
        before = current_snapshot(connection)
        assert land_ledger(connection, ledger.rows()) == 0
        assert current_snapshot(connection) == before
        ledger.append(event(Notice(2104, "ok")))
        other.append(event(Notice(2106, "ok")))
        assert [land_ledger(connection, each.rows()) for each in (ledger, other, other, ledger)] == [1, 1, 0, 0]
        columns = "sequence, recorded_at, account_id, mode, session_date, kind"
        landed = connection.execute(f"SELECT {columns} FROM landing.ledger_events ORDER BY recorded_at").fetchall()
        recorded = next(iter(ledger.read()))
        assert landed[0] == (1, recorded.recorded_at, SCOPE.account_id, "paper", SESSION, "session_claimed")
    other.close()
    ledger.close()


def test_an_empty_ledger_lands_nothing(transformation: Transformation) -> None:
    """No events are no rows."""
    with transformation.lake.lock(), transformation.lake.writer() as connection:
        assert land_ledger(connection, []) == 0


def test_marts_show_a_rebalance(transformation: Transformation) -> None:
    """A recorded rebalance is there by bare names, one row in each mart."""
    with transformation.lake.reader() as connection:
        for name in NAMES:
            assert connection.execute(f"SELECT session_date FROM {name}").fetchall() == [(SESSION,)]
        lot = connection.execute("SELECT entry_session, exit_session, quantity, cost FROM account_trades").fetchall()
        assert lot == [(SESSION, None, 40, 0.35)]  # ten shares, and a split of four for one


def test_marts_show_what_the_broker_states(transformation: Transformation) -> None:
    """A statement, its dividend, and the exception that a person signed."""
    with transformation.lake.reader() as connection:
        (stated,) = connection.execute("SELECT last_day, trades, movements, cash, missing FROM statements").fetchall()
        (moved,) = connection.execute("SELECT transaction_id, kind, amount, day FROM cash_movements").fetchall()
        (signed,) = connection.execute("SELECT code, day, signed_by, reason FROM statement_exceptions").fetchall()
    assert stated == (SESSION, 1, 1, 10_000, [])
    assert moved == ("9", "dividend", 1.5, SESSION)
    assert signed == ("POSITION_DIFFERS", SESSION, "owner", "a gift")


BUY, SELL = order(quantity="10.5"), order("GLD", Side.SELL, 4)
REPORTS: list[Payload] = [
    BUY,
    SELL,
    Sent(BUY.order_ref),
    report(BUY, OrderStatus.SUBMITTED, 4),
    execution(BUY, "a.1.01", 4, 500),
    execution(BUY, "a.1.02", 3, 501),
    execution(BUY, "b.1.9", "6.5", 502),
    execution(BUY, "b.1.10", "6.5", 503),
    execution(SELL, "c", 4, 200),
    commission("a.1.01"),
    commission("b.1.10", "0.4"),
    commission("b.1.10", "0.41"),
    Notice(2109, "outside regular hours is ignored", BUY.order_ref),
    Notice(0, "it was cut off while it was sent", BUY.order_ref, Fault.TRANSIENT),
    CancelRequest(BUY.order_ref, "the deadline has come"),
    report(BUY, OrderStatus.CANCELLED, 4, "cancelled"),
    report(SELL, OrderStatus.FILLED, 4),
]
"""Each of them may be missing, and come in any order."""


@settings(max_examples=40, deadline=None)
@given(happened=st.permutations(REPORTS).flatmap(lambda all_of: st.integers(0, len(all_of)).map(lambda n: all_of[:n])))
def test_sql_folds_as_python_does(marts: duckdb.DuckDBPyConnection, happened: list[Payload]) -> None:
    """Whatever was reported in whatever order, the mart of orders says what the ledger's own fold says."""
    events = [event(payload) for payload in happened]
    marts.execute("DELETE FROM landing.ledger_events")
    land_ledger(marts, rows_of(events))
    found = marts.execute(
        """
        SELECT order_ref, symbol, side, quantity, limit_price, sends, permanent_id, status, filled, average_price,
            commission, is_cancel_requested, reasons
        FROM orders ORDER BY order_ref
        """
    ).fetchall()
    states = sorted(session_state(events, STRATEGY, SESSION).orders.items())
    assert [row[:9] + row[11:] for row in found] == [
        (
            order_ref,
            state.order.symbol,
            state.order.side,
            float(state.order.quantity),
            500.0,
            state.sends,
            state.permanent_id,
            state.status,
            float(state.filled),
            state.is_cancel_requested,
            list(state.reasons),
        )
        for order_ref, state in states
    ]
    for column, name in ((9, "average_price"), (10, "commission")):
        assert [row[column] for row in found] == [_number(getattr(state, name)) for _, state in states]


def _number(amount: object) -> Any:  # noqa: ANN401 - what pytest compares to
    return None if amount is None else pytest.approx(float(str(amount)))


def test_sql_ranks_statuses_as_python_does() -> None:
    """The model of orders lists the statuses in the precedence that OrderStatus defines."""
    sql = (ROOT / "dbt_project/models/execution/orders.sql").read_text(encoding="utf-8")
    (listed,) = re.findall(r"list_position\(\[(.*?)\], status\)", sql)
    assert re.findall(r"'(\w+)'", listed) == list(OrderStatus)


def test_slippage_is_worse_when_positive(marts: duckdb.DuckDBPyConnection) -> None:
    """A buy above its decision and below the close costs against the first and gains on the second."""
    bought = order(quantity=4)
    held = Finish(plan().equity, plan().equity, {"SPY": bought.quantity})
    payloads: list[Payload] = [decision("500"), plan(bought), bought, execution(bought, "a.01", 4, 501), held]
    marts.execute("DELETE FROM landing.ledger_events")
    land_ledger(marts, rows_of([event(payload) for payload in payloads]))
    assert marts.execute("SELECT decision_slippage_usd, close_slippage_usd FROM slippage").fetchall() == [(4, -4)]
    assert marts.execute("SELECT quantity, amount, weight FROM positions").fetchall() == [(4, 2008, 0.2008)]


def test_other_accounts_have_rows_of_their_own(marts: duckdb.DuckDBPyConnection) -> None:
    """The same order and execution of two accounts are two orders and two fills."""
    scopes = [SCOPE, Scope("DU7", "run-9", SCOPE.mode, STRATEGY, SESSION)]
    marts.execute("DELETE FROM landing.ledger_events")
    payloads: list[Payload] = [BUY, execution(BUY, "a.01", 4)]
    land_ledger(marts, rows_of([event(payload, scope) for scope in scopes for payload in payloads]))
    assert marts.execute("SELECT account_id, filled FROM orders ORDER BY ALL").fetchall() == [
        (SCOPE.account_id, 4),
        ("DU7", 4),
    ]
