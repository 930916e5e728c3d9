"""The connection test: each step from the socket to prices, with advice where it fails."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from execution.brokers.base import Finding, Level
from execution.brokers.retrying import RetryPolicy, TransientError
from execution.brokers.tws.answers import DeadlineError, RequestRefusedError
from execution.brokers.tws.broker import IbkrBroker
from execution.brokers.tws.codes import CodeSet, classify
from execution.brokers.tws.session import Timing
from execution.errors import BrokerError, BrokerRefusedError
from execution.models import Notice, PriceKind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from execution.brokers.base import Endpoint
    from execution.models import Account

ONCE = Timing(retries=RetryPolicy(attempts=1))
CLOCK_WARNING, CLOCK_FAILURE = timedelta(seconds=5), timedelta(seconds=60)
WORRYING = {CodeSet.CONNECTIVITY_LOST, CodeSet.FARM_BROKEN, CodeSet.COMPETING_SESSION, CodeSet.PORT_CHANGED}
PORTS = "IB Gateway listens on 4002 for paper and 4001 for live trading, TWS on 7497 and 7496"
QUIET = (
    "The gateway answers other requests, and not this one. At weekends and around the nightly restart that is usual: "
    "try again later. If it stays, restart the gateway."
)
SETTINGS = (
    "In TWS: File → Global Configuration → API → Settings; in IB Gateway: Configure → Settings → API → Settings. In "
    "TWS set 'Enable ActiveX and Socket Clients'; in both compare 'Socket port', and clear 'Read-Only API'. If swing "
    "runs on another computer, clear 'Allow connections from localhost only' and enter its address under 'Trusted IPs'."
)


async def diagnose(endpoint: Endpoint, symbol: str, now: datetime, timing: Timing = ONCE) -> list[Finding]:
    """Test the gateway up to the first step whose failure makes the next ones meaningless; order nothing.

    Args:
        endpoint: Address of the gateway.
        symbol: Asked for a price.
        now: This computer's time, compared with the gateway's clock.
        timing: Longest time of each step.
    """
    started = time.monotonic()
    found = []
    broker = IbkrBroker(endpoint, timing)
    try:
        async for finding in _conversation(broker, endpoint, symbol):
            found.append(finding)  # noqa: PERF401 - findings before a failure count
        elapsed = timedelta(seconds=time.monotonic() - started)
        found.append(_clock(await broker.now() - now - elapsed))
    except BrokerError as error:
        found.append(_failure(error, endpoint))
    finally:
        found += await _worries(broker)
        await broker.close()
    return found


async def _conversation(broker: IbkrBroker, endpoint: Endpoint, symbol: str) -> AsyncIterator[Finding]:
    await broker.open()
    yield Finding("network", Level.OK, f"A gateway listens at {endpoint.host}:{endpoint.port}.")
    yield _protocol(*broker.protocol)
    yield Finding("client id", Level.OK, f"Client id {endpoint.client_id} is free.")
    state = await broker.state()
    yield _account(state.account, endpoint)
    yield Finding(
        "orders and positions",
        Level.OK,
        f"{len(state.account.positions)} positions, {len(state.orders)} orders and {len(state.executions)} executions "
        "of today were read, each list to its end.",
    )
    prices = await broker.prices([symbol])
    price = prices.get(symbol)
    if price is None:
        remedy = (
            "Outside trading hours that is usual. Within them: subscribe to US market data in the broker's account "
            "settings, or set trading.decide_on to previous_close, which needs none."
        )
        yield Finding("market data", Level.WARNING, f"No price of {symbol} came.", remedy)
    elif price.kind is PriceKind.LIVE:
        yield Finding("market data", Level.OK, f"{symbol} is {price.amount} {price.currency}, live.", "", price)
    else:
        yield Finding(
            "market data",
            Level.WARNING,
            f"{symbol} was {price.amount} {price.currency} at {price.as_of:%H:%M:%S} UTC ({price.kind}).",
            "Delayed prices work, within limits.price_age_minutes. Live ones need a subscription of the account's.",
            price,
        )


def _protocol(agreed: int, newest: int) -> Finding:
    message = f"Protocol {agreed} was agreed on; the client library's newest is {newest}."
    if agreed >= newest:
        return Finding("handshake", Level.OK, message)
    remedy = "Update the gateway (TWS or IB Gateway, build 10.30.1 or newer): with older ones nothing was tested."
    return Finding("handshake", Level.WARNING, message, remedy)


def _account(account: Account, endpoint: Endpoint) -> Finding:
    worth = f"{account.net_liquidation} {account.currency}, of it {account.settled_cash} settled cash"
    if account.is_paper:
        return Finding("account", Level.OK, f"{account.account_id} is a paper account: {worth}.", "", account)
    remedy = "Real money. Log in to the paper account first; to trade live, the account has to be named."
    if endpoint.account_id:
        remedy = f"Real money: `swing trade --live --confirm {account.account_id}` would trade it."
    return Finding("account", Level.WARNING, f"{account.account_id} is a live account: {worth}.", remedy, account)


def _clock(skew: timedelta) -> Finding:
    level = Level.FAILURE if abs(skew) > CLOCK_FAILURE else Level.WARNING if abs(skew) > CLOCK_WARNING else Level.OK
    message = f"The gateway's clock and this computer's differ by {abs(skew).total_seconds():.0f} s."
    remedy = "Let this computer keep its time by NTP; the rebalance is timed to the minute before the close."
    return Finding("clock", level, message, "" if level is Level.OK else remedy, skew)


def _failure(error: BrokerError, endpoint: Endpoint) -> Finding:
    """Name the step by the failure; where there is no remedy, the message says what to do."""
    code = error.code if isinstance(error, RequestRefusedError | TransientError) else 0
    known = classify(code, str(error))
    if known is CodeSet.CLIENT_ID_IN_USE:
        return Finding("client id", Level.FAILURE, str(error), known.value.remedy)
    if known is CodeSet.READ_ONLY:
        return Finding("read-only", Level.FAILURE, str(error), SETTINGS)
    if isinstance(error.__cause__, OSError):
        remedy = f"Start TWS or IB Gateway, log in, and compare broker.host and broker.port: {PORTS}. {SETTINGS}"
        where = f"{endpoint.host}:{endpoint.port}"
        return Finding("network", Level.FAILURE, f"Nothing listens at {where} ({error.__cause__}).", remedy)
    if isinstance(error, DeadlineError):
        return Finding("synchronisation", Level.FAILURE, str(error), QUIET)
    if isinstance(error, TransientError):
        return Finding("handshake", Level.FAILURE, str(error), SETTINGS)
    step = "account" if isinstance(error, BrokerRefusedError) else "synchronisation"
    return Finding(step, Level.FAILURE, str(error))


async def _worries(broker: IbkrBroker) -> list[Finding]:
    """Collect the gateway's notices that matter."""
    found = []
    with suppress(BrokerError):
        while (report := await broker.report(0)) is not None:
            known = classify(report.code, report.text) if isinstance(report, Notice) else CodeSet.UNKNOWN
            if known in WORRYING and isinstance(report, Notice):
                found.append(Finding("gateway", Level.WARNING, f"{report.code} {report.text}", known.value.remedy))
    return found
