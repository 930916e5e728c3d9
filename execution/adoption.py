"""Shares that an account held before this ledger knew it: whether they are the strategy's is asked, never assumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from execution.errors import StateDisagreesError
from execution.ledger.events import Stop
from execution.refusals import Refusal, RefusalCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from execution.models import BrokerState
    from execution.orders.context import TradingContext
    from execution.targets import LiveTargets


def require_adopted(targets: LiveTargets, context: TradingContext, state: BrokerState) -> None:
    """Stop at an account that the ledger does not know, and that holds shares which a rebalance would trade.

    Raises:
        StateDisagreesError: It holds some; the message names them and the choices.
    """
    account = state.account
    if context.ledger.positions(account.account_id) is not None:
        return
    found = list(_holdings(targets, context, state))
    if not found:
        return
    message = (
        f"Account {account.account_id} holds shares that no order of this ledger has bought: "
        f"{', '.join(refusal.message for refusal in found)}. They are not traded unasked, and nothing was sent. Give "
        "them to the strategy with `swing resume --accept-positions`; or keep them: "
        f"{', '.join(f'`swing release {refusal.symbol}`' for refusal in found)} leaves a symbol to you, or move them "
        "to another account. If this account had a ledger before, restore its backup first; if another installation "
        "trades it, let that one."
    )
    context.record(Stop(message, tuple(found)))
    raise StateDisagreesError(message)


def _holdings(targets: LiveTargets, context: TradingContext, state: BrokerState) -> Iterator[Refusal]:
    ours, account = context.ours(targets.universe), state.account
    for symbol, shares in sorted(account.positions.items()):
        if symbol in ours and shares:
            bar = targets.final_bars.get(symbol)
            value = f"{shares * bar.close:,.2f}" if bar else ""
            worth = f" ({value} {account.currency} at the close of {bar.session_date})" if bar else ""
            numbers = {"broker": f"{shares:f}", "ledger": "0", "value": value}
            yield Refusal(RefusalCode.STATE_DISAGREES, f"{shares:f} {symbol}{worth}", symbol, numbers)
