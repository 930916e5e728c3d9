"""A rebalance as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dagster_defs.cli import terminal
from research.report.formats import percent

if TYPE_CHECKING:
    from execution.rebalance import RebalanceOutcome


def show(outcome: RebalanceOutcome) -> None:
    """Print the plan, the orders as they ended, and the refusals."""
    _say(f"{outcome.message}\n")
    if outcome.plan is not None and outcome.plan.lines:
        plan = outcome.plan
        _say(
            f"Plan for {plan.session_date} · account {outcome.account_id} · {plan.equity:,.2f} {plan.currency} · "
            f"tracking error {percent(float(plan.tracking_error), 2)}"
        )
        lines = [
            {
                "symbol": line.symbol,
                "price": f"{line.price:,.2f}",
                "held": f"{line.held:f}",
                "planned": f"{line.planned:f}",
                "weight before": percent(float(line.weight_before), 2),
                "target": percent(float(line.weight_target), 2),
                "after": percent(float(line.weight_after), 2),
            }
            for line in plan.lines
        ]
        terminal.show(pd.DataFrame(lines))
    sent = {state.order.order_ref: state for state in outcome.orders}
    orders = [state.order for state in outcome.orders] or (list(outcome.plan.orders) if outcome.plan else [])
    if orders:
        _say("")
        terminal.show(
            pd.DataFrame(
                {
                    "order": order.order_ref,
                    "quantity": f"{order.quantity:f}",
                    "limit": "market" if order.limit_price is None else f"{order.limit_price:,.2f}",
                    "filled": f"{sent[order.order_ref].filled:f}" if order.order_ref in sent else "not sent",
                    "price": _amount(sent[order.order_ref].average_price) if order.order_ref in sent else "",
                    "commission": _amount(sent[order.order_ref].commission) if order.order_ref in sent else "",
                }
                for order in orders
            )
        )
    if outcome.refusals:
        _say("\nNot traded, and why")
        for refusal in outcome.refusals:
            _say(f"  {refusal.code}  {refusal.message}")
    if outcome.state is not None:
        held = ", ".join(f"{shares:f} {symbol}" for symbol, shares in sorted(outcome.state.account.positions.items()))
        account = outcome.state.account
        _say(f"\nPositions: {held or 'none'} · cash {account.cash:,.2f} {account.currency}")


def _amount(value: object) -> str:
    return "" if value is None else f"{value:,.4f}".rstrip("0").rstrip(".")


def _say(line: str) -> None:
    terminal.out.print(terminal.plain(line), markup=False)
