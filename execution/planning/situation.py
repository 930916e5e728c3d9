"""From what a rebalance has gathered to a plan: hands the planner its request, and the ledger its record."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from execution.ledger.events import Decision, Funding, Switch
from execution.models import Account, Plan, Side
from execution.planning.funding import fund
from execution.planning.inputs import History, PlanRequest, Reference, Rules, Targets, UnsettledLot
from execution.planning.plan import plan as make_plan
from execution.planning.settlement import spendable
from execution.refusals import Refusal, RefusalCode
from warehouse.calendar.sessions import last_completed_session, next_session, previous_session, sessions
from warehouse.calendar.trading_hours import Phase, Window
from warehouse.settings.trading import DecideOn

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from execution.ledger.history import TradingHistory
    from execution.models import Price
    from execution.proposal import Proposal
    from warehouse.settings.portfolio import Portfolio


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything a decision is made from.

    Attributes:
        strategy_id: What the orders are kept under.
        ours: Symbols that the strategy may hold, or has held; other positions of the account are left alone.
        prices: By symbol, of `ours`.
        is_rehearsal: A dry run, which may be made at any hour and is then judged at the time of its prices.
        is_liquidation: Everything of ours is sold, whatever the targets say.
    """

    portfolio: Portfolio
    strategy_id: str
    proposal: Proposal
    account: Account
    ours: frozenset[str]
    prices: Mapping[str, Price]
    history: TradingHistory
    switch: Switch
    window: Window
    now: datetime
    is_rehearsal: bool = False
    is_liquidation: bool = False


def decide(situation: Situation) -> tuple[Decision, Plan]:
    """The plan, and the record of what it was made from."""
    proposal = situation.proposal
    targets = {} if situation.is_liquidation else proposal.targets
    decision = Decision(
        decided_at=situation.now,
        lake_snapshot=proposal.snapshot,
        targets_session=proposal.session_date,
        targets=targets,
        prices=tuple(situation.prices[symbol] for symbol in sorted(situation.prices)),
        selection=proposal.selection,
        correlations=proposal.correlations,
        account=situation.account,
        parameters_hash=situation.portfolio.parameters_hash,
    )
    made = make_plan(_request(situation, targets))
    doubtful = (*_missing_bars(situation), *_old_bars(situation))
    if doubtful and not situation.is_liquidation:
        made = replace(made, orders=(), refusals=(*doubtful, *made.refusals), is_blocked=True)
    return decision, made


def fund_buys(portfolio: Portfolio, plan: Plan, account: Account) -> Funding:
    """The plan's buys, as far as the cash goes that is there after its sales."""
    buys = [order for order in plan.orders if order.side is Side.BUY]
    cash = spendable(account, portfolio.trading.settlement)
    orders, refusals = fund(buys, cash, Rules.of(portfolio), {line.symbol: line.price for line in plan.lines})
    return Funding(orders, refusals)


def equity(account: Account, ours: frozenset[str], decision: Decision | None) -> Decimal:
    """Cash and our positions at the prices decided on, USD; a position without a price counts nothing."""
    prices = {price.symbol: price.amount for price in decision.prices} if decision else {}
    held = ((symbol, quantity) for symbol, quantity in account.positions.items() if symbol in ours & prices.keys())
    return account.cash + sum((quantity * prices[symbol] for symbol, quantity in held), Decimal(0))


def _request(situation: Situation, targets: Mapping[str, Decimal]) -> PlanRequest:
    proposal, account, history = situation.proposal, situation.account, situation.history
    positions = {symbol: held for symbol, held in account.positions.items() if symbol in situation.ours}
    due = proposal.session_date if situation.is_liquidation else _due_date(situation)
    return PlanRequest(
        strategy_id=situation.strategy_id,
        session_date=situation.window.session_date,
        targets=Targets(targets, proposal.session_date, due),
        account=replace(account, positions=positions),
        prices=situation.prices,
        references={
            symbol: Reference(bar.close, bar.session_date, bar.volatility)
            for symbol, bar in proposal.final_bars.items()
            if bar.volatility
        },
        rules=Rules.of(situation.portfolio),
        now=_judged_at(situation),
        close=situation.window.close,
        history=History(
            equity=history.previous_equity,
            unsettled=tuple(
                UnsettledLot(symbol, quantity, next_session(situation.window.session_date))
                for symbol, quantity in sorted(history.bought_unsettled.items())
            ),
            day_trades=history.day_trades,
            bought=frozenset(history.bought),
            # A liquidation sells what is left of a symbol that the rebalance has sold in part.
            sold=frozenset() if situation.is_liquidation else frozenset(history.sold),
            orders_sent=history.orders,
            value_sent=history.value,
        ),
        is_reduce_only=situation.switch is Switch.REDUCE_ONLY,
    )


def _is_open(situation: Situation) -> bool:
    return situation.window.phase(situation.now) is Phase.OPEN


def _judged_at(situation: Situation) -> datetime:
    """Now; a rehearsal outside the window is judged when its newest price was known."""
    if not situation.is_rehearsal or _is_open(situation) or not situation.prices:
        return situation.now
    return min(situation.now, max(price.as_of for price in situation.prices.values()))


def _due_date(situation: Situation) -> date:
    """The session whose bars the targets must have seen."""
    session = situation.window.session_date
    if situation.is_rehearsal and not _is_open(situation):
        return last_completed_session(situation.now)
    is_today = situation.portfolio.trading.decide_on is DecideOn.PROVISIONAL_BAR
    return session if is_today else previous_session(session)


def _missing_bars(situation: Situation) -> tuple[Refusal, ...]:
    """Symbols whose bars break off shortly before the session decided on: to the strategy they look delisted."""
    due = _due_date(situation)
    patience = situation.portfolio.quality.stale_after_sessions
    return tuple(
        Refusal(
            RefusalCode.TARGETS_STALE,
            f"{bar.symbol} has no bar of {due}; its newest is of {bar.session_date}, so the targets would sell it "
            f"unseen. Fetch it again. After {patience} sessions without a bar it counts as delisted.",
            bar.symbol,
            {"newest": bar.session_date.isoformat(), "due": due.isoformat()},
        )
        for bar in situation.proposal.bars.values()
        if bar.symbol in situation.proposal.universe
        and bar.session_date < due
        and len(sessions(bar.session_date, due)) - 1 <= patience
    )


def _old_bars(situation: Situation) -> tuple[Refusal, ...]:
    """Today's provisional bars that were landed too long ago to decide on."""
    if situation.is_rehearsal or situation.portfolio.trading.decide_on is not DecideOn.PROVISIONAL_BAR:
        return ()
    patience = timedelta(minutes=situation.portfolio.limits.price_age_minutes)
    return tuple(
        Refusal(
            RefusalCode.TARGETS_STALE,
            f"The targets have seen a bar of {bar.symbol} that was landed at {bar.ingested_at:%H:%M:%S %Z}, more than "
            f"{patience} ago. Fetch and build again; the scheduled rebalance does.",
            bar.symbol,
            {"ingested_at": bar.ingested_at.isoformat(), "now": situation.now.isoformat()},
        )
        for bar in situation.proposal.bars.values()
        if bar.symbol in situation.proposal.universe and not bar.is_final and situation.now - bar.ingested_at > patience
    )
