"""Folds over the ledger's events."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from happenings import (
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
    reconciliation,
    report,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from execution.brokers.base import Fault
from execution.ledger.events import CancelRequest, Event, Funding, Resent, Scope, Sent
from execution.ledger.state import OrderState, expected_positions, newest, session_state
from execution.models import Notice, OrderStatus, Side
from execution.refusals import Refusal, RefusalCode
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from execution.ledger.events import Payload

BUY = order()


def _positions(*payloads: Payload) -> dict[str, Decimal] | None:
    return expected_positions([event(payload) for payload in payloads])


def _state(*payloads: Payload) -> OrderState:
    """The order BUY after these events."""
    found = session_state([event(payload) for payload in (BUY, *payloads)], STRATEGY, SESSION)
    return found.orders[BUY.order_ref]


def test_nothing_happened() -> None:
    """A session without events was never begun and holds no orders."""
    found = session_state([], STRATEGY, SESSION)
    assert (found.plan, found.finish, found.orders) == (None, None, {})


def test_a_session_is_read_whole() -> None:
    """Every kind of event finds its place in the state of its session, and in that of no other."""
    happened = [event(payload) for payload in one_of_each()]
    found = session_state(happened, STRATEGY, SESSION)
    assert found.decision == decision()
    assert found.plan == plan(BUY)
    assert found.funding == Funding((BUY,))
    assert found.finish is not None
    assert list(found.orders) == [BUY.order_ref]
    assert session_state(happened, "another", SESSION) == session_state([], STRATEGY, SESSION)
    assert session_state(happened, STRATEGY, SESSION.replace(day=4)) == session_state([], STRATEGY, SESSION)


def test_dry_runs_count_for_nothing() -> None:
    """The records of a dry run change neither the session nor positions."""
    dry = replace(SCOPE, mode=Mode.DRY_RUN)
    happened = [event(payload, dry) for payload in one_of_each()]
    assert session_state(happened, STRATEGY, SESSION) == session_state([], STRATEGY, SESSION)
    assert expected_positions(happened) is None


def test_a_decision_belongs_to_the_plan_made_from_it() -> None:
    """A decision recorded before a crash gives way to the next one; after the plan, none replaces it."""
    early, used, late = decision("1"), decision("2"), decision("3")
    happened = [event(each) for each in (early, plan(is_blocked=True), used, plan(BUY), late, plan(is_blocked=True))]
    found = session_state(happened, STRATEGY, SESSION)
    assert (found.decision, found.plan) == (used, plan(BUY))


def test_an_order_from_intent_to_fill() -> None:
    """Each step of an order's life shows in its state."""
    exec_id = "0000e0d5.65f1a2b3.01.01"
    steps: list[tuple[Payload, dict[str, object]]] = [
        (Sent(BUY.order_ref), {"sends": 1, "is_known": False}),
        (Resent(BUY.order_ref, "absent"), {"sends": 2}),
        (Notice(399, "held", BUY.order_ref, Fault.HELD), {"is_known": False, "faults": {Fault.HELD}}),
        (report(BUY, OrderStatus.SUBMITTED), {"is_known": True, "permanent_id": 77, "is_done": False}),
        (report(BUY, OrderStatus.SUBMITTED, 4), {"missing": 4, "filled": 0, "average_price": None, "commission": 0}),
        (execution(BUY, exec_id, 4, 500), {"missing": 0, "filled": 4, "remaining": 6, "commission": None}),
        (commission(exec_id), {"commission": Decimal("0.35"), "average_price": 500}),
        (CancelRequest(BUY.order_ref, "late"), {"is_cancel_requested": True, "is_done": False}),
        (execution(BUY, "0000e0d5.65f1a2b3.02.01", 6, 505), {"average_price": 503, "is_done": True, "value": 5030}),
        (report(BUY, OrderStatus.FILLED, 10), {"status": OrderStatus.FILLED, "is_done": True}),
    ]
    assert (_state().sends, _state().is_known, _state().is_done) == (0, False, False)
    for count in range(1, len(steps) + 1):
        found = _state(*(payload for payload, _ in steps[:count]))
        expected = steps[count - 1][1]
        assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("reports", "status", "is_done"),
    [
        ([(OrderStatus.CANCELLED, 0)], OrderStatus.CANCELLED, True),
        ([(OrderStatus.CANCELLED, 0), (OrderStatus.FILLED, 10)], OrderStatus.FILLED, False),
        ([(OrderStatus.FILLED, 10), (OrderStatus.SUBMITTED, 0)], OrderStatus.FILLED, False),
        ([(OrderStatus.INACTIVE, 0), (OrderStatus.PENDING, 0)], OrderStatus.INACTIVE, False),
        ([(OrderStatus.CANCELLED, 3), (OrderStatus.SUBMITTED, 3)], OrderStatus.CANCELLED, False),
        ([(OrderStatus.PENDING_CANCEL, 0), (OrderStatus.SUBMITTED, 0)], OrderStatus.PENDING_CANCEL, False),
    ],
)
def test_the_furthest_status_counts(
    reports: list[tuple[OrderStatus, int]], status: OrderStatus, *, is_done: bool
) -> None:
    """A late report of an earlier state changes nothing, and an end waits for the executions that it claims."""
    found = _state(*(report(BUY, *each) for each in reports))
    assert (found.status, found.is_done) == (status, is_done)


@pytest.mark.parametrize("first", [["a.1.01", "a.1.02", "b.1.01"], ["b.1.01", "a.1.02", "a.1.01"]])
def test_a_correction_replaces(first: list[str]) -> None:
    """Of one execution's revisions the newest counts, whenever it arrives, and takes over what was paid for it."""
    made = {
        "a.1.01": execution(BUY, "a.1.01", 4, 500),
        "a.1.02": execution(BUY, "a.1.02", 3, 501),
        "b.1.01": execution(BUY, "b.1.01", 6, 500),
    }
    found = _state(*(made[each] for each in first), commission("a.1.01"), commission("b.1.01", "0.4"))
    assert [each.exec_id for each in found.executions] == ["a.1.02", "b.1.01"]
    assert (found.filled, found.commission, found.value) == (Decimal(9), Decimal("0.75"), Decimal(4503))


def test_a_corrected_order_is_still_over() -> None:
    """A correction to fewer shares than the broker reported as filled leaves nothing to wait for."""
    corrected: list[Payload] = [
        execution(BUY, "a.01", 10),
        execution(BUY, "a.02", 9),
        report(BUY, OrderStatus.FILLED, 10),
    ]
    assert _state(*corrected).missing == 0
    assert _state(*corrected).is_done


def test_revisions_are_ordered_as_numbers() -> None:
    """The tenth revision is newer than the ninth, with and without a leading zero."""
    for ids in (["a.9", "a.10"], ["a.09", "a.10"]):
        assert [each.exec_id for each in newest(execution(BUY, each, 1) for each in ids)] == ["a.10"]


REPORTS: list[Payload] = [
    report(BUY, OrderStatus.PENDING),
    report(BUY, OrderStatus.SUBMITTED),
    report(BUY, OrderStatus.SUBMITTED, 4),
    execution(BUY, "a.1.01", 4, 500),
    execution(BUY, "a.1.02", 3, 501),
    execution(BUY, "b.1.01", 6, 502),
    commission("a.1.01"),
    commission("a.1.02", "0.36"),
    commission("b.1.01", "0.4"),
    commission("b.1.01", "0.41"),
    Notice(2109, "outside regular hours is ignored", BUY.order_ref),
    report(BUY, OrderStatus.CANCELLED, 4, "cancelled"),
    report(BUY, OrderStatus.FILLED, 10),
]


@settings(deadline=None)
@given(
    arrived=st.permutations(REPORTS),
    again=st.lists(st.tuples(st.sampled_from(REPORTS), st.integers(0, len(REPORTS)))),
)
def test_arrival_does_not_matter(arrived: list[Payload], again: list[tuple[Payload, int]]) -> None:
    """Reports in any order and any number of copies fold to the same order and the same positions."""
    for payload, place in again:
        arrived.insert(place, payload)
    assert _state(*arrived) == _state(*REPORTS)
    assert _positions(reconciliation(is_baseline=True, SPY="1"), *arrived) == {"SPY": Decimal(10)}


@settings(deadline=None)
@given(cut=st.integers(0, len(REPORTS)), arrived=st.permutations(REPORTS))
def test_a_baseline_holds_what_came_before(cut: int, arrived: list[Payload]) -> None:
    """Positions count from what the broker stated, which holds every execution recorded before it, as it then was."""
    before, after = [event(each) for each in arrived[:cut]], [event(each) for each in arrived[cut:]]
    start = {"TLT": Decimal(5)}
    held = (expected_positions([event(reconciliation(is_baseline=True, TLT="5")), *before]) or {}).get(
        "SPY", Decimal(0)
    )
    stated = reconciliation(is_baseline=True, TLT="5", **({"SPY": str(held)} if held else {}))
    happened = [event(reconciliation()), *before, event(stated), *after]
    assert expected_positions(happened) == start | {"SPY": Decimal(9)}


def test_a_later_reconciliation_is_no_baseline() -> None:
    """Later statements of the broker are compared, not taken over, unless a person accepted them."""
    first, later = reconciliation(is_baseline=True, SPY="1"), reconciliation(SPY="7")
    assert _positions(first, later) == {"SPY": Decimal(1)}
    assert _positions(first, reconciliation(is_baseline=True, SPY="7")) == {"SPY": Decimal(7)}
    assert expected_positions([]) is None


def test_what_nobody_accepted_is_not_ours() -> None:
    """The first clean look accepts nothing, and one with differences is no first look: shares of others stay theirs."""
    differing = replace(reconciliation(SPY="7"), differences=(Refusal(RefusalCode.STATE_DISAGREES, "They differ."),))
    assert expected_positions([event(differing)]) is None
    assert _positions(differing, reconciliation(MSFT="5")) == {}
    assert _positions(reconciliation(MSFT="5"), execution(order(), "a.01", 4)) == {"SPY": Decimal(4)}


def test_a_position_that_is_sold_is_gone() -> None:
    """Positions have no zeros, and a sell takes away."""
    sell = order(side=Side.SELL)
    assert _positions(reconciliation(is_baseline=True, SPY="10", GLD="2"), execution(sell, "a.01", 10)) == {
        "GLD": Decimal(2)
    }


def test_late_fills_belong_to_the_order_that_was_intended() -> None:
    """A fill first heard in the next session's run counts for the order's own session."""
    tomorrow = Scope(SCOPE.account_id, "run-2", Mode.PAPER, STRATEGY, SESSION.replace(day=4))
    late: list[Event] = [event(BUY), event(execution(BUY, "a.01", 10), tomorrow)]
    assert session_state(late, STRATEGY, SESSION).orders[BUY.order_ref].filled == 10
    assert session_state(late, STRATEGY, SESSION.replace(day=4)).orders == {}
