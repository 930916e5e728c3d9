"""The account beside its backtest: limits, words, and the warning that goes out with the digest."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from operations.tracking import (
    Tracking,
    apart,
    shortfall_of,
    shortfall_words,
    tracking_alert,
    tracking_of,
    tracking_words,
)
from warehouse.lake import Lake
from warehouse.settings.portfolio import load_alerts

if TYPE_CHECKING:
    from pathlib import Path

FOUND = Tracking(date(2024, 6, 11), 60, 0.93, 0.031, -0.0042)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (FOUND, []),
        (replace(FOUND, correlation=0.69), ["correlation 0.69"]),
        (replace(FOUND, tracking_error=0.11), ["tracking error 11.0% a year"]),
        (replace(FOUND, drift=-0.06), ["drift -6.00%"]),
        (replace(FOUND, correlation=-0.2, drift=0.06), ["correlation -0.20", "drift +6.00%"]),
        (Tracking(date(2024, 6, 11), 7, None, None, None), []),
    ],
)
def test_what_is_beyond_its_limit_is_told_with_the_setting(tmp_path: Path, found: Tracking, told: list[str]) -> None:
    """Once a week; what is not known yet is beyond no limit."""
    settings = load_alerts(tmp_path)
    said = apart(found, settings)
    assert [each.partition(" (alerts.")[0] for each in said] == told
    alert = tracking_alert("DU1", found, settings)
    assert (alert is None) == (not told)
    later = tracking_alert("DU1", replace(found, session_date=date(2024, 6, 14)), settings)
    assert (alert and alert.key) == (later and later.key)


def test_the_newest_of_an_account_is_read_and_worded(tmp_path: Path) -> None:
    """Up to the session asked about; before the relations are made there is nothing."""
    lake = Lake(tmp_path)
    with lake.lock(), lake.writer() as connection:
        assert tracking_of(connection, "DU1", date(2024, 6, 11)) is None
        connection.execute(
            "CREATE TABLE tracking_daily (account_id VARCHAR, session_date DATE, returns BIGINT, correlation DOUBLE,"
            " tracking_error DOUBLE, drift DOUBLE)"
        )
        connection.execute(
            "INSERT INTO tracking_daily VALUES ('DU1', DATE '2024-06-10', 12, NULL, NULL, NULL),"
            " ('DU1', DATE '2024-06-11', 60, 0.93, 0.031, -0.0042), ('DU2', DATE '2024-06-11', 1, NULL, NULL, NULL)"
        )
        connection.execute(
            "CREATE TABLE shortfall_daily AS SELECT 'DU1' AS account_id, DATE '2024-06-10' AS session_date,"
            " 10000.0 AS equity, 0.0012 AS shortfall_return, -1.0 AS delay, 0.0 AS price_move, 12.0 AS slippage,"
            " 1.0 AS commission, 0.0 AS rounding, 0.0 AS untraded, 0.0 AS unsettled, 0.0 AS missed"
        )
        newest = tracking_of(connection, "DU1", date(2024, 6, 12))
        before = tracking_of(connection, "DU1", date(2024, 6, 10))
        lost = shortfall_of(connection, "DU1", date(2024, 6, 12))
    assert newest == FOUND
    assert before is not None
    assert lost is not None
    assert tracking_words(newest) == "correlation 0.93, tracking error 3.1% a year, drift -0.42%, over 60 sessions"
    assert tracking_words(before) == "12 common sessions so far; measured from 20 on"
    assert list(shortfall_words(lost)) == [
        "Shortfall of 2024-06-10: +12.0 bp of equity (positive is worse)",
        "  delay -1.0, slippage +12.0, commission +1.0",
    ]
