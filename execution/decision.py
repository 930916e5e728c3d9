"""A decision: the plan that a situation leads to, and the record of what it was made from."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from execution.ledger.events import Decision, Funding
from execution.models import Account, Plan, Side
from execution.planning.aside import set_aside
from execution.planning.checks import barren_symbols, doubtful_bars, held_targets
from execution.planning.funding import fund
from execution.planning.plan import plan as make_plan
from execution.planning.settlement import spendable

if TYPE_CHECKING:
    from execution.planning.rules import Rules
    from execution.planning.situation import Situation


def decide(situation: Situation) -> tuple[Decision, Plan]:
    """Plan, and record what the plan was made from."""
    apart = set_aside(situation)
    situation, targets = apart.situation, situation.targets
    prices = {**situation.prices, **situation.aside}
    decision = Decision(
        decided_at=situation.now,
        lake_snapshot=targets.snapshot,
        targets_session=targets.session_date,
        targets=situation.weights,
        prices=tuple(price for _, price in sorted(prices.items()) if price),
        selection=targets.selection,
        correlations=targets.correlations,
        account=situation.account,
        parameters_hash=situation.rules.parameters_hash,
        targets_parameters_hash=targets.origin.parameters_hash,
        targets_code_version=targets.origin.code_version,
        targets_bars_snapshot=targets.origin.bars_snapshot,
    )
    plan = make_plan(situation)
    told = (*apart.refusals, *barren_symbols(situation), *held_targets(situation))
    plan = replace(plan, refusals=(*plan.refusals, *told))
    if doubts := doubtful_bars(situation):
        plan = replace(plan, orders=(), refusals=(*doubts, *plan.refusals), is_blocked=True)
    return decision, plan


def fund_buys(rules: Rules, plan: Plan, account: Account) -> Funding:
    """Keep of the plan's buys what the cash pays for that is there after its sales."""
    buys = [order for order in plan.orders if order.side is Side.BUY]
    cash = spendable(account, rules.trading.settlement)
    orders, refusals = fund(buys, cash, rules, {line.symbol: line.price for line in plan.lines})
    return Funding(orders, refusals)


def equity(account: Account, ours: frozenset[str], decision: Decision | None) -> Decimal:
    """Sum cash and our positions at the prices decided on, USD; a position without a price counts nothing."""
    prices = {price.symbol: price.amount for price in decision.prices} if decision else {}
    held = ((symbol, quantity) for symbol, quantity in account.positions.items() if symbol in ours & prices.keys())
    return account.cash + sum((quantity * prices[symbol] for symbol, quantity in held), Decimal(0))
