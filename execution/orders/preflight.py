"""Checks before anything is looked at: the hour, the clock, the account."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from execution.errors import TradeRefusedError
from execution.refusals import Refusal, RefusalCode
from warehouse.calendar.sessions import EXCHANGE_ZONE
from warehouse.calendar.trading_hours import Phase, Window, following_window, window_of
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from datetime import datetime

    from execution.models import Account
    from execution.orders.context import RebalanceRequest
    from warehouse.settings.portfolio import Portfolio

CLOCK_TOLERANCE = timedelta(seconds=10)


def planned_window(now: datetime, minutes_before_close: int) -> Window:
    """Return today's window while the session lasts, else the next session's."""
    today = window_of(now, minutes_before_close)
    if today is not None and now < today.close:
        return today
    return following_window(now, minutes_before_close)


def check_window(now: datetime, minutes_before_close: int) -> None:
    """Refuse when nothing may be sent now. Raises TradeRefusedError."""
    today = window_of(now, minutes_before_close)
    phase = today.phase(now) if today else None
    if phase is Phase.OPEN:
        return
    local = now.astimezone(EXCHANGE_ZONE)
    coming = today if today and phase is Phase.TOO_EARLY else following_window(now, minutes_before_close)
    match phase:
        case None:
            code, what = RefusalCode.SESSION_CLOSED, f"The exchange does not trade on {local:%A %Y-%m-%d}."
        case Phase.TOO_EARLY:
            code, what = RefusalCode.SESSION_TOO_EARLY, f"It is {local:%H:%M:%S} in New York."
        case _:
            code, what = (
                RefusalCode.SESSION_TOO_LATE,
                f"It is {local:%H:%M:%S} in New York: nothing is sent in a session's last minute or after its close.",
            )
    message = (
        f"{what} The next rebalance may trade on {coming.session_date} from {coming.opens:%H:%M} to "
        f"{coming.deadline:%H:%M} New York time; `swing trade` plans without trading at any time."
    )
    numbers = {"now": local.isoformat(), "opens": coming.opens.isoformat(), "deadline": coming.deadline.isoformat()}
    raise TradeRefusedError(message, (Refusal(code, message, numbers=numbers),))


def check_clock(theirs: datetime, ours: datetime) -> None:
    """Refuse when the broker's clock differs: every deadline depends on it. Raises TradeRefusedError."""
    if refusal := clock_refusal(theirs, ours):
        raise TradeRefusedError(refusal.message, (refusal,))


def clock_refusal(theirs: datetime, ours: datetime) -> Refusal | None:
    """Return the refusal of clocks that differ too much; None if they do not."""
    if abs(theirs - ours) <= CLOCK_TOLERANCE:
        return None
    message = (
        f"The broker's clock says {theirs.isoformat()}, this machine's {ours.isoformat()}; more than "
        f"{CLOCK_TOLERANCE.seconds} seconds apart. Synchronise this machine's clock (NTP), then start again."
    )
    numbers = {"broker": theirs.isoformat(), "machine": ours.isoformat()}
    return Refusal(RefusalCode.CLOCK_DISAGREES, message, numbers=numbers)


def check_permission(request: RebalanceRequest, portfolio: Portfolio, account_id: str = "") -> None:
    """Refuse live trading that the configuration does not allow, whatever the hour. Raises TradeRefusedError.

    Args:
        request: Mode, and the account that was confirmed.
        portfolio: The configuration.
        account_id: The gateway's account, as far as it is known.
    """
    if request.mode is not Mode.LIVE:
        return
    configured, stated = portfolio.broker.account, request.confirmed_account
    numbers = {"gateway": account_id, "configured": configured, "confirmed": stated}
    if not portfolio.trading.is_live_allowed:
        _refuse_account("trading.is_live_allowed is false in portfolio.yaml.", numbers)
    if not configured:
        _refuse_account("Live trading needs broker.account in portfolio.yaml.", numbers)


def check_account(request: RebalanceRequest, portfolio: Portfolio, account: Account) -> None:
    """Refuse an account other than the one that was meant. Raises TradeRefusedError."""
    configured, stated = portfolio.broker.account, request.confirmed_account
    numbers = {"gateway": account.account_id, "configured": configured, "confirmed": stated}
    if configured and configured != account.account_id:
        _refuse_account(f"The gateway trades {account.account_id}; broker.account is {configured}.", numbers)
    check_permission(request, portfolio, account.account_id)
    if request.mode is Mode.PAPER and not account.is_paper:
        message = f"{account.account_id} is not a paper account, and --paper trades nothing else."
        raise TradeRefusedError(message, (Refusal(RefusalCode.ACCOUNT_NOT_PAPER, message, numbers=numbers),))
    if request.mode is Mode.LIVE and stated != account.account_id:
        _refuse_account(f"--confirm {stated or '(nothing)'} is not {account.account_id}.", numbers)


def _refuse_account(what: str, numbers: dict[str, str]) -> None:
    message = f"{what} Live needs all of: trading.is_live_allowed, broker.account, and --confirm with the same account."
    raise TradeRefusedError(message, (Refusal(RefusalCode.ACCOUNT_UNEXPECTED, message, numbers=numbers),))
