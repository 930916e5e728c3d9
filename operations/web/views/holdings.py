"""Holdings: positions against targets, and the next rebalance with a reason for each buy, sell and skip."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from execution.models import Side
from execution.preview import preview
from execution.targets import targets_at
from warehouse import readers
from warehouse.settings.portfolio import CASH

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from execution.models import Plan
    from execution.preview import Preview
    from execution.refusals import RefusalCode
    from execution.targets import LiveTargets
    from operations.web.reading import Reading


def document(reading: Reading) -> dict[str, Any]:
    """Return the account's positions beside the targets, and the preview of the next rebalance.

    Raises:
        LakeError: The targets were never built.
        LedgerError: The ledger cannot be read.
        TradeRefusedError: There are no targets.
    """
    targets, seen = reading.once(foreseen)
    explained = {each["symbol"]: each for each in readers.explanations_on(reading.lake, targets.session_date).records()}
    return {
        "account_id": seen.account.account_id,
        "is_known": seen.account_at is not None,
        "at": seen.account_at,
        "currency": seen.account.currency,
        "targets_session": targets.session_date,
        "hold": targets.hold.explanation if targets.hold else None,
        "lines": _lines(seen, targets),
        "preview": _previewed(seen, explained),
    }


def foreseen(reading: Reading) -> tuple[LiveTargets, Preview]:
    """Return the targets and the preview of the next rebalance; raises what `document` does."""
    targets = targets_at(reading.lake, reading.snapshot)
    return targets, preview(reading.portfolio, targets, reading.ledger, reading.now)


def sale_lines(body: Mapping[str, Any]) -> list[str]:
    """Say what selling everything would sell, from a document of this view."""
    ours = [line for line in body["lines"] if line["shares"] and line["is_ours"]]
    value = sum(line["value"] or 0 for line in ours)
    return [
        f"Account {body['account_id']}, as last seen. Trading is halted first, and our open orders are cancelled.",
        *(f"{line['shares']:g} {line['symbol']}, {_worth(line['value'])}" for line in ours),
        f"In all {_worth(value)} at the newest closes; each sale has its own price."
        if ours
        else "Nothing of ours is held, so nothing would be sold.",
    ]


def _worth(value: float | None) -> str:
    return "without a price" if value is None else f"about {value:,.0f} USD"


def _lines(seen: Preview, targets: LiveTargets) -> list[dict[str, Any]]:
    """Return one line for each symbol that is held or wanted, then cash; values at the newest sound closes."""
    account, plan = seen.account, {line.symbol: line for line in seen.plan.lines}
    sound = {symbol: bar for symbol, bar in targets.bars.items() if not bar.is_doubted}
    closes = {symbol: bar.close for symbol, bar in {**targets.final_bars, **sound}.items()}
    held = {symbol: shares for symbol, shares in account.positions.items() if shares}
    values = {symbol: shares * closes[symbol] for symbol, shares in held.items() if symbol in closes}
    equity = account.cash + sum(values.values())
    names = sorted({*held, *(symbol for symbol, weight in targets.weights.items() if weight)})
    lines = []
    for symbol in names:
        value, target = values.get(symbol), targets.weights.get(symbol)
        weight = value / equity if value is not None and equity > 0 else None
        lines.append(
            {
                "symbol": symbol,
                "shares": held.get(symbol, 0),
                "close": closes.get(symbol),
                "value": value if symbol in held else 0,
                "weight": weight if symbol in held else 0,
                "target": target or 0,
                "difference": (weight or 0) - (target or 0),
                "is_ours": symbol in plan or symbol in targets.universe,
            }
        )
    invested = sum(targets.weights.values())
    weight = account.cash / equity if equity > 0 else None
    lines.append(
        {
            "symbol": CASH,
            "shares": None,
            "close": None,
            "value": account.cash,
            "weight": weight,
            "target": 1 - invested,
            "difference": None if weight is None else weight - (1 - invested),
            "is_ours": True,
        }
    )
    return lines


def _previewed(seen: Preview, explained: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    plan = seen.plan
    return {
        "session_date": seen.window.session_date,
        "opens": seen.window.opens,
        "deadline": seen.window.deadline,
        "is_blocked": plan.is_blocked,
        "equity": plan.equity,
        "tracking_error": plan.tracking_error,
        "waits_for_settlement": plan.waits_for_settlement,
        "steps": _steps(plan, explained),
        "refusals": _refusals(plan),
    }


def _refusals(plan: Plan) -> list[dict[str, Any]]:
    """Return what stops the whole rebalance, or concerns it as a whole, once for each code."""
    told: dict[RefusalCode, list[str]] = defaultdict(list)
    for refusal in plan.refusals:
        if plan.is_blocked or not refusal.symbol:
            told[refusal.code].append(refusal.message)
    return [{"code": code, "meaning": code.meaning, "messages": messages} for code, messages in told.items()]


def _steps(plan: Plan, explained: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return buy, sell, keep or skip for each symbol of the plan, with the strategy's reason and what limits it."""
    orders = {order.symbol: order for order in plan.orders}
    limits: dict[str, list[dict[str, str]]] = defaultdict(list)
    for refusal in plan.refusals:
        limits[refusal.symbol].append({"code": refusal.code, "message": refusal.message})
    steps = []
    for line in plan.lines:
        order = orders.get(line.symbol)
        told = explained.get(line.symbol)
        steps.append(
            {
                "symbol": line.symbol,
                "action": order.side if order else _left(line.held, line.weight_target),
                "shares": order.quantity if order else 0,
                "price": line.price,
                "amount": order.quantity * line.price if order else 0,
                "limit_price": order.limit_price if order else None,
                "weight_before": line.weight_before,
                "weight_target": line.weight_target,
                "weight_after": line.weight_after,
                "reason": str(told["reason"]) if told else "It is not in the universe.",
                "limits": limits.get(line.symbol, []),
            }
        )
    order_of = {Side.SELL: 0, Side.BUY: 1, "SKIP": 2, "KEEP": 3}
    return sorted(steps, key=lambda step: (order_of[step["action"]], step["symbol"]))


def _left(held: Decimal, target: Decimal) -> str:
    """A symbol without an order is kept where it is held and wanted, and else skipped."""
    return "KEEP" if held and target else "SKIP"
