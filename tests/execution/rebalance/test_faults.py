"""Every fault through a whole rebalance: it ends as it must, and nothing is ever sent twice."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from contradictions import contradictions, exactly_once
from fault_runs import BUY_GLD, BUY_SPY, SELL, TARGETS, Case, Story, holding, story
from frame_tap import Frame, Way, tapped
from simulators import AFTERNOON, calm_bars, running
from trading_processes import LIBRARIES, Job, zygote

from execution.models import OrderStatus
from execution.simulator.grammar import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from simulators import RunningSimulator
    from trading_processes import Zygote

pytestmark = pytest.mark.slow

NEARLY_OVER = AFTERNOON + timedelta(minutes=3, seconds=48)
"""Twelve seconds before the deadline."""
NEXT_DAY = timedelta(days=1)
PATIENCE = 30.0
ONCE = {SELL: 1, BUY_SPY: 1, BUY_GLD: 1}
WITHOUT_SPY = {SELL: 1, BUY_GLD: 1}
REFUSED = ("BrokerRefusedError",) * 3
"""The first start finishes the session, and each says what has to be mended."""
SPECIAL: dict[str, dict[str, Any]] = {
    "empty_sync": {"errors": ("BrokerError", "TradeRefusedError"), "received": {}, "start": NEARLY_OVER},
    "never_ending_sync": {"errors": ("BrokerError", "TradeRefusedError"), "received": {}, "start": NEARLY_OVER},
    "no_end_of_executions": {"errors": ("DeadlineError", "TradeRefusedError"), "received": {}, "start": NEARLY_OVER},
    "another_language": {"errors": REFUSED, "received": {}},
    "fractional_refused": {"received": {f"{SELL[:-1]}2": 1, BUY_SPY: 1, BUY_GLD: 1}},
    "read_only": {"errors": REFUSED, "received": {}},
    "reject": {"errors": REFUSED, "received": ONCE},
    "held_by_a_precaution": {"errors": ("OrderHeldError",) * 3, "received": {}},
    "held_then_transmitted": {"errors": ("OrderHeldError",) * 3, "received": WITHOUT_SPY},
    "swallowed_and_103": {"errors": ("OrderUnseenError",) * 3, "received": WITHOUT_SPY},
    "held_without_a_word": {"errors": ("OrderUnseenError",) * 3, "received": WITHOUT_SPY},
    "inactive_for_good": {"received": WITHOUT_SPY},
}
"""Shipped scenarios after which a rebalance does not end as planned at the first start."""
FALSE_CANCEL = 'on placeOrder: error 10349 "Order TIF was set to DAY based on order preset.", accept'
TOGETHER = {
    "everything slightly wrong": f"{FALSE_CANCEL}\nfill in 3 parts every 0.1\nfill status first\n"
    "on orderStatus: repeat 2\nexecution time EDT\ncorrect SPY 2: price +0.10",
    "lost acknowledgements and statuses": "on openOrder: lose\non orderStatus: lose",
    "cut off at every order": "on placeOrder 1: accept, drop\non placeOrder 2: drop\non placeOrder 3: accept, drop",
    "cut off before, and half filled": "on placeOrder 1: drop\nfill in 3 parts every 0.3\non execDetails 2: truncate",
    "ids roll back at every order": "on placeOrder 1: accept, restart with ids rolled back\n"
    "on placeOrder 2: accept, restart with ids rolled back",
    "an order that comes late": "on placeOrder 1: delay 3, accept",
    "two orders that come late": "on placeOrder 2: delay 3, accept\non placeOrder 3: delay 3, accept",
    "executions told by no message": "on execDetails 1: lose\non execDetails 2: lose\non commissionReport 1: lose",
    "a sync that breaks midway": "on positionEnd 3: lose\non execDetailsEnd 4: drop\non completedOrdersEnd 5: lose",
    "connectivity lost, then the line": 'on placeOrder 1: error 1100 "lost", accept, delay 0.5, error 1102 "back"\n'
    "on placeOrder 2: accept, drop",
    "naive times, corrected": "execution time naive\ncorrect TLT 1: price -0.10\ncorrect GLD 1: price 199.50",
    "times in another zone": "execution time MET\nfill in 2 parts every 0.2",
}
REJECTED = {
    "all rejected": Case('on placeOrder: reject 201 "Order rejected - reason:margin"', REFUSED, ONCE),
    "all refused without a status": Case('on placeOrder: error 110 "The price does not conform"', REFUSED, {}),
    "too many fractions": Case(
        "",
        received={**ONCE, **{f"{ref[:-1]}2": 1 for ref in (BUY_SPY, BUY_GLD)}},
        settings={"broker": {"fractional": True}},
    ),
    "fractions allowed": Case("accept fractions", settings={"broker": {"fractional": True}}),
}
ALONE = {
    **{
        path.stem: Case(path.read_text(encoding="utf-8"), **SPECIAL.get(path.stem, {}))
        for path in sorted(SHIPPED.glob("*.txt"))
        if path.stem != "one_number_two_orders"  # doubles at the broker: test_ambiguity
    },
    **{name: Case(text) for name, text in TOGETHER.items()},
    **REJECTED,
}
CASES = ALONE | {
    f"{name}, and killed": replace(case, killed_at=(f"sent {BUY_SPY}", 1))
    for name, case in ALONE.items()
    if case.errors == ("",)
    and case.received is None
    and name != "two orders that come late"  # later, once its connection is gone, than anybody waits
}


@pytest.fixture(scope="module", params=LIBRARIES)
def process(request: pytest.FixtureRequest) -> Iterator[Zygote]:
    """A parent of trading processes, of either client library."""
    with zygote(request.param) as started:
        yield started


@pytest.fixture(scope="module")
def tell(process: Zygote) -> Iterator[Callable[[str], Story]]:
    """The course of a case; all run at once, a few at a time."""
    calm_bars()  # computed once, before there are threads
    with ThreadPoolExecutor(4) as pool:
        stories = {name: pool.submit(story, process, case) for name, case in CASES.items()}
        yield lambda name: stories[name].result()
        for pending in stories.values():
            pending.cancel()


@pytest.mark.parametrize("name", CASES)
def test_it_ends_as_it_must(tell: Callable[[str], Story], name: str) -> None:
    """Each start ends as expected, what reached the broker did so once, and a further start trades no more."""
    case, happened = CASES[name], tell(name)
    *starts, further = happened.starts
    survivors = [ended.error for ended in starts if not ended.is_killed]
    assert survivors[: len(case.errors)] == list(case.errors), starts
    assert happened.doubts == ()
    assert max(happened.received.values(), default=0) <= 1
    if case.received is None:
        assert happened.problems == ()
    else:
        assert happened.received == case.received
    if "" in case.errors:
        assert further.is_done
        assert further.refusals[-1] == "SESSION_DONE"
    else:
        assert further.error == case.errors[-1]


def test_a_false_cancel_is_not_believed(tell: Callable[[str], Story]) -> None:
    """An order with code 10349 is followed to its fill and not sent again (pysystemtrade issue 1580)."""
    orders = tell("false_cancel_10349").session.orders
    assert any(reason.startswith("10349") for order in orders.values() for reason in order.reasons)
    assert all(order.sends == 1 for order in orders.values())
    assert [order.status for order in orders.values()] == [OrderStatus.FILLED] * 3


def test_a_lost_acknowledgement_sends_nothing_again(tell: Callable[[str], Story]) -> None:
    """An order that the broker took without our hearing of it is found and not sent again."""
    happened = tell("lost_acknowledgement")
    assert all(order.sends == 1 for order in happened.session.orders.values())
    assert not any(step.startswith("resend") for ended in happened.starts for step in ended.steps)


def test_a_list_without_positions_is_not_believed(tell: Callable[[str], Story]) -> None:
    """A list of positions that ends empty, while the account says otherwise, stops everything, and says why."""
    first, second, *_ = tell("empty_sync").starts
    assert "lists no position" in first.message
    assert second.refusals == ("SESSION_TOO_LATE",)


def test_an_unknown_zone_loses_no_fill(tell: Callable[[str], Story]) -> None:
    """Executions in a zone that cannot be looked up are recorded, at the exchange's time."""
    orders = tell("unknown_time_zone").session.orders
    executions = [execution for order in orders.values() for execution in order.executions]
    assert len(executions) == 3
    assert all(timedelta(0) <= execution.executed_at - AFTERNOON < timedelta(minutes=5) for execution in executions)


def test_a_correction_replaces_what_it_corrects(tell: Callable[[str], Story]) -> None:
    """The corrected price counts, in the ledger as at the broker, and the shares count once."""
    order = tell("execution_correction").session.orders[BUY_SPY]
    assert order.average_price == Decimal("498.06")
    assert order.filled == order.order.quantity


def test_a_refused_fraction_goes_again_as_whole_shares(tell: Callable[[str], Story]) -> None:
    """An order refused for its fraction goes as a new order of whole shares, once; the fraction was never worked."""
    happened = tell("too many fractions")
    assert all(quantity == int(quantity) for quantity in happened.positions.values())
    second = happened.session.orders[f"{BUY_SPY[:-1]}2"].order.quantity
    assert second == int(happened.session.orders[BUY_SPY].order.quantity)
    assert not happened.session.orders[BUY_SPY].filled


@pytest.mark.parametrize("name", ["reject", "all rejected", "all refused without a status"])
def test_a_rejected_order_is_not_sent_again(tell: Callable[[str], Story], name: str) -> None:
    """A rejection ends an order; the report says what the broker said."""
    happened = tell(name)
    assert all(order.sends == 1 for order in happened.session.orders.values())
    assert "Not filled" in happened.starts[0].message
    assert happened.session.finish is not None


def test_a_rejection_survives_the_process(process: Zygote, tmp_path: Path) -> None:
    """An order whose rejection was heard right before a crash is not sent again by the next start."""
    with holding(tmp_path, 'on placeOrder 1: reject 201 "no"') as simulator:
        job = Job(
            tmp_path, simulator.port, simulator.clock.now(), TARGETS, killed_at_step=(f"heard notice 201 {SELL}", 1)
        )
        assert process.run(job).is_killed
        ended = process.run(Job(tmp_path, simulator.port, simulator.clock.now(), TARGETS))
        assert ended.error == "BrokerRefusedError"
        assert [entry.order_ref for entry in simulator.record].count(SELL) == 1
        assert tuple(exactly_once(tmp_path, simulator)) == ()


def test_an_order_the_gateway_sat_on_is_not_doubled(process: Zygote, tmp_path: Path) -> None:
    """An order that the gateway reads only when the same one comes again is one order: both bear one number."""
    first, second = (Frame(Way.REQUEST, "placeOrder", nth, is_early=False) for nth in (1, 2))
    with running() as simulator, tapped(simulator) as tap:
        tap.stall(first, until=second)
        ended = process.run(Job(tmp_path, tap.port, simulator.clock.now(), {"SPY": "0.5"}))
        assert ended.is_done
        assert f"resend {BUY_SPY}" in ended.steps
        assert contradictions(tmp_path, simulator, Decimal(10_000), {}) == ()


def test_ids_that_roll_back_over_night_double_nothing(process: Zygote, tmp_path: Path) -> None:
    """The day after, with a gateway that counts from 1 again, new orders are sent once each and found by reference."""
    with holding(tmp_path, "accept unsettled") as simulator:
        assert process.run(Job(tmp_path, simulator.port, simulator.clock.now(), TARGETS)).is_done
        simulator.restart(ids_roll_back=True)
        simulator.clock.advance(NEXT_DAY)
        ended = process.run(Job(tmp_path, simulator.port, simulator.clock.now(), {"TLT": "0.5"}))
        assert ended.is_done, ended
        assert simulator.positions.keys() == {"TLT"}
        assert tuple(exactly_once(tmp_path, simulator)) == ()
        assert len(simulator.record) == 6


def test_fills_that_nobody_heard_of_stop_the_next_day(process: Zygote, tmp_path: Path) -> None:
    """A rebalance cut off after sending and never started again that day: the next day nothing is sent unseen."""
    with holding(tmp_path) as simulator:
        job = Job(tmp_path, simulator.port, simulator.clock.now(), TARGETS, killed_at_step=(f"sent {SELL}", 1))
        assert process.run(job).is_killed
        _wait_for_fills(simulator)
        simulator.restart(ids_roll_back=True)
        simulator.clock.advance(NEXT_DAY)
        ended = process.run(Job(tmp_path, simulator.port, simulator.clock.now(), TARGETS))
        assert (ended.error, ended.refusals) == ("StateDisagreesError", ())
        assert "TLT" in ended.message
        assert [entry.order_ref for entry in simulator.record] == [SELL]


def test_the_same_evening_is_early_enough_to_learn_of_fills(process: Zygote, tmp_path: Path) -> None:
    """Started after the close of the session it was cut off in, it sends nothing, but records what was filled."""
    with holding(tmp_path) as simulator:
        job = Job(tmp_path, simulator.port, simulator.clock.now(), TARGETS, killed_at_step=(f"sent {SELL}", 1))
        assert process.run(job).is_killed
        _wait_for_fills(simulator)
        simulator.clock.set(AFTERNOON + timedelta(hours=3))
        ended = process.run(Job(tmp_path, simulator.port, simulator.clock.now(), TARGETS))
        assert ended.is_done
        assert f"Not sent: {BUY_GLD}, {BUY_SPY}; the deadline has come" in ended.message
        assert [entry.order_ref for entry in simulator.record] == [SELL]
        assert tuple(exactly_once(tmp_path, simulator)) == ()
        simulator.clock.advance(timedelta(hours=21))
        assert process.run(Job(tmp_path, simulator.port, simulator.clock.now(), TARGETS)).is_done
        assert simulator.positions.keys() == {"SPY", "GLD"}


def _wait_for_fills(simulator: RunningSimulator) -> None:
    """Until everything at the broker has filled, whose client is gone."""
    end = time.monotonic() + PATIENCE
    while not simulator.orders or any(order.remaining for order in simulator.orders):
        assert time.monotonic() < end
        time.sleep(0.02)
