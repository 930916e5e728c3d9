"""Lots of an account: whatever was traded, split and accepted, they add up to its positions and to its fills."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from happenings import NOW, SCOPE, SESSION, account, event, execution, order
from hypothesis import given, settings
from hypothesis import strategies as st

from execution.ledger.events import Reconciliation, Restatement
from execution.ledger.rows import to_row
from execution.ledger.state import expected_positions
from execution.models import Side
from warehouse.lake import Lake, scratch
from warehouse.landing import land_ledger
from warehouse.transformation.compiled import compiled
from warehouse.transformation.runner import Transformation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb

    from execution.ledger.events import Payload

# dbt calls what its dependencies deprecate.

ROOT = Path(__file__).parents[3]
STEPS = st.lists(
    st.tuples(st.sampled_from(["buy", "sell", "split", "accept"]), st.integers(1, 9), st.sampled_from(["SPY", "GLD"])),
    max_size=12,
)


@pytest.fixture(scope="module")
def lots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The account's trades, and their gate as the view `refused`, over tables in memory."""
    transformation = Transformation(Lake(tmp_path_factory.mktemp("lots")))
    gate = next(node for node in compiled(transformation.lake).nodes if node.name == "lots_add_up_to_fills")
    with scratch() as connection:
        connection.execute("CREATE TABLE bars (symbol VARCHAR, session_date DATE, close DOUBLE)")
        for statement in transformation.statements(["fills", "account_trades"]):
            connection.execute(statement.sql)
        sql = (ROOT / "dbt_project" / gate.file).read_text(encoding="utf-8").split("}) }}")[1]
        for name in ("account_trades", "fills"):
            sql = sql.replace(f"{{{{ ref('{name}') }}}}", name)
        connection.execute(f"CREATE VIEW refused AS {sql}")
        yield connection


def happened(steps: Sequence[tuple[str, int, str]]) -> list[Payload]:
    """Return what these steps leave in a ledger; nobody sells what is not there, but what nobody saw come."""
    payloads: list[Payload] = [Reconciliation(account(), NOW)]
    held = {"SPY": Decimal(0), "GLD": Decimal(0)}
    for number, (step, size, symbol) in enumerate(steps, 1):
        at = NOW + timedelta(minutes=number)
        if step in {"buy", "sell"}:
            side = Side.BUY if step == "buy" else Side.SELL
            quantity = Decimal(size) if side is Side.BUY else min(Decimal(size), held[symbol])
            if quantity:
                payloads.append(
                    replace(execution(order(symbol, side), f"e{number}", str(quantity), size), executed_at=at)
                )
                held[symbol] += side.sign * quantity
        elif step == "split" and held[symbol]:
            before, held[symbol] = held[symbol], held[symbol] * 2
            payloads.append(Restatement(symbol, SESSION, "2/1", before, held[symbol], "tiingo"))
        elif step == "accept":
            held[symbol] = Decimal(size)
            accepted = account(**{name: str(shares) for name, shares in held.items() if shares})
            payloads.append(Reconciliation(accepted, at, is_baseline=True))
    return payloads


def land(connection: duckdb.DuckDBPyConnection, payloads: Sequence[Payload]) -> None:
    """Make these events the only ones, each recorded a second after it was."""
    connection.execute("DELETE FROM landing.ledger_events")
    rows, at = [], NOW
    for place, payload in enumerate(payloads, 1):
        at = getattr(payload, "executed_at", getattr(payload, "at", at))
        rows.append(to_row(event(payload), place, at + timedelta(seconds=1), str(place)))
    land_ledger(connection, rows)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_open_lots_are_the_positions(lots: duckdb.DuckDBPyConnection, steps: list[tuple[str, int, str]]) -> None:
    """What is open of each symbol is what the ledger's own fold expects, and every fill stands in lots."""
    payloads = happened(steps)
    land(lots, payloads)
    found = lots.execute(
        "SELECT symbol, sum(quantity) FROM account_trades WHERE exit_session IS NULL GROUP BY symbol ORDER BY symbol"
    ).fetchall()
    expected = expected_positions(map(event, payloads)) or {}
    assert dict(found) == pytest.approx({symbol: float(held) for symbol, held in expected.items()})
    assert lots.execute("FROM refused").fetchall() == []


def test_a_sale_without_a_purchase_has_no_entry(lots: duckdb.DuckDBPyConnection) -> None:
    """Shares that nobody saw come are sold first; their profit is not known, that of the others is."""
    bought = replace(execution(order(), "a", 3, 100), executed_at=NOW)
    sold = replace(execution(order("SPY", Side.SELL), "b", 5, 110), executed_at=NOW + timedelta(minutes=1))
    land(lots, [bought, sold])
    columns = "lot, entry_price, exit_price, quantity, profit"
    assert lots.execute(f"SELECT {columns} FROM account_trades ORDER BY lot").fetchall() == [
        (1, None, 110, 2, None),
        (2, 100, 110, 3, 30),
    ]
    assert lots.execute("SELECT DISTINCT account_id FROM account_trades").fetchall() == [(SCOPE.account_id,)]
    assert lots.execute("FROM refused").fetchall() == []
