"""Cash that may be spent before sales have settled (T+1)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from execution.models import Side
from execution.planning.costs import Fee
from warehouse.settings.trading import Settlement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from execution.models import Account
    from execution.planning.rules import Rules
    from execution.planning.trades import PossibleTrade

NOTHING = Decimal(0)


def spendable(account: Account, settlement: Settlement) -> Decimal:
    """Return the cash that buys may spend now, USD; below 0 where cash is owed."""
    if settlement is Settlement.SETTLED_ONLY:
        return min(account.settled_cash, account.cash)
    return account.cash


def proceeds(trades: Sequence[PossibleTrade], lots: Sequence[int], rules: Rules) -> Decimal:
    """Sum the proceeds of the sales at their limit prices, after commissions, USD."""
    return sum(
        (
            count * trade.worst * rules.lot - Fee.of(rules, trade.worst)(count)
            for trade, count in zip(trades, lots, strict=True)
            if trade.side is Side.SELL
        ),
        NOTHING,
    )
