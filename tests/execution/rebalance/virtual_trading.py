"""Sessions traded at a virtual gateway by processes that may die, and what may never be so afterwards."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from machine_traders import Crash, PowerLossError, cut, fuse
from rebalancing import live_targets

from execution.controls import accept_positions
from execution.emergency_exit import sell_everything
from execution.errors import ExecutionError, StateDisagreesError
from execution.ledger.ledger import Ledger, ledger_url
from execution.models import Side
from execution.orders.context import RebalanceRequest
from execution.rebalance import rebalance
from warehouse.calendar.sessions import close_time
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from virtual_gateway import VirtualGateway

    from execution.ledger.state import SessionState

MINUTES = 5
STRATEGY = "live"
CENT = Decimal("0.01")
AT_MOST = 2
"""Times that an order may be handed over under one number."""


@dataclass(frozen=True, slots=True)
class Start:
    """End of one process.

    Attributes:
        error: What stopped it; None if it came to its end or was killed.
    """

    error: ExecutionError | None = None
    message: str = ""
    is_killed: bool = False


class VirtualTrader:
    """Trades one account from one home."""

    def __init__(self, home: Path, gateway: VirtualGateway) -> None:
        (home / "portfolio.yaml").write_text("", encoding="utf-8")
        self._home = home
        self.gateway = gateway
        self.ledger = Ledger.open(ledger_url(home))

    @property
    def account_id(self) -> str:
        """The account."""
        return self.gateway.simulator.account.account_id

    @property
    def today(self) -> date:
        """The exchange's day."""
        return self.gateway.time.now().date()

    def start(self, wish: Mapping[str, str], crash: Crash = Crash()) -> Start:  # noqa: B008 - immutable
        """Rebalance in a process of its own, which may die."""
        burn = fuse(crash)
        gateway = self.gateway
        context = gateway.context(self._home, self.ledger, lambda name: burn(is_order=name.startswith("sent ")))
        targets = live_targets(self.today, {symbol: Decimal(weight) for symbol, weight in wish.items()})
        try:
            outcome = gateway.run(cut(rebalance(RebalanceRequest(Mode.PAPER), targets, context), crash.after_seconds))
        except ExecutionError as error:
            return Start(error, str(error))
        except PowerLossError:
            return Start(is_killed=True)
        return Start(message=outcome.message)

    def sell_everything(self) -> None:
        """Sell everything. Raises ExecutionError."""
        work = sell_everything(RebalanceRequest(Mode.PAPER), self.gateway.context(self._home, self.ledger))
        self.gateway.run(work)

    def accept(self) -> None:
        """A person looks: deletes what is open, and takes the positions for the right ones."""
        self.gateway.impose("")
        self.gateway.delete_orders()
        self.gateway.run(accept_positions(self.gateway.context(self._home, self.ledger)))

    def session(self, day: date | None = None) -> SessionState:
        """A session by the ledger."""
        return self.ledger.session(self.account_id, STRATEGY, day or self.today)

    def live_through(self, day: date, wish: Mapping[str, str], crashes: Sequence[Crash]) -> list[Start]:
        """Start at each tick of a session's window until it is finished; the first ones die as they are told to."""
        starts: list[Start] = []
        for left in range(MINUTES, 1, -1):
            tick = close_time(day) - timedelta(minutes=left)
            if tick > self.gateway.time.now():
                self.gateway.pass_until(tick)
            is_over = self.gateway.time.now() >= close_time(day) - timedelta(minutes=1)
            if is_over or self.ledger.finish(day) is not None:
                break
            starts.append(self.start(wish, crashes[len(starts)] if len(starts) < len(crashes) else Crash()))
        return starts


class Verdict:
    """Judges a session that is over."""

    AS_PLANNED = "as planned"
    SAID = "finished short, and said so"
    ALARMED = "alarmed"
    STOPPED = "stopped, nothing sent"
    CUT_OFF = "killed, and no time left"
    ALL = (AS_PLANNED, SAID, ALARMED, STOPPED, CUT_OFF)


def verdict(trader: VirtualTrader, day: date, starts: Sequence[Start]) -> tuple[str, list[str]]:
    """Return how a session ended, and what of that is not true."""
    session, last = trader.session(day), starts[-1]
    problems = [*always(trader), *_beyond(trader, session)]
    missed = list(_missed(trader, session))
    if session.finish is not None:
        problems += list(_untrue(trader, session))
        unsaid = [each for each in missed if each not in session.finish.message]
        problems += [f"{each} was missed, and nobody said so: {session.finish.message}" for each in unsaid]
        return (Verdict.SAID if missed else Verdict.AS_PLANNED), problems
    if last.error is None:
        if not last.is_killed:
            problems.append(f"it ended without an error and without an end: {last.message}")
        return Verdict.CUT_OFF, problems
    problems += [] if last.error.exit_code else [f"an error without an exit code: {last.error!r}"]
    has_sent = any(f"/{day:%Y%m%d}/" in order.order_ref for _, order, _ in trader.gateway.sent)
    if isinstance(last.error, StateDisagreesError) or has_sent:
        return Verdict.ALARMED, problems
    return Verdict.STOPPED, problems


def always(trader: VirtualTrader) -> Iterator[str]:
    """Contradictions that no hour and no fault excuses."""
    gateway = trader.gateway
    book = gateway.simulator.book
    trader.ledger.verify()
    intended = {order.order_ref: order.quantity for _, order, _ in gateway.sent}
    yield from (f"{ref} was never intended" for ref in intended.keys() - trader.ledger.order_refs(trader.account_id))
    doubled = {entry.order_ref for entry in book.journal.entries if entry.kind == "double"}
    filled: defaultdict[str, Decimal] = defaultdict(Decimal)
    for each in book.orders:
        filled[each.order_ref] += each.filled
    for order_ref, quantity in filled.items():
        if quantity > intended.get(order_ref, 0) and order_ref not in doubled:  # that one the broker made by itself
            yield f"{order_ref}: {quantity} filled of {intended.get(order_ref)}"
    numbers: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for at, order, ticket in gateway.sent:
        numbers[order.order_ref][ticket.number] += 1
        deadline = close_time(at.date()) - timedelta(minutes=1)
        if not deadline - timedelta(minutes=MINUTES) <= at < deadline:
            yield f"{order.order_ref} left at {at}"
    for order_ref, times in numbers.items():
        if max(times.values()) > AT_MOST or len(times) > AT_MOST:
            yield f"{order_ref} left under numbers {dict(times)}"
    yield from _conserved(gateway)


def _beyond(trader: VirtualTrader, session: SessionState) -> Iterator[str]:
    """Yield the orders of a session that left with more than was planned, or without a plan."""
    planned = {order.order_ref: order.quantity for order in session.plan.orders} if session.plan else {}
    for _, order, _ in trader.gateway.sent:
        if order.order_ref in session.orders and order.quantity > planned.get(order.order_ref, 0):
            yield f"{order.order_ref} left with {order.quantity} of {planned.get(order.order_ref)} planned"


def _conserved(gateway: VirtualGateway) -> Iterator[str]:
    cash, shares = gateway.first_cash, defaultdict[str, Decimal](Decimal, gateway.first_held)
    for order in gateway.simulator.book.orders:
        for fill in order.fills:
            cash -= order.side.sign * fill.quantity * fill.price + fill.commission
            shares[order.symbol] += order.side.sign * fill.quantity
    account = gateway.simulator.account
    if cash != account.cash:
        yield f"cash: {cash} by the executions, {account.cash} at the broker"
    if {symbol: held for symbol, held in shares.items() if held} != account.positions():
        yield f"shares: {dict(shares)} by the executions, {account.positions()} at the broker"
    if cash < 0 or min(shares.values(), default=Decimal(0)) < 0:
        yield f"owed or short: {cash}, {dict(shares)}"


def _missed(trader: VirtualTrader, session: SessionState) -> Iterator[str]:
    """Yield the planned orders, by how they are named in a message, of which the broker has not filled every share."""
    if session.plan is None:
        return
    filled: defaultdict[str, Decimal] = defaultdict(Decimal)
    for each in trader.gateway.simulator.book.orders:
        filled[each.order_ref] += each.filled
    sells = [order for order in session.plan.orders if order.side is Side.SELL]
    for order in (*sells, *(session.funding.orders if session.funding else ())):
        if filled[order.order_ref] < order.quantity:
            has_left = order.order_ref in session.orders
            yield f"of {order.quantity:f} {order.symbol}" if has_left else order.order_ref


def _untrue(trader: VirtualTrader, session: SessionState) -> Iterator[str]:
    """Compare a session's end by the ledger with the broker's own record."""
    account, finish = trader.gateway.simulator.account, session.finish
    assert finish is not None
    if finish.positions != account.positions() or trader.ledger.positions(trader.account_id) != account.positions():
        yield f"positions: {finish.positions} by the ledger, {account.positions()} at the broker"
    if finish.cash != account.cash.quantize(CENT):
        yield f"cash: {finish.cash} by the ledger, {account.cash} at the broker"
    alive = [order.order_ref for order in trader.gateway.alive() if order.order_ref in session.orders]
    yield from (f"{order_ref} is finished, and may still fill" for order_ref in alive)
    for order in trader.gateway.simulator.book.orders:
        if order.order_ref in session.orders:
            ours = {(it.exec_id, it.quantity, it.price) for it in session.orders[order.order_ref].executions}
            if ours != {(it.exec_id, it.quantity, it.price) for it in order.fills}:
                yield f"executions of {order.order_ref}: {ours} by the ledger, {order.fills} at the broker"
