"""Checks of the gateway: reached, logged in, the right account, prices, its clock. Nothing is ordered."""

from __future__ import annotations

import asyncio
from datetime import time, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from execution.brokers.base import Level
from execution.brokers.registry import adapter
from execution.errors import TradeRefusedError
from execution.ledger.watch_events import Check
from execution.models import Account, Price
from execution.orders.context import RebalanceRequest
from execution.orders.preflight import CLOCK_TOLERANCE, check_account
from operations.checks import CheckCode
from warehouse.calendar.sessions import EXCHANGE_ZONE
from warehouse.calendar.trading_hours import Phase, window_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from execution.brokers.base import Finding
    from execution.installation import Installation
    from warehouse.settings.portfolio import Portfolio

LIMIT_SECONDS = 60
"""Longest time that the whole conversation may take: each of its steps has a shorter one of its own."""
FIRST_PRICES = time(9, 46)
"""Exchange time from which even prices delayed by a quarter of an hour are the session's."""
UNANSWERED = {"handshake", "synchronisation"}
"""Steps that fail when a gateway listens and waits for a login itself."""
CLOSED = "Outside trading hours that is usual."
SUBJECTS = MappingProxyType(
    {
        "network": CheckCode.GATEWAY,
        "handshake": CheckCode.GATEWAY,
        "client id": CheckCode.GATEWAY,
        "gateway": CheckCode.LOGIN,
        "synchronisation": CheckCode.LOGIN,
        "orders and positions": CheckCode.LOGIN,
        "account": CheckCode.ACCOUNT,
        "read-only": CheckCode.API_ACCESS,
        "market data": CheckCode.MARKET_DATA,
        "clock": CheckCode.CLOCK,
    }
)
"""Subject of each step of the connection test."""


def gateway_checks(installation: Installation, now: datetime) -> Iterator[Check]:
    """Talk to the gateway up to a step whose failure makes the next ones meaningless.

    While a rebalance may be trading, the connection is its own and nothing is asked.
    """
    portfolio = installation.portfolio
    window = window_of(now, portfolio.trading.minutes_before_close)
    if window and window.phase(now) is Phase.OPEN:
        yield CheckCode.GATEWAY.ok("Not asked: in these minutes the connection belongs to the rebalance.")
        return
    conversation = adapter().diagnose(installation.gateway, portfolio.universe[0], now)
    try:
        findings = asyncio.run(asyncio.wait_for(conversation, LIMIT_SECONDS))
    except TimeoutError:
        yield CheckCode.LOGIN.failure(f"The gateway was connected, and has not answered within {LIMIT_SECONDS} s.")
        return
    steps = {finding.step for finding in findings}
    yield from _together(check for finding in findings for check in _judged(finding, portfolio, now))
    if "account" in steps and "read-only" not in steps and not any(finding.is_failure for finding in findings):
        yield CheckCode.API_ACCESS.ok("Orders may be asked for; only an order itself proves that one is taken.")


def _judged(finding: Finding, portfolio: Portfolio, now: datetime) -> Iterator[Check]:
    """Return the row of a step of the connection test, by what the schedule will ask of it."""
    subject = SUBJECTS.get(finding.step, CheckCode.GATEWAY)
    match finding.shown:
        case Account() as account:
            yield _account(account, portfolio)
        case Price() as price:
            yield _price(price, portfolio, now)
        case timedelta() as ahead:
            yield _clock(ahead)
        case _ if subject is CheckCode.MARKET_DATA:
            yield subject.failure(finding.message) if _has_prices(now) else subject.ok(f"{finding.message} {CLOSED}")
        case _ if finding.is_failure and finding.step in UNANSWERED:
            yield CheckCode.LOGIN.failure(finding.message, f"{CheckCode.LOGIN.remedy} {finding.remedy}")
        case _ if finding.is_failure or (subject is CheckCode.LOGIN and finding.level is Level.WARNING):
            yield subject.failure(finding.message, finding.remedy)
        case _:
            yield subject.ok(finding.message)


def _account(account: Account, portfolio: Portfolio) -> Check:
    trading = portfolio.trading
    try:
        check_account(RebalanceRequest(trading.scheduled_mode, trading.scheduled_confirm), portfolio, account)
    except TradeRefusedError as error:
        return CheckCode.ACCOUNT.failure(str(error))
    kind = "paper" if account.is_paper else "live"
    return CheckCode.ACCOUNT.ok(
        f"{account.account_id} is a {kind} account, and the schedule's: {trading.scheduled_mode}."
    )


def _price(price: Price, portfolio: Portfolio, now: datetime) -> Check:
    age = max(now - price.as_of, timedelta(0))
    minutes = round(age.total_seconds() / 60)
    said = f"The price of {price.symbol} is {price.kind}, {minutes} minutes old."
    if not _has_prices(now):
        return CheckCode.MARKET_DATA.ok(f"{said} {CLOSED}")
    if age > timedelta(minutes=portfolio.limits.price_age_minutes):
        return CheckCode.MARKET_DATA.failure(
            f"{said} limits.price_age_minutes is {portfolio.limits.price_age_minutes}."
        )
    return CheckCode.MARKET_DATA.ok(said)


def _has_prices(now: datetime) -> bool:
    """Tell whether the exchange trades, long enough for a delayed price."""
    window, local = window_of(now, 0), now.astimezone(EXCHANGE_ZONE)
    return window is not None and local.time() >= FIRST_PRICES and local < window.close


def _clock(ahead: timedelta) -> Check:
    said = f"The gateway's clock and this machine's differ by {abs(ahead).total_seconds():.0f} s"
    if abs(ahead) > CLOCK_TOLERANCE:
        return CheckCode.CLOCK.failure(f"{said}; beyond {CLOCK_TOLERANCE.seconds} s nothing is traded.")
    return CheckCode.CLOCK.ok(f"{said}.")


def _together(checks: Iterator[Check]) -> Iterator[Check]:
    """Join the rows of one subject; where one of them is no success, the successes of its subject are left out."""
    by_code: dict[str, list[Check]] = {}
    for check in checks:
        by_code.setdefault(check.code, []).append(check)
    for code, rows in by_code.items():
        worst = [row for row in rows if row.level is not Level.OK] or rows
        yield Check(code, worst[0].level, " ".join(row.message for row in worst), worst[0].remedy)
