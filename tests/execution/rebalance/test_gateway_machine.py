"""The real client at a gateway that does what real ones do, searched for a way to trade too much or to end untruly."""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))  # as pytest does, which does not start the program

import pytest
from hostile_scenarios import KINDS, written
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from machine_traders import Crash
from simulators import NEW_YORK
from virtual_gateway import virtual_gateway
from virtual_trading import Verdict, VirtualTrader, always, verdict

from execution.errors import ExecutionError
from execution.ledger.events import Event, Scope, SwitchChange
from execution.models import Switch
from warehouse.calendar.sessions import close_time, next_session

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

START = datetime(2024, 6, 11, 15, 55, tzinfo=NEW_YORK)
CASH, HELD = Decimal(20_000), {"TLT": Decimal(60), "XLE": Decimal(7)}
WISHES: list[dict[str, str]] = [
    {"SPY": "0.5", "GLD": "0.45"},
    {"TLT": "0.5", "QQQ": "0.4"},
    {"SPY": "0.3", "TLT": "0.3", "GLD": "0.2", "XLE": "0.1"},
    {},
]


@st.composite
def scenarios(draw: DrawFn) -> str:
    """Up to three kinds at once."""
    kinds = draw(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=3, unique=True))
    return "\n".join(written(kind, lambda choices: draw(st.sampled_from(choices))) for kind in kinds)


CRASHES = st.one_of(
    st.just(Crash()),
    st.builds(Crash, at_point=st.integers(1, 40)),
    st.builds(Crash, after_orders=st.integers(1, 4)),
    st.builds(Crash, after_seconds=st.floats(0.01, 60)),
)


class HostileGateway(RuleBasedStateMachine):
    """Days on which processes die and the gateway changes its ways."""

    @initialize()
    def open_account(self) -> None:
        """An account with shares that the ledger has not seen yet."""
        self.stack = ExitStack()
        home = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.gateway = self.stack.enter_context(virtual_gateway(START, CASH, HELD))
        self.trader = VirtualTrader(home, self.gateway)
        self.stack.callback(self.trader.ledger.close)

    def teardown(self) -> None:
        """When a person has looked, and in peace, the next session ends truly."""
        if not hasattr(self, "trader"):
            return
        with self.stack:
            self._switch(Switch.NORMAL)
            self.trader.accept()
            self.next_session()
            start = self.trader.start(WISHES[0])
            assert start.error is None, start
            assert verdict(self.trader, self.trader.today, [start]) == (Verdict.AS_PLANNED, [])

    @rule(wish=st.sampled_from(WISHES), scenario=scenarios(), crash=CRASHES)
    def rebalance(self, wish: dict[str, str], scenario: str, crash: Crash) -> None:
        """Start a process, which may die."""
        self.gateway.impose(scenario)
        self._start(wish, crash)

    @rule(wish=st.sampled_from(WISHES), scenario=scenarios(), crashes=st.lists(CRASHES, min_size=1, max_size=3))
    def insist(self, wish: dict[str, str], scenario: str, crashes: list[Crash]) -> None:
        """Start it again and again, as a schedule does each minute."""
        self.gateway.impose(scenario)
        for crash in crashes:
            self._start(wish, crash)
            self.wait(20)

    @rule(scenario=scenarios())
    def liquidate(self, scenario: str) -> None:
        """A person wants everything sold."""
        self.gateway.impose(scenario)
        with suppress(ExecutionError):
            self.trader.sell_everything()

    @rule(seconds=st.sampled_from([1, 10, 60, 215]))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.gateway.pass_until(self.gateway.time.now() + timedelta(seconds=seconds))

    @rule()
    def next_session(self) -> None:
        """A night passes."""
        self.gateway.pass_until(close_time(next_session(self.trader.today)) - timedelta(minutes=5))

    @rule(switch=st.sampled_from(Switch))
    def switch(self, switch: Switch) -> None:
        """A person halts, restricts or resumes trading."""
        self._switch(switch)

    @rule()
    def look(self) -> None:
        """A person deletes what is open, and takes the positions for the right ones."""
        self.trader.accept()

    @invariant()
    def nothing_is_beyond_the_plan(self) -> None:
        """Whatever happens."""
        if hasattr(self, "trader"):
            assert list(always(self.trader)) == []

    def _start(self, wish: dict[str, str], crash: Crash) -> None:
        before = self.trader.session()
        start = self.trader.start(wish, crash)
        if before.finish is None:
            assert verdict(self.trader, self.trader.today, [start])[1] == [], start

    def _switch(self, switch: Switch) -> None:
        self.trader.ledger.append(Event(Scope(self.trader.account_id), SwitchChange(switch, "a person", "a test")))


def thorough(examples: int) -> settings:
    """Number of examples; one takes about two seconds."""
    return settings(
        max_examples=examples, stateful_step_count=6, deadline=None, suppress_health_check=list(HealthCheck)
    )


TestHostileGateway = pytest.mark.slow(HostileGateway.TestCase)
TestHostileGateway.settings = thorough(8)

if __name__ == "__main__":  # the examples of a night: python tests/execution/rebalance/test_gateway_machine.py 1000
    run_state_machine_as_test(HostileGateway, settings=thorough(int(sys.argv[1])))
