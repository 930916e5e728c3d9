"""Planner, ledger and dispatch against a hostile broker: whatever goes wrong, nothing is doubled or overspent."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter, defaultdict
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))  # as pytest does, which does not start the program

from brokerage import ACCOUNT, Brokerage, Filling
from hostile_broker import Cancelling, Hearing, Hostility, Looking, Opening, Sending
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from machine_traders import PEACE, Crash, PowerLossError, Trader
from simulators import NEW_YORK
from virtual_time import VirtualTime

from execution.ledger.events import Event, Scope, SwitchChange
from execution.ledger.ledger import Ledger, ledger_url
from execution.models import Side, Switch
from execution.orders.context import LIQUIDATION
from warehouse.calendar.sessions import close_time
from warehouse.errors import SwingError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hypothesis.strategies import SearchStrategy

    from execution.ledger.state import SessionState
    from execution.models import Execution
    from execution.rebalance import RebalanceOutcome

Kind = TypeVar("Kind", bound=StrEnum)
START = datetime(2024, 6, 11, 15, 55, tzinfo=NEW_YORK)
CASH = Decimal(10_000)
PRICES = {"SPY": 500, "TLT": 90, "GLD": 200, "XLE": 90, "BITO": 20}
WISHES: list[dict[str, str]] = [
    {},
    {"SPY": "0.5", "GLD": "0.45"},
    {"TLT": "0.5", "BITO": "0.5"},
    {"SPY": "0.3", "TLT": "0.3", "GLD": "0.2", "XLE": "0.1", "BITO": "0.1"},
    {"GLD": "0.5", "XLE": "0.5"},
]


def some(kind: type[Kind]) -> SearchStrategy[list[Kind]]:
    """A few faults of one kind, in turn."""
    return st.lists(st.sampled_from(list(kind)), max_size=6)


HOSTILITIES = st.builds(
    Hostility,
    sendings=some(Sending),
    fillings=some(Filling),
    hearings=some(Hearing),
    lookings=some(Looking),
    openings=some(Opening),
    cancellings=some(Cancelling),
)
CRASHES = st.one_of(
    st.none(),
    st.builds(Crash, at_point=st.integers(1, 120)),
    st.builds(Crash, after_orders=st.integers(1, 4)),
    st.builds(Crash, after_seconds=st.floats(0.01, 250)),
)
MOVES = st.fixed_dictionaries({symbol: st.sampled_from(["0.97", "1", "1.005", "1.03"]) for symbol in PRICES})


class HostileMarket(RuleBasedStateMachine):
    """Days on which a trader is cut off and started again, and its broker does what it can."""

    @initialize(is_settled_only=st.booleans(), wish=st.sampled_from(WISHES))
    def open_account(self, is_settled_only: bool, wish: dict[str, str]) -> None:  # noqa: FBT001 - passed by name
        """An account that was brought to some targets in peace, on the day before."""
        self.folder = tempfile.TemporaryDirectory()
        self.books = Brokerage(VirtualTime(START), CASH, {symbol: Decimal(each) for symbol, each in PRICES.items()})
        self.ledger = Ledger.open(ledger_url(Path(self.folder.name)))
        self.books.is_settled_only = is_settled_only
        settings = {"trading": {"settlement": "settled_only" if is_settled_only else "unsettled_ok"}}
        self.trader = Trader(Path(self.folder.name), self.ledger, self.books, settings)
        self.trader.rebalance(wish)
        self.books.reopen()

    def teardown(self) -> None:
        """In peace again the account can be traded, and the ledger has all that the broker has."""
        if not hasattr(self, "trader"):
            return
        self.books.reopen()
        self._switch(Switch.NORMAL)
        self.trader.accept()
        outcome = self.trader.rebalance(WISHES[1])
        assert outcome.state is not None, outcome.message
        assert not self.books.open_orders()
        self._check_finished(outcome, PEACE)
        self.ledger.close()
        self.folder.cleanup()

    @rule(wish=st.sampled_from(WISHES), hostility=HOSTILITIES, crash=CRASHES)
    def rebalance(self, wish: dict[str, str], hostility: Hostility, crash: Crash | None) -> None:
        """Start the trader, which may die, or stop with a reason."""
        self._rebalance(wish, hostility, crash)

    def _rebalance(self, wish: dict[str, str], hostility: Hostility, crash: Crash | None) -> None:
        with suppress(SwingError, PowerLossError):
            self._check_finished(self.trader.rebalance(wish, hostility, crash), hostility)

    @rule(wish=st.sampled_from(WISHES), hostilities=st.lists(HOSTILITIES, min_size=2, max_size=4))
    def insist(self, wish: dict[str, str], hostilities: list[Hostility]) -> None:
        """Start it again and again, as a schedule does each minute."""
        for hostility in hostilities:
            self._rebalance(wish, hostility, None)
            self.books.time.seconds += 20

    @rule(wish=st.sampled_from(WISHES), sendings=some(Sending), fillings=some(Filling))
    def trade_badly(self, wish: dict[str, str], sendings: list[Sending], fillings: list[Filling]) -> None:
        """Only the orders fare badly: what is sold pays for what is bought, or does not."""
        self._rebalance(wish, Hostility(sendings=sendings, fillings=fillings), None)

    @rule(wish=st.sampled_from(WISHES), sendings=some(Sending), seconds=st.sampled_from([1, 10, 25]))
    def trade_late(self, wish: dict[str, str], sendings: list[Sending], seconds: int) -> None:
        """Start it so many seconds before the deadline."""
        deadline = close_time(self.books.today) - timedelta(minutes=1)
        self.books.time.jump(deadline - timedelta(seconds=seconds))
        self._rebalance(wish, Hostility(sendings=sendings), None)

    @rule(hostility=HOSTILITIES)
    def liquidate(self, hostility: Hostility) -> None:
        """A person wants everything sold."""
        with suppress(SwingError):
            self.trader.sell_everything(hostility)

    @rule(hostility=HOSTILITIES)
    def cancel_open_orders(self, hostility: Hostility) -> None:
        """A person wants every open order cancelled."""
        with suppress(SwingError):
            self.trader.cancel_all(hostility)

    @rule(seconds=st.sampled_from([1, 10, 60, 215]))
    def wait(self, seconds: int) -> None:
        """Time passes, and orders fill meanwhile."""
        self.books.time.seconds += seconds
        self.books.advance()

    @rule(moves=MOVES)
    def next_session(self, moves: dict[str, str]) -> None:
        """A night passes, and prices move."""
        self.books.reopen()
        for symbol, move in moves.items():
            self.books.prices[symbol] = (self.books.prices[symbol] * Decimal(move)).quantize(Decimal("0.01"))

    @rule(switch=st.sampled_from(Switch))
    def switch(self, switch: Switch) -> None:
        """A person halts, restricts or resumes trading."""
        self._switch(switch)

    @rule()
    def accept(self) -> None:
        """A person takes the broker's positions for the right ones."""
        self.trader.accept()

    @invariant()
    def nothing_is_doubled(self) -> None:
        """The broker took each reference once at most, with the quantity that was intended before, and in time."""
        if not hasattr(self, "trader"):
            return
        times = Counter(taken.order.order_ref for taken in self.books.taken)
        assert max(times.values(), default=0) <= 1, times
        intended = self.ledger.order_refs(ACCOUNT)
        assert times.keys() <= intended
        for taken in self.books.taken:
            assert 0 <= taken.filled <= taken.order.quantity

    @invariant()
    def nothing_beyond_the_plan(self) -> None:
        """Orders sent are those of the session's plan or its funding, within the cap."""
        if not hasattr(self, "trader"):
            return
        for taken in self.books.taken:
            strategy = taken.order.order_ref.partition("/")[0]
            session = self.ledger.session(ACCOUNT, strategy, taken.session)
            if strategy == LIQUIDATION:
                assert taken.order.side is Side.SELL
                continue
            assert session.plan is not None
            planned = {order.order_ref: order.quantity for order in session.plan.orders}
            assert taken.order.quantity <= planned[taken.order.order_ref]
            if taken.order.side is Side.BUY:
                line = next(line for line in session.plan.lines if line.symbol == taken.order.symbol)
                assert line.weight_after <= Decimal("0.52")

    @invariant()
    def nothing_is_lost(self) -> None:
        """Cash and shares at the broker are those of the beginning and what its executions moved, to the cent."""
        if not hasattr(self, "trader"):
            return
        cash, shares = CASH, defaultdict[str, Decimal](Decimal)
        for taken in self.books.taken:
            for each in taken.newest:
                cash -= each.side.sign * each.quantity * each.price + (each.commission or 0)
                shares[each.symbol] += each.side.sign * each.quantity
        assert (cash, {symbol: count for symbol, count in shares.items() if count}) == (
            self.books.cash,
            self.books.held,
        )

    def _check_finished(self, outcome: RebalanceOutcome, hostility: Hostility) -> None:
        """The record of a session that has just been finished is the broker's, to the cent."""
        if outcome.state is None:
            return  # it was finished before
        session: SessionState = self.ledger.session(ACCOUNT, "live", self.books.today)
        assert session.finish is not None
        assert self.ledger.positions(ACCOUNT) == self.books.held == session.finish.positions
        if Looking.OLD_CASH not in hostility.lookings:
            assert session.finish.cash == self.books.cash
        theirs = [
            each for taken in self.books.taken if taken.order.order_ref in session.orders for each in taken.newest
        ]
        ours = [each for state in session.orders.values() for each in state.executions]
        assert _amounts(ours) == _amounts(theirs)
        self.ledger.verify()

    def _switch(self, switch: Switch) -> None:
        self.ledger.append(Event(Scope(ACCOUNT), SwitchChange(switch, "a person", "a test")))


def _amounts(executions: Iterable[Execution]) -> set[tuple[str, Decimal, Decimal, Decimal | None]]:
    return {(each.exec_id, each.quantity, each.price, each.commission) for each in executions}


def thorough(examples: int) -> settings:
    """Number of examples; one takes about a second."""
    return settings(
        max_examples=examples, stateful_step_count=8, deadline=None, suppress_health_check=list(HealthCheck)
    )


TestHostileMarket = HostileMarket.TestCase
TestHostileMarket.settings = thorough(25)

if __name__ == "__main__":  # the examples of a night: python tests/execution/rebalance/test_machine.py 10000
    run_state_machine_as_test(HostileMarket, settings=thorough(int(sys.argv[1])))
