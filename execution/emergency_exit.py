"""The emergency exit: everything of ours is sold, whatever targets, universe, limits and switches say.

It sells in rounds, each a minute at most: look, price, order, cancel what did not fill. It reports from the positions
that are left, and a later call goes on from there. No price is judged: a limit only bounds a sale, and who calls this
wants out. What cannot be priced, or may still be filled by another order, is left and named.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from execution.brokers.base import Fault
from execution.decision import equity
from execution.errors import LedgerBusyError, StateDisagreesError
from execution.ledger.events import Claim, Decision, Finish, Scope, Stop
from execution.models import Order, OrderRef, OrderStatus, Side
from execution.orders.cancel import cancel
from execution.orders.context import LIQUIDATION
from execution.orders.dispatch import carry_out
from execution.orders.observe import connect, look
from execution.orders.preflight import check_account, check_clock, check_window, planned_window
from execution.orders.reconcile import compare, unused
from execution.planning.costs import worst_price
from execution.planning.rules import WHOLE_SHARE, Rules
from warehouse.settings.trading import OrderType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from execution.models import BrokerState, Price
    from execution.orders.context import RebalanceRequest, TradingContext

NOTHING = Decimal(0)
WHOLE_SESSION = 390
"""Minutes of a regular session: the exit is open for all of it."""
ROUND = timedelta(seconds=60)
MOST_ROUNDS = 5
LOCK_PATIENCE = 45.0
"""Seconds in which a rebalance that has just been halted ends."""


@dataclass(frozen=True, slots=True)
class LeftPosition:
    """Shares of ours that were not sold, and the reason."""

    symbol: str
    quantity: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class ExitOutcome:
    """End of the exit.

    Attributes:
        sold: Shares by symbol sold in this session, by the exit's own orders.
        left: Positions of ours that are left; empty only if there is none.
        unsettled: Shares sold that had been bought with money that had not settled.
    """

    account_id: str
    sold: Mapping[str, Decimal]
    left: tuple[LeftPosition, ...]
    unsettled: Mapping[str, Decimal]


async def sell_everything(request: RebalanceRequest, context: TradingContext) -> ExitOutcome:
    """Sell all positions of ours that can be sold now. The session is chosen here.

    Raises:
        TradeRefusedError: The hour, the clock or the account forbids it; nothing was sent.
        BrokerError: The gateway cannot be reached; what was sent before is in the ledger.
        LedgerError: The ledger cannot be used, or another process keeps trading the account.
    """
    now = context.clock()
    check_window(now, WHOLE_SESSION)
    window = planned_window(now, WHOLE_SESSION)
    scope = Scope("", context.scope.run_id, request.mode, LIQUIDATION, window.session_date)
    context = replace(context, scope=scope, window=window)
    context.step("connect")
    try:
        state = await connect(for_a_round(context))
        check_clock(state.at, context.clock())
        check_account(request, context.portfolio, state.account)
        context = replace(context, scope=replace(scope, account_id=state.account.account_id))
        with contextlib.ExitStack() as stack:
            await _lock(stack, context)
            return await _Exit(context).run()
    finally:
        await context.broker.close()


async def _lock(stack: contextlib.ExitStack, context: TradingContext) -> None:
    """Wait until a rebalance that was halted has ended."""
    end = asyncio.get_running_loop().time() + LOCK_PATIENCE
    while True:
        try:
            stack.enter_context(context.ledger.lock(context.scope.account_id))
        except LedgerBusyError:
            if asyncio.get_running_loop().time() >= end:
                raise
            await asyncio.sleep(0.5)
        else:
            return


def for_a_round(context: TradingContext) -> TradingContext:
    """End the window a round from now: what is open then is cancelled, and priced anew."""
    deadline = min(context.window.deadline, context.clock() + ROUND)
    return replace(context, window=replace(context.window, deadline=deadline))


@dataclass(slots=True)
class _Exit:
    """One call of the exit; the context holds the account's lock."""

    context: TradingContext
    given_up: dict[str, str] = field(default_factory=dict)
    """Reasons by symbol for which no further order is sent in this call."""

    async def run(self) -> ExitOutcome:
        context = self.context
        context.record(Claim(context.window.deadline))
        await self._end_earlier_orders()
        state = await self._look()
        for _ in range(MOST_ROUNDS):
            within = for_a_round(context)
            prices = await self._prices(state)
            orders = self._orders(state, prices)
            if not orders or within.objection(Side.SELL):
                break
            self._record(state, prices)
            with contextlib.suppress(StateDisagreesError):  # a doubtful order is named in the end
                await carry_out(within, orders)
            self._give_up([order.order_ref for order in orders])
            state = await self._look()
        left = tuple(self._left(state, await self._prices(state)))
        outcome = ExitOutcome(state.account.account_id, self._sold(), left, self._unsettled())
        if left:
            names = "; ".join(f"{each.quantity:f} {each.symbol}: {each.reason}" for each in left)
            context.record(Stop(f"not everything was sold. Left: {names}"))
        else:
            decision = context.session().decision
            worth = equity(state.account, self._ours(), decision)
            sold = ", ".join(f"{shares:f} {symbol}" for symbol, shares in outcome.sold.items()) or "nothing was held"
            context.record(Finish(worth, state.account.cash, state.account.positions, f"Everything was sold: {sold}."))
        return outcome

    async def _end_earlier_orders(self) -> None:
        """Cancel what an earlier call has left open, so that no two orders sell the same shares."""
        refs = [ref for ref, order in self.context.session().orders.items() if not order.is_done]
        if refs:
            await look(for_a_round(self.context))
            await cancel(for_a_round(self.context), refs, "taken up by another call")

    async def _look(self) -> BrokerState:
        """Read and record the broker's state, giving its positions time to follow the executions."""
        state, _ = await compare(self.context, self.context.portfolio.universe, lambda: look(for_a_round(self.context)))
        return state

    async def _prices(self, state: BrokerState) -> dict[str, Price]:
        held = sorted(self._held(state))
        return await self.context.broker.prices(held) if held else {}

    def _record(self, state: BrokerState, prices: Mapping[str, Price]) -> None:
        """Record what the next orders are made from."""
        self.context.record(
            Decision(
                decided_at=self.context.clock(),
                lake_snapshot=None,
                targets_session=None,
                targets={},
                prices=tuple(prices[symbol] for symbol in sorted(prices)),
                selection=(),
                correlations={},
                account=state.account,
                parameters_hash=self.context.portfolio.parameters_hash,
            )
        )

    def _ours(self) -> frozenset[str]:
        return self.context.ours(self.context.portfolio.universe)

    def _held(self, state: BrokerState) -> dict[str, Decimal]:
        ours = self._ours()
        return {symbol: held for symbol, held in sorted(state.account.positions.items()) if held and symbol in ours}

    def _known(self) -> Mapping[str, Decimal]:
        """Return the shares by symbol that the ledger knows."""
        return self.context.ledger.positions(self.context.scope.account_id) or {}

    def _sellable(self, held: Decimal, known: Decimal) -> Decimal:
        """Return the shares that both broker and ledger know: positions may lag, and another's shares are not ours."""
        shares = min(held, known)
        lot = self._lot()
        return (shares / lot).to_integral_value(ROUND_FLOOR) * lot if shares > 0 else NOTHING

    def _lot(self) -> Decimal:
        """Return the smallest quantity; whole shares once a fraction was refused."""
        refused = any(Fault.FRACTION in order.faults for order in self.context.session().orders.values())
        return WHOLE_SHARE if refused else Rules.of(self.context.portfolio).lot

    def _obstacle(self, state: BrokerState, symbol: str, prices: Mapping[str, Price]) -> str:
        """Return the reason why no order may be sent for a symbol; empty if one may."""
        price = prices.get(symbol)
        if any(report.symbol == symbol and not report.status.is_final for report in state.orders):
            return "an open order may still change it: cancel that order in TWS"
        if symbol in self.given_up:
            return self.given_up[symbol]
        if price is None or not (price.amount.is_finite() and price.amount > 0):
            return "it has no price: it may be halted or delisted, or the login has no data for it"
        if price.currency != state.account.currency:
            return f"its price is in {price.currency}"
        return ""

    def _orders(self, state: BrokerState, prices: Mapping[str, Price]) -> list[Order]:
        known = self._known()
        return [
            self._order(state, symbol, quantity, prices[symbol])
            for symbol, held in self._held(state).items()
            if (quantity := self._sellable(held, known.get(symbol, NOTHING)))
            and not self._obstacle(state, symbol, prices)
        ]

    def _order(self, state: BrokerState, symbol: str, quantity: Decimal, price: Price) -> Order:
        """Order a sale under the first number that neither ledger nor broker has seen."""
        rules = Rules.of(self.context.portfolio)
        ref = unused(OrderRef(LIQUIDATION, self.context.window.session_date, symbol, Side.SELL), self.context, state)
        is_limit = rules.trading.order_type is OrderType.LIMIT
        limit = worst_price(price.amount, Side.SELL, rules) if is_limit else None
        return Order(str(ref), symbol, Side.SELL, quantity, limit)

    def _give_up(self, refs: list[str]) -> None:
        """Leave alone, for this call, what the broker rejected and what it may have without having shown it."""
        for order in self.context.session().states(refs):
            if order.remaining <= 0 or Fault.FRACTION in order.faults:
                continue
            reasons = ", ".join(order.reasons)
            if order.is_rejected or order.status is OrderStatus.INACTIVE:
                self.given_up[order.order.symbol] = f"the broker rejected the order: {reasons}"
            elif not order.is_known:
                self.given_up[order.order.symbol] = (
                    f"the broker never showed {order.order.order_ref}, which may still fill: look at it in TWS"
                )

    def _left(self, state: BrokerState, prices: Mapping[str, Price]) -> Iterator[LeftPosition]:
        known = self._known()
        for symbol, held in self._held(state).items():
            reason, ours = self._obstacle(state, symbol, prices), known.get(symbol, NOTHING)
            if held < 0:
                reason = "it is short, which this system never makes: buy it back by hand"
            elif not reason and not self._sellable(held, ours):
                reason = (
                    "a part of a share, which the broker's interface does not trade"
                    if min(held, ours) > 0
                    else f"by the ledger {ours:f} are ours; `swing resume --accept-positions` takes them for ours"
                )
            yield LeftPosition(symbol, held, reason or "it did not fill at its limit; call again")

    def _sold(self) -> dict[str, Decimal]:
        sold: dict[str, Decimal] = {}
        for order in self.context.session().orders.values():
            if order.filled:
                sold[order.order.symbol] = sold.get(order.order.symbol, NOTHING) + order.filled
        return sold

    def _unsettled(self) -> dict[str, Decimal]:
        scope = self.context.scope
        bought = self.context.ledger.history(scope.account_id, self.context.window.session_date).bought_unsettled
        return {symbol: min(bought[symbol], sold) for symbol, sold in self._sold().items() if symbol in bought}
