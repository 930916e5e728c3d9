"""Verdicts on bars: what is told of the newest, what is kept of all, and a person's acknowledgement."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from warehouse import verdicts
from warehouse.errors import LakeError
from warehouse.lake import scratch

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

DAY = date(2024, 1, 4)


@pytest.fixture
def lake() -> Iterator[duckdb.DuckDBPyConnection]:
    """Publish one verdict in quarantine that keeps a weight, and an old warning."""
    with scratch() as connection:
        connection.execute("INSERT INTO landing.settings BY NAME SELECT 5 AS quarantine_sessions")
        connection.execute(
            """
            CREATE TABLE bar_verdicts AS FROM (VALUES
                ('XLE', DATE '2024-01-04', 'PRICE_MISPLACED', 'quarantine', 0, false, 'It jumped. Compare.'),
                ('XLE', DATE '2020-03-09', 'MOVE_UNEXPLAINED', 'warn', 900, false, 'It fell. Read.'))
            AS rows (symbol, session_date, code, severity, sessions_ago, is_acknowledged, explanation)
            """
        )
        connection.execute("CREATE TABLE live_holds AS SELECT 'Bars in quarantine keep XLE at 45.00%.' AS explanation")
        yield connection


def events(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    """List what was recorded, in its order."""
    return connection.execute("SELECT event, code, severity FROM landing.verdict_events ORDER BY ALL").fetchall()


def test_newest_verdicts_and_the_hold_are_told(lake: duckdb.DuckDBPyConnection) -> None:
    """The hold comes first, then what it is for with its remedy; old warnings are a line for research alone."""
    assert verdicts.doubts(lake) == [
        "Bars in quarantine keep XLE at 45.00%.",
        "PRICE_MISPLACED, quarantine: XLE, newest 2024-01-04. It jumped. Compare.",
    ]
    (line,) = verdicts.history_doubts(lake)
    assert line.startswith("The gates warn of 2 bars of 1 symbols, 2020-03-09 to 2024-01-04;")


def test_nothing_is_told_before_a_build() -> None:
    """A home whose models were never built has no verdicts."""
    with scratch() as connection:
        assert verdicts.doubts(connection) == verdicts.history_doubts(connection) == []
        with pytest.raises(LakeError, match="swing backtest"):
            verdicts.acknowledge(connection, "XLE", None)


def test_a_verdict_is_recorded_once_and_its_end_too(lake: duckdb.DuckDBPyConnection) -> None:
    """The same build adds nothing; a milder severity and the end of a verdict are events of their own."""
    raised = [("raised", "MOVE_UNEXPLAINED", "warn"), ("raised", "PRICE_MISPLACED", "quarantine")]
    verdicts.record_verdicts(lake)
    verdicts.record_verdicts(lake)
    assert events(lake) == raised
    lake.execute("UPDATE bar_verdicts SET severity = 'warn'")
    verdicts.record_verdicts(lake)
    assert events(lake) == [*raised, ("raised", "PRICE_MISPLACED", "warn")]
    lake.execute("DELETE FROM bar_verdicts WHERE code = 'PRICE_MISPLACED'")
    verdicts.record_verdicts(lake)
    verdicts.record_verdicts(lake)
    assert events(lake)[0] == ("cleared", "PRICE_MISPLACED", "warn")
    assert len(events(lake)) == 4


def test_an_acknowledgement_names_what_it_is_for(lake: duckdb.DuckDBPyConnection) -> None:
    """It covers one session or all of a symbol, and refuses what nobody doubts."""
    assert verdicts.acknowledge(lake, "XLE", DAY) == 1
    assert events(lake) == [("acknowledged", "PRICE_MISPLACED", None)]
    with pytest.raises(LakeError, match="No gate holds anything against SPY on 2024-01-04"):
        verdicts.acknowledge(lake, "SPY", DAY)
    assert verdicts.acknowledge(lake, "XLE", None) == 2
