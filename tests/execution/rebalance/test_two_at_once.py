"""Interference with a rebalance: a second process, a person's switch, the deadline, a sale of all after a crash."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from contradictions import contradictions, exactly_once, session_of
from fault_runs import BUY_GLD, BUY_SPY, CASH, HELD, SELL, TARGETS, holding
from simulators import AFTERNOON, running
from trading_processes import LIBRARIES, Ended, Job, zygote

from execution.ledger.events import Event, Scope, SwitchChange
from execution.ledger.ledger import Ledger, ledger_url
from execution.models import Switch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from simulators import RunningSimulator
    from trading_processes import Zygote

pytestmark = pytest.mark.slow

DEADLINE = AFTERNOON + timedelta(minutes=4)
SLOW = "latency 1.5"
PATIENCE = 60.0
JUMP = "clock-jump"
"""Name of the file in the trading process."""


@pytest.fixture(scope="module", params=LIBRARIES)
def process(request: pytest.FixtureRequest) -> Iterator[Zygote]:
    """A parent of trading processes, of either client library."""
    with zygote(request.param) as started:
        yield started


def _job(home: Path, simulator: RunningSimulator, client_id: int = 17) -> Job:
    return Job(home, simulator.port, simulator.clock.now(), TARGETS, client_id)


def _killed(home: Path, simulator: RunningSimulator, step: str) -> Job:
    return Job(home, simulator.port, simulator.clock.now(), TARGETS, killed_at_step=(step, 1))


def _at(step: str, act: Callable[[], None]) -> Callable[[str], None]:
    """Act once a step has begun."""
    return lambda name: act() if name == step else None


def _jump(home: Path, simulator: RunningSimulator, step: timedelta) -> None:
    """Let time pass, at the broker and in the trading process."""
    simulator.clock.advance(step)
    written = home / f"{JUMP}.new"
    written.write_text(str(step.total_seconds()), encoding="utf-8")
    written.replace(home / JUMP)  # whole at once: the trading process reads it all the time


def _switch(home: Path, switch: Switch) -> None:
    """Record a switch as `swing halt`, `swing reduce-only` and `swing resume` do."""
    ledger = Ledger.open(ledger_url(home))
    ledger.append(Event(Scope(""), SwitchChange(switch, "a person", "to see")))
    ledger.close()


SECOND = {
    17: ("", "was rebalanced already"),  # it waits until the gateway lets its client id go
    18: ("LedgerBusyError", "Another process is trading account"),
}
"""Error and message of a second process, by its client id."""


@pytest.mark.parametrize("client_id", SECOND)
def test_a_second_process_does_nothing(process: Zygote, tmp_path: Path, client_id: int) -> None:
    """While one trades, another waits for its client id or is told why it may not; the first is not disturbed."""
    error, reason = SECOND[client_id]
    second: list[Ended] = []
    with holding(tmp_path, SLOW) as simulator:
        first = process.start(_job(tmp_path, simulator)).ended(
            _at(f"sent {SELL}", lambda: second.append(process.run(_job(tmp_path, simulator, client_id))))
        )
        assert first.is_done
        assert [ended.error for ended in second] == [error]
        assert reason in second[0].message
        assert contradictions(tmp_path, simulator, CASH, HELD) == ()


def test_of_many_at_once_one_trades(process: Zygote, tmp_path: Path) -> None:
    """Of six processes started together, of three client ids, one trades and each other one says why not."""
    with holding(tmp_path) as simulator:
        started = [process.start(_job(tmp_path, simulator, 17 + number % 3)) for number in range(6)]
        ended = [each.ended() for each in started]
        assert sum(each.is_done and "SESSION_DONE" not in each.refusals for each in ended) == 1
        assert {each.error for each in ended} <= {"", "LedgerBusyError"}
        assert contradictions(tmp_path, simulator, CASH, HELD) == ()


def test_a_killed_process_leaves_no_lock(process: Zygote, tmp_path: Path) -> None:
    """Started at once after a kill, under another client id too, the next process goes on where the first was."""
    with holding(tmp_path) as simulator:
        assert process.run(_killed(tmp_path, simulator, f"sent {SELL}")).is_killed
        assert process.run(_job(tmp_path, simulator, 18)).is_done
        assert contradictions(tmp_path, simulator, CASH, HELD) == ()


def test_a_halt_cancels_what_is_open_and_stops(process: Zygote, tmp_path: Path) -> None:
    """Halted midway, the open order is cancelled and nothing more is sent until resumed; then the rest is."""
    with holding(tmp_path, "fill TLT never") as simulator:
        halted = process.start(_job(tmp_path, simulator)).ended(
            _at(f"sent {SELL}", lambda: _switch(tmp_path, Switch.HALTED))
        )
        assert halted.error == "HaltedError"
        assert [order.status for order in simulator.orders] == ["Cancelled"]
        assert process.run(_job(tmp_path, simulator)).error == "HaltedError"
        assert len(simulator.record) == 1
        _switch(tmp_path, Switch.NORMAL)
        resumed = process.run(_job(tmp_path, simulator))
        assert resumed.is_done
        assert "Not filled: sold 0 of 30 TLT" in resumed.message
        assert Counter(entry.order_ref for entry in simulator.record) == {SELL: 1, BUY_SPY: 1, BUY_GLD: 1}
        assert tuple(exactly_once(tmp_path, simulator)) == ()


def test_a_halt_between_two_orders_stops_the_second(process: Zygote, tmp_path: Path) -> None:
    """Halted after the sales, no buy leaves, whatever was planned."""
    with holding(tmp_path, SLOW) as simulator:
        halted = process.start(_job(tmp_path, simulator)).ended(
            _at(f"sent {SELL}", lambda: _switch(tmp_path, Switch.HALTED))
        )
        assert halted.error == "HaltedError"
        assert [entry.order_ref for entry in simulator.record] == [SELL]
        assert tuple(exactly_once(tmp_path, simulator)) == ()


def test_reduce_only_midway_lets_no_buy_leave(process: Zygote, tmp_path: Path) -> None:
    """Switched while the sale is open, the sale goes on and the buys of the recorded plan stay unsent."""
    with holding(tmp_path, SLOW) as simulator:
        ended = process.start(_job(tmp_path, simulator)).ended(
            _at(f"sent {SELL}", lambda: _switch(tmp_path, Switch.REDUCE_ONLY))
        )
        assert ended.is_done
        assert f"Not sent: {BUY_GLD}, {BUY_SPY}; positions may only be reduced" in ended.message
        assert simulator.positions == {}
        assert tuple(exactly_once(tmp_path, simulator)) == ()


def test_reduce_only_midway_cancels_an_open_buy(process: Zygote, tmp_path: Path) -> None:
    """A buy that is open when positions may only be reduced is cancelled."""
    with holding(tmp_path, "fill SPY never") as simulator:
        ended = process.start(_job(tmp_path, simulator)).ended(
            _at(f"sent {BUY_GLD}", lambda: _switch(tmp_path, Switch.REDUCE_ONLY))
        )
        assert ended.is_done
        assert "bought 0 of 7 SPY" in ended.message
        assert simulator.clock.now() < DEADLINE
        assert not any(order.status.is_open for order in simulator.orders)
        assert tuple(exactly_once(tmp_path, simulator)) == ()


@pytest.mark.parametrize("trouble", ["", "lose", "drop", "accept, drop"])
def test_what_is_open_at_the_deadline_is_cancelled(process: Zygote, tmp_path: Path, trouble: str) -> None:
    """An order that does not fill is cancelled at the deadline and reported, even if the request is lost at first."""
    fault = f"on cancelOrder 1: {trouble}" if trouble else ""
    with holding(tmp_path, f"fill SPY never\n{fault}") as simulator:
        ended = process.start(_job(tmp_path, simulator)).ended(
            _at(f"sent {BUY_GLD}", lambda: _jump(tmp_path, simulator, timedelta(minutes=4)))
        )
        assert ended.is_done
        assert "bought 0 of 7 SPY" in ended.message
        assert not any(order.status.is_open for order in simulator.orders)
        assert Counter(entry.order_ref for entry in simulator.record) == {SELL: 1, BUY_SPY: 1, BUY_GLD: 1}
        assert tuple(exactly_once(tmp_path, simulator)) == ()


def test_nothing_leaves_once_the_deadline_has_come(process: Zygote, tmp_path: Path) -> None:
    """When the deadline comes between the intent and the sending of an order, it is not sent; the report says so."""
    with holding(tmp_path) as simulator:
        ended = process.start(_job(tmp_path, simulator)).ended(
            _at(f"intend {SELL}", lambda: _jump(tmp_path, simulator, timedelta(minutes=4)))
        )
        assert ended.is_done
        assert all(entry.at < DEADLINE for entry in simulator.record)
        assert f"Not sent: {BUY_GLD}, {BUY_SPY}; the deadline has come" in ended.message
        assert tuple(exactly_once(tmp_path, simulator)) == ()


@pytest.mark.parametrize("later", [timedelta(seconds=15), timedelta(minutes=20)])
def test_a_begun_session_is_only_tidied_up_after_the_deadline(
    process: Zygote, tmp_path: Path, later: timedelta
) -> None:
    """Started after the deadline, or the close, a session that was cut off sees its orders ended, and sends none."""
    with holding(tmp_path, "fill SPY never") as simulator:
        assert process.run(_killed(tmp_path, simulator, f"sent {BUY_SPY}")).is_killed
        simulator.clock.set(DEADLINE + later)
        ended = process.run(_job(tmp_path, simulator))
        assert ended.is_done
        assert f"Not sent: {BUY_GLD}; the deadline has come" in ended.message
        assert not any(order.status.is_open for order in simulator.orders)
        assert [entry.order_ref for entry in simulator.record] == [SELL, BUY_SPY]
        assert tuple(exactly_once(tmp_path, simulator)) == ()
        assert process.run(_job(tmp_path, simulator)).refusals == ("SESSION_TOO_LATE",)


def test_a_session_without_a_plan_is_not_planned_late(process: Zygote, tmp_path: Path) -> None:
    """Cut off before its plan and started after the deadline, a session is refused as too late."""
    with holding(tmp_path) as simulator:
        assert process.run(_killed(tmp_path, simulator, "decide")).is_killed
        simulator.clock.set(DEADLINE + timedelta(seconds=15))
        ended = process.run(_job(tmp_path, simulator))
        assert (ended.error, ended.refusals) == ("TradeRefusedError", ("SESSION_TOO_LATE",))
        assert simulator.record == []


def test_an_order_that_arrives_after_the_deadline_is_cancelled(process: Zygote, tmp_path: Path) -> None:
    """An order that the gateway sits on past the deadline is waited for, and cancelled when it shows."""
    with running("fill never\non placeOrder 1: delay 2, accept") as simulator:
        patient = {"ambiguous_for": 10.0, "cancel_within": 20.0}
        job = Job(tmp_path, simulator.port, simulator.clock.now(), {"SPY": "0.5"}, pace=patient)
        ended = process.start(job).ended(
            _at(f"sent {BUY_SPY}", lambda: _jump(tmp_path, simulator, timedelta(minutes=4)))
        )
        assert ended.is_done
        assert [order.status for order in simulator.orders] == ["Cancelled"]
        assert tuple(exactly_once(tmp_path, simulator)) == ()


def test_all_is_not_sold_beside_an_open_order(process: Zygote, tmp_path: Path) -> None:
    """While a killed rebalance's order is open, its symbol is left and named: both could sell the same shares."""
    with holding(tmp_path, "fill TLT never") as simulator:
        assert process.run(_killed(tmp_path, simulator, f"sent {SELL}")).is_killed
        ended = process.run(Job(tmp_path, simulator.port, simulator.clock.now(), TARGETS, liquidate=True))
        assert "cancel that order in TWS" in ended.message
        assert len(simulator.record) == 1


def test_what_a_rebalance_sold_in_part_is_sold_to_the_end(process: Zygote, tmp_path: Path) -> None:
    """A liquidation on the day of a sale that was cut short has an order of its own, told apart from the first."""
    with holding(tmp_path, "fill TLT in 2 parts every 5") as simulator:
        halted = process.start(_job(tmp_path, simulator)).ended(
            _at(f"heard execution {SELL}", lambda: _switch(tmp_path, Switch.HALTED))
        )
        assert halted.error == "HaltedError"
        assert simulator.positions == {"TLT": 15}
        _switch(tmp_path, Switch.NORMAL)
        ended = process.run(Job(tmp_path, simulator.port, simulator.clock.now(), TARGETS, liquidate=True))
        assert ended.is_done, ended
        assert simulator.positions == {}, ended
        assert [entry.order_ref for entry in simulator.record] == [SELL, "liquidation/20240611/TLT/SELL/1"]
        assert tuple(exactly_once(tmp_path, simulator)) == ()


def test_all_is_sold_after_a_crash(process: Zygote, tmp_path: Path) -> None:
    """A liquidation counts what a killed rebalance has bought and nobody heard of, and sells it too."""
    with holding(tmp_path) as simulator:
        assert process.run(_killed(tmp_path, simulator, f"sent {BUY_GLD}")).is_killed
        end = time.monotonic() + PATIENCE
        while simulator.positions.keys() != {"SPY", "GLD"}:
            assert time.monotonic() < end
            time.sleep(0.02)
        job = Job(tmp_path, simulator.port, simulator.clock.now(), TARGETS, liquidate=True)
        ended = process.run(job)
        assert ended.is_done, ended
        assert simulator.positions == {}
        assert session_of(tmp_path, simulator, "liquidation/20240611").finish is not None
        assert tuple(exactly_once(tmp_path, simulator)) == ()
