"""Situations for tests: a sound one, changes of what a test is about, and what follows from a plan."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from execution.models import Account, Order, Plan, Price, PriceKind, Side, Switch, TradingHistory
from execution.planning.costs import Fee
from execution.planning.rules import Rules
from execution.planning.situation import Situation
from execution.refusals import RefusalCode
from execution.targets import LiveTargets, NewestBar, TargetsOrigin
from warehouse.calendar.trading_hours import Window
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
    """The parts of a situation that tests change; the rest is sound."""

    weights: Mapping[str, str]
    positions: Mapping[str, str] = field(default_factory=dict)
    cash: str = "10000"
    settled: str | None = None
    prices: Mapping[str, str] = field(default_factory=lambda: PRICES)
    rules: Rules = DEFAULTS
    history: TradingHistory = field(default_factory=TradingHistory)
    switch: Switch = Switch.NORMAL

    @property
    def situation(self) -> Situation:
        """The situation of this case."""
        prices = {symbol: Decimal(amount) for symbol, amount in self.prices.items()}
        positions = {symbol: Decimal(quantity) for symbol, quantity in self.positions.items()}
        held = sum((positions[symbol] * prices.get(symbol, Decimal(0)) for symbol in positions), Decimal(0))
        return Situation(
            strategy_id="s1",
            targets=LiveTargets(
                session_date=SESSION,
                strategy_id="s1",
                snapshot=1,
                weights={symbol: Decimal(weight) for symbol, weight in self.weights.items()},
                bars={},
                final_bars={symbol: bar(symbol, amount) for symbol, amount in prices.items()},
                universe=tuple(prices),
                selection=(),
                correlations={},
                origin=TargetsOrigin(self.rules.parameters_hash, "1.0", 1, "1.0"),
            ),
            account=Account(
                account_id="DU1",
                net_liquidation=Decimal(self.cash) + held,
                cash=Decimal(self.cash),
                settled_cash=Decimal(self.cash if self.settled is None else self.settled),
                positions=positions,
            ),
            ours=frozenset({*prices, *positions}),
            prices={symbol: quote(symbol, amount) for symbol, amount in prices.items()},
            rules=self.rules,
            window=Window(SESSION, NOW, CLOSE - timedelta(minutes=1), CLOSE),
            now=NOW,
            history=self.history,
            switch=self.switch,
        )


def bar(symbol: str, close: Decimal, volatility: str = "0.01", session_date: date = BEFORE) -> NewestBar:
    """The final bar that a price is judged by."""
    return NewestBar(symbol, session_date, close, True, NOW, Decimal(volatility))  # noqa: FBT003 - a row


def judged_by(situation: Situation, *bars: NewestBar) -> Situation:
    """The same situation with these final bars in place of those of their symbols."""
    final_bars = {**situation.targets.final_bars, **{each.symbol: each for each in bars}}
    return replace(situation, targets=replace(situation.targets, final_bars=final_bars))


def quote(symbol: str, amount: Decimal, as_of: datetime = NOW) -> Price:
    """A live price."""
    return Price(symbol, amount, PriceKind.LIVE, as_of)


def codes(plan: Plan, symbol: str | None = None) -> set[RefusalCode]:
    """Codes of a plan's refusals: all, or those of one symbol."""
    return {refusal.code for refusal in plan.refusals if symbol in {None, refusal.symbol}}


def traded(plan: Plan) -> dict[str, Decimal]:
    """Shares by symbol, negative ones sold."""
    return {order.symbol: order.side.sign * order.quantity for order in plan.orders}


def filled(situation: Situation, plan: Plan) -> Situation:
    """The same situation once the plan's orders are filled at the plan's prices: what the ledger then remembers too."""
    account, history = situation.account, situation.history
    positions, cash, settled = dict(account.positions), account.cash, account.settled_cash
    for order in plan.orders:
        price = situation.prices[order.symbol].amount
        lots = int(order.quantity / situation.rules.lot)
        paid = order.side.sign * order.quantity * price + Fee.of(situation.rules, price)(lots)
        cash -= paid
        settled -= paid if order.side is Side.BUY else Decimal(0)
        positions[order.symbol] = positions.get(order.symbol, Decimal(0)) + order.side.sign * order.quantity
    value = sum((order.quantity * worst(order, situation) for order in plan.orders), Decimal(0))
    return replace(
        situation,
        account=replace(account, cash=cash, settled_cash=settled, positions=positions),
        history=replace(
            history,
            bought={**history.bought, **{o.symbol: o.quantity for o in plan.orders if o.side is Side.BUY}},
            sold={**history.sold, **{o.symbol: o.quantity for o in plan.orders if o.side is Side.SELL}},
            orders=history.orders + len(plan.orders),
            value=history.value + value,
        ),
    )


def worst(order: Order, situation: Situation) -> Decimal:
    """The worst price of an order, or what stands for it, USD."""
    offset = situation.rules.trading.limit_offset
    return order.limit_price or situation.prices[order.symbol].amount * (1 + order.side.sign * offset)
