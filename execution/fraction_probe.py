"""The probe of fractions: a part of a share is ordered on a paper account, to learn what the broker answers.

Announcements prove nothing (IBKR's capability flags are set where orders are refused), so `broker.fractional` is the
answer of this probe. It goes the way of every order, recorded before it leaves and sent once, under references of its
own; what it buys it sells again, and no rebalance counts it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

from execution.brokers.base import Fault
from execution.emergency_exit import WHOLE_SESSION, for_a_round
from execution.errors import ExecutionError, TradeRefusedError
from execution.ledger.events import Scope
from execution.ledger.state import OrderState
from execution.models import PROBE, Order, OrderRef, Side
from execution.orders.context import RebalanceRequest
from execution.orders.dispatch import carry_out
from execution.orders.observe import connect, look
from execution.orders.preflight import check_account, check_clock, check_window, planned_window
from execution.orders.reconcile import unused
from execution.planning.costs import worst_price
from execution.planning.rules import Rules
from execution.refusals import Refusal, RefusalCode
from warehouse.settings.trading import Fractional, Mode, OrderType

if TYPE_CHECKING:
    from execution.models import Price
    from execution.orders.context import TradingContext

HUNDREDTH = Decimal("0.01")
LEAST_VALUE = Decimal(1)
"""USD; smaller orders may be refused for their size, which would answer another question."""
MOST = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class ProbeOutcome:
    """Answer of the broker.

    Attributes:
        quantity: Shares ordered, less than one.
        answer: Value for broker.fractional; untested if the order ended for another reason.
        words: The broker's, or what happened.
    """

    account_id: str
    symbol: str
    quantity: Decimal
    answer: Fractional
    words: str


async def probe_fractions(symbol: str, context: TradingContext) -> ProbeOutcome:
    """Order the smallest part of a share, and sell what was bought, in a session of a paper account.

    Raises:
        TradeRefusedError: The hour, the clock, the account or the price forbids it; nothing was sent.
        OrderUnseenError: The order left and was never shown.
        OrderHeldError: The gateway holds it.
        HaltedError: Trading is halted.
        ExecutionError: What was bought could not be sold again.
        BrokerError: The gateway cannot be reached.
        LedgerError: The ledger cannot be used, or a rebalance is at work.
    """
    check_window(context.clock(), WHOLE_SESSION)
    window = planned_window(context.clock(), WHOLE_SESSION)
    scope = Scope("", context.scope.run_id, Mode.PAPER, PROBE, window.session_date)
    context = replace(context, scope=scope, window=window)
    try:
        state = await connect(for_a_round(context))
        check_clock(state.at, context.clock())
        check_account(RebalanceRequest(Mode.PAPER), context.portfolio, state.account)
        context = replace(context, scope=replace(scope, account_id=state.account.account_id))
        with context.ledger.lock(context.scope.account_id):
            return await _probe(symbol, context)
    finally:
        await context.broker.close()


async def _probe(symbol: str, context: TradingContext) -> ProbeOutcome:
    price = (await context.broker.prices([symbol])).get(symbol)
    if price is None or not (price.amount.is_finite() and price.amount > 0):
        message = f"{symbol} has no price, so nothing was ordered. Try again while the exchange trades."
        raise TradeRefusedError(message, (Refusal(RefusalCode.PRICE_MISSING, message, symbol),))
    quantity = min((LEAST_VALUE / price.amount).quantize(HUNDREDTH, ROUND_CEILING), MOST)
    bought = await _ordered(context, Side.BUY, quantity, price)
    if bought.filled:
        sold = await _ordered(context, Side.SELL, bought.filled, price)
        if sold.remaining:
            raise ExecutionError(
                f"{bought.filled:f} {symbol} were bought, so parts of shares are traded (broker.fractional: yes), and "
                f"{sold.remaining:f} could not be sold again: {', '.join(sold.reasons) or 'not filled'}. Sell them in "
                "TWS, then `swing resume --accept-positions`."
            )
        answer, words = Fractional.YES, f"it was bought at {bought.average_price:f} and sold again"
    elif Fault.FRACTION in bought.faults:
        answer, words = Fractional.NO, ", ".join(bought.reasons)
    else:
        answer = Fractional.UNTESTED
        words = ", ".join(bought.reasons) or context.objection(Side.BUY) or "it did not fill within a minute"
    return ProbeOutcome(context.scope.account_id, symbol, quantity, answer, words)


async def _ordered(context: TradingContext, side: Side, quantity: Decimal, price: Price) -> OrderState:
    """Carry out an order within a minute, and return how it ended."""
    rules = Rules.of(context.portfolio)
    within = for_a_round(context)
    ref = unused(OrderRef(PROBE, context.window.session_date, price.symbol, side), context, await look(within))
    is_limit = rules.trading.order_type is OrderType.LIMIT
    limit = worst_price(price.amount, side, rules) if is_limit else None
    order = Order(str(ref), price.symbol, side, quantity, limit)
    await carry_out(within, [order])
    return context.session().orders.get(order.order_ref, OrderState(order))
