"""Account, positions, orders and executions, asked for together; a part that is not whole fails all."""

from __future__ import annotations

import asyncio
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from execution.brokers.tws.library import executions_of
from execution.brokers.tws.orders import exact, known, symbol_of
from execution.errors import BrokerError, BrokerRefusedError
from execution.models import CURRENCY, Account, BrokerState

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from execution.brokers.tws.orders import KnownOrders
    from execution.brokers.tws.session import Session
    from execution.models import Execution

NET_LIQUIDATION, TOTAL_CASH, SETTLED_CASH = "NetLiquidation", "TotalCashValue", "SettledCash"
POSITIONS_VALUE = "GrossPositionValue"
CONTRACTS_AT_ONCE = 20
SIMULATED = "D"
"""First letter of the numbers of simulated accounts."""
TAGS = (NET_LIQUIDATION, TOTAL_CASH, SETTLED_CASH, POSITIONS_VALUE)
LEDGER = f"$LEDGER:{CURRENCY}"
"""Asks for the cash that is kept in our currency: the other figures are totals of all, converted."""
CASH_ROW = re.compile(r"(?:\$LEDGER.*[-:])?CashBalance")
"""Tag of that cash, which newer gateways write with a prefix."""


async def read_state(session: Session, book: KnownOrders) -> BrokerState:
    """Ask for everything.

    Raises:
        BrokerError: A part did not come whole, or contradicts earlier messages.
        BrokerRefusedError: The account is not kept in USD.
    """
    client = session.client
    figures, positions, executions, *orders = await together(
        _figures(session),
        _positions(session, book),
        _executions(session, book),
        session.ask("open orders", client.reqAllOpenOrders),
        session.ask("completed orders", lambda: client.reqCompletedOrders(False)),  # noqa: FBT003 - of every client
    )
    # Asked last: the commissions follow the executions, and come before this answer.
    at = await session.now()
    if not positions and figures.get(POSITIONS_VALUE, Decimal(0)) > 0:
        raise BrokerError(
            f"The broker lists no position of account {session.account_id}, but values its positions at "
            f"{figures[POSITIONS_VALUE]}: the list cannot be whole. Connect again."
        )
    account = Account(
        account_id=session.account_id,
        net_liquidation=figures[NET_LIQUIDATION],
        cash=min(figures[TOTAL_CASH], figures[LEDGER]),
        settled_cash=min(figures[SETTLED_CASH], figures[LEDGER]),
        positions={symbol: size for symbol, size in positions.items() if symbol},
        is_paper=session.account_id.startswith(SIMULATED),
    )
    reports = book.reports(key for keys in orders for key in keys if key is not None)
    return BrokerState(account, reports, tuple(map(book.with_commission, executions)), at)


async def _figures(session: Session) -> dict[str, Decimal]:
    requests: list[int] = []

    def send(number: int) -> None:
        requests.append(number)
        session.client.reqAccountSummary(number, "All", ",".join([*TAGS, LEDGER]))

    try:
        parts = await session.ask_numbered("the account", send)
    finally:
        # It would go on as a subscription, and the broker allows two.
        if requests and session.is_open:
            session.client.cancelAccountSummary(requests[0])
    texts = {tag: (text, currency) for owner, tag, text, currency in parts if owner == session.account_id}
    if missing := set(TAGS[:-1]) - texts.keys():
        raise BrokerError(
            f"The summary of account {session.account_id} came without {', '.join(sorted(missing))}. If the login "
            "is an adviser's, set broker.account to one of its clients' accounts, not to the master."
        )
    currency = texts[NET_LIQUIDATION][1]
    if currency != CURRENCY:
        raise BrokerRefusedError(
            f"Account {session.account_id} is kept in {currency}; only an account kept in {CURRENCY} can be traded."
        )
    rows = {
        text
        for owner, tag, text, currency in parts
        if owner == session.account_id and currency == CURRENCY and CASH_ROW.fullmatch(tag)
    }
    try:
        figures = {tag: Decimal(text) for tag, (text, _) in texts.items() if tag in TAGS}
        cash = {Decimal(text) for text in rows}
        is_whole = all(map(known, (*figures.values(), *cash)))
    except (InvalidOperation, ValueError):
        is_whole = False
    if not is_whole:
        raise BrokerError(f"The summary of account {session.account_id} holds something that is no amount: {texts}.")
    if len(cash) != 1:
        raise BrokerError(
            f"The summary of account {session.account_id} states {len(cash)} amounts of cash in {CURRENCY} "
            f"({', '.join(sorted(rows)) or 'none'}): what may be spent is not known. Connect again."
        )
    return figures | {LEDGER: cash.pop()}


async def _positions(session: Session, book: KnownOrders) -> dict[str, Decimal]:
    """Read the shares by symbol; everything but what we would trade goes together under the empty symbol."""
    parts = await session.ask("positions", session.client.reqPositions)
    if session.is_open:
        session.client.cancelPositions()  # it would go on as a subscription
    newest = {contract.conId: (contract, size) for owner, contract, size, _ in parts if owner == session.account_id}
    if unknown := [contract.symbol for contract, size in newest.values() if not known(size)]:
        raise BrokerError(f"The broker states no number of shares of {', '.join(unknown)}. Connect again.")
    held = {conid: (contract, exact(size)) for conid, (contract, size) in newest.items() if size}
    symbols = {symbol_of(contract) for contract, _ in held.values() if book.is_ours(session.account_id, contract)}
    ours = await _contract_ids(session, symbols)
    return {symbol_of(contract) if conid in ours else "": size for conid, (contract, size) in held.items()}


async def _contract_ids(session: Session, symbols: set[str]) -> set[int]:
    """Return the identities of the contracts that we would trade under these symbols."""
    turns = asyncio.Semaphore(CONTRACTS_AT_ONCE)

    async def identity(symbol: str) -> int:
        try:
            async with turns:
                return int((await session.contract(symbol)).conId)
        except BrokerRefusedError:
            return 0  # a symbol that we could not trade, so that its shares are not ours

    return set(await together(*map(identity, sorted(symbols))))


async def _executions(session: Session, book: KnownOrders) -> list[Execution]:
    wanted = executions_of(session.account_id)
    parts: list[Execution] = await session.ask_numbered(
        "executions", lambda number: session.client.reqExecutions(number, wanted)
    )
    found = list({execution.exec_id: execution for execution in parts}.values())
    if lacking := book.lacking(found):
        raise BrokerError(f"The broker's list of executions lacks {', '.join(lacking)}, which it told before.")
    return found


async def together(*questions: Awaitable[Any]) -> list[Any]:
    """Await all at once; when all have ended, return the answers or raise the first failure."""
    answers = await asyncio.gather(*questions, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return answers
