"""Orders that the gateway holds, swallows, doubles or leaves inactive: no more than planned, never "finished"."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from fault_runs import BUY_GLD, BUY_SPY, SELL, adopt, holding
from in_process import rebalanced

from execution.ledger.events import EventKind
from execution.simulator.grammar import scenario_text

if TYPE_CHECKING:
    from pathlib import Path

SPY, GLD = BUY_SPY, BUY_GLD


@pytest.mark.parametrize(
    ("scenario", "exit_code", "said"),
    [
        ("held_by_a_precaution", 16, "Transmit"),
        ("held_then_transmitted", 16, "Transmit"),
        ("swallowed_and_103", 17, "not shown"),
        ("held_without_a_word", 17, "not shown"),
        ("one_number_two_orders", 12, "as 2 orders"),
    ],
)
def test_what_is_held_swallowed_or_doubled_stops(tmp_path: Path, scenario: str, exit_code: int, said: str) -> None:
    """It stops with an alarm and a code of its own, unfinished; no more leaves than planned, and never a new number."""
    with holding(tmp_path, scenario_text(scenario)) as gateway:
        course = rebalanced(tmp_path, gateway)
        assert (course.exit_code, course.session.finish) == (exit_code, None), course.message
        assert said in course.message
        assert course.kinds[EventKind.ALARM] == course.kinds[EventKind.STOPPED] == 1
        ordered = (
            {order.order_ref: order.quantity for order in course.session.plan.orders} if course.session.plan else {}
        )
        accepted = Counter(entry.order_ref for entry in gateway.journal if entry.is_accepted and entry.kind == "order")
        assert max(accepted.values(), default=0) <= 1
        assert accepted.keys() <= ordered.keys()
        assert max(Counter(ticket.order_ref for ticket in course.tickets).values()) == 1
        assert course.kinds[EventKind.ORDER_RESENT] <= 1
        again = rebalanced(tmp_path, gateway)
        assert again.session.finish is None
        assert again.exit_code
        assert again.tickets == course.tickets


def test_an_order_the_gateway_sits_on_is_cancelled_by_its_number(tmp_path: Path) -> None:
    """A 103 for a re-sent number means that the broker has the order: it is cancelled, and bought once at most."""
    with holding(tmp_path, scenario_text("swallowed_and_103")) as gateway:
        course = rebalanced(tmp_path, gateway)
        silent = course.session.orders[SPY]
        assert silent.is_resent
        assert silent.is_number_taken
        assert silent.is_cancel_requested
        assert [entry.order_id for entry in gateway.journal if entry.kind == "cancel"] == [silent.tickets[0].number]


@pytest.mark.parametrize("scenario", ["inactive_then_active", "inactive_for_good"])
def test_an_inactive_order_is_cancelled_and_seen_to_its_end(tmp_path: Path, scenario: str) -> None:
    """It counts as alive until it is completed or cancelled; then the session is finished."""
    with holding(tmp_path, scenario_text(scenario)) as gateway:
        course = rebalanced(tmp_path, gateway)
        assert course.exit_code == 0, course.message
        inactive = course.session.orders[SPY]
        assert inactive.is_cancel_requested
        assert inactive.is_done
        assert inactive.filled == (inactive.order.quantity if scenario == "inactive_then_active" else 0)
        assert not [order for order in gateway.orders if order.is_listed]


def test_a_resubmitted_order_is_one_order(tmp_path: Path) -> None:
    """An order that the gateway submits when an outage is over is found, and never gets another number."""
    with holding(tmp_path, scenario_text("resubmitted_after_an_outage")) as gateway:
        course = rebalanced(tmp_path, gateway)
        assert course.exit_code == 0, course.message
        assert Counter(entry.order_ref for entry in gateway.record) == {SELL: 1, GLD: 1, SPY: 1}
        assert course.kinds[EventKind.ORDER_RESENT] <= 1
        assert len(course.tickets) == 3


def test_two_ledgers_on_one_account_stop_each_other(tmp_path: Path) -> None:
    """Orders bear the mark of their ledger at the broker; another ledger that sees them sends nothing and says why."""
    first, second = tmp_path / "first", tmp_path / "second"
    with holding(tmp_path) as gateway:
        for home in (first, second):
            home.mkdir()
            adopt(home, gateway)
        assert rebalanced(first, gateway, 17, "0000aaaa").exit_code == 0
        assert {order.order_ref for order in gateway.orders} == {f"{ref}~0000aaaa" for ref in (SELL, SPY, GLD)}
        other = rebalanced(second, gateway, 18, "0000bbbb")
        assert (other.exit_code, other.session.finish) == (12, None)
        assert "another ledger" in other.message
        assert other.kinds[EventKind.ALARM] == 1
        assert len(gateway.record) == 3


def test_a_lingering_session_is_waited_for(tmp_path: Path) -> None:
    """A client id that is in use at first is asked for again while the window lasts."""
    with holding(tmp_path, scenario_text("lingering_session")) as gateway:
        course = rebalanced(tmp_path, gateway)
        assert course.exit_code == 0, course.message
        assert len(gateway.record) == 3
