"""Compares what the ledger expects with what the broker states; any difference stops a rebalance."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from execution.ledger.events import Reconciliation, Restatement
from execution.models import MARK, OrderRef
from execution.orders.context import LIQUIDATION
from execution.orders.preflight import clock_refusal
from execution.refusals import Refusal, RefusalCode
from execution.splits import between, explains, ratio_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
    from datetime import date
    from decimal import Decimal

    from execution.models import BrokerState, Execution, OrderReport
    from execution.orders.context import TradingContext
    from execution.splits import Split


POSITION_LAG_LOOKS = 4
"""Looks at positions before they count as different: they may follow executions with a delay."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Records of one order of ours at the broker.

    Attributes:
        report: Of the order itself; None if it is neither open nor completed.
        executions: Of the order, corrections and the corrected among them.
    """

    report: OrderReport | None
    executions: tuple[Execution, ...]

    @property
    def is_known(self) -> bool:
        """True if the broker has had the order."""
        return self.report is not None or bool(self.executions)


def trace(order_ref: str, state: BrokerState) -> Trace:
    """Look for an order among open and completed ones and executions."""
    reports = [report for report in state.orders if report.order_ref == order_ref]
    # A final state is the last word, wherever it stands in the answer.
    reports.sort(key=lambda report: (report.status.is_final, report.filled))
    executions = tuple(execution for execution in state.executions if execution.order_ref == order_ref)
    return Trace(reports[-1] if reports else None, executions)


def unused(ref: OrderRef, context: TradingContext, state: BrokerState) -> OrderRef:
    """Return a reference under the first number from its own that neither ledger nor broker has seen."""
    taken = {*context.session().orders, *(report.order_ref for report in state.orders)}
    taken |= {execution.order_ref for execution in state.executions}
    while str(ref) in taken:
        ref = replace(ref, sequence=ref.sequence + 1)
    return ref


@dataclass(frozen=True, slots=True)
class Expectation:
    """State of an account by the ledger, as seen from one session's rebalance.

    Attributes:
        positions: Shares by symbol, without zeros.
        order_refs: Every order that this session intended.
        symbols: Those the strategy may hold or has traded; other positions and orders are left alone.
        splits: By symbol, those effective since ledger and broker last agreed.
    """

    strategy_id: str
    session_date: date
    positions: Mapping[str, Decimal]
    order_refs: Collection[str]
    symbols: Collection[str]
    splits: Mapping[str, Sequence[Split]] = field(default_factory=dict)

    def has_lost(self, order_ref: str) -> bool:
        """Return True if an order is of this session and the ledger does not know it."""
        if order_ref in self.order_refs:
            return False
        try:
            ref = OrderRef.parse(order_ref)
        except ValueError:
            return False
        return (ref.strategy_id, ref.session_date) == (self.strategy_id, self.session_date)


async def compare(
    context: TradingContext,
    universe: Iterable[str],
    read: Callable[[], Awaitable[BrokerState]],
    splits: Collection[Split] = (),
) -> tuple[BrokerState, tuple[Refusal, ...]]:
    """Read the broker's state until it agrees with the ledger, a few times at most, and record how it compares.

    A split since they last agreed, by a source and by the broker, restates the ledger's position; that is recorded only
    together with agreement on everything.

    Args:
        context: A rebalance that has its session.
        universe: Symbols that the strategy may hold.
        read: Reads the state and records the executions that it shows.
        splits: Known from sources.

    Returns:
        The last state, and its disagreements.
    """
    for attempt in range(POSITION_LAG_LOOKS):
        if attempt:
            await asyncio.sleep(context.pace.look_every / 2)
        state = await read()
        expected = Expectation(
            strategy_id=context.scope.strategy_id,
            session_date=context.window.session_date,
            positions=context.ledger.positions(context.scope.account_id) or {},
            order_refs=context.session().orders.keys(),
            symbols=context.ours(universe),
            splits=since_agreement(context, splits),
        )
        differences = disagreements(expected, state)
        if not differences:
            break
    agreed = Reconciliation(state.account, state.at, differences)
    context.record(*(() if differences else restatements(expected, state)), agreed)
    return state, differences


def since_agreement(context: TradingContext, splits: Collection[Split]) -> dict[str, tuple[Split, ...]]:
    """Return the splits by symbol that are effective since ledger and broker last agreed."""
    agreed = context.ledger.last_agreement(context.scope.account_id)
    if agreed is None:
        return {}
    symbols = {split.symbol for split in splits}
    found = {symbol: between(splits, symbol, agreed, context.window.session_date) for symbol in symbols}
    return {symbol: between_looks for symbol, between_looks in found.items() if between_looks}


def restatements(expected: Expectation, state: BrokerState) -> list[Restatement]:
    """Return the positions that count in new shares, because a source knows the split and the broker shows it."""
    known, held = expected.positions or {}, state.account.positions
    return [
        Restatement(
            symbol=symbol,
            effective_on=splits[-1].session_date,
            ratio=_ratio(splits),
            before=known[symbol],
            after=held[symbol],
            source=splits[-1].source,
        )
        for symbol, splits in sorted(expected.splits.items())
        if symbol in expected.symbols
        and symbol in known
        and symbol in held
        and explains(ratio_of(splits), known[symbol], held[symbol])
    ]


def disagreements(expected: Expectation, state: BrokerState) -> tuple[Refusal, ...]:
    """Return what a person must look at before anything is sent.

    `expected.positions` must hold the executions that `state` shows: record those first.
    """
    return (*_positions(expected, state), *_open_orders(expected, state), *_forgotten(expected, state))


def contradictions(context: TradingContext, state: BrokerState) -> list[Refusal]:
    """Return what a person must look at before anything more is sent: orders that are not what was ordered."""
    orders = context.session().orders
    clocks = clock_refusal(state.at, context.clock())
    found = [clocks] if clocks else []
    for order_ref, known in orders.items():
        reports = [report for report in state.orders if report.order_ref == order_ref]
        filled = max([known.filled, known.reported_filled, *(report.filled for report in reports)])
        identities = known.permanent_ids | {report.permanent_id for report in reports if report.permanent_id}
        if filled > known.order.quantity:
            found.append(_disagreement(order_ref, f"{filled:f} shares filled of {known.order.quantity:f} ordered"))
        if len(identities) > 1:
            twice = ", ".join(map(str, sorted(identities)))
            found.append(_disagreement(order_ref, f"the broker has it as {len(identities)} orders ({twice})"))
    if context.scope.strategy_id != LIQUIDATION:
        refs = {report.order_ref for report in state.orders} | {done.order_ref for done in state.executions}
        found += [
            _disagreement(order_ref, "it is an order of another ledger, which trades this account too")
            for order_ref in sorted(refs)
            if is_of_another_ledger(order_ref)
        ]
    return found


def is_of_another_ledger(order_ref: str) -> bool:
    """Return True for a reference in our form that another ledger has marked."""
    plain, mark, _ = order_ref.rpartition(MARK)
    try:
        OrderRef.parse(plain)
    except ValueError:
        return False
    return bool(mark)


def _disagreement(order_ref: str, what: str) -> Refusal:
    return Refusal(
        RefusalCode.STATE_DISAGREES,
        f"{order_ref}: {what}. Nothing more is sent. Look at the orders and positions in TWS, and let one installation "
        "alone trade the account.",
        numbers={"order_ref": order_ref},
    )


def _positions(expected: Expectation, state: BrokerState) -> list[Refusal]:
    held = state.account.positions
    restated = {restatement.symbol for restatement in restatements(expected, state)}
    return [
        Refusal(
            RefusalCode.STATE_DISAGREES,
            f"The broker states {held.get(symbol, 0)} shares of {symbol}; by the ledger there are "
            f"{expected.positions.get(symbol, 0)}{_split_known(expected.splits.get(symbol, ()))}. If the difference is "
            "meant (a trade by hand, a split, a transfer), accept it with `swing resume --accept-positions`.",
            symbol,
            {"broker": str(held.get(symbol, 0)), "ledger": str(expected.positions.get(symbol, 0))},
        )
        for symbol in sorted({*held, *expected.positions} & {*expected.symbols} - restated)
        if held.get(symbol, 0) != expected.positions.get(symbol, 0)
        or (symbol in expected.splits and symbol in expected.positions)
    ]


def _split_known(splits: Sequence[Split]) -> str:
    """Tell of the splits which these shares do not fit; empty if there are none."""
    if not splits:
        return ""
    return f", and {splits[-1].source} knows a split of {_ratio(splits)} on {splits[-1].session_date}"


def _ratio(splits: Sequence[Split]) -> str:
    ratio = ratio_of(splits)
    return f"{ratio.numerator}/{ratio.denominator}"


def _open_orders(expected: Expectation, state: BrokerState) -> list[Refusal]:
    return [
        Refusal(
            RefusalCode.STATE_DISAGREES,
            f"An open order for {report.symbol} ({report.side} {report.quantity}) is none of this rebalance. "
            "Cancel it with `swing halt --cancel-orders` or in TWS, or let it end; then start again.",
            report.symbol,
            {"permanent_id": str(report.permanent_id), "order_ref": report.order_ref, "quantity": str(report.quantity)},
        )
        for report in state.orders
        if not report.status.is_final
        and report.symbol in expected.symbols
        and report.order_ref not in expected.order_refs
    ]


def _forgotten(expected: Expectation, state: BrokerState) -> list[Refusal]:
    """Find orders of this very session that the ledger has lost: to go on would double them."""
    shown = {report.order_ref: report.symbol for report in state.orders}
    shown |= {execution.order_ref: execution.symbol for execution in state.executions}
    return [
        Refusal(
            RefusalCode.STATE_DISAGREES,
            f"The broker has had {order_ref}, which the ledger does not know: was it replaced or restored? Nothing is "
            "traded in this session any more; look at the positions before the next.",
            symbol,
            {"order_ref": order_ref},
        )
        for order_ref, symbol in sorted(shown.items())
        if expected.has_lost(order_ref)
    ]
