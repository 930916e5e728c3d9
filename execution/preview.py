"""Preview of the next rebalance: the plan that today's targets, last known positions and last closes lead to.

It asks no broker and records nothing. The rebalance itself plans again, with prices and an account of its own minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from execution.decision import decide
from execution.ledger.events import EventKind, Reconciliation
from execution.models import Account, Price, PriceKind, Switch
from execution.orders.preflight import planned_window
from execution.planning.rules import Rules
from execution.planning.situation import Situation
from warehouse.calendar.sessions import close_time
from warehouse.calendar.trading_hours import Phase

if TYPE_CHECKING:
    from datetime import datetime

    from execution.ledger.ledger import Ledger
    from execution.models import Plan
    from execution.targets import LiveTargets
    from warehouse.calendar.trading_hours import Window
    from warehouse.settings.portfolio import Portfolio

MOMENT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Preview:
    """The next rebalance, as far as it can be known.

    Attributes:
        account: As the broker stated it last; before it ever did, one that holds the backtest's first equity in cash.
        account_at: When it was stated; None if it never was.
        window: Hours of the session that would be traded.
    """

    account: Account
    account_at: datetime | None
    window: Window
    plan: Plan


def preview(portfolio: Portfolio, targets: LiveTargets, ledger: Ledger, now: datetime) -> Preview:
    """Plan the next rebalance without a broker.

    Args:
        portfolio: The configuration.
        targets: Of the strategy.
        ledger: Positions and recent trading come from it.
        now: Aware. Within the window, which only the broker's own prices serve, it counts as the moment before.
    """
    window = planned_window(now, portfolio.trading.minutes_before_close)
    account, account_at = last_account(portfolio, ledger)
    ours = (frozenset(targets.universe) | ledger.symbols(account.account_id)) - ledger.released(account.account_id)
    restated = targets.in_shares_of(window.session_date)
    situation = Situation(
        strategy_id=targets.strategy_id,
        targets=restated,
        account=account,
        ours=ours,
        prices={
            symbol: Price(symbol, bar.close, PriceKind.CLOSE, close_time(bar.session_date), account.currency)
            for symbol, bar in restated.final_bars.items()
            if symbol in ours
        },
        rules=Rules.of(portfolio),
        window=window,
        now=now if window.phase(now) is Phase.TOO_EARLY else window.opens - MOMENT,
        history=ledger.history(account.account_id, window.session_date),
        switch=Switch.REDUCE_ONLY if ledger.switch(account.account_id) is Switch.REDUCE_ONLY else Switch.NORMAL,
        is_rehearsal=True,
    )
    return Preview(account, account_at, window, decide(situation)[1])


def last_account(portfolio: Portfolio, ledger: Ledger) -> tuple[Account, datetime | None]:
    """Return the account as the broker stated it last and when, or one that holds the configured capital in cash."""
    seen = ledger.newest(EventKind.RECONCILED)
    if seen is not None and isinstance(seen.event.payload, Reconciliation):
        return seen.event.payload.account, seen.event.payload.at
    capital = Decimal(str(portfolio.capital.initial_equity))
    return Account(portfolio.broker.account, capital, capital, capital, {}, is_paper=True), None
