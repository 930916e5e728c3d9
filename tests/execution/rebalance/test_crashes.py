"""A rebalance under kill -9: wherever it is cut off, restarts finish it, and no order reaches the broker twice."""

from __future__ import annotations

import os
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING

import pytest
from contradictions import contradictions
from crash_matrix import Step, around_orders, boundaries, table, trials
from fault_runs import CASH, HELD, TARGETS, holding
from trading_processes import LIBRARIES, Job, zygote

from execution.simulator.grammar import scenario_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trading_processes import Ended, TradingProcess, Zygote

STARTS_AT_MOST = 80


@pytest.fixture(scope="module", params=LIBRARIES)
def process(request: pytest.FixtureRequest) -> Iterator[Zygote]:
    """A parent of trading processes, of either client library."""
    with zygote(request.param) as started:
        yield started


@pytest.mark.slow
def test_killed_anywhere_it_ends_as_planned(process: Zygote) -> None:
    """Killed at any step and around any message, restarts end as planned, with each order at the broker once."""
    chosen = boundaries(process)
    assert sum(isinstance(boundary, Step) for boundary in chosen) > 25
    assert sum(not isinstance(boundary, Step) for boundary in chosen) > 150
    found = list(trials(process, chosen))
    wrong = [each for each in found if each.problems]
    assert not wrong, "\n".join(table(wrong))
    # A message may come in one run and not in the next; nearly all must have come.
    missed = [str(each.boundary) for each in found if not each.is_killed]
    assert len(missed) < len(found) / 20, missed


UNKIND = {
    "swallowed_once": True,
    "resubmitted_after_an_outage": True,
    "commission_unset_first": True,
    "told_unasked": True,
    "inactive_then_active": True,
    "lingering_session": True,
    "held_by_a_precaution": False,
    "swallowed_and_103": False,
    "held_without_a_word": False,
}
"""Scenarios of real gateways, and True where a rebalance can still end as planned."""
BY_DEFAULT = ("swallowed_once", "told_unasked", "swallowed_and_103")
ALL = "SWING_ALL_KILLS"


@pytest.mark.slow
@pytest.mark.parametrize("scenario", UNKIND if os.environ.get(ALL) else BY_DEFAULT)
def test_killed_around_orders_at_an_unkind_gateway(process: Zygote, scenario: str) -> None:
    """Killed where orders leave, it ends as planned or in an alarm, and never with an order too many.

    With SWING_ALL_KILLS=1 it is killed at every boundary, in every scenario.
    """
    chosen = boundaries(process)
    chosen = chosen if os.environ.get(ALL) else around_orders(chosen)
    found = list(trials(process, chosen, scenario_text(scenario)))
    wrong = [each for each in found if each.problems]
    assert not wrong, "\n".join(table(wrong))


@pytest.mark.slow
def test_killed_at_every_start_it_gets_done(process: Zygote, tmp_path: Path) -> None:
    """Killed again and again, one step later at each start, the rebalance still ends as planned.

    Unless an order was killed both times that it was about to leave: it may have left, and never does again.
    """
    with holding(tmp_path) as simulator:
        for start in count(1):
            assert start < STARTS_AT_MOST
            ended = _killed_at(process.start(Job(tmp_path, simulator.port, simulator.clock.now(), TARGETS)), start)
            if ended.is_done or ended.error == "OrderUnseenError":
                break
            assert ended.is_killed, ended
        assert start > 8
        if ended.is_done:
            assert contradictions(tmp_path, simulator, CASH, HELD) == ()
        else:
            assert max(Counter(entry.order_ref for entry in simulator.record).values(), default=0) <= 1


def _killed_at(trading: TradingProcess, last: int) -> Ended:
    """Kill a process when it has begun so many steps."""
    steps = count(1)

    def on_step(_name: str) -> None:
        if next(steps) >= last:
            trading.kill()

    return trading.ended(on_step)
