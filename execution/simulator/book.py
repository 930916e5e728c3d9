"""The broker's book: orders are taken or refused, fill while the exchange is open, are cancelled and corrected.

An order belongs to the book and not to a connection: it goes on filling while its client is away. Market orders sent
outside trading hours wait for the open; day orders end with their session.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from itertools import count
from typing import TYPE_CHECKING

from execution.models import Side
from execution.simulator.account import Trade, commission
from execution.simulator.journal import Entry, Journal
from execution.simulator.market import CENT, is_open, next_close
from execution.simulator.orders import ChangeKind, Fill, OrderChange, OrderRefusedError, Status
from warehouse.calendar.sessions import EXCHANGE_ZONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime

    from execution.simulator.account import CashAccount
    from execution.simulator.clock import Clock
    from execution.simulator.market import Market
    from execution.simulator.orders import BrokerOrder
    from execution.simulator.scenario import Correction, Scenario

WHOLE = Decimal(1)


class BrokerBook:
    """Every order of the account, and the account itself."""

    def __init__(self, account: CashAccount, market: Market, clock: Clock, scenario: Scenario) -> None:
        self.account = account
        self.orders: list[BrokerOrder] = []
        self.journal = Journal()
        self._market = market
        self._clock = clock
        self._scenario = scenario
        # Unique across simulators that share a client's ledger, as the broker's numbers are unique for ever.
        self._birth = time.time_ns() // 1_000_000
        self._numbers = count(1)
        self._executions: Counter[str] = Counter()

    def find(self, client_id: int, order_id: int) -> BrokerOrder | None:
        """Return the newest order of a client under a number."""
        return next((o for o in reversed(self.orders) if (o.client_id, o.order_id) == (client_id, order_id)), None)

    def working(self) -> list[BrokerOrder]:
        """Return the open orders, in the order they came."""
        return [order for order in self.orders if order.status.is_open]

    def listed(self) -> list[BrokerOrder]:
        """Return the orders that the gateway lists as open, in the order they came."""
        return [order for order in self.orders if order.is_listed]

    def next_change(self) -> float:
        """Return the earliest time at which an order may change, in the seconds of time.monotonic; inf for none."""
        sleeping = (order.wakes for order in self.orders if order.is_sleeping)
        return min([*sleeping, *(order.due for order in self.working())], default=math.inf)

    def sleep(self, order: BrokerOrder, status: Status, seconds: float) -> None:
        """Keep an order held or inactive; it is worked after `seconds`, or never for 0."""
        order.permanent_id = self._permanent_id()
        order.status, order.wakes = status, time.monotonic() + seconds if seconds else math.inf
        order.expires_at = next_close(self._clock.now())
        self.orders.append(order)
        self._note("sleep", order, status)

    def double(self, order: BrokerOrder) -> BrokerOrder:
        """Make a second live order of the same number, with a permanent id of its own."""
        second = replace(order, permanent_id=self._permanent_id(), status=Status.SUBMITTED, fills=[], corrected=[])
        second.done_at, second.due = None, time.monotonic() + self._scenario.latency
        self.orders.append(second)
        self._note("double", second, "accepted")
        return second

    def _permanent_id(self) -> int:
        return 1_000_000_000 + (self._birth + next(self._numbers)) % 1_000_000_000

    def place(self, order: BrokerOrder, rejection: OrderRefusedError | None = None) -> None:
        """Take an order, unless the account does not allow it or the scenario rejects it.

        Raises:
            OrderRefusedError: It was not taken.
        """
        order.permanent_id = self._permanent_id()
        refusal = rejection or self._refusal(order)
        self._note("order", order, refusal.text if refusal else "accepted")
        if refusal is not None:
            if refusal.is_known:
                order.status, order.reason, order.done_at = Status.INACTIVE, refusal.text, self._clock.now()
                self.orders.append(order)
            raise refusal
        order.due = time.monotonic() + self._scenario.latency
        order.expires_at = next_close(self._clock.now())
        self.orders.append(order)

    def modify(self, order: BrokerOrder, quantity: Decimal, limit_price: Decimal | None) -> None:
        """Change an open order. Raises OrderRefusedError; the order then stays as it was."""
        changed = replace(order, quantity=quantity, limit_price=limit_price)
        if quantity <= order.filled:
            raise OrderRefusedError(104, "Cannot modify a filled order.")
        if refusal := self._refusal(changed, instead_of=order):
            raise refusal
        order.quantity, order.limit_price = quantity, limit_price
        self._note("modify", order, "accepted")

    def cancel(self, order: BrokerOrder, reason: str) -> OrderChange:
        """End an open order."""
        order.status, order.reason, order.done_at = Status.CANCELLED, reason, self._clock.now()
        self._note("cancel", order, reason)
        return OrderChange(ChangeKind.CANCELLED, order)

    def advance(self) -> Iterator[OrderChange]:
        """Yield the changes that are due by now."""
        now, moment = self._clock.now(), time.monotonic()
        for order in [order for order in self.orders if order.is_sleeping and moment >= order.wakes]:
            order.status, order.due = Status.SUBMITTED, moment + self._scenario.latency
            self._note("order", order, "accepted")
            yield OrderChange(ChangeKind.WORKING, order)
        for order in self.working():
            if order.expires_at is not None and now >= order.expires_at:
                yield self.cancel(order, "Order Canceled - reason:the session is over")
            elif moment >= order.due and is_open(now):
                if self._crosses(order, now):
                    yield from self._fill(order, now)
                elif order.status is Status.PRE_SUBMITTED:
                    order.status = Status.SUBMITTED
                    yield OrderChange(ChangeKind.WORKING, order)

    def _crosses(self, order: BrokerOrder, now: datetime) -> bool:
        filling = self._scenario.filling(order.symbol)
        if len(order.fills) >= filling.count:
            return False
        if order.limit_price is None:
            return True
        return (order.limit_price - self._market.price(order.symbol, now)) * order.side.sign >= 0

    def _fill(self, order: BrokerOrder, now: datetime) -> Iterator[OrderChange]:
        price = self._market.price(order.symbol, now)
        filling = self._scenario.filling(order.symbol)
        parts_left = filling.parts - len(order.fills)
        quantity = order.remaining
        if parts_left > 1:
            quantity = max((quantity / parts_left).quantize(WHOLE, ROUND_DOWN), min(WHOLE, quantity))
        cost = commission(order.filled + quantity, order.value + quantity * price) - order.commission
        today = now.astimezone(EXCHANGE_ZONE).date()
        if lack := self._lack(order, quantity, quantity * price + cost, today):
            yield self.cancel(order, f"Order Canceled - reason:the account has not enough {lack}")
            return
        realized = self.account.apply(Trade(order.symbol, order.side, quantity, price, cost, today))
        number = f"0000e0d5.{self._birth & 0xFFFFFFFF:08x}.{next(self._numbers):02x}.01"
        cumulative, value = order.filled + quantity, order.value + quantity * price
        fill = Fill(number, quantity, price, now, cost, realized, cumulative, value / cumulative)
        order.fills.append(fill)
        order.due = time.monotonic() + filling.every
        order.status = Status.SUBMITTED if order.remaining else Status.FILLED
        order.done_at = None if order.remaining else now
        self._note("fill", order, number, fill)
        yield OrderChange(ChangeKind.FILLED, order, fill)
        self._executions[order.symbol] += 1
        for correction in self._scenario.corrections:
            if (correction.symbol, correction.nth) == (order.symbol, self._executions[order.symbol]):
                yield self._correct(order, correction, today)

    def _lack(self, order: BrokerOrder, quantity: Decimal, cost: Decimal, today: date) -> str:
        """Return what the account lacks for a fill, as after an order that was doubled; empty if nothing."""
        if order.side is Side.BUY:
            return "settled cash" if cost > self._spendable(today) else ""
        return "shares" if quantity > self.account.quantity(order.symbol) else ""

    def _correct(self, order: BrokerOrder, correction: Correction, today: date) -> OrderChange:
        wrong = order.fills[-1]
        price = wrong.price + correction.price if correction.is_shift else correction.price
        base, _, revision = wrong.exec_id.rpartition(".")
        value = order.value + wrong.quantity * (price - wrong.price)
        right = replace(
            wrong, exec_id=f"{base}.{int(revision) + 1:02}", price=price, average_price=value / wrong.cumulative
        )
        self.account.correct(Trade(order.symbol, order.side, wrong.quantity, price - wrong.price, Decimal(0), today))
        order.corrected.append(wrong)
        order.fills[-1] = right
        self._note("correct", order, right.exec_id, right)
        return OrderChange(ChangeKind.CORRECTED, order, right)

    def _refusal(self, order: BrokerOrder, instead_of: BrokerOrder | None = None) -> OrderRefusedError | None:
        same_side = [other for other in self.working() if other is not instead_of and other.side is order.side]
        if problem := self._malformed(order):
            return OrderRefusedError(*problem)
        reason = self._short(order, same_side) if order.side is Side.SELL else self._unaffordable(order, same_side)
        return OrderRefusedError(201, f"Order rejected - reason:{reason}", is_known=True) if reason else None

    def _malformed(self, order: BrokerOrder) -> tuple[int, str] | None:
        if order.quantity <= 0:
            return 321, "Error validating request.-'bN' : cause - Order size must be positive"
        if order.quantity % WHOLE and not self._scenario.accepts_fractions:
            return 10243, "Fractional-sized order cannot be placed via API. Please refer to the API documentation."
        if order.limit_price is not None and (order.limit_price <= 0 or order.limit_price % CENT):
            return 110, "The price does not conform to the minimum price variation for this contract."
        return None

    def _short(self, order: BrokerOrder, same_side: Iterable[BrokerOrder]) -> str:
        offered = sum((other.remaining for other in same_side if other.symbol == order.symbol), order.remaining)
        is_short = offered > self.account.quantity(order.symbol)
        return "Short stock positions can only be held in a margin account." if is_short else ""

    def _unaffordable(self, order: BrokerOrder, same_side: Iterable[BrokerOrder]) -> str:
        now = self._clock.now()
        needed = sum((self._cost(other, now) for other in same_side), self._cost(order, now))
        available = self._spendable(now.astimezone(EXCHANGE_ZONE).date())
        if needed <= available:
            return ""
        return f"The available cash of {available:.2f} USD is less than the {needed:.2f} USD that open buys need."

    def _cost(self, order: BrokerOrder, now: datetime) -> Decimal:
        value = order.remaining * (order.limit_price or self._market.price(order.symbol, now))
        return value + commission(order.remaining, value)

    def _spendable(self, today: date) -> Decimal:
        return self.account.cash if self._scenario.accepts_unsettled else self.account.settled_cash(today)

    def _note(self, kind: str, order: BrokerOrder, outcome: str, fill: Fill | None = None) -> None:
        entry = Entry(
            at=self._clock.now(),
            kind=kind,
            client_id=order.client_id,
            order_id=order.order_id,
            permanent_id=order.permanent_id,
            order_ref=order.order_ref,
            symbol=order.symbol,
            side=order.side.value,
            quantity=fill.quantity if fill else order.quantity,
            outcome=outcome,
            price=fill.price if fill else None,
        )
        self.journal.write(entry)
