"""Thirty sessions that nobody watches, over the socket: a kill -9 and a fault each day, nothing missed or doubled."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from itertools import cycle, islice
from typing import TYPE_CHECKING

import pytest
from fault_runs import holding
from trading_processes import LIBRARIES, zygote
from unattended import ALARMING, CALM, FAULTS, Unattended

from warehouse.calendar.sessions import close_time, sessions

if TYPE_CHECKING:
    from pathlib import Path

# The end of daylight saving time, a holiday and a half-day lie in these thirty sessions.
FIRST, LAST = date(2024, 10, 28), date(2024, 12, 9)
ROTATION = [
    {"SPY": "0.5", "GLD": "0.45"},
    {"TLT": "0.5", "SPY": "0.4"},
    {"QQQ": "0.3", "GLD": "0.3", "XLE": "0.3"},
    {"BND": "0.5", "QQQ": "0.4"},
]
"""Each stands for two sessions: settled cash alone is spent, so that a full rotation takes both."""


@pytest.mark.slow
def test_thirty_sessions_by_themselves(tmp_path: Path) -> None:
    """Every session is finished; no order is missed, doubled or late; the ledger is the broker's record to the cent."""
    days = sessions(FIRST, LAST)
    assert len(days) == 30
    assert {close_time(day).hour for day in days} == {13, 16}
    assert len({close_time(day).utcoffset() for day in days}) == 2
    with (
        zygote(LIBRARIES[0]) as process,
        holding(tmp_path, start=close_time(FIRST)) as simulator,
    ):
        account = Unattended(tmp_path, process, simulator)
        lived = [
            account.live_through(day, ROTATION[at // 2 % len(ROTATION)], fault, killed_at=3 + 5 * at % 23)
            for at, (day, fault) in enumerate(zip(days, islice(cycle(FAULTS), len(days)), strict=True))
        ]
        assert list(account.problems(lived)) == []
        assert {day.fault for day in lived} == FAULTS.keys()
        killed = sum(day.starts[0].is_killed for day in lived)
        assert killed > 20
        assert len(simulator.record) > 40


@pytest.mark.slow
@pytest.mark.parametrize("library", LIBRARIES)
def test_sessions_that_must_alarm(tmp_path: Path, library: str) -> None:
    """A session whose orders are held, unseen or doubled is never finished; the next one, in peace, always is."""
    days = sessions(FIRST, LAST)[: 2 * len(ALARMING)]
    with (
        zygote(library) as process,
        holding(tmp_path, "accept unsettled", cash=Decimal(70_000), start=close_time(FIRST)) as simulator,
    ):
        account = Unattended(tmp_path, process, simulator)
        for at, fault in enumerate(ALARMING):
            wish = ROTATION[at % len(ROTATION)]
            alarmed = account.live_through(days[2 * at], wish, fault, killed_at=0)
            assert alarmed.starts
            assert not any(ended.is_done for ended in alarmed.starts), alarmed
            calm = account.live_through(days[2 * at + 1], wish, CALM, killed_at=0)
            assert calm.starts[-1].is_done, (fault, calm)
        times = Counter(entry.order_ref for entry in simulator.record)
        assert max(times.values()) == 1, times
