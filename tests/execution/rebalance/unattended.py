"""Sessions that nobody watches: the schedule's ticks start real processes, which are killed; the broker is faulty."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING

from simulators import NEW_YORK, impose
from trading_processes import Job

from dagster_defs.schedules import skip_reason
from execution.ledger.ledger import Ledger, ledger_url
from execution.models import Side
from execution.simulator.grammar import SHIPPED
from warehouse.calendar.sessions import close_time
from warehouse.calendar.trading_hours import window_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from simulators import RunningSimulator
    from trading_processes import Ended, TradingProcess, Zygote

    from execution.ledger.state import SessionState
    from execution.simulator.journal import Entry

MINUTES = 5
STRATEGY = "live"
OF_NO_REBALANCE = {
    "missing_symbol", "slow_history", "pacing", "fractional_refused", "several_listings", "cash_in_other_currencies",
    "gateway_abroad",
}  # fmt: skip
FOR_GOOD = {
    "empty_sync", "never_ending_sync", "read_only", "reject", "another_language", "no_end_of_executions",
    "swallowed_once", "held_by_a_precaution", "held_then_transmitted", "swallowed_and_103", "held_without_a_word",
    "one_number_two_orders", "inactive_for_good",
}  # fmt: skip
"""After these, or a kill besides, a session rightly ends with less than was planned, or is not begun."""
FAULTS = {
    path.stem: path.read_text(encoding="utf-8")
    for path in sorted(SHIPPED.glob("*.txt"))
    if path.stem not in OF_NO_REBALANCE | FOR_GOOD
} | {
    "positions once without their end": "on positionEnd 2: lose",
    "a summary too late": "on accountSummaryEnd 1: delay 1",
    "everything twice": "on execDetails: repeat 2\non openOrder: repeat 2\non orderStatus: repeat 2",
    "drops at every order": "on placeOrder: accept, drop",
    "a restart between orders": "on placeOrder 2: accept, restart after 1",
}


ALARMING = {
    name: (SHIPPED / f"{name}.txt").read_text(encoding="utf-8")
    for name in (
        "held_by_a_precaution", "held_then_transmitted", "swallowed_and_103", "held_without_a_word",
         "no_end_of_executions",
    )
}  # fmt: skip
"""After these a session must not be finished."""
LATE = {"no_end_of_executions": timedelta(minutes=3, seconds=50)}
"""Begin of a session after its window's, where a process looks until the deadline, by a clock as slow as ours."""
CALM = ""


@dataclass(frozen=True, slots=True)
class Day:
    """Course of a session.

    Attributes:
        starts: End of each process; a tick that was skipped has none.
    """

    session: date
    fault: str
    starts: tuple[Ended, ...]


class Unattended:
    """An account that is traded by its schedule."""

    def __init__(self, home: Path, process: Zygote, simulator: RunningSimulator) -> None:
        self._home = home
        self._process = process
        self._simulator = simulator
        self._cash = simulator.cash
        self._held = simulator.positions

    def live_through(self, session: date, targets: Mapping[str, str], fault: str, killed_at: int) -> Day:
        """Let the clock pass every tick of a session; its first process dies at that step, the broker has the fault."""
        self._simulator.clock.set(close_time(session) - timedelta(minutes=MINUTES) + LATE.get(fault, timedelta(0)))
        self._simulator.ask(lambda simulator: impose(simulator, (FAULTS | ALARMING | {CALM: ""})[fault]))
        starts: list[Ended] = []
        for left in range(MINUTES, 1, -1):
            tick = close_time(session) - timedelta(minutes=left)
            self._simulator.clock.set(max(tick, self._simulator.clock.now()))
            if skip_reason(self._simulator.clock.now(), tick, MINUTES, self._obstacle):
                continue
            job = Job(self._home, self._simulator.port, self._simulator.clock.now(), targets)
            starts.append(_run(self._process.start(job), 0 if starts else killed_at))
        return Day(session, fault, tuple(starts))

    def _obstacle(self, session: date) -> str:
        """The obstacle as the schedule asks for it: the end of the session by the ledger."""
        ledger = self._ledger()
        try:
            finish = ledger.finish(session)
        finally:
            ledger.close()
        return finish.message if finish else ""

    def _ledger(self) -> Ledger:
        return Ledger.open(ledger_url(self._home))

    def problems(self, days: Sequence[Day]) -> Iterator[str]:
        """Missed, doubled and late orders, and differences between ledger and broker."""
        record = [entry for entry in self._simulator.journal if entry.kind == "order"]
        times = Counter(entry.order_ref for entry in record)
        yield from (f"{ref} reached the broker {number} times" for ref, number in times.items() if number > 1)
        yield from (f"{entry.order_ref} came late, at {entry.at}" for entry in record if not _is_in_time(entry.at))
        ledger = self._ledger()
        try:
            ledger.verify()
            if (positions := ledger.positions(self._simulator.account_id)) != self._simulator.positions:
                yield f"positions: {positions} by the ledger, {self._simulator.positions} at the broker"
            sessions = {day: ledger.session(self._simulator.account_id, STRATEGY, day.session) for day in days}
        finally:
            ledger.close()
        for day, session in sessions.items():
            yield from (f"{day.session} ({day.fault}): {problem}" for problem in _missed(session, record))
        yield from self._unbalanced(list(sessions.values()))

    def _unbalanced(self, sessions: Sequence[SessionState]) -> Iterator[str]:
        """The ledger's executions, from the first day on, are the broker's, and lead to its cash, to the cent."""
        ours = [each for session in sessions for state in session.orders.values() for each in state.executions]
        theirs = [(each.exec_id, each.quantity, each.price, each.commission) for each in self._simulator.executions]
        if sorted((each.exec_id, each.quantity, each.price, each.commission) for each in ours) != sorted(theirs):
            yield f"executions: {len(ours)} by the ledger, {len(theirs)} at the broker, or not the same"
        cash, shares = self._cash, defaultdict(Decimal, self._held)
        for each in ours:
            assert each.commission is not None
            cash -= each.side.sign * each.quantity * each.price + each.commission
            shares[each.symbol] += each.side.sign * each.quantity
        finish = sessions[-1].finish
        if not cash == self._simulator.cash == (finish.cash if finish else None):
            yield f"cash: {cash} by the ledger's executions, {self._simulator.cash} at the broker, {finish}"
        if {symbol: held for symbol, held in shares.items() if held} != self._simulator.positions:
            yield f"shares: {shares} by the ledger's executions, {self._simulator.positions} at the broker"


def _run(trading: TradingProcess, killed_at: int) -> Ended:
    """Wait for the end of a process, or kill it when it has begun so many steps; 0 is never."""
    steps = count(1)

    def on_step(_name: str) -> None:
        if next(steps) == killed_at:
            trading.kill()

    return trading.ended(on_step)


def _is_in_time(at: datetime) -> bool:
    window = window_of(at.astimezone(NEW_YORK), MINUTES)
    return window is not None and window.opens <= at < window.deadline


def _missed(session: SessionState, record: Sequence[Entry]) -> Iterator[str]:
    """Planned orders that a session did not carry out."""
    if session.plan is None or session.finish is None:
        yield "it was not finished"
        return
    sells = [order for order in session.plan.orders if order.side is Side.SELL]
    wanted: dict[str, Decimal] = {
        order.order_ref: order.quantity for order in (*sells, *(session.funding.orders if session.funding else ()))
    }
    prefix = f"{STRATEGY}/{session.plan.session_date:%Y%m%d}/"
    received = {entry.order_ref: entry.quantity for entry in record if entry.order_ref.startswith(prefix)}
    if wanted != received:
        yield f"{wanted} planned, {received} received"
    yield from (f"{state.order.order_ref} did not fill" for state in session.orders.values() if state.remaining)
