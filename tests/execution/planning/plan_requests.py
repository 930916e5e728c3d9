"""Plan requests for tests: a sound one, how to change what a test is about, and what follows from a plan."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from execution.models import Account, Order, Plan, Price, PriceKind, Side
from execution.planning.costs import Fee
from execution.planning.inputs import History, PlanRequest, Reference, Rules, Targets
from warehouse.settings.portfolio import load_portfolio

if TYPE_CHECKING:
    from collections.abc import Mapping

    from execution.refusals import RefusalCode

SESSION = date(2024, 6, 12)
BEFORE = date(2024, 6, 11)
CLOSE = datetime(2024, 6, 12, 20, 0, tzinfo=UTC)
NOW = CLOSE - timedelta(minutes=5)
PRICES = {"SPY": "580", "QQQ": "510", "TLT": "90", "GLD": "240", "XLE": "91", "BND": "72", "IEF": "94", "BITO": "22"}
DEFAULTS = Rules.of(load_portfolio(Path("/no-portfolio-here")))


def rules(max_weight: str = "0.5", **changes: Any) -> Rules:  # noqa: ANN401 -- values of any setting
    """The default rules with some settings changed, each by its own name."""
    made = replace(DEFAULTS, max_weight=Decimal(max_weight))
    for section in ("broker", "trading", "limits"):
        settings = getattr(made, section)
        own = {name: changes.pop(name) for name in list(changes) if name in type(settings).model_fields}
        values = type(settings).model_validate(settings.model_dump(mode="json") | own)
        made = replace(made, **{section: values})
    assert not changes, f"no such settings: {changes}"
    return made


@dataclass(frozen=True)
class Case:
    """What most tests are about; the rest of the request is sound."""

    weights: Mapping[str, str] | None
    positions: Mapping[str, str] = field(default_factory=dict)
    cash: str = "10000"
    settled: str | None = None
    prices: Mapping[str, str] = field(default_factory=lambda: PRICES)
    rules: Rules = DEFAULTS
    history: History = field(default_factory=History)
    is_reduce_only: bool = False

    @property
    def request(self) -> PlanRequest:
        """The request of this case."""
        prices = {symbol: Decimal(amount) for symbol, amount in self.prices.items()}
        positions = {symbol: Decimal(quantity) for symbol, quantity in self.positions.items()}
        held = sum((positions[symbol] * prices.get(symbol, Decimal(0)) for symbol in positions), Decimal(0))
        weights = {symbol: Decimal(weight) for symbol, weight in (self.weights or {}).items()}
        return PlanRequest(
            strategy_id="s1",
            session_date=SESSION,
            targets=None if self.weights is None else Targets(weights, SESSION, SESSION),
            account=Account(
                account_id="DU1",
                net_liquidation=Decimal(self.cash) + held,
                cash=Decimal(self.cash),
                settled_cash=Decimal(self.cash if self.settled is None else self.settled),
                positions=positions,
            ),
            prices={symbol: quote(symbol, amount) for symbol, amount in prices.items()},
            references={symbol: Reference(amount, BEFORE, Decimal("0.01")) for symbol, amount in prices.items()},
            rules=self.rules,
            now=NOW,
            close=CLOSE,
            history=self.history,
            is_reduce_only=self.is_reduce_only,
        )


def quote(symbol: str, amount: Decimal, as_of: datetime = NOW) -> Price:
    """A live price."""
    return Price(symbol, amount, PriceKind.LIVE, as_of)


def codes(plan: Plan, symbol: str | None = None) -> set[RefusalCode]:
    """What was refused: all of it, or of one symbol."""
    return {refusal.code for refusal in plan.refusals if symbol in {None, refusal.symbol}}


def traded(plan: Plan) -> dict[str, Decimal]:
    """Shares by symbol, negative ones sold."""
    return {order.symbol: order.side.sign * order.quantity for order in plan.orders}


def filled(request: PlanRequest, plan: Plan) -> PlanRequest:
    """The same request once the plan's orders are filled at the plan's prices: what the ledger then remembers too."""
    positions, cash, settled = dict(request.account.positions), request.account.cash, request.account.settled_cash
    for order in plan.orders:
        price = request.prices[order.symbol].amount
        lots = int(order.quantity / request.rules.lot)
        paid = order.side.sign * order.quantity * price + Fee.of(request.rules, price)(lots)
        cash -= paid
        settled -= paid if order.side is Side.BUY else Decimal(0)
        positions[order.symbol] = positions.get(order.symbol, Decimal(0)) + order.side.sign * order.quantity
    account = replace(request.account, cash=cash, settled_cash=settled, positions=positions)
    value = sum((order.quantity * worst(order, request) for order in plan.orders), Decimal(0))
    history = replace(
        request.history,
        bought=request.history.bought | {order.symbol for order in plan.orders if order.side is Side.BUY},
        sold=request.history.sold | {order.symbol for order in plan.orders if order.side is Side.SELL},
        orders_sent=request.history.orders_sent + len(plan.orders),
        value_sent=request.history.value_sent + value,
    )
    return replace(request, account=account, history=history)


def worst(order: Order, request: PlanRequest) -> Decimal:
    """The worst price of an order, or what stands for it, USD."""
    offset = request.rules.trading.limit_offset
    return order.limit_price or request.prices[order.symbol].amount * (1 + order.side.sign * offset)
