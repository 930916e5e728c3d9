"""A model of a broker's books: orders that fill by and by, executions, commissions, positions, cash with T+1.

It takes whatever it is sent, so that what must never happen can happen here, and is seen.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from execution.models import CommissionReport, Execution, Order, OrderReport, OrderStatus, Side
from warehouse.calendar.sessions import EXCHANGE_ZONE, close_time, next_session

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from virtual_time import VirtualTime

    from execution.models import Report

ACCOUNT = "DU1234567"
NOTHING = Decimal(0)
CENT = Decimal("0.01")


class Filling(StrEnum):
    """The filling of an order."""

    AT_ONCE = "at once"
    IN_PARTS = "in three parts, a second apart"
    SLOWLY = "in three parts, 50 seconds apart"
    A_PART = "a part, and the rest never"
    NEVER = "never"
    CORRECTED = "at once, and the price is corrected"
    CORRECTED_TWICE = "at once, and the price is corrected there and back"


@dataclass(slots=True)
class Taken:
    """An order in the books; `parts` are the shares that will fill and when, in seconds."""

    order: Order
    permanent_id: int
    session: date
    status: OrderStatus
    parts: list[tuple[float, Decimal]]
    filling: Filling
    executions: list[Execution] = field(default_factory=list)
    cancelled_at: float | None = None
    reason: str = ""

    @property
    def newest(self) -> list[Execution]:
        """Each execution in its last correction."""
        return list({each.base_id: each for each in self.executions}.values())

    @property
    def filled(self) -> Decimal:
        """Shares."""
        return sum((each.quantity for each in self.newest), NOTHING)

    @property
    def report(self) -> OrderReport:
        """The order as the broker reports it."""
        order = self.order
        return OrderReport(
            order.order_ref, self.permanent_id, ACCOUNT, order.symbol, order.side, order.quantity, self.filled,
            self.status, self.reason,
        )  # fmt: skip


class Brokerage:
    """The books of one account; `tell` hears every report as it comes up."""

    def __init__(self, time: VirtualTime, cash: Decimal, prices: dict[str, Decimal]) -> None:
        self.time = time
        self.cash = self.first_cash = cash
        self.prices = prices
        self.positions: Counter[str] = Counter()
        self.taken: list[Taken] = []
        self.arriving: list[tuple[float, Order, Filling]] = []
        self.past: list[tuple[float, Decimal, dict[str, Decimal]]] = [(time.seconds, cash, {})]
        self.is_settled_only = True
        self.quoteless: set[str] = set()
        self.tell: Callable[[Report], None] = lambda _report: None
        self.on_order: Callable[[], None] = lambda: None
        self._proceeds: list[tuple[date, Decimal]] = []

    @property
    def today(self) -> date:
        """The exchange's day."""
        return self.time.now().astimezone(EXCHANGE_ZONE).date()

    @property
    def settled_cash(self) -> Decimal:
        """Cash that has settled."""
        return self.cash - sum((amount for day, amount in self._proceeds if day > self.today), NOTHING)

    @property
    def held(self) -> dict[str, Decimal]:
        """Shares by symbol, without zeros."""
        return {symbol: Decimal(shares) for symbol, shares in sorted(self.positions.items()) if shares}

    def account_before(self, seconds: float) -> tuple[Decimal, dict[str, Decimal]]:
        """Cash and positions as they were so long ago."""
        until = self.time.seconds - seconds
        return next(((cash, held) for at, cash, held in reversed(self.past) if at <= until), self.past[0][1:])

    def arrive(self, order: Order, filling: Filling, delay: float = 0) -> None:
        """Let an order reach the books after so many seconds."""
        self.on_order()
        self.arriving.append((self.time.seconds + delay, order, filling))
        self.advance()

    def reject(self, order: Order, reason: str) -> None:
        """Take an order and refuse it."""
        taken = self._take(order, Filling.NEVER)
        taken.status, taken.reason = OrderStatus.INACTIVE, reason
        self.tell(taken.report)

    def cancel(self, order_ref: str, delay: float) -> None:
        """Cancel what is open of an order after so many seconds."""
        for taken in self.open_orders():
            if taken.order.order_ref == order_ref:
                taken.cancelled_at = min(taken.cancelled_at or self.time.seconds + delay, self.time.seconds + delay)
                taken.status = OrderStatus.PENDING_CANCEL
                self.tell(taken.report)

    def open_orders(self) -> list[Taken]:
        """Orders that may still fill."""
        return [taken for taken in self.taken if not taken.status.is_final]

    def next_event(self) -> float | None:
        """Time of the next event, in seconds."""
        times = [at for at, _, _ in self.arriving]
        for taken in self.open_orders():
            times += [at for at, _ in taken.parts[:1]]
            times += [taken.cancelled_at] if taken.cancelled_at is not None else []
        return min(times, default=None)

    def advance(self) -> None:
        """Let happen what is due, in its order."""
        while (at := self.next_event()) is not None and at <= self.time.seconds:
            for arrival in [each for each in self.arriving if each[0] <= at]:
                self.arriving.remove(arrival)
                taken = self._take(arrival[1], arrival[2])
                self.tell(taken.report)
            for taken in self.open_orders():
                if taken.parts and taken.parts[0][0] <= at:
                    self._fill(taken, taken.parts.pop(0)[1])
                elif taken.cancelled_at is not None and taken.cancelled_at <= at:
                    self._end(taken, "cancelled on request")

    def close_session(self) -> None:
        """Pass the close: orders of the day end, and what did not arrive by then never does."""
        self.advance()
        self.arriving.clear()
        for taken in self.open_orders():
            self._end(taken, "expired at the close")

    def _end(self, taken: Taken, reason: str) -> None:
        taken.status, taken.reason, taken.parts = OrderStatus.CANCELLED, reason, []
        self.tell(taken.report)

    def _take(self, order: Order, filling: Filling) -> Taken:
        now, third = self.time.seconds, max(order.quantity // 3, Decimal(1))
        whole = [(now + 0.2, order.quantity)]
        step = 50.0 if filling is Filling.SLOWLY else 1.0
        parts = {
            Filling.NEVER: [],
            Filling.A_PART: [(now + 1, min(third, order.quantity))],
            Filling.IN_PARTS: _parts(order.quantity, third, now, step),
            Filling.SLOWLY: _parts(order.quantity, third, now, step),
        }.get(filling, whole)
        taken = Taken(order, 1000 + len(self.taken), self.today, OrderStatus.SUBMITTED, parts, filling)
        self.taken.append(taken)
        return taken

    def _fill(self, taken: Taken, quantity: Decimal) -> None:
        order = taken.order
        price = self.prices[order.symbol]
        base_id = f"{taken.permanent_id}.{len(taken.newest) + 1:02}"
        before = commission(taken.filled, taken.filled * price)
        cost = commission(taken.filled + quantity, (taken.filled + quantity) * price) - before
        execution = Execution(
            f"{base_id}.01", base_id, 1, order.order_ref, taken.permanent_id, ACCOUNT, order.symbol, order.side,
            quantity, price, self.time.now().astimezone(UTC), cost,
        )  # fmt: skip
        taken.executions.append(execution)
        self.positions[order.symbol] += int(order.side.sign * quantity)
        self._pay(order.side, quantity * price, cost)
        if taken.filled == order.quantity:
            taken.status = OrderStatus.FILLED
        self._tell_execution(execution)
        self.tell(taken.report)
        if taken.filling in {Filling.CORRECTED, Filling.CORRECTED_TWICE}:
            self._correct(taken, execution, price + order.side.sign * CENT)
        if taken.filling is Filling.CORRECTED_TWICE:
            self._correct(taken, taken.newest[-1], price)

    def _correct(self, taken: Taken, execution: Execution, price: Decimal) -> None:
        revision = execution.revision + 1
        corrected = replace(execution, exec_id=f"{execution.base_id}.{revision:02}", revision=revision, price=price)
        taken.executions.append(corrected)
        self._pay(execution.side, execution.quantity * (price - execution.price), NOTHING)
        self._tell_execution(corrected)

    def _tell_execution(self, execution: Execution) -> None:
        assert execution.commission is not None
        self.tell(replace(execution, commission=None))
        self.tell(CommissionReport(execution.exec_id, execution.commission, execution.currency))

    def _pay(self, side: Side, value: Decimal, cost: Decimal) -> None:
        amount = -side.sign * value - cost
        self.cash += amount
        if side is Side.SELL:
            self._proceeds.append((next_session(self.today), amount))
        self.past.append((self.time.seconds, self.cash, self.held))
        assert min(self.positions.values()) >= 0, f"short: {self.held}"
        assert self.cash >= 0, f"cash is owed: {self.cash}"
        assert self.settled_cash >= 0 or not self.is_settled_only, (
            f"unsettled cash was spent: {self.settled_cash} of {self.cash} has settled"
        )

    def reopen(self) -> None:
        """Go to five minutes before the close of the next session."""
        self.close_session()
        self.time.jump(close_time(next_session(self.today)) - timedelta(minutes=5))


def _parts(quantity: Decimal, part: Decimal, now: float, step: float) -> list[tuple[float, Decimal]]:
    sizes = [size for size in (min(part, quantity), min(part, quantity - part), quantity - 2 * part) if size > 0]
    return [(now + step * count, size) for count, size in enumerate(sizes, 1)]


def commission(quantity: Decimal, value: Decimal) -> Decimal:
    """The commission of an order, USD: 0.0035 a share, at least 0.35 and at most 1 % of its value."""
    return min(max(quantity * Decimal("0.0035"), Decimal("0.35")), value / 100).quantize(Decimal("0.0001"))
